//! What stands in the place of a missing value.

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndefinedKind {
    /// A variable, attribute or item does not exist; `default` and `is defined` catch it.
    Missing,
    /// Evaluating the value failed otherwise; nothing but `rescue` catches it.
    Error,
    /// An inline `if` without `else` that did not apply: empty text, false, but no value of its own.
    Empty,
}

/// A missing value and the sentence that tells about it when it is used.
#[derive(Clone, Debug)]
pub struct Undefined {
    /// Why.
    pub kind: UndefinedKind,
    /// For example `'x' is undefined`.
    pub message: String,
    /// Name of the variable or attribute that is missing.
    pub name: Option<String>,
}

impl Undefined {
    /// A missing variable, attribute or item.
    pub fn missing(name: Option<&str>, message: impl Into<String>) -> Self {
        Self {
            kind: UndefinedKind::Missing,
            message: message.into(),
            name: name.map(str::to_owned),
        }
    }

    /// A value whose evaluation failed.
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            kind: UndefinedKind::Error,
            message: message.into(),
            name: None,
        }
    }
}
