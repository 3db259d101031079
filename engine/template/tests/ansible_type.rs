//! The test of a value's type.

use crate::{Call, Callable, TemplateError, declare::callable, filters::full_type_name};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("community.general.ansible_type", ansible_type, "Whether the value's type, as `list[int|str]`, is one of the given ones.", ["ansible_type"];
        "{{ [1] is community.general.ansible_type('list[int]') }}" => "true",
        "{{ 'a' is community.general.ansible_type(['int', 'list[int]']) }}" => "false"),
];

fn ansible_type(call: &Call<'_>) -> Result<Value, TemplateError> {
    let own = full_type_name(call, call.get(2, "alias"))?;
    let wanted = call.required(1, "dtype")?;
    let wanted = match wanted.as_sequence() {
        Some(names) => names,
        None => vec![wanted.clone()],
    };
    Ok(Value::Bool(wanted.iter().any(|w| w.as_str() == Some(&own))))
}
