//! Tests of truth.

use crate::{Call, Callable, Check, TemplateError, declare::callable, filters::read_bool, iterate::iterate};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.truthy", |c| truth(c, true), "Whether it is true; with `convert_bool` words such as `no` count as what they mean.", [];
        "{{ 'a' is truthy }}" => "true", "{{ 'no' is truthy(convert_bool=true) }}" => "false", "{{ 'no' is truthy }}" => "true"),
    callable!("ansible.builtin.falsy", |c| truth(c, false), "Whether it is false; with `convert_bool` words such as `no` count as what they mean.", [];
        "{{ '' is falsy }}" => "true", "{{ 'no' is falsy(convert_bool=true) }}" => "true"),
    callable!("ansible.builtin.all", |c| several(c, true), "Whether all items are true.", [];
        "{{ [true, 1, 'a'] is all }}" => "true", "{{ [true, 0] is all }}" => "false", "{{ [] is all }}" => "true"),
    callable!("ansible.builtin.any", |c| several(c, false), "Whether an item is true.", [];
        "{{ [false, 0, 1] is any }}" => "true", "{{ [] is any }}" => "false"),
    callable!("ansible.builtin.nan", |c| Ok(Value::Bool(matches!(c.subject()?, Value::Float(f) if f.is_nan()))), "Whether it is the float that is no number.", ["isnan"];
        "{{ 1.0 is nan }}" => "false", "{{ ('nan' | float) is nan }}" => "true", "{{ 'x' is nan }}" => "false"),
];

fn truth(call: &Call<'_>, wanted: bool) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let converted = if call.flag(1, "convert_bool", false) {
        read_bool(value)
    } else {
        None
    };
    Ok(Value::Bool(converted.unwrap_or_else(|| value.truthy()) == wanted))
}

fn several(call: &Call<'_>, all: bool) -> Result<Value, TemplateError> {
    for item in iterate(call.subject()?)? {
        if item.check()?.truthy() != all {
            return Ok(Value::Bool(!all));
        }
    }
    Ok(Value::Bool(all))
}
