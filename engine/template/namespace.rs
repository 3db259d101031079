//! `namespace()`: attributes that inner scopes may set.

use kdo_value::{Map, Object, Value};
use std::any::Any;

/// Jinja's namespace object.
pub(crate) struct Namespace {
    pub(crate) attributes: Map,
}

impl Object for Namespace {
    fn type_name(&self) -> &str {
        "Namespace"
    }

    fn get(&self, key: &Value) -> Option<Value> {
        self.attributes.get_value(key)
    }

    fn to_text(&self) -> String {
        format!("<Namespace {}>", Value::Map(self.attributes.clone()).repr())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
