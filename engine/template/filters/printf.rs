//! The filter of printf-like formatting, and attributes by name.

use crate::{Call, Callable, TemplateError, declare::callable, printf};
use kdo_value::{Map, Value};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.format", format, "The text as a printf format, filled with the arguments.", [];
        "{{ '%s-%s' | format('a', 5) }}" => r#""a-5""#,
        "{{ '%(a)s' | format(a=1) }}" => r#""1""#,
        "{{ '%05.2f|%x|%-5s|%+d' | format(3.14159, 255, 'b', 5) }}" => r#""03.14|ff|b    |+5""#),
    callable!("ansible.builtin.attr", attr, "An attribute of the value, never an item of it.", [];
        "{{ {'a': 1} | attr('a') | default('none') }}" => r#""none""#),
];

fn format(call: &Call<'_>) -> Result<Value, TemplateError> {
    let format = call.subject()?.to_text();
    let args = call.args.get(1..).unwrap_or(&[]);
    if !args.is_empty() && !call.kwargs.is_empty() {
        return call.fail("can't handle positional and keyword arguments at the same time");
    }
    let operand = if call.kwargs.is_empty() {
        Value::Tuple(args.into())
    } else {
        Value::Map(
            call.kwargs
                .iter()
                .map(|(k, v)| (k.as_str(), v.clone()))
                .collect::<Map>(),
        )
    };
    printf::format(&format, &operand).map(Value::str)
}

fn attr(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let name = call.required(1, "name")?;
    Ok(match value {
        Value::Object(_) => call.engine.attribute(value, name),
        Value::Tuple(pair)
            if pair.len() == 2 && !name.to_text().starts_with(|c: char| c.is_ascii_digit()) =>
        {
            call.engine.attribute(value, name)
        }
        Value::Int(_) | Value::Big(_) | Value::Float(_) | Value::Bool(_)
            if matches!(name.as_str(), Some("real" | "imag" | "numerator" | "denominator")) =>
        {
            call.engine.attribute(value, name)
        }
        other => Value::missing(
            name.as_str(),
            format!(
                "object of type '{}' has no attribute {}",
                other.type_name(),
                name.repr()
            ),
        ),
    })
}
