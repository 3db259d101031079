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

/// What a method takes: least and most positional arguments, and the names of keyword arguments.
type Arity = (usize, usize, &'static [&'static str]);

fn arity(value: &Value, name: &str) -> Option<Arity> {
    const ANY: usize = usize::MAX;
    Some(match (value, name) {
        (Value::Str(_), "format") => return None,
        (Value::Str(_) | Value::Bytes(_), _) => match name {
            "count" | "find" | "rfind" | "index" | "rindex" | "startswith" | "endswith" => (1, 3, &[]),
            "center" | "ljust" | "rjust" => (1, 2, &[]),
            "join" | "partition" | "rpartition" | "removeprefix" | "removesuffix" | "format_map"
            | "zfill" => (1, 1, &[]),
            "translate" => (1, 2, &["delete"]),
            "replace" => (2, 3, &[]),
            "maketrans" => (1, 3, &[]),
            "strip" | "lstrip" | "rstrip" => (0, 1, &[]),
            "split" | "rsplit" => (0, 2, &["sep", "maxsplit"]),
            "splitlines" => (0, 1, &["keepends"]),
            "expandtabs" => (0, 1, &["tabsize"]),
            "encode" | "decode" => (0, 2, &["encoding", "errors"]),
            "hex" => (0, 2, &["sep", "bytes_per_sep"]),
            "fromhex" => (1, 1, &[]),
            _ => (0, 0, &[]),
        },
        (Value::List(_) | Value::Tuple(_), _) => match name {
            "append" | "count" | "extend" | "remove" => (1, 1, &[]),
            "index" => (1, 3, &[]),
            "insert" => (2, 2, &[]),
            "pop" => (0, 1, &[]),
            "sort" => (0, 0, &["key", "reverse"]),
            _ => (0, 0, &[]),
        },
        (Value::Map(_), _) => match name {
            "get" => (1, 2, &["key", "default"]),
            "pop" | "setdefault" | "fromkeys" => (1, 2, &["default"]),
            "update" => return None,
            _ => (0, 0, &[]),
        },
        (_, "to_bytes") => (0, 2, &["length", "byteorder", "signed"]),
        (_, "from_bytes") => (1, 2, &["bytes", "byteorder", "signed"]),
        (_, "fromhex") => (1, 1, &[]),
        (Value::Int(_) | Value::Big(_) | Value::Bool(_) | Value::Float(_), _) => (0, 0, &[]),
        _ => (0, ANY, &[]),
    })
}

/// Fails in Python's words if the method cannot be called so.
pub(crate) fn check_call(
    value: &Value,
    name: &str,
    positional: &[Value],
    keywords: &[(String, Value)],
) -> Result<()> {
    let Some((least, most, names)) = arity(value, name) else {
        return Ok(());
    };
    let full = format!("{}.{name}()", value.type_name());
    if let Some((key, _)) = keywords.iter().find(|(k, _)| !names.contains(&k.as_str())) {
        return Err(TemplateError::new(if names.is_empty() {
            format!("{full} takes no keyword arguments")
        } else {
            format!("'{key}' is an invalid keyword argument for {name}()")
        }));
    }
    let given = positional.len() + keywords.len();
    if given > most.saturating_add(if most == 0 { names.len() } else { 0 })
        || positional.len() > most
        || given < least
    {
        return Err(TemplateError::new(match (least, most) {
            (0, 0) => format!("{full} takes no arguments ({given} given)"),
            (1, 1) => format!("{full} takes exactly one argument ({given} given)"),
            _ if given < least => format!(
                "{name} expected at least {least} argument{}, got {given}",
                if least == 1 { "" } else { "s" }
            ),
            _ => format!(
                "{name} expected at most {most} argument{}, got {given}",
                if most == 1 { "" } else { "s" }
            ),
        }));
    }
    Ok(())
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
