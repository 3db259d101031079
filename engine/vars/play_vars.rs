//! What a play adds to its hosts' variables.

use kdo_playbook::Play;
use kdo_value::{Map, Value};
use std::{
    cell::RefCell,
    collections::HashMap,
    path::{Path, PathBuf},
    rc::Rc,
};

/// A play while it runs, as its variables show it.
pub struct PlayVars {
    /// The play.
    pub play: Rc<Play>,
    /// Folder of the playbook.
    pub playbook_dir: PathBuf,
    /// Evaluated name.
    pub name: RefCell<String>,
    /// Answers to `vars_prompt`.
    pub prompted: Map,
    /// Variables of `vars_files`, by host.
    pub files: RefCell<HashMap<String, Map>>,
    /// All hosts of the play.
    pub all_hosts: RefCell<Vec<String>>,
    /// Hosts of the play that have not failed.
    pub active_hosts: RefCell<Vec<String>>,
    /// Hosts of the batch that have not failed.
    pub batch: RefCell<Vec<String>>,
}

impl PlayVars {
    /// A play with no hosts yet.
    pub fn new(play: Rc<Play>, prompted: Map) -> Self {
        let dir = play
            .path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let playbook_dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
        // The play of a single module has no folder of its own: the current one counts.
        let single = playbook_dir
            .file_name()
            .is_some_and(|n| n.to_string_lossy().starts_with("kdo-run-"));
        let playbook_dir = match std::env::current_dir() {
            Ok(here) if single => here,
            _ => playbook_dir,
        };
        prompted.freeze();
        Self {
            play,
            playbook_dir,
            name: RefCell::default(),
            prompted,
            files: RefCell::default(),
            all_hosts: RefCell::default(),
            active_hosts: RefCell::default(),
            batch: RefCell::default(),
        }
    }

    pub(crate) fn names(hosts: &RefCell<Vec<String>>) -> Value {
        Value::list(hosts.borrow().iter().map(Value::from)).into_frozen()
    }
}
