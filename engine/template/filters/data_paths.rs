//! The `ansible.utils` filters and lookups that find their way in nested data.

use crate::{Call, Callable, Check, TemplateError, declare::callable};
use kdo_value::{Map, Value};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.utils.get_path", get_path, "What an expression such as `a.b[0]` finds in the value.", ["get_path"];
        "{{ {'a': {'b': [1, 2]}} | ansible.utils.get_path('a.b[1]') }}" => "2"),
    callable!("ansible.utils.to_paths", to_paths, "A flat dict of paths and the values at their ends.", ["to_paths"];
        "{{ {'a': {'b': [1, {'c d': 2}]}} | ansible.utils.to_paths }}" => r#"{"a.b[0]": 1, "a.b[1]['c d']": 2}"#),
    callable!("ansible.utils.index_of", index_of, "The positions of the items that pass a test.", ["index_of"];
        "{{ [1, 2, 3] | ansible.utils.index_of('gt', 1) }}" => "[1, 2]",
        "{{ [{'n': 'a'}, {'n': 'b'}] | ansible.utils.index_of('eq', 'b', 'n') }}" => "1"),
];

/// The same as lookups: the first term is the data.
pub(crate) const LOOKUPS: &[Callable] = &[
    callable!("ansible.utils.get_path", |c| once(get_path(c)?), "What an expression such as `a.b[0]` finds in the first term.", ["get_path"];
        "{{ lookup('ansible.utils.get_path', {'a': [1, 2]}, 'a[1]') }}" => "2"),
    callable!("ansible.utils.to_paths", |c| once(to_paths(c)?), "A flat dict of paths and the values at their ends.", ["to_paths"];
        "{{ lookup('ansible.utils.to_paths', {'a': [1]}) }}" => r#"{"a[0]": 1}"#),
    callable!("ansible.utils.index_of", |c| once(index_of(c)?), "The positions of the items that pass a test.", ["index_of"];
        "{{ lookup('ansible.utils.index_of', [1, 2, 3], 'eq', 2) }}" => "1"),
];

fn once(value: Value) -> Result<Value, TemplateError> {
    Ok(Value::list([value]))
}

fn listed(call: &Call<'_>, value: Value) -> Value {
    if call.keyword("wantlist").is_some_and(Value::truthy) {
        Value::list([value])
    } else {
        value
    }
}

fn get_path(call: &Call<'_>) -> Result<Value, TemplateError> {
    let Some(Value::Map(data)) = call.get(0, "var") else {
        return call.fail("get_path: the data must be a dictionary");
    };
    let path = call.required(1, "path")?.to_text();
    let found = call
        .engine
        .render(&format!("{{{{ {path} }}}}"), &data.text_entries(), &[])?;
    Ok(listed(call, found))
}

fn to_paths(call: &Call<'_>) -> Result<Value, TemplateError> {
    let data = call.required(0, "var")?;
    let prefix = call.text(1, "prepend", "")?;
    let out = Map::new();
    walk(data, &prefix, &out, 0)?;
    Ok(listed(call, Value::Map(out)))
}

fn walk(value: &Value, path: &str, out: &Map, depth: usize) -> Result<(), TemplateError> {
    if depth > 200 {
        return Err("the value is nested too deeply".into());
    }
    match value.check()? {
        Value::Map(m) if !m.is_empty() => {
            for (k, v) in m.entries() {
                let Some(key) = k.as_str() else {
                    return Err(
                        format!("expected string or bytes-like object, got '{}'", k.type_name()).into(),
                    );
                };
                let plain = !key.is_empty()
                    && !key.starts_with(|c: char| c.is_numeric())
                    && key.chars().all(|c| c.is_alphanumeric() || c == '_');
                let next = match (plain, path.is_empty()) {
                    (true, true) => key.to_owned(),
                    (true, false) => format!("{path}.{key}"),
                    (false, _) if key.contains('\'') => format!("{path}[\"{key}\"]"),
                    (false, _) => format!("{path}['{key}']"),
                };
                walk(&v, &next, out, depth + 1)?;
            }
        }
        v => match v.as_sequence() {
            Some(items) if !items.is_empty() => {
                for (i, item) in items.iter().enumerate() {
                    walk(item, &format!("{path}[{i}]"), out, depth + 1)?;
                }
            }
            _ => {
                out.insert(path, v.clone());
            }
        },
    }
    Ok(())
}

fn index_of(call: &Call<'_>) -> Result<Value, TemplateError> {
    let problem = |why: String| TemplateError::new(format!("Error when using plugin 'index_of': {why}"));
    let data = call.required(0, "data")?;
    let test = call.required(1, "test")?.to_text();
    let key = call.get(3, "key").filter(|k| !k.is_none());
    let missing_fails = call.get(4, "fail_on_missing").is_some_and(Value::truthy);
    let items = data.as_sequence().unwrap_or_else(|| vec![data.clone()]);
    let mut found = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let subject = match key {
            None => item.clone(),
            Some(key) => {
                let Value::Map(m) = item.check()? else {
                    return Err(problem(format!(
                        "When a key name is provided, all list entries are required to be dictionaries, got {}",
                        item.type_name()
                    )));
                };
                match m.get_value(key) {
                    Some(v) => v,
                    None if missing_fails => {
                        return Err(problem(format!(
                            "{} was not found in {}",
                            key.repr(),
                            item.repr()
                        )));
                    }
                    None => continue,
                }
            }
        };
        let mut args = vec![subject];
        args.extend(call.get(2, "value").cloned());
        if call.engine.test(&test, args, Vec::new())? {
            found.push(Value::from(i));
        }
    }
    Ok(match found.as_slice() {
        [one] if !call.keyword("wantlist").is_some_and(Value::truthy) => one.clone(),
        _ => Value::list(found),
    })
}
