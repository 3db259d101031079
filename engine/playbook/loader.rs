//! From files to typed trees.

use crate::{
    Item, Play, Role, RoleInstance, RoleOptions, Scope, ScopeKind,
    find_role::FoundRole,
    keywords::{Where, allowed, names},
    role_files,
    static_vars::StaticVars,
};
use kdo_syntax::{Diagnostic, LoadOptions, SourceMap, load_file, load_text, nearest};
use kdo_template::{Environment, Plugins, Templar, Vault};
use kdo_value::{Map, Origin, Text, Value};
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    path::{Path, PathBuf},
    rc::Rc,
};

/// Whether a module or action of that name exists; `Err` gives near names for the message.
pub type Known = Rc<dyn Fn(&str) -> Result<(), Vec<String>>>;

/// Loads playbooks, task files and roles. Errors are collected, so that all of them can be told at once.
pub struct Loader {
    /// The texts read so far.
    pub sources: Rc<SourceMap>,
    /// Folders with roles, from the configuration.
    pub roles_path: Vec<PathBuf>,
    /// Folders with `ansible_collections`.
    pub collections_path: Vec<PathBuf>,
    /// Which actions exist.
    pub known: Known,
    /// Decrypts vaulted files and values.
    pub vault: Option<Rc<dyn Vault>>,
    /// Filters, tests and lookups of users.
    pub plugins: Option<Rc<dyn Plugins>>,
    /// Folders of the roles read so far.
    pub role_folders: Rc<RefCell<Vec<PathBuf>>>,
    /// `private_role_vars`, where it is set: whether the play does not see the variables of roles that say nothing
    /// of it. Else those of included ones are private.
    pub private_role_vars: Option<bool>,
    /// `--extra-vars`.
    pub extra_vars: Map,
    /// Playbooks that are no files (made from the command line, read from a pipe): the path to call them by, which
    /// gives the playbook's folder, and the text.
    pub texts: HashMap<PathBuf, String>,
    /// What comes of keys that are twice in a dict.
    pub duplicates: Duplicates,
    /// What was found wrong.
    pub diagnostics: RefCell<Vec<Diagnostic>>,
    /// The folder of the playbook that is being loaded.
    pub playbook_dir: RefCell<PathBuf>,
    next_task: Cell<u64>,
    roles: RefCell<HashMap<String, Rc<Role>>>,
    /// Groups of modules for `module_defaults`, by their full names; `None` for those that do not exist.
    pub(crate) action_groups: RefCell<HashMap<String, crate::module_defaults::Group>>,
}

/// Said of an encrypted file where no password is known.
const NO_SECRETS: &str = "Attempting to decrypt but no vault secrets found.";

/// Keys that import a playbook.
const IMPORT_PLAYBOOK: &[&str] = &[
    "import_playbook",
    "ansible.builtin.import_playbook",
    "ansible.legacy.import_playbook",
];

/// What comes of keys that are twice in a dict (`duplicate_dict_key`); the last value counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// Nothing is said.
    Ignore,
    /// A warning.
    #[default]
    Warn,
    /// The file is refused.
    Error,
}

/// Deeper static imports are taken for endless.
const MAX_DEPTH: usize = 100;

impl Loader {
    /// A loader with nothing read.
    pub fn new(sources: Rc<SourceMap>, known: Known) -> Self {
        Self {
            sources,
            roles_path: Vec::new(),
            collections_path: Vec::new(),
            known,
            vault: None,
            plugins: None,
            role_folders: Rc::default(),
            private_role_vars: None,
            extra_vars: Map::new(),
            texts: HashMap::new(),
            duplicates: Duplicates::default(),
            diagnostics: RefCell::default(),
            playbook_dir: RefCell::default(),
            next_task: Cell::new(1),
            roles: RefCell::default(),
            action_groups: RefCell::default(),
        }
    }

    /// A number for a task that is made while the play runs.
    pub fn fresh_id(&self) -> u64 {
        self.task_id()
    }

    pub(crate) fn task_id(&self) -> u64 {
        let id = self.next_task.get();
        self.next_task.set(id + 1);
        id
    }

    pub(crate) fn report(&self, diagnostic: Diagnostic) {
        self.diagnostics.borrow_mut().push(diagnostic);
    }

    pub(crate) fn fail(&self, message: impl Into<String>, origin: Option<Origin>) {
        self.report(Diagnostic::error(message).at(origin));
    }

    /// What was found wrong since the last call.
    pub fn take_diagnostics(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.diagnostics.borrow_mut())
    }

    /// Reads a YAML file of the user; whole files may be vaulted. Problems are reported; `None` then.
    pub fn yaml(&self, path: &Path) -> Option<Value> {
        match self.try_yaml(path) {
            Ok(value) => Some(value),
            Err(diagnostic) => {
                self.report(*diagnostic);
                None
            }
        }
    }

    /// Reads a YAML file of the user.
    pub fn try_yaml(&self, path: &Path) -> Result<Value, Box<Diagnostic>> {
        if let Some(text) = self.texts.get(path) {
            return Ok(load_text(&self.sources, path, text, LoadOptions::TRUSTED)?.single()?);
        }
        let head = std::fs::read(path).unwrap_or_default();
        let documents = if head.starts_with(b"$ANSIBLE_VAULT") {
            let text = String::from_utf8_lossy(&head).into_owned();
            let sealed = |why: String| {
                Box::new(Diagnostic::error(why).note(format!("in the encrypted file {}", path.display())))
            };
            let vault = self.vault.as_ref().ok_or_else(|| sealed(NO_SECRETS.to_owned()))?;
            let clear = vault.decrypt_text(&text).map_err(|e| sealed(e.message))?;
            load_text(
                &self.sources,
                path,
                &String::from_utf8_lossy(&clear),
                LoadOptions::TRUSTED,
            )?
        } else {
            load_file(&self.sources, path, LoadOptions::TRUSTED)?
        };
        for twice in &documents.warnings {
            match self.duplicates {
                Duplicates::Ignore => {}
                Duplicates::Warn => self.report(twice.clone()),
                Duplicates::Error => {
                    let text = format!("YAML parsing failed: {}", twice.message);
                    return Err(Box::new(Diagnostic::error(text).at(twice.place)));
                }
            }
        }
        Ok(documents.single()?)
    }

    /// Evaluates a template with what is known before the run.
    pub(crate) fn static_text(&self, value: &Value, scope: &Rc<Scope>) -> Result<String, String> {
        let dir = self.playbook_dir.borrow().to_string_lossy().into_owned();
        let variables = StaticVars {
            extra: &self.extra_vars,
            scope,
            playbook_dir: &dir,
        };
        let environment = Environment {
            vault: self.vault.as_deref(),
            plugins: self.plugins.as_deref(),
            ..Environment::default()
        };
        Templar::new(&variables, &environment)
            .resolve(value)
            .map(|v| v.to_text())
            .map_err(|e| e.message)
    }

    /// Loads a playbook with the playbooks that it imports.
    pub fn playbook(&self, path: &Path) -> Vec<Rc<Play>> {
        let dir = path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
        self.playbook_dir.replace(dir);
        let top = Scope::top(ScopeKind::Playbook, Map::new(), Map::new(), None);
        self.plays(path, &top, 0)
    }

    fn plays(&self, path: &Path, above: &Rc<Scope>, depth: usize) -> Vec<Rc<Play>> {
        let Some(value) = self.yaml(path) else {
            return Vec::new();
        };
        let start = Origin {
            file: self.last_file(path),
            line: 1,
            column: 1,
        };
        let entries = match &value {
            Value::List(entries) if entries.is_empty() => {
                self.fail("A playbook must contain at least one play", Some(start));
                return Vec::new();
            }
            Value::List(entries) => entries.to_vec(),
            Value::None => {
                self.fail(format!("the playbook `{}` is empty", path.display()), None);
                return Vec::new();
            }
            other => {
                self.fail(
                    format!(
                        "A playbook must be a list of plays, got a {} instead",
                        other.type_name()
                    ),
                    Some(start),
                );
                return Vec::new();
            }
        };
        let mut plays = Vec::new();
        for entry in entries {
            let Some(map) = entry.as_map() else {
                self.fail(
                    "playbook entries must be either valid plays or 'import_playbook' statements",
                    entry.origin().or(Some(start)),
                );
                continue;
            };
            let import = IMPORT_PLAYBOOK.iter().find_map(|k| map.get(k));
            match import {
                Some(target) if depth < MAX_DEPTH => {
                    plays.extend(self.import_playbook(map, &target, path, above, depth));
                }
                Some(target) => self.fail(
                    "playbooks import each other without end",
                    target.origin().or(place(map)),
                ),
                None => plays.extend(self.play(map, path, above)),
            }
        }
        plays
    }

    fn last_file(&self, path: &Path) -> u32 {
        (1..)
            .take_while(|n| self.sources.get(*n).is_some())
            .filter(|n| self.sources.path(*n).as_deref() == Some(path))
            .last()
            .unwrap_or(0)
    }

    fn import_playbook(
        &self,
        map: &Map,
        target: &Value,
        from: &Path,
        above: &Rc<Scope>,
        depth: usize,
    ) -> Vec<Rc<Play>> {
        let keywords = Map::new();
        for (key, value) in map.text_entries() {
            match key.as_str() {
                "when" | "tags" | "name" => {
                    keywords.insert(key, value);
                }
                "vars" => {}
                // Only conditions and tags come to the plays; the others are allowed and mean nothing.
                _ if IMPORT_PLAYBOOK.contains(&key.as_str()) || allowed(&key, Where::PlaybookImport) => {}
                _ => self.unknown_keyword(
                    &key,
                    "PlaybookInclude",
                    key_place(map, &key),
                    ["when", "vars"].into_iter().chain(names(Where::PlaybookImport)),
                ),
            }
        }
        let vars = self.vars_map("PlaybookInclude", map.get("vars"), place(map));
        let scope = Scope::below(above, ScopeKind::Playbook, keywords, vars, place(map));
        match target {
            Value::None => {
                let text = "The field 'import_playbook' is required but was not set.";
                self.fail(text, place(map));
                return Vec::new();
            }
            Value::List(_) | Value::Map(_) => {
                let text = format!(
                    "The field 'import_playbook' is supposed to be a string type, however the incoming data structure is a {}",
                    target.type_name()
                );
                self.fail(text, target.origin().or(place(map)));
                return Vec::new();
            }
            _ => {}
        }
        let name = match self.static_text(target, &scope) {
            Ok(name) => name,
            Err(e) => {
                self.fail(e, target.origin());
                return Vec::new();
            }
        };
        let base = from.parent().unwrap_or(Path::new("."));
        let mut path = base.join(&name);
        if !path.exists()
            && let [ns, collection, rest] = name.splitn(3, '.').collect::<Vec<_>>()[..]
            && let Some(folder) = self.collection_folder(ns, collection)
            && let Some(found) = role_files::file(&folder.join("playbooks"), &rest.replace('.', "/"))
        {
            path = found;
        }
        if !path.is_file() {
            self.report(
                Diagnostic::error(format!(
                    "the imported playbook `{}` does not exist",
                    path.display()
                ))
                .at(target.origin()),
            );
            return Vec::new();
        }
        // Imported plays are relative to their own folder, as in Ansible.
        let dir = path.parent().map(Path::to_owned).unwrap_or_default();
        let before = self
            .playbook_dir
            .replace(std::path::absolute(&dir).unwrap_or(dir));
        let plays = self.plays(&path, &scope, depth + 1);
        self.playbook_dir.replace(before);
        plays
    }

    pub(crate) fn unknown_keyword<'n>(
        &self,
        key: &str,
        what: &str,
        origin: Option<Origin>,
        known: impl Iterator<Item = &'n str>,
    ) {
        let mut d = Diagnostic::error(format!("'{key}' is not a valid attribute for a {what}"))
            .at(origin)
            .length(key.chars().count());
        if let Some(near) = nearest(key, known) {
            d = d.label(format!("did you mean `{near}`?"));
        }
        self.report(d);
    }

    /// The `vars` section of a `what` (play, block, …): a dict, or an old list of dicts.
    pub(crate) fn vars_map(&self, what: &str, value: Option<Value>, origin: Option<Origin>) -> Map {
        match value {
            None | Some(Value::None) => Map::new(),
            Some(Value::Map(map)) => {
                self.check_variable_names(&map);
                map
            }
            Some(Value::List(list)) if list.items().iter().all(|v| v.as_map().is_some()) => {
                let all = Map::new();
                for part in list.to_vec() {
                    for (k, v) in part.as_map().map(Map::entries).unwrap_or_default() {
                        all.insert(k, v);
                    }
                }
                all.freeze();
                all
            }
            Some(_) => {
                self.fail(
                    format!("Vars in a {what} must be specified as a dictionary."),
                    origin,
                );
                Map::new()
            }
        }
    }

    fn play(&self, map: &Map, path: &Path, above: &Rc<Scope>) -> Option<Rc<Play>> {
        let origin = place(map);
        let keywords = Map::new();
        let mut complete = true;
        for (key, value) in map.text_entries() {
            if allowed(&key, Where::Play) {
                keywords.insert(
                    if key == "user" {
                        "remote_user"
                    } else {
                        key.as_str()
                    },
                    value,
                );
            } else {
                self.unknown_keyword(&key, "Play", key_place(map, &key), names(Where::Play));
                complete = false;
            }
        }
        if map.contains("user") && map.contains("remote_user") {
            self.fail(
                "both 'user' and 'remote_user' are set for this play. The use of 'user' is deprecated, and should be removed",
                key_place(map, "user"),
            );
        }
        let hosts = match map.get("hosts") {
            None => {
                if complete {
                    self.fail("the field 'hosts' is required but was not set", origin);
                }
                return None;
            }
            Some(Value::None) => {
                self.fail(
                    "Hosts list cannot be empty. Please check your playbook",
                    key_place(map, "hosts"),
                );
                return None;
            }
            Some(Value::List(l)) if l.is_empty() => {
                self.fail(
                    "Hosts list cannot be empty. Please check your playbook",
                    key_place(map, "hosts"),
                );
                return None;
            }
            Some(Value::Str(t)) if t.is_empty() => {
                self.fail(
                    "Hosts list cannot be empty. Please check your playbook",
                    key_place(map, "hosts"),
                );
                return None;
            }
            Some(Value::List(l)) if l.items().iter().any(|v| v.as_str().is_none()) => {
                let wrong = l.to_vec().into_iter().find(|v| v.as_str().is_none());
                let text = match wrong {
                    None | Some(Value::None) => {
                        "Hosts list cannot contain values of 'None'. Please check your playbook".to_owned()
                    }
                    Some(v) => format!("Hosts list contains an invalid host value: '{}'", v.to_text()),
                };
                self.fail(text, key_place(map, "hosts"));
                return None;
            }
            Some(v @ (Value::Str(_) | Value::List(_))) => v,
            Some(_) => {
                self.fail(
                    "Hosts list must be a sequence or string. Please check your playbook.",
                    key_place(map, "hosts"),
                );
                return None;
            }
        };
        self.check_fields(&keywords);
        let vars = self.vars_map("Play", map.get("vars"), key_place(map, "vars"));
        if let Some(files) = map.get("vars_files").filter(|v| matches!(v, Value::Map(_))) {
            let text = format!("Invalid `vars_files` value of type '{}'.", files.type_name());
            self.fail(text, key_place(map, "vars_files"));
        }
        let scope = Scope::below(above, ScopeKind::Play, keywords, vars, origin);
        let name = match map.get("name") {
            Some(Value::Str(t)) => Some(t),
            Some(Value::None) | None => None,
            Some(v) => Some(Text::new(v.to_text())),
        };
        let dir = self.playbook_dir.borrow().clone();
        let items = |section: &str, place: Where| {
            let value = map.get(section);
            self.items(section, value, &scope, &dir, place, 0, key_place(map, section))
        };
        let roles = self.role_list(map.get("roles"), &scope, key_place(map, "roles"));
        let mut handlers = Vec::new();
        let mut all_roles = Vec::new();
        for role in &roles {
            for r in role.with_dependencies() {
                handlers.extend(r.handlers.borrow().iter().cloned());
                all_roles.push(r);
            }
        }
        let role_tasks = self.tasks_of_roles(&roles);
        let (pre_tasks, tasks, post_tasks) = (
            items("pre_tasks", Where::Task),
            items("tasks", Where::Task),
            items("post_tasks", Where::Task),
        );
        let own = items("handlers", Where::Handler);
        let play = Play {
            name,
            hosts,
            scope: Rc::clone(&scope),
            pre_tasks,
            role_tasks,
            tasks,
            post_tasks,
            handlers: RefCell::new(handlers),
            roles: RefCell::new(all_roles),
            vars_files: list(map.get("vars_files")),
            vars_prompt: self.prompts(map),
            path: path.to_owned(),
            origin,
        };
        for section in [&play.pre_tasks, &play.role_tasks, &play.tasks, &play.post_tasks] {
            crate::handlers::imported_roles(section, &play);
        }
        crate::handlers::flatten(&own, &mut play.handlers.borrow_mut());
        Some(Rc::new(play))
    }

    /// The entries of `vars_prompt`.
    fn prompts(&self, play: &Map) -> Vec<Map> {
        const KNOWN: &[&str] = &[
            "name",
            "prompt",
            "default",
            "private",
            "confirm",
            "encrypt",
            "salt_size",
            "salt",
            "unsafe",
        ];
        let section = key_place(play, "vars_prompt");
        let mut prompts = Vec::new();
        for entry in list(play.get("vars_prompt")) {
            let Some(map) = entry.as_map() else {
                let text = format!(
                    "Invalid vars_prompt data structure: {} is no dictionary",
                    entry.repr()
                );
                self.fail(text, entry.origin().or(section));
                continue;
            };
            if !map.contains("name") {
                let text = "Invalid vars_prompt data structure, missing 'name' key";
                self.fail(text, place(map).or(section));
            }
            for (key, _) in map.text_entries() {
                if !KNOWN.contains(&key.as_str()) {
                    let text = format!("Invalid vars_prompt data structure, found unsupported key '{key}'");
                    self.fail(text, key_place(map, &key));
                }
            }
            prompts.push(map.clone());
        }
        prompts
    }

    fn role_list(
        &self,
        value: Option<Value>,
        scope: &Rc<Scope>,
        origin: Option<Origin>,
    ) -> Vec<Rc<RoleInstance>> {
        let entries = match value {
            None | Some(Value::None) => return Vec::new(),
            Some(Value::List(l)) => l.to_vec(),
            Some(other) => {
                self.fail(
                    format!(
                        "A malformed role declaration was encountered: {} should be a list but is {}",
                        other.to_text(),
                        other.type_name()
                    ),
                    origin,
                );
                return Vec::new();
            }
        };
        entries
            .iter()
            .filter_map(|e| self.role_entry(e, scope, &[], origin))
            .collect()
    }

    /// A role's entry: its name, or a dict with `role`, keywords and parameters.
    pub(crate) fn role_entry(
        &self,
        entry: &Value,
        above: &Rc<Scope>,
        chain: &[Rc<Role>],
        origin: Option<Origin>,
    ) -> Option<Rc<RoleInstance>> {
        let (keywords, params) = (Map::new(), Map::new());
        let mut vars = Map::new();
        let name = match entry {
            Value::Str(_) => entry.clone(),
            Value::Map(map) => {
                for (key, value) in map.text_entries() {
                    if key == "role" || key == "name" {
                        continue;
                    } else if key == "vars" {
                        vars = self.vars_map("RoleInclude", Some(value), key_place(map, "vars"));
                    } else if allowed(&key, Where::Role) {
                        keywords.insert(key, value);
                    } else if !matches!(key.as_str(), "src" | "scm" | "version") {
                        params.insert(key, value);
                    }
                }
                match map.get("role").or_else(|| map.get("name")) {
                    Some(v @ Value::Str(_)) => v,
                    _ => {
                        self.fail("role definitions must contain a role name", place(map));
                        return None;
                    }
                }
            }
            other => {
                self.fail(
                    format!("Invalid role definition: {}", other.repr()),
                    other.origin().or(origin),
                );
                return None;
            }
        };
        self.check_fields(&keywords);
        params.freeze();
        let at = name.origin().or(origin);
        let scope = Scope::below(above, ScopeKind::Role, keywords, vars, at);
        let text = match self.static_text(&name, &scope) {
            Ok(t) => t,
            Err(e) => {
                self.fail(e, at);
                return None;
            }
        };
        if text.contains(',') {
            self.fail(format!("Invalid old style role requirement: {text}"), at);
            return None;
        }
        let options = RoleOptions {
            public: !self.private_role_vars.unwrap_or(false),
            validate: true,
            ..RoleOptions::default()
        };
        self.role(&text, scope, params, &options, chain, at)
    }

    /// Loads a role for use below `scope` (which becomes the role's own scope), with its dependencies.
    pub fn role(
        &self,
        name: &str,
        scope: Rc<Scope>,
        params: Map,
        options: &RoleOptions,
        chain: &[Rc<Role>],
        origin: Option<Origin>,
    ) -> Option<Rc<RoleInstance>> {
        let FoundRole {
            path,
            collection,
            name,
        } = self.find_role(name, &scope, chain, origin)?;
        let role = self.read_role(&name, &path, collection, options);
        if let Some(at) = chain.iter().position(|r| r.path == role.path) {
            let mut names: Vec<_> = chain
                .iter()
                .skip(at)
                .map(|r| format!("{} ({})", r.name, r.path.display()))
                .collect();
            names.push(format!("{} ({})", role.name, role.path.display()));
            self.report(
                Diagnostic::error(format!(
                    "role `{}` depends on itself: {}",
                    role.name,
                    names.join(" → ")
                ))
                .at(origin),
            );
            return None;
        }
        let mut chain = chain.to_vec();
        chain.push(Rc::clone(&role));
        let meta = role.meta.clone();
        let dependencies = list(meta.get("dependencies"))
            .iter()
            .filter_map(|entry| self.role_entry(entry, &scope, &chain, key_place(&meta, "dependencies")))
            .collect();
        let parents = scope
            .parent
            .as_ref()
            .map(crate::handlers::role_names)
            .unwrap_or_default();
        let instance = Rc::new(RoleInstance {
            role: Rc::clone(&role),
            scope: Rc::clone(&scope),
            params,
            dependencies,
            tasks: RefCell::default(),
            handlers: RefCell::default(),
            parents,
            dependency: chain.len() > 1,
            public: options.public,
            options: RoleOptions {
                // These do not make it another role.
                public: true,
                allow_duplicates: false,
                validate: true,
                ..options.clone()
            },
            again: options.allow_duplicates
                || role
                    .meta
                    .get("allow_duplicates")
                    .as_ref()
                    .is_some_and(Value::truthy),
            entry_point: options
                .validate
                .then(|| options.tasks_from.clone().unwrap_or_else(|| "main".into())),
        });
        scope.role.replace(Some(Rc::clone(&instance)));
        let section = |folder: &str, from: &Option<String>, place: Where| -> Vec<Item> {
            let dir = path.join(folder);
            let wanted = from.as_deref().unwrap_or("main");
            let found = match from {
                Some(_) => role_files::file(&dir, wanted),
                None => role_files::main_file(&dir),
            };
            match found {
                Some(file) if !role_files::inside(&dir, &file) => {
                    let what = format!(
                        "Failed loading '{}' for role ({}) as it is not inside the expected role path: '{}'",
                        file.display(),
                        role.name,
                        dir.display()
                    );
                    self.report(Diagnostic::error(what).at(origin));
                    Vec::new()
                }
                Some(file) => self.tasks_file(&file, &scope, place, 0),
                None => {
                    if from.is_some() && dir.is_dir() {
                        let what = format!("Could not find specified file in role: {folder}/{wanted}");
                        self.report(Diagnostic::error(what).at(origin));
                    }
                    Vec::new()
                }
            }
        };
        let tasks = section("tasks", &options.tasks_from, Where::Task);
        instance.tasks.replace(tasks);
        let handlers = section("handlers", &options.handlers_from, Where::Handler);
        crate::handlers::flatten(&handlers, &mut instance.handlers.borrow_mut());
        Some(instance)
    }

    fn read_role(
        &self,
        name: &str,
        path: &Path,
        collection: Option<String>,
        options: &RoleOptions,
    ) -> Rc<Role> {
        let key = format!(
            "{name} {} {:?} {:?}",
            path.display(),
            options.vars_from,
            options.defaults_from
        );
        if let Some(role) = self.roles.borrow().get(&key) {
            return Rc::clone(role);
        }
        let merged = |folder: &str, from: &Option<String>| {
            let all = Map::new();
            let name = from.as_deref().unwrap_or("main");
            let files = role_files::file_or_folder(&path.join(folder), name);
            if files.is_empty() && from.is_some() && path.join(folder).is_dir() {
                self.fail(
                    format!("Could not find specified file in role: {folder}/{name}"),
                    None,
                );
            }
            for file in files {
                match self.yaml(&file) {
                    Some(Value::Map(m)) => m.entries().into_iter().for_each(|(k, v)| {
                        all.insert(k, v);
                    }),
                    Some(Value::None) | None => {}
                    Some(_) => self.fail(
                        format!(
                            "The {folder}/main.yml file for role '{}' must contain a dictionary of variables",
                            path.display()
                        ),
                        None,
                    ),
                }
            }
            all.freeze();
            all
        };
        let meta = match role_files::file(&path.join("meta"), "main").and_then(|f| self.yaml(&f)) {
            Some(Value::Map(m)) => {
                self.check_meta(&m);
                m
            }
            Some(Value::None) | None => Map::new(),
            Some(other) => {
                self.fail(
                    format!("the 'meta/main.yml' for role {name} is not a dictionary"),
                    other.origin(),
                );
                Map::new()
            }
        };
        let specs = role_files::file(&path.join("meta"), "argument_specs")
            .and_then(|f| self.yaml(&f))
            .and_then(|v| v.get("argument_specs"))
            .or_else(|| meta.get("argument_specs"));
        let role = Rc::new(Role {
            name: name.to_owned(),
            collection,
            path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            defaults: merged("defaults", &options.defaults_from),
            vars: merged("vars", &options.vars_from),
            meta,
            argument_specs: specs.and_then(|v| v.as_map().cloned()),
        });
        if !self.role_folders.borrow().contains(&role.path) {
            self.role_folders.borrow_mut().push(role.path.clone());
        }
        self.roles.borrow_mut().insert(key, Rc::clone(&role));
        role
    }

    /// The tasks of a play's roles, dependencies first. A role that has run on a host is left out there at run time.
    fn tasks_of_roles(&self, roles: &[Rc<RoleInstance>]) -> Vec<Item> {
        let mut out = Vec::new();
        for role in roles {
            for instance in role.with_dependencies() {
                out.extend(crate::argument_check(self, &instance));
                out.push(Item::Block(self.role_block(&instance)));
            }
        }
        out
    }

    /// A role's own tasks as a block.
    pub fn role_block(&self, instance: &Rc<RoleInstance>) -> Rc<crate::Block> {
        let mut body = instance.tasks.borrow().clone();
        let end = Map::new();
        end.insert("_raw_params", "role_complete");
        body.push(Item::Task(Rc::new(crate::Task {
            id: self.task_id(),
            name: None,
            action: crate::Action {
                name: "meta".into(),
                origin: None,
                args: end,
                template: None,
            },
            scope: Scope::below(&instance.scope, ScopeKind::Task, Map::new(), Map::new(), None),
            repeat: None,
            handler: false,
            origin: None,
        })));
        Rc::new(crate::Block {
            scope: Rc::clone(&instance.scope),
            body,
            rescue: Vec::new(),
            always: Vec::new(),
        })
    }
}

/// Where a map begins: at its first key.
pub(crate) fn place(map: &Map) -> Option<Origin> {
    map.first().and_then(|(k, _)| k.origin())
}

/// Where a key stands.
pub(crate) fn key_place(map: &Map, key: &str) -> Option<Origin> {
    map.keys()
        .iter()
        .find(|k| k.as_str() == Some(key))
        .and_then(Value::origin)
}

/// The items of a list; one value that is no list is one item.
pub(crate) fn list(value: Option<Value>) -> Vec<Value> {
    match value {
        None | Some(Value::None) => Vec::new(),
        Some(Value::List(l)) => l.to_vec(),
        Some(v) => vec![v],
    }
}
