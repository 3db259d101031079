//! Filters that apply other filters and tests to each item.

use super::sequence::key_of;
use crate::{
    Call, Callable, Check, TemplateError,
    declare::callable,
    iterate::{iterate, sort_by_key},
};
use kdo_value::{Undefined, UndefinedKind, Value};
use std::rc::Rc;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!(lenient "ansible.builtin.map", map, "An attribute of each item, or the result of a filter applied to it.", [];
        "{{ ['a'] | map('upper') }}" => r#"["A"]"#,
        "{{ [{'a': 1}] | map(attribute='a') }}" => "[1]",
        "{{ [{'a': 1}] | map(attribute='b', default=3) }}" => "[3]",
        "{{ [{'a': [5, 6]}] | map(attribute='a.1') }}" => "[6]",
        "{{ ['a-b'] | map('regex_replace', '-', '+') }}" => r#"["a+b"]"#),
    callable!(lenient "ansible.builtin.select", |c| choose(c, true, false), "The items for which a test holds, by default the true ones.", [];
        "{{ [1, 0, 2, ''] | select }}" => "[1, 2]", "{{ [1, 2, 3] | select('gt', 1) }}" => "[2, 3]"),
    callable!(lenient "ansible.builtin.reject", |c| choose(c, false, false), "The items for which a test does not hold.", [];
        "{{ [1, 0, 2] | reject }}" => "[0]", "{{ [1, 2, 3] | reject('in', [1]) }}" => "[2, 3]"),
    callable!(lenient "ansible.builtin.selectattr", |c| choose(c, true, true), "The items for whose attribute a test holds.", [];
        "{{ [{'a': 1}, {'b': 1}] | selectattr('a', 'defined') }}" => r#"[{"a": 1}]"#,
        "{{ [{'a': 1}, {'a': 2}] | selectattr('a', 'equalto', 2) }}" => r#"[{"a": 2}]"#,
        "{{ [{'a': 1}, {'a': 0}] | selectattr('a') }}" => r#"[{"a": 1}]"#),
    callable!(lenient "ansible.builtin.rejectattr", |c| choose(c, false, true), "The items for whose attribute a test does not hold.", [];
        "{{ [{'a': 1}, {'b': 1}] | rejectattr('a', 'defined') }}" => r#"[{"b": 1}]"#,
        "{{ [{'a': 1}, {'a': 0}] | rejectattr('a') }}" => r#"[{"a": 0}]"#),
    callable!("ansible.builtin.groupby", groupby, "Pairs of an attribute's value and the items that have it, in order of the value.", [];
        "{{ [{'g': 'b'}, {'g': 'a'}] | groupby('g') }}" => r#"[["a", [{"g": "a"}]], ["b", [{"g": "b"}]]]"#),
];

fn map(call: &Call<'_>) -> Result<Value, TemplateError> {
    // Of what is missing, nothing is known either.
    if let Some(missing @ Value::Undefined(_)) = call.arg(0) {
        return Ok(missing.clone());
    }
    if !call.subject()?.truthy() {
        return Ok(Value::list([]));
    }
    let items = iterate(call.subject()?)?;
    if call.args.len() < 2
        && let Some(path) = call.keyword("attribute")
    {
        if let Some((name, _)) = call
            .kwargs
            .iter()
            .find(|(k, _)| k != "attribute" && k != "default")
        {
            return call.fail(format!("Unexpected keyword argument '{name}'"));
        }
        let default = call.keyword("default").filter(|d| !d.is_none());
        return Ok(Value::list(items.iter().map(|item| {
            let found = match item {
                Value::Undefined(_) => item.clone(),
                item => call.engine.attribute(item, path),
            };
            match (found, default) {
                (Value::Undefined(u), Some(d)) if u.kind == UndefinedKind::Missing => d.clone(),
                (found, _) => found,
            }
        })));
    }
    let Some(name) = call.arg(1) else {
        return call.fail("map requires a filter argument");
    };
    let name = name.check()?.to_text();
    let rest = call.args.get(2..).unwrap_or(&[]);
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        let mut args = Vec::with_capacity(rest.len() + 1);
        args.push(item);
        args.extend_from_slice(rest);
        out.push(match call.engine.filter(&name, args, call.kwargs.clone()) {
            Ok(v) => v,
            // missing items stay what they are until something uses them
            Err(e) if e.undefined => Value::Undefined(Rc::new(Undefined::missing(None, e.message))),
            Err(e) => return Err(e),
        });
    }
    Ok(Value::list(out))
}

fn choose(call: &Call<'_>, keep: bool, by_attribute: bool) -> Result<Value, TemplateError> {
    // Of what is missing, nothing is known either.
    if let Some(missing @ Value::Undefined(_)) = call.arg(0) {
        return Ok(missing.clone());
    }
    if !call.subject()?.truthy() {
        return Ok(Value::list([]));
    }
    let items = iterate(call.subject()?)?;
    let path = match (by_attribute, call.arg(1)) {
        (true, None) => return call.fail("Missing parameter for attribute name"),
        (true, path) => path,
        (false, _) => None,
    };
    let at = if by_attribute { 2 } else { 1 };
    let test = match call.arg(at) {
        Some(name) => Some(name.check()?.to_text()),
        None => None,
    };
    let rest = call.args.get(at + 1..).unwrap_or(&[]);
    let mut out = Vec::new();
    for item in items {
        let value = match path {
            Some(path) if !item.is_undefined() => call.engine.attribute(&item, path),
            _ => item.clone(),
        };
        let holds = match &test {
            None => value.check()?.truthy(),
            Some(name) => {
                let mut args = Vec::with_capacity(rest.len() + 1);
                args.push(value);
                args.extend_from_slice(rest);
                call.engine.test(name, args, call.kwargs.clone())?
            }
        };
        if holds == keep {
            out.push(item);
        }
    }
    Ok(Value::list(out))
}

fn groupby(call: &Call<'_>) -> Result<Value, TemplateError> {
    let items = iterate(call.subject()?)?;
    let path = call.required(1, "attribute")?;
    let default = call.get(2, "default").filter(|d| !d.is_none());
    let case = call.flag(3, "case_sensitive", false);
    let mut keyed = Vec::with_capacity(items.len());
    for item in items {
        let own = match (call.engine.attribute(item.check()?, path), default) {
            (Value::Undefined(u), Some(d)) if u.kind == UndefinedKind::Missing => d.clone(),
            (found, _) => found.check().cloned()?,
        };
        let key = key_of(call, &own, None, case)?;
        keyed.push((key, Value::Tuple([own, item].into())));
    }
    let mut groups: Vec<(Value, Value, Vec<Value>)> = Vec::new();
    for (key, pair) in sort_by_key(keyed, false)? {
        let Value::Tuple(pair) = pair else { continue };
        let [own, item] = &*pair else { continue };
        match groups.last_mut() {
            Some((k, _, members)) if k.py_eq(&key) => members.push(item.clone()),
            _ => groups.push((key, own.clone(), vec![item.clone()])),
        }
    }
    Ok(Value::list(groups.into_iter().map(|(_, own, members)| {
        Value::Tuple([own, Value::list(members)].into())
    })))
}
