//! From files to typed trees.

use crate::{Role, Scope, static_vars::StaticVars};
use kdo_syntax::{Diagnostic, LoadOptions, SourceMap, load_file, load_text, nearest};
use kdo_template::{Environment, Plugins, Templar, Vault};
use kdo_value::{Map, Origin, Value};
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
    pub(crate) roles: RefCell<HashMap<String, Rc<Role>>>,
    /// Groups of modules for `module_defaults`, by their full names; `None` for those that do not exist.
    pub(crate) action_groups: RefCell<HashMap<String, crate::module_defaults::Group>>,
}

/// Said of an encrypted file where no password is known.
const NO_SECRETS: &str = "Attempting to decrypt but no vault secrets found.";

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
