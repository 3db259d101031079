//! What one task on one host sees.

use crate::{HashBehaviour, HostVars, PlayVars, Store, merge};
use kdo_playbook::{RoleInstance, Scope, ScopeKind};
use kdo_template::Variables;
use kdo_value::{Map, Value};
use std::{cell::RefCell, collections::HashSet, path::PathBuf, rc::Rc};

/// The variables of a host in a play, seen from a task (or from outside of any). Levels are searched from the
/// highest to the lowest at each look-up; nothing is evaluated here.
#[derive(Clone)]
pub struct TaskVars {
    /// Of all hosts.
    pub store: Rc<Store>,
    /// Of the play.
    pub play: Rc<PlayVars>,
    /// The host.
    pub host: String,
    /// The task's level, if seen from a task.
    pub scope: Option<Rc<Scope>>,
    /// Above everything: the loop's item, results being judged.
    pub local: Rc<RefCell<Vec<Map>>>,
    /// Whether facts come from the delegated host under `ansible_delegated_vars`.
    pub delegated: Option<String>,
    /// Without what the play and its roles set, as `hostvars` shows hosts.
    pub alone: bool,
}

impl TaskVars {
    /// A host's variables seen from a task.
    pub fn new(store: &Rc<Store>, play: &Rc<PlayVars>, host: &str, scope: Option<&Rc<Scope>>) -> Self {
        Self {
            store: Rc::clone(store),
            play: Rc::clone(play),
            host: host.to_owned(),
            scope: scope.cloned(),
            local: Rc::default(),
            delegated: None,
            alone: false,
        }
    }

    /// Puts a level above all others, until [`Self::pop`].
    pub fn push(&self, values: Map) {
        values.freeze();
        self.local.borrow_mut().push(values);
    }

    /// Takes the topmost level away again.
    pub fn pop(&self) {
        self.local.borrow_mut().pop();
    }

    fn role(&self) -> Option<Rc<RoleInstance>> {
        self.scope.as_ref().and_then(|s| s.role())
    }

    /// Folders in which the task's files are looked for, nearest first.
    pub fn search_bases(&self) -> Vec<PathBuf> {
        let mut bases: Vec<PathBuf> = Vec::new();
        if let Some(scope) = &self.scope {
            for s in scope.chain() {
                if let Some(role) = s.role()
                    && !bases.contains(&role.role.path)
                {
                    bases.push(role.role.path.clone());
                }
                if let Some(dir) = s
                    .origin
                    .and_then(|o| self.store.sources.path(o.file))
                    .and_then(|p| p.parent().map(ToOwned::to_owned))
                {
                    // A file named without a folder is in the current one.
                    let dir = match dir.as_os_str().is_empty() {
                        true => std::env::current_dir().unwrap_or(dir),
                        false => std::path::absolute(&dir).unwrap_or(dir),
                    };
                    if !bases.contains(&dir) {
                        bases.push(dir);
                    }
                }
            }
        }
        if !bases.contains(&self.play.playbook_dir) {
            bases.push(self.play.playbook_dir.clone());
        }
        bases
    }

    fn scopes_below_play(&self) -> impl Iterator<Item = Rc<Scope>> {
        self.scope
            .iter()
            .flat_map(|s| s.chain().collect::<Vec<_>>())
            .take_while(|s| !matches!(s.kind, ScopeKind::Play | ScopeKind::Playbook))
    }

    fn written(&self, name: &str) -> Option<Value> {
        // Parameters of roles and includes.
        let mut task_level = None;
        for scope in self.scopes_below_play() {
            match scope.kind {
                ScopeKind::Include | ScopeKind::Role => {
                    if let Some(v) = scope.vars.get(name) {
                        return Some(v);
                    }
                    if let Some(role) = scope.role().filter(|r| Rc::ptr_eq(&r.scope, &scope))
                        && let Some(v) = role.params.get(name)
                    {
                        return Some(v);
                    }
                }
                _ => {
                    if task_level.is_none() {
                        task_level = scope.vars.get(name);
                    }
                }
            }
        }
        let from = |map: Option<Map>| map.and_then(|m| m.get(name));
        if let Some(v) = from(self.store.set_values(&self.host)) {
            return Some(v);
        }
        if let Some(v) = from(self.store.included(&self.host)) {
            return Some(v);
        }
        if self.alone {
            return None;
        }
        if task_level.is_some() {
            return task_level;
        }
        if let Some(v) = self.role_level(|r| r.role.vars.get(name)) {
            return Some(v);
        }
        if let Some(v) = self.play.files.borrow().get(&self.host).and_then(|m| m.get(name)) {
            return Some(v);
        }
        if let Some(v) = self.play.prompted.get(name) {
            return Some(v);
        }
        let play = &self.play.play.scope;
        // What an import gives wins over the play's own.
        let levels: Vec<_> = play.chain().collect();
        levels.iter().rev().find_map(|s| s.vars.get(name))
    }

    /// Of the task's role, the roles it depends on and those around it; then of the play's public roles, last first.
    fn role_level(&self, get: impl Fn(&RoleInstance) -> Option<Value>) -> Option<Value> {
        if let Some(role) = self.role() {
            for r in role.with_dependencies().iter().rev() {
                if let Some(v) = get(r) {
                    return Some(v);
                }
            }
            let mut seen = Rc::clone(&role);
            for s in self.scopes_below_play() {
                if let Some(r) = s.role()
                    && !Rc::ptr_eq(&r, &seen)
                {
                    if let Some(v) = get(&r) {
                        return Some(v);
                    }
                    seen = r;
                }
            }
        }
        let roles = self.play.play.roles.borrow();
        roles.iter().rev().filter(|r| r.public).find_map(|r| get(r))
    }

    pub(crate) fn fact(&self, name: &str) -> Option<Value> {
        let facts = self.store.facts(&self.host);
        if name == "ansible_facts" {
            return Some(facts.unwrap_or_default().into());
        }
        if name == "ansible_local" {
            return facts?.get("local");
        }
        if !self.store.info.inject_facts {
            return None;
        }
        if self.store.is_bare(&self.host, name) {
            return facts?.get(name);
        }
        let plain = name.strip_prefix("ansible_")?;
        facts?.get(plain)
    }

    pub(crate) fn magic(&self, name: &str) -> Option<Value> {
        let info = &self.store.info;
        let text = |t: &str| Some(Value::str(t));
        let texts = |t: &[String]| Some(Value::list(t.iter().map(Value::from)).into_frozen());
        match name {
            // Seen without a host.
            "inventory_hostname" | "inventory_hostname_short" | "group_names" if self.host.is_empty() => None,
            "inventory_hostname" => text(&self.host),
            "inventory_hostname_short" => text(self.host.split('.').next().unwrap_or(&self.host)),
            "inventory_file" | "inventory_dir" => {
                let inventory = self.store.inventory.borrow();
                let source = inventory.host(&self.host)?.source.clone();
                let Some(source) = source else {
                    return Some(Value::None);
                };
                let path = std::path::absolute(&source).unwrap_or(source);
                let path = if name == "inventory_dir" && path.is_file() {
                    path.parent()?.to_owned()
                } else {
                    path
                };
                text(&path.to_string_lossy())
            }
            "group_names" => {
                let inventory = self.store.inventory.borrow();
                Some(Value::list(inventory.group_names(&self.host).into_iter().map(Value::str)).into_frozen())
            }
            "groups" => Some(self.store.groups()),
            "hostvars" => Some(Value::Object(Rc::new(HostVars::new(&self.store, &self.play)))),
            // These are of the play, not of a host.
            "play_hosts"
            | "ansible_play_hosts"
            | "ansible_play_hosts_all"
            | "ansible_play_batch"
            | "ansible_play_name"
            | "ansible_role_names"
            | "ansible_play_role_names"
            | "ansible_dependent_role_names"
            | "role_names"
            | "ansible_search_path"
            | "omit"
                if self.alone =>
            {
                None
            }
            "play_hosts" | "ansible_play_hosts" => Some(PlayVars::names(&self.play.active_hosts)),
            "ansible_play_hosts_all" => Some(PlayVars::names(&self.play.all_hosts)),
            "ansible_play_batch" => Some(PlayVars::names(&self.play.batch)),
            "ansible_play_name" => text(&self.play.name.borrow()),
            "playbook_dir" => text(&self.play.playbook_dir.to_string_lossy()),
            "ansible_check_mode" => Some(info.check.into()),
            "ansible_diff_mode" => Some(info.diff.into()),
            "ansible_forks" => Some(info.forks.into()),
            "ansible_verbosity" => Some(info.verbosity.into()),
            "ansible_limit" => info.limit.as_deref().map(Value::str),
            "ansible_run_tags" => texts(&info.run_tags),
            "ansible_skip_tags" => texts(&info.skip_tags),
            "ansible_inventory_sources" => texts(&info.inventory_sources),
            "ansible_config_file" => Some(
                info.config_file
                    .as_ref()
                    .map(|p| p.to_string_lossy().into_owned())
                    .into(),
            ),
            "ansible_playbook_python" => text("/usr/bin/python3"),
            "ansible_version" => Some(version()),
            "ansible_search_path" => {
                let bases = self.search_bases();
                Some(Value::list(bases.iter().map(|p| Value::str(p.to_string_lossy()))).into_frozen())
            }
            "ansible_play_role_names" | "role_names" => Some(self.role_names(false)),
            "ansible_role_names" => Some(self.role_names(true)),
            "ansible_dependent_role_names" => {
                let roles = self.play.play.roles.borrow();
                let mut names: Vec<String> = Vec::new();
                for role in roles
                    .iter()
                    .flat_map(|r| r.with_dependencies())
                    .filter(|r| r.dependency)
                {
                    let name = role.full_name();
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
                texts(&names)
            }
            "role_name" => self.role().map(|r| Value::str(r.role.name.as_str())),
            "ansible_role_name" => self.role().map(|r| Value::str(r.full_name())),
            "role_path" => self.role().map(|r| Value::str(r.role.path.to_string_lossy())),
            "role_uuid" => self
                .role()
                .map(|r| Value::str(format!("{:x}", Rc::as_ptr(&r) as usize))),
            "ansible_collection_name" => self.role().map(|r| r.role.collection.clone().into()),
            "ansible_parent_role_names" => {
                let mut names = self.role().filter(|r| !r.parents.is_empty())?.parents.clone();
                names.reverse();
                texts(&names)
            }
            "ansible_parent_role_paths" => {
                let role = self.role().filter(|r| !r.parents.is_empty())?;
                let mut paths: Vec<String> = Vec::new();
                let mut last = Rc::clone(&role);
                for s in self.scope.iter().flat_map(|s| s.chain().collect::<Vec<_>>()) {
                    if let Some(r) = s.role()
                        && !Rc::ptr_eq(&r, &last)
                    {
                        paths.push(r.role.path.to_string_lossy().into_owned());
                        last = r;
                    }
                }
                texts(&paths)
            }
            "omit" => Some(Value::Omit),
            _ => None,
        }
    }

    fn role_names(&self, dependencies: bool) -> Value {
        let mut names: Vec<String> = Vec::new();
        let roles = self.play.play.roles.borrow();
        for role in roles.iter() {
            let name = role.full_name();
            let direct = role.parents.is_empty() && !role.dependency;
            if (direct || (dependencies && role.dependency)) && !names.contains(&name) {
                names.push(name);
            }
        }
        Value::list(names.iter().map(Value::from)).into_frozen()
    }

    fn raw(&self, name: &str) -> Option<Value> {
        let local = self.local.borrow().iter().rev().find_map(|m| m.get(name));
        local
            .or_else(|| self.magic(name))
            .or_else(|| self.store.extra.get(name))
            .or_else(|| self.written(name))
            .or_else(|| self.fact(name))
            .or_else(|| self.store.base(&self.host, &self.play.playbook_dir).get(name))
            .or_else(|| {
                self.role_level(|r| r.role.defaults.get(name))
                    .filter(|_| !self.alone)
            })
            .or_else(|| {
                let password = self.store.info.login_password.as_ref();
                password
                    .filter(|_| name == "ansible_password")
                    .map(|p| Value::Str(p.clone()))
            })
            .or_else(|| (name == "ansible_managed").then(|| Value::str("Ansible managed")))
    }

    /// With `hash_behaviour = merge`: the dicts of all levels merged.
    fn merged(&self, name: &str, top: Value) -> Value {
        let Value::Map(top_map) = &top else { return top };
        let mut levels: Vec<Map> = Vec::new();
        let mut add = |v: Option<Value>| {
            if let Some(Value::Map(m)) = v {
                levels.push(m);
            }
        };
        add(self.role_level(|r| r.role.defaults.get(name)));
        add(self.store.base(&self.host, &self.play.playbook_dir).get(name));
        add(self.play.play.scope.vars.get(name));
        add(self.role_level(|r| r.role.vars.get(name)));
        add(self.written(name));
        add(self.store.extra.get(name));
        levels.push(top_map.clone());
        let all = Map::new();
        for level in levels {
            merge(&all, &level, HashBehaviour::Merge);
        }
        all.freeze();
        all.into()
    }
}

fn version() -> Value {
    let map = Map::new();
    map.insert("full", "2.19.14");
    map.insert("major", 2_i64);
    map.insert("minor", 19_i64);
    map.insert("revision", 14_i64);
    map.insert("string", "2.19.14");
    map.freeze();
    map.into()
}

/// Names that come with a host, in the order in which Ansible adds them.
const OF_HOST: &[&str] = &[
    "inventory_file",
    "inventory_dir",
    "inventory_hostname",
    "inventory_hostname_short",
    "group_names",
    "ansible_facts",
];

/// Names that the engine gives, in the order in which Ansible adds them.
const MAGIC: &[&str] = &[
    "playbook_dir",
    "ansible_playbook_python",
    "ansible_config_file",
    "ansible_role_names",
    "ansible_play_role_names",
    "ansible_dependent_role_names",
    "role_names",
    "ansible_play_name",
    "ansible_parent_role_names",
    "ansible_parent_role_paths",
    "role_name",
    "role_path",
    "role_uuid",
    "ansible_collection_name",
    "ansible_role_name",
    "groups",
    "ansible_play_hosts_all",
    "ansible_play_hosts",
    "ansible_play_batch",
    "play_hosts",
    "ansible_version",
    "ansible_check_mode",
    "ansible_diff_mode",
    "ansible_forks",
    "ansible_inventory_sources",
    "ansible_limit",
    "ansible_skip_tags",
    "ansible_run_tags",
    "ansible_verbosity",
    "hostvars",
    "ansible_search_path",
];

impl Variables for TaskVars {
    fn get(&self, name: &str) -> Option<Value> {
        let value = self.raw(name)?;
        if self.store.info.hash_behaviour == HashBehaviour::Merge {
            Some(self.merged(name, value))
        } else {
            Some(value)
        }
    }

    /// Each name once, in the order in which Ansible's levels bring them up: lowest level first. Templates that go
    /// through `vars` or `hostvars` see this order.
    fn names(&self) -> Vec<String> {
        let mut names = Names::default();
        let scopes: Vec<_> = self
            .scope
            .iter()
            .flat_map(|s| s.chain().collect::<Vec<_>>())
            .collect();
        let mut roles = self.play.play.roles.borrow().clone();
        roles.extend(self.role().iter().flat_map(|r| r.with_dependencies()));
        if self.alone {
            roles.clear();
        }
        roles.iter().for_each(|r| names.all(&r.role.defaults));
        names.all(&self.store.base(&self.host, &self.play.playbook_dir));
        OF_HOST.iter().for_each(|n| names.add(n));
        if let Some(facts) = self.store.facts(&self.host)
            && self.store.info.inject_facts
        {
            for (key, _) in facts.text_entries() {
                match self.store.is_bare(&self.host, &key) {
                    true => names.add(&key),
                    false => names.add(&format!("ansible_{key}")),
                }
            }
        }
        if !self.alone {
            let play: Vec<_> = self.play.play.scope.chain().collect();
            play.iter().for_each(|s| names.all(&s.vars));
            names.all(&self.play.prompted);
            if let Some(map) = self.play.files.borrow().get(&self.host) {
                names.all(map);
            }
            roles.iter().for_each(|r| names.all(&r.role.vars));
        }
        let given = |s: &Scope| matches!(s.kind, ScopeKind::Include | ScopeKind::Role);
        for scope in scopes.iter().rev().filter(|s| !given(s)) {
            names.all(&scope.vars);
        }
        for map in [self.store.included(&self.host), self.store.set_values(&self.host)] {
            map.iter().for_each(|m| names.all(m));
        }
        roles.iter().for_each(|r| names.all(&r.params));
        scopes.iter().rev().for_each(|s| names.all(&s.vars));
        names.all(&self.store.extra);
        for name in MAGIC.iter().filter(|n| self.magic(n).is_some()) {
            names.add(name);
        }
        self.local.borrow().iter().for_each(|m| names.all(m));
        names.in_order
    }
}

/// Names, each once.
#[derive(Default)]
struct Names {
    in_order: Vec<String>,
    seen: HashSet<String>,
}

impl Names {
    fn add(&mut self, name: &str) {
        if !self.seen.contains(name) {
            self.seen.insert(name.to_owned());
            self.in_order.push(name.to_owned());
        }
    }

    fn all(&mut self, map: &Map) {
        map.text_entries().iter().for_each(|(name, _)| self.add(name));
    }
}
