//! Operators on whole values.

use crate::{
    TemplateError,
    ast::Comparison,
    evaluator::Result,
    output::{MAX_TEXT, too_large},
    printf,
    range::{MAX_ITEMS, Range},
};
use kdo_value::{
    Object, UndefinedKind, Value,
    number::{self, Operator},
};
use std::{cmp::Ordering, rc::Rc};

/// Fails for texts beyond the limit.
pub(crate) fn fits(len: usize) -> Result<()> {
    if len > MAX_TEXT { Err(too_large()) } else { Ok(()) }
}

/// `str(value)`, where an inline `if` that did not apply is empty.
pub(crate) fn text(value: &Value) -> Result<String> {
    match value {
        Value::Undefined(u) if u.kind == UndefinedKind::Empty => Ok(String::new()),
        Value::Tuple(_) | Value::List(_) | Value::Map(_) => {
            crate::stack::check()?;
            Ok(value.to_text())
        }
        other => Ok(other.to_text()),
    }
}

/// `a operator b`.
pub(crate) fn binary(operator: Operator, a: &Value, b: &Value) -> Result<Value> {
    match (operator, a, b) {
        (Operator::Rem, Value::Str(format), _) => return printf::format(format, b).map(Value::str),
        (Operator::Add, Value::Str(x), Value::Str(y)) => fits(x.len() + y.len())?,
        (Operator::Add, Value::List(x), Value::List(y)) if x.len() + y.len() > MAX_ITEMS => {
            return Err(TemplateError::new("The list has too many items."));
        }
        (_, Value::Object(x), _) => {
            if let Some(result) = x.arithmetic(operator, b, false) {
                return Ok(result?);
            }
        }
        (_, _, Value::Object(y)) => {
            if let Some(result) = y.arithmetic(operator, a, true) {
                return Ok(result?);
            }
        }
        _ => {}
    }
    if let (_, Value::Object(x), Value::Object(y)) = (operator, a, b)
        && let Some(result) = reflected(operator, x, y)
    {
        return result;
    }
    if let (Operator::Pow, Some(base), Value::Float(exponent)) = (operator, a.as_float(), b)
        && base < 0.0
        && exponent.fract() != 0.0
    {
        return Err("the power is a complex number".into());
    }
    Ok(number::apply(operator, a, b)?)
}

fn reflected(operator: Operator, x: &Rc<dyn Object>, y: &Rc<dyn Object>) -> Option<Result<Value>> {
    y.arithmetic(operator, &Value::Object(Rc::clone(x)), true)
        .map(|r| r.map_err(TemplateError::new))
}

/// `a comparison b`.
pub(crate) fn compare(op: Comparison, a: &Value, b: &Value) -> Result<bool> {
    let order = |symbol: &str, wanted: fn(Ordering) -> bool| -> Result<bool> {
        Ok(a.py_cmp(b, symbol)?.is_some_and(wanted))
    };
    match op {
        Comparison::Eq => Ok(a.py_eq(b)),
        Comparison::Ne => Ok(!a.py_eq(b)),
        Comparison::Lt => order("<", Ordering::is_lt),
        Comparison::Le => order("<=", Ordering::is_le),
        Comparison::Gt => order(">", Ordering::is_gt),
        Comparison::Ge => order(">=", Ordering::is_ge),
        Comparison::In => contains(a, b),
        Comparison::NotIn => contains(a, b).map(|b| !b),
    }
}

/// `item in container`.
pub(crate) fn contains(item: &Value, container: &Value) -> Result<bool> {
    match container {
        Value::Str(s) => match item {
            Value::Str(part) => Ok(s.contains(part.as_str())),
            other => Err(TemplateError::new(format!(
                "'in <string>' requires string as left operand, not {}",
                other.type_name()
            ))),
        },
        Value::List(l) => Ok(l.items().iter().any(|v| v.py_eq(item))),
        Value::Tuple(t) => Ok(t.iter().any(|v| v.py_eq(item))),
        Value::Map(m) => {
            if !item.is_hashable() {
                return Err(TemplateError::new(format!(
                    "unhashable type: '{}'",
                    item.type_name()
                )));
            }
            Ok(m.get_value(item).is_some())
        }
        Value::Bytes(b) => match item {
            Value::Bytes(part) => Ok(part.is_empty() || b.windows(part.len()).any(|w| w == &**part)),
            Value::Int(_) | Value::Bool(_) | Value::Big(_) => {
                let byte = item.as_int().and_then(|n| u8::try_from(n).ok());
                byte.map(|n| b.contains(&n))
                    .ok_or_else(|| "byte must be in range(0, 256)".into())
            }
            other => Err(TemplateError::new(format!(
                "a bytes-like object is required, not '{}'",
                other.type_name()
            ))),
        },
        Value::Object(o) => {
            if let Some(range) = Range::of(container) {
                return Ok(item.as_int().is_some_and(|n| range.contains(n)));
            }
            match o.keys() {
                Some(_) => Ok(o.get(item).is_some()),
                None => Err(not_a_container(container)),
            }
        }
        other => Err(not_a_container(other)),
    }
}

fn not_a_container(value: &Value) -> TemplateError {
    TemplateError::new(format!(
        "argument of type '{}' is not iterable",
        value.type_name()
    ))
}
