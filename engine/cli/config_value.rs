//! Values of settings as values that can be written.

use kdo_config::Shown;
use kdo_value::{Map, Value, json};

/// The value of a setting: what was set, else the default.
pub(crate) fn value(shown: &Shown) -> Value {
    match &shown.value {
        Some(value) => of(value),
        None => json::read(&shown.default).unwrap_or(Value::None),
    }
}

fn of(value: &kdo_config::Value) -> Value {
    match value {
        kdo_config::Value::Unset => Value::None,
        kdo_config::Value::Bool(b) => Value::Bool(*b),
        kdo_config::Value::Int(n) => Value::Int(*n),
        kdo_config::Value::Float(n) => Value::Float(*n),
        kdo_config::Value::Text(text) => Value::str(text.as_str()),
        kdo_config::Value::List(items) => Value::list(items.iter().map(|i| Value::str(i.as_str()))),
    }
}

/// A dictionary of these entries, in their order.
pub(crate) fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let map = Map::new();
    for (key, value) in entries {
        map.insert(key, value);
    }
    Value::Map(map)
}
