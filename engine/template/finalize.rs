//! What leaves a template.

use crate::{Check, TemplateError, range::Range, stack};
use kdo_value::{List, Map, UndefinedKind, Value};

/// Deepest nesting of lists and dicts.
pub(crate) const MAX_DEPTH: usize = 200;

/// The text of one piece of output among others: missing values are errors, tuples are written as lists.
pub(crate) fn text(value: &Value) -> Result<String, TemplateError> {
    match value {
        Value::None | Value::Omit => Ok(String::new()),
        Value::Undefined(u) if u.kind == UndefinedKind::Empty => Ok(String::new()),
        Value::Undefined(_) => Err(value.check().err().unwrap_or_else(|| "undefined".into())),
        Value::List(_) | Value::Tuple(_) | Value::Map(_) => Ok(plain(value, 0, false)?.to_text()),
        other => Ok(other.to_text()),
    }
}

/// A result as plain data: tuples become lists, `omit` entries are left out, missing values are errors.
/// Templates must have been evaluated before.
pub(crate) fn data(value: &Value) -> Result<Value, TemplateError> {
    plain(value, 0, true)
}

fn plain(value: &Value, depth: usize, strict: bool) -> Result<Value, TemplateError> {
    if depth > MAX_DEPTH {
        return Err(TemplateError::new("The value nests too deep."));
    }
    stack::check()?;
    match value {
        Value::Undefined(u) if u.kind == UndefinedKind::Empty => Err(TemplateError::new(
            "Type 'Undefined' is unsupported for variable storage.",
        )),
        Value::Undefined(_) => Err(value.check().err().unwrap_or_else(|| "undefined".into())),
        Value::List(l) if l.is_frozen() && !l.is_templated() => Ok(value.clone()),
        Value::Map(m) if m.is_frozen() && !m.is_templated() => Ok(value.clone()),
        Value::List(l) => items(&l.to_vec(), depth, strict),
        Value::Tuple(t) => items(t, depth, strict),
        Value::Map(m) => {
            let out = Map::new();
            for (k, v) in m.entries() {
                if !v.is_omit() {
                    out.insert(k, plain(&v, depth + 1, strict)?);
                }
            }
            Ok(Value::Map(out))
        }
        Value::Object(o) => {
            if let Some(keys) = o.keys() {
                let out = Map::new();
                for k in keys {
                    let v = o.get(&k).unwrap_or(Value::None);
                    out.insert(k, plain(&v, depth + 1, strict)?);
                }
                return Ok(Value::Map(out));
            }
            let internal = Range::of(value).is_some()
                || o.as_any().is::<crate::function::Function>()
                || matches!(
                    o.type_name(),
                    "Namespace" | "Cycler" | "LoopContext" | "TemplateModule" | "TemplateReference"
                );
            if strict && internal {
                return Err(TemplateError::new(format!(
                    "Type '{}' is unsupported for variable storage.",
                    o.type_name()
                )));
            }
            Ok(value.clone())
        }
        _ => Ok(value.clone()),
    }
}

fn items(items: &[Value], depth: usize, strict: bool) -> Result<Value, TemplateError> {
    let mut out = Vec::with_capacity(items.len());
    for v in items.iter().filter(|v| !v.is_omit()) {
        out.push(plain(v, depth + 1, strict)?);
    }
    Ok(Value::List(List::new(out)))
}
