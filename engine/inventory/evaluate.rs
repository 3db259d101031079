//! The door to templates. This crate knows none; `constructed` and `generator` get them from outside.

use kdo_value::{Map, Text, Value};

/// Evaluates what inventory plugins compose. Errors are the sentence of what is wrong.
pub trait Evaluate {
    /// The value of an expression without delimiters.
    fn expression(&self, text: &Text, vars: &Map) -> Result<Value, String>;

    /// The truth of a condition.
    fn condition(&self, condition: &Value, vars: &Map) -> Result<bool, String>;

    /// The result of a template; `omit` alone is [`Value::Omit`].
    fn template(&self, text: &Text, vars: &Map) -> Result<Value, String>;
}
