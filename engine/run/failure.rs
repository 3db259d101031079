//! How a task can fail before or beside its module.

use kdo_value::{Map, Value};

/// A failure on one host.
#[derive(Clone, Debug, Default)]
pub(crate) struct TaskFailure {
    /// What went wrong.
    pub(crate) message: String,
    /// Whether a missing variable is the cause.
    pub(crate) undefined: bool,
    /// Whether the host could not be reached.
    pub(crate) unreachable: bool,
    /// The message with its place and a snippet.
    pub(crate) rendered: Option<String>,
    /// Further keys of the result.
    pub(crate) values: Option<Map>,
}

impl TaskFailure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    pub(crate) fn unreachable(message: impl Into<String>) -> Self {
        Self { message: message.into(), unreachable: true, ..Self::default() }
    }

    /// As a result.
    pub(crate) fn into_result(self) -> Map {
        let map = self.values.unwrap_or_default();
        map.insert(if self.unreachable { "unreachable" } else { "failed" }, true);
        map.insert("msg", Value::str(self.message));
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
