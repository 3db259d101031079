//! How a task can fail before or beside its module.

use kdo_event::OPEN;
use kdo_value::{Map, Value};

/// Key of a result under which the message with its place travels to the outputs; never seen by the user's variables.
pub(crate) const RENDERED: &str = "_kdo_rendered";

/// Takes the message with its place out of a result.
pub(crate) fn take_rendered(result: &Map) -> Option<String> {
    result.remove(RENDERED).map(|v| v.to_text())
}

/// A failure on one host.
#[derive(Clone, Debug, Default)]
pub(crate) struct TaskFailure {
    /// What went wrong.
    pub(crate) message: String,
    /// Whether the host could not be reached.
    pub(crate) unreachable: bool,
    /// The engine failed before or around the module: told as "Task failed: …".
    pub(crate) early: bool,
    /// Nothing but the playbook is at fault, so the message is told in spite of `no_log`.
    pub(crate) open: bool,
    /// A missing value is the cause.
    pub(crate) undefined: bool,
    /// The message with its place and a snippet.
    pub(crate) rendered: Option<String>,
    /// Further keys of the result.
    pub(crate) values: Option<Map>,
}

impl TaskFailure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// The engine's own failure, before or around the module.
    pub(crate) fn early(message: impl Into<String>) -> Self {
        Self {
            early: true,
            ..Self::new(message)
        }
    }

    /// The same failure, with what was being done in front of its message.
    #[must_use]
    pub(crate) fn during(self, what: &str) -> Self {
        Self {
            message: format!("{what}: {}", self.message),
            ..self
        }
    }

    pub(crate) fn unreachable(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            unreachable: true,
            ..Self::default()
        }
    }

    /// As a result.
    pub(crate) fn into_result(self) -> Map {
        let map = self.values.unwrap_or_default();
        map.insert(if self.unreachable { "unreachable" } else { "failed" }, true);
        let message = if self.early || self.unreachable {
            format!("Task failed: {}", self.message)
        } else {
            self.message
        };
        map.insert("msg", Value::str(message));
        if let Some(rendered) = self.rendered {
            map.insert(RENDERED, rendered);
        }
        if self.open {
            map.insert(OPEN, true);
        }
        map.insert("changed", false);
        map
    }
}

impl From<String> for TaskFailure {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<&str> for TaskFailure {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}
