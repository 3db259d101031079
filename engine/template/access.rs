//! `value.name` and `value[key]`, with Jinja's order of attribute and item.

use crate::{
    evaluator::{Evaluator, Result},
    function::Function,
    methods,
};
use kdo_value::Value;
use std::rc::Rc;

impl Evaluator<'_> {
    /// `value.name`: the attribute or method, else the item.
    pub(crate) fn attr(&self, value: &Value, name: &str) -> Result<Value> {
        if let Value::Undefined(_) = value {
            return Ok(value.clone());
        }
        if name.starts_with("__") {
            return Ok(unsafe_attribute(value, name));
        }
        if methods::exists(value, name) {
            return Ok(Function::Method(value.clone(), name.into()).value());
        }
        match value {
            Value::Map(m) => match m.get(name) {
                Some(v) => self.access(v, name),
                None => Ok(missing(value, &Value::str(name))),
            },
            Value::Object(o) => match o.get(&Value::str(name)) {
                Some(v) => self.access(v, name),
                None => Ok(missing(value, &Value::str(name))),
            },
            // What `groupby` gives are pairs with names.
            Value::Tuple(pair) if pair.len() == 2 && matches!(name, "grouper" | "list") => Ok(pair
                .get(usize::from(name == "list"))
                .cloned()
                .unwrap_or(Value::None)),
            Value::Vault(_) => {
                let clear = self.access(value.clone(), "")?;
                self.attr(&clear, name)
            }
            _ => Ok(number_attribute(value, name).unwrap_or_else(|| missing(value, &Value::str(name)))),
        }
    }

    /// `value[key]`: the item, else the attribute.
    pub(crate) fn item(&self, value: &Value, key: &Value) -> Result<Value> {
        match value {
            Value::Undefined(_) => return Ok(value.clone()),
            Value::Map(m) => {
                if let Some(v) = m.get_value(key) {
                    return self.access(v, key.as_str().unwrap_or(""));
                }
            }
            Value::List(l) => {
                if let Some(v) = index(key, l.len()).and_then(|i| l.get(i)) {
                    return self.access(v, "");
                }
            }
            Value::Tuple(t) => {
                if let Some(v) = index(key, t.len()).and_then(|i| t.get(i)) {
                    return self.access(v.clone(), "");
                }
            }
            Value::Str(s) => {
                if let Some(wanted) = key.as_int()
                    && let Some(c) = char_at(s, wanted)
                {
                    return Ok(Value::str(c.to_string()));
                }
            }
            Value::Bytes(b) => {
                if let Some(v) = index(key, b.len()).and_then(|i| b.get(i)) {
                    return Ok(Value::Int(i64::from(*v)));
                }
            }
            Value::Object(o) => {
                if let Some(v) = o.get(key) {
                    return self.access(v, key.as_str().unwrap_or(""));
                }
            }
            Value::Vault(_) => {
                let clear = self.access(value.clone(), "")?;
                return self.item(&clear, key);
            }
            _ => {}
        }
        if let Value::Undefined(_) = key {
            return Ok(key.clone());
        }
        match key.as_str() {
            Some(name) if !matches!(value, Value::Map(_) | Value::Object(_)) => self.attr(value, name),
            Some(name) if methods::exists(value, name) => {
                Ok(Function::Method(value.clone(), name.into()).value())
            }
            _ => Ok(missing(value, key)),
        }
    }
}

/// The position that an index means.
pub(crate) fn index(key: &Value, len: usize) -> Option<usize> {
    let wanted = key.as_int()?;
    let wanted = if wanted < 0 {
        wanted.checked_add(i64::try_from(len).ok()?)?
    } else {
        wanted
    };
    usize::try_from(wanted).ok().filter(|i| *i < len)
}

fn char_at(text: &str, wanted: i64) -> Option<char> {
    if wanted >= 0 {
        text.chars().nth(usize::try_from(wanted).ok()?)
    } else {
        text.chars().rev().nth(usize::try_from(-(wanted + 1)).ok()?)
    }
}

fn number_attribute(value: &Value, name: &str) -> Option<Value> {
    match (value, name) {
        (Value::Int(_) | Value::Big(_) | Value::Bool(_), "real" | "numerator") => {
            Some(kdo_value::number::to_big(value).map_or(Value::None, Value::big))
        }
        (Value::Float(_), "real") => Some(value.clone()),
        (Value::Int(_) | Value::Big(_) | Value::Bool(_), "imag") => Some(Value::Int(0)),
        (Value::Float(_), "imag") => Some(Value::Float(0.0)),
        (Value::Int(_) | Value::Big(_) | Value::Bool(_), "denominator") => Some(Value::Int(1)),
        _ => None,
    }
}

fn missing(value: &Value, key: &Value) -> Value {
    let message = format!(
        "object of type '{}' has no attribute {}",
        value.type_name(),
        match key {
            Value::Str(s) => format!("'{}'", s.as_str()),
            other => other.repr(),
        }
    );
    Value::missing(key.as_str(), message)
}

fn unsafe_attribute(value: &Value, name: &str) -> Value {
    Value::Undefined(Rc::new(kdo_value::Undefined::missing(
        Some(name),
        format!(
            "access to attribute '{name}' of '{}' object is unsafe.",
            value.type_name()
        ),
    )))
}
