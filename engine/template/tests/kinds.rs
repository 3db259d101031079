//! Tests of what a value is.

use crate::{Call, Callable, PluginKind, TemplateError, declare::callable};
use kdo_value::{UndefinedKind, Value};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!(lenient "ansible.builtin.defined", |c| defined(c, true), "Whether there is a value.", [];
        "{{ 5 is defined }}" => "true", "{{ nope is defined }}" => "false", "{{ nope.a.b is defined }}" => "false"),
    callable!(lenient "ansible.builtin.undefined", |c| defined(c, false), "Whether there is no value.", [];
        "{{ nope is undefined }}" => "true", "{{ 5 is undefined }}" => "false"),
    callable!("ansible.builtin.none", |c| is(c, Value::is_none), "Whether it is none.", [];
        "{{ none is none }}" => "true", "{{ '' is none }}" => "false"),
    callable!("ansible.builtin.string", |c| is(c, |v| v.as_str().is_some()), "Whether it is text.", [];
        "{{ 'a' is string }}" => "true", "{{ 1 is string }}" => "false"),
    callable!("ansible.builtin.number", |c| is(c, |v| v.as_float().is_some()), "Whether it is a number; true and false are numbers too.", [];
        "{{ 5 is number }}" => "true", "{{ true is number }}" => "true", "{{ '5' is number }}" => "false"),
    callable!("ansible.builtin.integer", |c| is(c, |v| matches!(v, Value::Int(_) | Value::Big(_))), "Whether it is an integer.", [];
        "{{ 5 is integer }}" => "true", "{{ true is integer }}" => "false", "{{ 5.0 is integer }}" => "false"),
    callable!("ansible.builtin.float", |c| is(c, |v| matches!(v, Value::Float(_))), "Whether it is a float.", [];
        "{{ 5.0 is float }}" => "true", "{{ 5 is float }}" => "false"),
    callable!("ansible.builtin.boolean", |c| is(c, |v| v.as_bool().is_some()), "Whether it is true or false.", [];
        "{{ true is boolean }}" => "true", "{{ 1 is boolean }}" => "false"),
    callable!("ansible.builtin.true", |c| is(c, |v| v.as_bool() == Some(true)), "Whether it is exactly true.", [];
        "{{ true is true }}" => "true", "{{ 1 is true }}" => "false"),
    callable!("ansible.builtin.false", |c| is(c, |v| v.as_bool() == Some(false)), "Whether it is exactly false.", [];
        "{{ false is false }}" => "true", "{{ 0 is false }}" => "false"),
    callable!("ansible.builtin.mapping", |c| is(c, is_mapping), "Whether it is a dict.", [];
        "{{ {} is mapping }}" => "true", "{{ [] is mapping }}" => "false"),
    callable!("ansible.builtin.sequence", |c| is(c, is_iterable), "Whether it has a length and items; text and dicts have.", [];
        "{{ [] is sequence }}" => "true", "{{ 'a' is sequence }}" => "true", "{{ 5 is sequence }}" => "false"),
    callable!("ansible.builtin.iterable", |c| is(c, is_iterable), "Whether it has items.", [];
        "{{ [] is iterable }}" => "true", "{{ {} is iterable }}" => "true", "{{ 5 is iterable }}" => "false"),
    callable!("ansible.builtin.callable", |c| is(c, is_callable), "Whether it can be called.", [];
        "{{ 'a' is callable }}" => "false", "{{ lookup is callable }}" => "true"),
    callable!("ansible.builtin.escaped", |c| is(c, |_| false), "Whether it is text marked as escaped; our text never carries that mark.", [];
        "{{ 'a' is escaped }}" => "false"),
    callable!("ansible.builtin.lower", |c| case(c, char::is_uppercase, char::is_lowercase), "Whether all its letters are lower case, and there is one.", [];
        "{{ 'abc1' is lower }}" => "true", "{{ 'aBc' is lower }}" => "false", "{{ '' is lower }}" => "false"),
    callable!("ansible.builtin.upper", |c| case(c, char::is_lowercase, char::is_uppercase), "Whether all its letters are capitals, and there is one.", [];
        "{{ 'ABC' is upper }}" => "true", "{{ 'ABc1' is upper }}" => "false"),
    callable!("ansible.builtin.filter", |c| named(c, |n| crate::filter(n).is_some() || brought(c, PluginKind::Filter, n)), "Whether there is a filter of that name.", [];
        "{{ 'upper' is filter }}" => "true", "{{ 'nope' is filter }}" => "false"),
    callable!("ansible.builtin.test", |c| named(c, |n| crate::test(n).is_some() || brought(c, PluginKind::Test, n)), "Whether there is a test of that name.", [];
        "{{ 'defined' is test }}" => "true", "{{ 'x' is test }}" => "false"),
];

fn brought(call: &Call<'_>, kind: PluginKind, name: &str) -> bool {
    call.environment.plugins.is_some_and(|p| p.has(kind, name))
}

/// Whether a plugin has that name; ansible-core takes anything that is no text, but can be a key, for one.
fn named(call: &Call<'_>, known: impl Fn(&str) -> bool) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    match value.as_str() {
        Some(name) => Ok(Value::Bool(known(name))),
        None if value.is_hashable() => Ok(Value::Bool(true)),
        None => call.fail(format!("unhashable type: '{}'", value.type_name())),
    }
}

fn is(call: &Call<'_>, f: impl Fn(&Value) -> bool) -> Result<Value, TemplateError> {
    Ok(Value::Bool(f(call.subject()?)))
}

fn defined(call: &Call<'_>, wanted: bool) -> Result<Value, TemplateError> {
    let there = match call.arg(0) {
        Some(Value::Undefined(u)) if u.kind == UndefinedKind::Missing => false,
        _ => {
            call.subject()?;
            true
        }
    };
    Ok(Value::Bool(there == wanted))
}

/// Whether it is a dict or behaves as one.
pub(super) fn is_mapping(value: &Value) -> bool {
    match value {
        Value::Map(_) => true,
        Value::Object(o) => o.keys().is_some(),
        _ => false,
    }
}

fn is_iterable(value: &Value) -> bool {
    crate::iterate::iterate(value).is_ok()
}

fn is_callable(value: &Value) -> bool {
    matches!(value, Value::Object(o)
        if ["function", "macro", "method", "Macro"].iter().any(|n| o.type_name().contains(n)))
}

fn case(call: &Call<'_>, other: fn(char) -> bool, wanted: fn(char) -> bool) -> Result<Value, TemplateError> {
    let text = call.subject()?.to_text();
    Ok(Value::Bool(!text.chars().any(other) && text.chars().any(wanted)))
}
