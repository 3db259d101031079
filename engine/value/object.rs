//! Values with behaviour of their own.

use crate::Value;
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

    /// For downcasts.
    fn as_any(&self) -> &dyn Any;
}
