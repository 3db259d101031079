//! Values with behaviour of their own.

use crate::{Value, number::Operator};
use std::any::Any;

/// A value that is not plain data: `hostvars`, `loop`, namespaces, macros, dates.
/// A mapping-like object answers `keys`; everything else only has attributes.
pub trait Object: Any {
    /// Python's name of its type, as messages show it.
    fn type_name(&self) -> &str;

    /// Attribute or item of that name.
    fn get(&self, key: &Value) -> Option<Value>;

    /// Keys in order, if it is a mapping.
    fn keys(&self) -> Option<Vec<Value>> {
        None
    }

    /// What `str()` gives.
    fn to_text(&self) -> String {
        format!("<{}>", self.type_name())
    }

    /// Its text in JSON, if it is no mapping.
    fn json_text(&self) -> String {
        self.to_text()
    }

    /// What `repr()` gives.
    fn repr(&self) -> String {
        self.to_text()
    }

    /// Truth; objects are true unless they say otherwise.
    fn truthy(&self) -> bool {
        true
    }

    /// Equality with another value, where the object defines one.
    fn equals(&self, _other: &Value) -> Option<bool> {
        None
    }

    /// Order against another value, where the object defines one.
    fn compare(&self, _other: &Value) -> Option<std::cmp::Ordering> {
        None
    }

    /// Calls a method; `None` if there is none of that name.
    fn call_method(
        &self,
        _name: &str,
        _args: &[Value],
        _kwargs: &[(String, Value)],
    ) -> Option<Result<Value, String>> {
        None
    }

    /// `self operator other`, or with `reflected` `other operator self`; `None` if the object has no such arithmetic.
    fn arithmetic(
        &self,
        _operator: Operator,
        _other: &Value,
        _reflected: bool,
    ) -> Option<Result<Value, String>> {
        None
    }

    /// For downcasts.
    fn as_any(&self) -> &dyn Any;
}
