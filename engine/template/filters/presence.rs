//! Filters about whether there is a value.

use crate::{Call, Callable, Check, TemplateError, declare::callable};
use kdo_value::{UndefinedKind, Value};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!(lenient "ansible.builtin.default", default, "The value, or another one where it is missing (with `true`: also where it is empty).", ["d"];
        "{{ nope | default('x') }}" => r#""x""#,
        "{{ '' | default('x') }}" => r#""""#,
        "{{ '' | default('x', true) }}" => r#""x""#,
        "{{ nope.a.b | d([]) }}" => "[]",
        "{{ none | default('x') }}" => "null"),
    callable!(lenient "ansible.builtin.mandatory", mandatory, "The value; a missing one fails with the given message.", [];
        "{{ 1 | mandatory }}" => "1"),
    callable!(lenient "ansible.builtin.ternary", ternary, "The first argument for a true value, the second for a false one, the third for none if given.", [];
        "{{ true | ternary('a', 'b') }}" => r#""a""#,
        "{{ none | ternary('a', 'b', 'c') }}" => r#""c""#,
        "{{ '' | ternary('a', 'b') }}" => r#""b""#),
    callable!(lenient "ansible.builtin.type_debug", type_debug, "Python's name of the value's type.", [];
        "{{ [1] | type_debug }}" => r#""list""#,
        "{{ none | type_debug }}" => r#""NoneType""#,
        "{{ true | type_debug }}" => r#""bool""#),
];

fn default(call: &Call<'_>) -> Result<Value, TemplateError> {
    let Some(value) = call.arg(0) else {
        return call.fail("default needs a value");
    };
    let other = || {
        call.get(1, "default_value")
            .cloned()
            .unwrap_or_else(|| Value::str(""))
    };
    if let Some(odd) = call.get(2, "boolean").filter(|b| b.as_bool().is_none()) {
        return call.fail(format!(
            "The 'boolean' argument must be of type 'bool', not '{}'.",
            odd.type_name()
        ));
    }
    Ok(match value {
        Value::Undefined(u) if u.kind == UndefinedKind::Missing => other(),
        Value::Undefined(_) => return value.check().cloned(),
        v if call.flag(2, "boolean", false) && !v.truthy() => other(),
        v => v.clone(),
    })
}

fn mandatory(call: &Call<'_>) -> Result<Value, TemplateError> {
    match call.arg(0) {
        Some(Value::Undefined(u)) if u.kind == UndefinedKind::Missing => {
            let message = match call.get(1, "msg") {
                Some(m) if !m.is_none() => m.to_text(),
                _ => match &u.name {
                    Some(name) => format!("Mandatory variable '{name}' not defined."),
                    None => "Mandatory variable not defined.".to_owned(),
                },
            };
            call.fail(message)
        }
        _ => call.subject().cloned(),
    }
}

fn ternary(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let chosen = match call.get(3, "none_val") {
        Some(none) if value.is_none() && !none.is_none() => none,
        _ if value.truthy() => call.required(1, "true_val")?,
        _ => call.required(2, "false_val")?,
    };
    Ok(chosen.clone())
}

fn type_debug(call: &Call<'_>) -> Result<Value, TemplateError> {
    Ok(match call.arg(0) {
        None | Some(Value::Undefined(_)) => Value::str("UndefinedMarker"),
        Some(v) => Value::str(v.type_name()),
    })
}
