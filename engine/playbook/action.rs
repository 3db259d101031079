//! What a task does.

use kdo_value::{Map, Origin, Text, Value};

/// The module or action with its arguments, as written.
#[derive(Clone, Debug)]
pub struct Action {
    /// The name as written.
    pub name: String,
    /// Where the name is written.
    pub origin: Option<Origin>,
    /// Arguments by name; free text is under `_raw_params`.
    pub args: Map,
    /// Arguments that come from one template (`args: "{{ dict }}"`).
    pub template: Option<Text>,
}

impl Action {
    /// The name without Ansible's own namespace: `copy` for `ansible.builtin.copy`.
    pub fn short(&self) -> &str {
        short(&self.name)
    }

    /// An argument as written.
    pub fn arg(&self, name: &str) -> Option<Value> {
        self.args.get(name)
    }
}

/// A module's name without Ansible's own namespaces.
pub(crate) fn short(name: &str) -> &str {
    name.strip_prefix("ansible.builtin.")
        .or_else(|| name.strip_prefix("ansible.legacy."))
        .unwrap_or(name)
}
