//! Methods of plain values, as Python has them and Jinja's sandbox allows them.

use crate::{
    TemplateError,
    evaluator::{Evaluator, Result},
    methods_bytes, methods_dict, methods_list, methods_number, methods_str,
};
use kdo_value::Value;

/// Arguments of a method.
pub(crate) struct Args<'a> {
    pub(crate) name: &'a str,
    pub(crate) positional: &'a [Value],
    pub(crate) keywords: &'a [(String, Value)],
}

impl Args<'_> {
    /// The argument at a position or of a name.
    pub(crate) fn get(&self, index: usize, name: &str) -> Option<&Value> {
        self.positional
            .get(index)
            .or_else(|| self.keywords.iter().find(|(k, _)| k == name).map(|(_, v)| v))
    }

    /// An argument that must be there.
    pub(crate) fn needed(&self, index: usize, name: &str) -> Result<&Value> {
        self.get(index, name).ok_or_else(|| {
            TemplateError::new(format!(
                "{}() missing required argument '{name}' (pos {})",
                self.name,
                index + 1
            ))
        })
    }

    /// A text argument.
    pub(crate) fn text(&self, index: usize, name: &str) -> Result<&str> {
        let value = self.needed(index, name)?;
        value.as_str().ok_or_else(|| {
            TemplateError::new(format!(
                "{}() argument {} must be str, not {}",
                self.name,
                index + 1,
                value.type_name()
            ))
        })
    }

    /// An optional text argument; `None` counts as not given.
    pub(crate) fn maybe_text(&self, index: usize, name: &str) -> Result<Option<&str>> {
        match self.get(index, name) {
            None | Some(Value::None) => Ok(None),
            Some(_) => self.text(index, name).map(Some),
        }
    }

    /// An optional integer argument.
    pub(crate) fn int(&self, index: usize, name: &str, default: i64) -> Result<i64> {
        match self.get(index, name) {
            None => Ok(default),
            Some(v) => v.as_int().ok_or_else(|| {
                TemplateError::new(format!(
                    "'{}' object cannot be interpreted as an integer",
                    v.type_name()
                ))
            }),
        }
    }

    /// Fails for more positional arguments than `max`.
    pub(crate) fn at_most(&self, max: usize) -> Result<()> {
        if self.positional.len() > max {
            return Err(TemplateError::new(format!(
                "{} expected at most {max} argument{}, got {}",
                self.name,
                if max == 1 { "" } else { "s" },
                self.positional.len()
            )));
        }
        Ok(())
    }
}

/// Whether the value's type has a method of that name.
pub(crate) fn exists(value: &Value, name: &str) -> bool {
    let names: &[&str] = match value {
        Value::Str(_) => methods_str::NAMES,
        Value::List(_) => methods_list::NAMES,
        Value::Tuple(_) => methods_list::TUPLE_NAMES,
        Value::Map(_) => methods_dict::NAMES,
        Value::Bytes(_) => methods_bytes::NAMES,
        Value::Int(_) | Value::Big(_) | Value::Bool(_) => methods_number::INT_NAMES,
        Value::Float(_) => methods_number::FLOAT_NAMES,
        Value::Object(_) if crate::range::Range::of(value).is_some() => methods_list::TUPLE_NAMES,
        _ => &[],
    };
    names.contains(&name)
}

/// Calls a method that exists; receiver and arguments are evaluated.
pub(crate) fn call(
    evaluator: &Evaluator<'_>,
    value: &Value,
    name: &str,
    positional: &[Value],
    keywords: &[(String, Value)],
) -> Result<Value> {
    let args = Args {
        name,
        positional,
        keywords,
    };
    match value {
        Value::Str(s) => methods_str::call(evaluator, s, &args),
        Value::List(l) => methods_list::call(evaluator, l, &args),
        Value::Tuple(t) => methods_list::call_tuple(t, &args),
        Value::Map(m) => methods_dict::call(evaluator, m, &args),
        Value::Bytes(b) => methods_bytes::call(b, &args),
        Value::Int(_) | Value::Big(_) | Value::Bool(_) | Value::Float(_) => {
            methods_number::call(value, &args)
        }
        Value::Object(_) => methods_list::call_tuple(&evaluator.iterate(value)?, &args),
        other => Err(TemplateError::new(format!(
            "'{}' object has no method '{name}'",
            other.type_name()
        ))),
    }
}
