//! One host.

use indexmap::IndexSet;
use kdo_value::Map;
use std::path::PathBuf;

/// A host of the inventory.
#[derive(Clone)]
pub struct Host {
    /// Its name in the inventory.
    pub name: String,
    /// Variables written in inventory sources, and those of `add_host`.
    pub vars: Map,
    /// Groups that name it themselves.
    pub groups: IndexSet<String>,
    /// The source that named it first; none for lists and `add_host`.
    pub source: Option<PathBuf>,
    /// It is `localhost` and nobody wrote it into an inventory.
    pub implicit: bool,
}

impl Host {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            vars: frozen(),
            groups: IndexSet::new(),
            source: None,
            implicit: false,
        }
    }

    /// The name up to its first dot.
    pub fn short_name(&self) -> &str {
        self.name.split('.').next().unwrap_or(&self.name)
    }
}

/// A map that belongs to the variables from the start.
pub(crate) fn frozen() -> Map {
    let map = Map::new();
    map.freeze();
    map
}
