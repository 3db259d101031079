//! What leaves a template.

use crate::{
    Check, TemplateError,
    evaluator::{Evaluator, Result},
    function::Function,
    range::Range,
    stack,
};
use kdo_value::{List, Map, UndefinedKind, Value};

/// Deepest nesting of lists and dicts.
pub(crate) const MAX_DEPTH: usize = 200;

/// The text of one piece of output among others: missing values are errors, tuples are written as lists.
pub(crate) fn text(evaluator: &Evaluator<'_>, value: &Value) -> Result<String> {
    match value {
        Value::None | Value::Omit => Ok(String::new()),
        Value::Undefined(u) if u.kind == UndefinedKind::Empty => Ok(String::new()),
        Value::List(_) | Value::Tuple(_) | Value::Map(_) => Ok(Walk {
            evaluator,
            strict: false,
        }
        .plain(value, 0)?
        .to_text()),
        Value::Object(o) if o.keys().is_some() => Ok(data(evaluator, value)?.to_text()),
        Value::Bytes(b) => Ok(String::from_utf8_lossy(b).into_owned()),
        other => Ok(other.check()?.to_text()),
    }
}

/// A result as plain data: templates inside are evaluated, tuples become lists, `omit` entries are left out, missing
/// values are errors.
pub(crate) fn data(evaluator: &Evaluator<'_>, value: &Value) -> Result<Value> {
    Walk {
        evaluator,
        strict: true,
    }
    .plain(value, 0)
}

struct Walk<'a> {
    evaluator: &'a Evaluator<'a>,
    /// Refuses values that only templates know.
    strict: bool,
}

impl Walk<'_> {
    fn plain(&self, value: &Value, depth: usize) -> Result<Value> {
        if depth > MAX_DEPTH {
            return Err(TemplateError::new("The value nests too deep."));
        }
        match value {
            Value::Undefined(u) if u.kind == UndefinedKind::Empty => Err(TemplateError::new(
                "Type 'Undefined' is unsupported for variable storage.",
            )),
            Value::Undefined(_) => value.check().cloned(),
            Value::Str(s) if !s.is_template() => Ok(value.clone()),
            Value::Str(_) | Value::Vault(_) => {
                stack::check()?;
                let value = self.evaluator.access(value.clone(), "")?;
                // What is text now is a result: it is not evaluated again.
                if let Value::Str(_) = value {
                    Ok(value)
                } else {
                    self.plain(&value, depth)
                }
            }
            Value::List(l) if l.is_frozen() && !l.is_templated() => Ok(value.clone()),
            Value::Map(m) if m.is_frozen() && !m.is_templated() => Ok(value.clone()),
            Value::List(l) => self.items(&l.to_vec(), depth),
            Value::Tuple(t) => self.items(t, depth),
            Value::Map(m) => self.entries(m.entries(), depth),
            Value::Object(o) => match o.keys() {
                Some(keys) => {
                    let pairs = keys.into_iter().map(|k| {
                        let value = o.get(&k).unwrap_or(Value::None);
                        (k, value)
                    });
                    self.entries(pairs.collect(), depth)
                }
                None if self.strict && is_internal(value) => Err(TemplateError::new(format!(
                    "Type '{}' is unsupported for variable storage.",
                    o.type_name()
                ))),
                None => Ok(value.clone()),
            },
            _ => Ok(value.clone()),
        }
    }

    fn items(&self, items: &[Value], depth: usize) -> Result<Value> {
        stack::check()?;
        let mut out = Vec::with_capacity(items.len());
        for v in items {
            let value = if v.is_omit() {
                Value::Omit
            } else {
                self.plain(v, depth + 1)?
            };
            if !value.is_omit() {
                out.push(value);
            }
        }
        Ok(Value::List(List::new(out)))
    }

    fn entries(&self, entries: Vec<(Value, Value)>, depth: usize) -> Result<Value> {
        stack::check()?;
        let out = Map::new();
        for (k, v) in entries {
            let value = if v.is_omit() {
                Value::Omit
            } else {
                self.plain(&v, depth + 1)?
            };
            if !value.is_omit() {
                out.insert(k, value);
            }
        }
        Ok(Value::Map(out))
    }
}

fn is_internal(value: &Value) -> bool {
    let Value::Object(o) = value else { return false };
    Range::of(value).is_some()
        || o.as_any().is::<Function>()
        || matches!(
            o.type_name(),
            "Namespace" | "Cycler" | "LoopContext" | "TemplateModule" | "TemplateReference"
        )
}
