//! Tests that compare with other values.

use crate::{
    Call, Callable, TemplateError,
    declare::callable,
    iterate::{Seen, iterate},
};
use kdo_value::{Value, number::Operator};
use std::{cmp::Ordering, rc::Rc};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.eq", |c| equal(c, true), "Whether both are equal.", ["equalto", "=="];
        "{{ 1 is eq 1.0 }}" => "true", "{{ 'a' is equalto 'b' }}" => "false"),
    callable!("ansible.builtin.ne", |c| equal(c, false), "Whether they differ.", ["!="];
        "{{ 1 is ne 2 }}" => "true"),
    callable!("ansible.builtin.lt", |c| order(c, "<", Ordering::is_lt), "Whether it is less.", ["lessthan", "<"];
        "{{ 1 is lt 2 }}" => "true"),
    callable!("ansible.builtin.le", |c| order(c, "<=", Ordering::is_le), "Whether it is less or equal.", ["<="];
        "{{ 2 is le 2 }}" => "true"),
    callable!("ansible.builtin.gt", |c| order(c, ">", Ordering::is_gt), "Whether it is greater.", ["greaterthan", ">"];
        "{{ 1 is gt 2 }}" => "false"),
    callable!("ansible.builtin.ge", |c| order(c, ">=", Ordering::is_ge), "Whether it is greater or equal.", [">="];
        "{{ 1 is ge 2 }}" => "false"),
    callable!("ansible.builtin.sameas", same, "Whether both are the very same value, also in type.", [];
        "{{ true is sameas true }}" => "true", "{{ 1 is sameas true }}" => "false", "{{ [] is sameas([]) }}" => "false"),
    callable!("ansible.builtin.in", |c| contains(c.required(1, "seq")?, c.subject()?), "Whether it is in the container.", [];
        "{{ 1 is in [1] }}" => "true", "{{ 'a' is in 'abc' }}" => "true"),
    callable!("ansible.builtin.contains", |c| contains(c.subject()?, c.required(1, "value")?), "Whether the container holds the value.", [];
        "{{ [1, 2] is contains(1) }}" => "true", "{{ 'abc' is contains('x') }}" => "false"),
    callable!("ansible.builtin.subset", |c| subset(c.subject()?, c.required(1, "b")?), "Whether all items are in the other list too.", ["issubset"];
        "{{ [1, 2] is subset([1, 2, 3]) }}" => "true"),
    callable!("ansible.builtin.superset", |c| subset(c.required(1, "b")?, c.subject()?), "Whether all items of the other list are in it.", ["issuperset"];
        "{{ [1, 2] is superset([1]) }}" => "true"),
    callable!("ansible.builtin.odd", |c| remainder(c, 2, 1), "Whether the number is odd.", [];
        "{{ 3 is odd }}" => "true"),
    callable!("ansible.builtin.even", |c| remainder(c, 2, 0), "Whether the number is even.", [];
        "{{ 4 is even }}" => "true"),
    callable!("ansible.builtin.divisibleby", divisible, "Whether the number can be divided without a rest.", [];
        "{{ 4 is divisibleby 2 }}" => "true", "{{ 4 is divisibleby(3) }}" => "false"),
];

fn equal(call: &Call<'_>, wanted: bool) -> Result<Value, TemplateError> {
    let (a, b) = (call.subject()?, call.required(1, "b")?);
    Ok(Value::Bool(a.py_eq(b) == wanted))
}

fn order(call: &Call<'_>, operator: &str, holds: fn(Ordering) -> bool) -> Result<Value, TemplateError> {
    let (a, b) = (call.subject()?, call.required(1, "b")?);
    Ok(Value::Bool(a.py_cmp(b, operator)?.is_some_and(holds)))
}

fn same(call: &Call<'_>) -> Result<Value, TemplateError> {
    let (a, b) = (call.subject()?, call.required(1, "other")?);
    Ok(Value::Bool(match (a, b) {
        (Value::List(x), Value::List(y)) => x.same(y),
        (Value::Map(x), Value::Map(y)) => x.same(y),
        (Value::Object(x), Value::Object(y)) => Rc::ptr_eq(x, y),
        _ => a.type_name() == b.type_name() && a.py_eq(b),
    }))
}

/// Python's `value in container`.
fn contains(container: &Value, value: &Value) -> Result<Value, TemplateError> {
    Ok(Value::Bool(match container {
        Value::Map(_) if !value.is_hashable() => {
            return Err(format!("unhashable type: '{}'", value.type_name()).into());
        }
        Value::Map(m) => m.get_value(value).is_some(),
        Value::Str(s) => match value.as_str() {
            Some(part) => s.contains(part),
            None => {
                return Err(format!(
                    "'in <string>' requires string as left operand, not {}",
                    value.type_name()
                )
                .into());
            }
        },
        other => match iterate(other) {
            Ok(items) => items.iter().any(|i| i.py_eq(value)),
            Err(_) => return Err(format!("argument of type '{}' is not iterable", other.type_name()).into()),
        },
    }))
}

fn subset(part: &Value, whole: &Value) -> Result<Value, TemplateError> {
    let (part, whole) = (iterate(part)?, iterate(whole)?);
    if let Some(bad) = part.iter().chain(&whole).find(|i| !i.is_hashable()) {
        return Err(format!("unhashable type: '{}'", bad.type_name()).into());
    }
    let whole = Seen::of(&whole);
    Ok(Value::Bool(part.iter().all(|i| whole.contains(i))))
}

fn divided(call: &Call<'_>, by: &Value) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    crate::operators::binary(Operator::Rem, value, by)
}

fn remainder(call: &Call<'_>, by: i64, rest: i64) -> Result<Value, TemplateError> {
    Ok(Value::Bool(
        divided(call, &Value::Int(by))?.py_eq(&Value::Int(rest)),
    ))
}

fn divisible(call: &Call<'_>) -> Result<Value, TemplateError> {
    Ok(Value::Bool(!divided(call, call.required(1, "num")?)?.truthy()))
}
