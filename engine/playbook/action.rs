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

/// Actions that take text beside their parameters.
const TAKES_TEXT: &[&str] = &[
    "add_host",
    "command",
    "group_by",
    "import_role",
    "import_tasks",
    "include_role",
    "include_tasks",
    "include_vars",
    "meta",
    "raw",
    "script",
    "set_fact",
    "shell",
    "win_command",
    "win_shell",
];

/// Words that mean yes.
pub(crate) const TRUE: &[&str] = &["y", "yes", "on", "1", "true", "t", "1.0"];

/// Words that mean no.
pub(crate) const FALSE: &[&str] = &["n", "no", "off", "0", "false", "f", "0.0"];

impl Action {
    /// Whether it has text beside parameters that it does not take.
    pub fn has_stray_text(&self) -> bool {
        self.args.contains("_raw_params") && !TAKES_TEXT.contains(&self.short())
    }

    /// The name without Ansible's own namespace: `copy` for `ansible.builtin.copy`.
    pub fn short(&self) -> &str {
        short(&self.name)
    }

    /// An argument that says yes or no, as itself or as a word.
    pub(crate) fn flag(&self, name: &str, default: bool) -> bool {
        match self.arg(name) {
            None | Some(Value::None) => default,
            Some(Value::Str(word)) => !FALSE.contains(&word.to_lowercase().as_str()),
            Some(v) => v.truthy(),
        }
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
