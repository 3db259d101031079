//! One group.

use crate::host::frozen;
use indexmap::IndexSet;
use kdo_value::Map;

/// A group of the inventory.
#[derive(Clone)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Variables written in inventory sources.
    pub vars: Map,
    /// Groups directly in it, in order.
    pub children: IndexSet<String>,
    /// Groups it is directly in.
    pub parents: IndexSet<String>,
    /// Hosts directly in it, in order.
    pub hosts: IndexSet<String>,
    /// Longest way down from `all`.
    pub depth: usize,
    /// `ansible_group_priority`; the higher one wins among groups of equal depth.
    pub priority: i64,
}

impl Group {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            vars: frozen(),
            children: IndexSet::new(),
            parents: IndexSet::new(),
            hosts: IndexSet::new(),
            depth: 0,
            priority: 1,
        }
    }
}
