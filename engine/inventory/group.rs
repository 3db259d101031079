//! One group.

use crate::host::frozen;
use indexmap::IndexSet;
use kdo_syntax::Diagnostic;
use kdo_value::Map;

/// A group of the inventory.
#[derive(Clone)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Variables written in inventory sources.
    pub vars: Map,
    /// Variables of `group_vars` beside the inventory sources.
    pub file_vars: Map,
    /// Why `file_vars` is not complete; an error as soon as the group is used.
    pub file_error: Option<Diagnostic>,
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
            file_vars: frozen(),
            file_error: None,
            children: IndexSet::new(),
            parents: IndexSet::new(),
            hosts: IndexSet::new(),
            depth: 0,
            priority: 1,
        }
    }
}
