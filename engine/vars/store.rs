//! What is known of all hosts during a run.

use crate::FactCache;
use kdo_inventory::{HashBehaviour, Inventory, Level, LoadContext, VarsKind, load_vars_dir, merge};
use kdo_syntax::{Diagnostic, SourceMap};
use kdo_template::{Plugins, Settings, Vault};
use kdo_value::{Compactor, Map, Text, Value};
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    rc::Rc,
};

/// Facts of the run that become variables.
#[derive(Clone, Debug, Default)]
pub struct RunInfo {
    /// `ansible_check_mode`
    pub check: bool,
    /// `ansible_diff_mode`
    pub diff: bool,
    /// `ansible_forks`
    pub forks: i64,
    /// `ansible_verbosity`
    pub verbosity: i64,
    /// `ansible_limit`
    pub limit: Option<String>,
    /// `ansible_run_tags`
    pub run_tags: Vec<String>,
    /// `ansible_skip_tags`
    pub skip_tags: Vec<String>,
    /// `ansible_config_file`
    pub config_file: Option<PathBuf>,
    /// `ansible_inventory_sources`
    pub inventory_sources: Vec<String>,
    /// `inject_facts_as_vars`
    pub inject_facts: bool,
    /// `ansible_password`, where the user was asked for it.
    pub login_password: Option<Text>,
    /// `hash_behaviour`
    pub hash_behaviour: HashBehaviour,
}

/// Variables of all hosts: of the inventory, and those that came up in the run.
pub struct Store {
    /// Hosts and groups.
    pub inventory: RefCell<Inventory>,
    /// The texts read so far.
    pub sources: Rc<SourceMap>,
    /// Decrypts vaulted files and values.
    pub vault: Option<Rc<dyn Vault>>,
    /// Filters, tests and lookups of users.
    pub plugins: Option<Rc<dyn Plugins>>,
    /// `--extra-vars`
    pub extra: Map,
    /// About the run.
    pub info: RunInfo,
    facts: RefCell<HashMap<String, Map>>,
    cache: Option<FactCache>,
    /// Hosts whose cached facts were looked for.
    loaded: RefCell<HashSet<String>>,
    /// The settings, for templates that look them up.
    pub settings: Option<Rc<dyn Settings>>,
    /// Facts of all hosts share their texts.
    compactor: RefCell<Compactor>,
    bare: RefCell<HashSet<(String, String)>>,
    set: RefCell<HashMap<String, Map>>,
    included: RefCell<HashMap<String, Map>>,
    base: RefCell<HashMap<(String, PathBuf), Map>>,
    groups: RefCell<Option<Value>>,
    files: RefCell<HashMap<(PathBuf, VarsKind, String), Vec<Map>>>,
    problems: RefCell<Vec<Diagnostic>>,
}

impl Store {
    /// A store over an inventory.
    pub fn new(
        inventory: Inventory,
        sources: Rc<SourceMap>,
        vault: Option<Rc<dyn Vault>>,
        extra: Map,
        info: RunInfo,
    ) -> Self {
        extra.freeze();
        Self {
            inventory: RefCell::new(inventory),
            sources,
            vault,
            plugins: None,
            settings: None,
            extra,
            info,
            facts: RefCell::default(),
            cache: None,
            loaded: RefCell::default(),
            compactor: RefCell::default(),
            bare: RefCell::default(),
            set: RefCell::default(),
            included: RefCell::default(),
            base: RefCell::default(),
            groups: RefCell::default(),
            files: RefCell::default(),
            problems: RefCell::default(),
        }
    }

    /// The same with facts that outlive the run.
    #[must_use]
    pub fn with_cache(self, cache: Option<FactCache>) -> Self {
        Self { cache, ..self }
    }

    /// Problems with variable files that were met since the last call.
    pub fn take_problems(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.problems.borrow_mut())
    }

    fn of(table: &RefCell<HashMap<String, Map>>, host: &str) -> Option<Map> {
        table.borrow().get(host).cloned()
    }

    fn put(table: &RefCell<HashMap<String, Map>>, host: &str, values: &Map, behaviour: HashBehaviour) {
        let mut table = table.borrow_mut();
        let map = table.entry(host.to_owned()).or_insert_with(|| {
            let map = Map::new();
            map.freeze();
            map
        });
        let frozen = Map::new();
        values.for_each(|k, v| {
            frozen.insert(k.clone(), v.clone().into_frozen());
        });
        merge(map, &frozen, behaviour);
    }

    /// `ansible_facts` of a host: names without the prefix `ansible_`.
    pub fn facts(&self, host: &str) -> Option<Map> {
        self.load_cached(host);
        Self::of(&self.facts, host)
    }

    /// Adds facts (names with or without the prefix; they are kept without it).
    pub fn add_facts(&self, host: &str, facts: &Map) {
        self.load_cached(host);
        self.put_facts(host, facts);
        if let (Some(cache), Some(all)) = (&self.cache, Self::of(&self.facts, host)) {
            let named = Map::new();
            all.for_each(|k, v| {
                let name = k.to_text();
                let name = if self.is_bare(host, &name) {
                    name
                } else {
                    format!("ansible_{name}")
                };
                named.insert(name, v.clone());
            });
            if let Err(why) = cache.save(host, &named) {
                self.problems.borrow_mut().push(Diagnostic::warning(why));
            }
        }
    }

    /// Reads a host's cached facts when they are first asked for.
    fn load_cached(&self, host: &str) {
        let Some(cache) = &self.cache else { return };
        if !self.loaded.borrow_mut().insert(host.to_owned()) {
            return;
        }
        match cache.load(host) {
            Ok(Some(facts)) => self.put_facts(host, &facts),
            Ok(None) => {}
            Err(why) => self.problems.borrow_mut().push(Diagnostic::warning(why)),
        }
    }

    fn put_facts(&self, host: &str, facts: &Map) {
        let plain = Map::new();
        facts.for_each(|k, v| {
            let name = k.to_text();
            let name = match name.strip_prefix("ansible_") {
                Some(rest) => rest.to_owned(),
                None => {
                    self.bare.borrow_mut().insert((host.to_owned(), name.clone()));
                    name
                }
            };
            let mut compactor = self.compactor.borrow_mut();
            plain.insert(compactor.compact(&Value::from(name)), compactor.compact(v));
        });
        Self::put(&self.facts, host, &plain, HashBehaviour::Replace);
    }

    /// Whether a fact came without the prefix `ansible_`, so that the variable of it has none.
    pub fn is_bare(&self, host: &str, name: &str) -> bool {
        let bare = self.bare.borrow();
        !bare.is_empty() && bare.contains(&(host.to_owned(), name.to_owned()))
    }

    /// Forgets a host's facts, cached ones too.
    pub fn clear_facts(&self, host: &str) {
        self.facts.borrow_mut().remove(host);
        self.loaded.borrow_mut().insert(host.to_owned());
        if let Some(cache) = &self.cache {
            cache.remove(host);
        }
    }

    /// `set_fact` and registered results of a host.
    pub fn set_values(&self, host: &str) -> Option<Map> {
        Self::of(&self.set, host)
    }

    /// Adds what `set_fact` or `register` gave.
    pub fn set(&self, host: &str, values: &Map) {
        Self::put(&self.set, host, values, HashBehaviour::Replace);
    }

    /// Variables of `include_vars` of a host.
    pub fn included(&self, host: &str) -> Option<Map> {
        Self::of(&self.included, host)
    }

    /// Adds variables of `include_vars`.
    pub fn include(&self, host: &str, values: &Map, behaviour: HashBehaviour) {
        Self::put(&self.included, host, values, behaviour);
    }

    /// `groups`: names of all hosts by group.
    pub fn groups(&self) -> Value {
        self.groups
            .borrow_mut()
            .get_or_insert_with(|| {
                let map = self.inventory.borrow().groups_map();
                map.freeze();
                Value::Map(map)
            })
            .clone()
    }

    /// To be called after hosts or groups were changed.
    pub fn inventory_changed(&self) {
        self.base.borrow_mut().clear();
        self.groups.borrow_mut().take();
    }

    /// A host's variables of the inventory and of files beside it and beside the playbook, lowest levels first
    /// merged, once for each host and playbook folder.
    pub fn base(&self, host: &str, playbook_dir: &Path) -> Map {
        let key = (host.to_owned(), playbook_dir.to_owned());
        if let Some(map) = self.base.borrow().get(&key) {
            return map.clone();
        }
        let map = self.merge_base(host, playbook_dir);
        self.base.borrow_mut().insert(key, map.clone());
        map
    }

    /// All places of the inventory and of files beside it and the playbook with variables of a host, lowest first.
    pub fn levels(&self, host: &str, playbook_dir: &Path) -> Vec<Level> {
        let inventory = self.inventory.borrow();
        inventory.levels(host, &|kind, name| self.beside_playbook(playbook_dir, kind, name))
    }

    fn merge_base(&self, name: &str, dir: &Path) -> Map {
        let all = Map::new();
        let inventory = self.inventory.borrow();
        let how = self.info.hash_behaviour;
        for group in inventory.group_vars_order(name) {
            inventory
                .file_problems(VarsKind::Group, &group.name)
                .for_each(|p| self.note(p));
        }
        inventory
            .file_problems(VarsKind::Host, name)
            .for_each(|p| self.note(p));
        for level in self.levels(name, dir) {
            merge(&all, &level.vars, how);
        }
        all.freeze();
        all
    }

    fn note(&self, problem: &Diagnostic) {
        if !self.problems.borrow().contains(problem) {
            self.problems.borrow_mut().push(problem.clone());
        }
    }

    /// Variables of a group or host in files beside a playbook, one map for each file.
    pub fn beside_playbook(&self, dir: &Path, kind: VarsKind, name: &str) -> Vec<Map> {
        if !self.inventory.borrow().play_files {
            return Vec::new();
        }
        let key = (dir.to_owned(), kind, name.to_owned());
        if let Some(found) = self.files.borrow().get(&key) {
            return found.clone();
        }
        let decrypt = |bytes: &[u8]| match &self.vault {
            Some(vault) => {
                let text = String::from_utf8_lossy(bytes);
                let clear = vault.decrypt_text(&text).map_err(|e| e.message)?;
                Ok(String::from_utf8_lossy(&clear).into_owned())
            }
            None => Err("Attempting to decrypt but no vault secrets found.".to_owned()),
        };
        let mut context = LoadContext::new(&self.sources);
        context.decrypt = Some(&decrypt);
        context
            .yaml_extensions
            .clone_from(&self.inventory.borrow().yaml_extensions);
        let mut warnings = Vec::new();
        let found = match load_vars_dir(dir, kind, name, &context, &mut warnings) {
            Ok(found) => found,
            Err(problem) => {
                self.note(&problem);
                Vec::new()
            }
        };
        self.problems.borrow_mut().extend(warnings);
        self.files.borrow_mut().insert(key, found.clone());
        found
    }
}
