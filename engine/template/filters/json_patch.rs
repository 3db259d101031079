//! Filters that apply JSON patches (RFC 6902).

use crate::{Call, Callable, TemplateError, declare::callable};
use kdo_value::{Map, Value, json};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("community.general.json_patch", json_patch, "The value after one operation of a JSON patch.", ["json_patch"];
        "{{ {'f': {'o': 1}} | community.general.json_patch('add', '/f/p', 2) }}" => r#"{"f": {"o": 1, "p": 2}}"#,
        "{{ {'a': 1} | community.general.json_patch('test', '/a', 2) }}" => "null",
        "{{ {'a': 1} | community.general.json_patch('move', '/b', from='/a') }}" => r#"{"b": 1}"#),
    callable!("community.general.json_patch_recipe", recipe, "The value after the operations of a JSON patch.", ["json_patch_recipe"];
        "{{ [1, 2] | community.general.json_patch_recipe([{'op': 'add', 'path': '/-', 'value': 3}, {'op': 'remove', 'path': '/0'}]) }}" => "[2, 3]"),
];

/// One operation.
struct Operation<'a> {
    op: String,
    path: String,
    from: Option<String>,
    value: &'a Value,
}

fn subject(call: &Call<'_>, name: &str) -> Result<Value, TemplateError> {
    match call.subject()? {
        Value::Str(text) => json::read(text)
            .map_err(|e| TemplateError::new(format!("{name}: could not decode JSON from input: {e}"))),
        v @ (Value::List(_) | Value::Tuple(_) | Value::Map(_)) => Ok(v.deep_copy(false)),
        _ => call.fail(format!("{name}: input is not dictionary, list or string")),
    }
}

fn json_patch(call: &Call<'_>) -> Result<Value, TemplateError> {
    const NAME: &str = "json_patch";
    let value = subject(call, NAME)?;
    if let Some((name, _)) = call
        .kwargs
        .iter()
        .find(|(k, _)| !["op", "path", "value", "from", "fail_test"].contains(&k.as_str()))
    {
        return call.fail(format!("{NAME}: unexpected keywords arguments: {name}"));
    }
    let none = Value::None;
    let operation = Operation {
        op: call.required(1, "op")?.to_text(),
        path: call.required(2, "path")?.to_text(),
        from: call.keyword("from").filter(|v| !v.is_none()).map(Value::to_text),
        value: call.get(3, "value").unwrap_or(&none),
    };
    let fail = call.keyword("fail_test").is_some_and(Value::truthy);
    apply_all(NAME, value, &[operation], fail)
}

fn recipe(call: &Call<'_>) -> Result<Value, TemplateError> {
    const NAME: &str = "json_patch_recipe";
    let value = subject(call, NAME)?;
    let Some(list) = call.required(1, "operations")?.as_sequence() else {
        return call.fail(format!("{NAME}: 'operations' needs to be a list"));
    };
    let mut values = Vec::new();
    for entry in &list {
        let Value::Map(entry) = entry else {
            return call.fail(format!("{NAME}: operation is not a dictionary"));
        };
        let text = |key: &str| entry.get(key).map(|v| v.to_text());
        let (Some(op), Some(path)) = (text("op"), text("path")) else {
            return call.fail(format!("{NAME}: mandatory parameter 'op' or 'path' missing"));
        };
        values.push((op, path, text("from"), entry.get("value").unwrap_or(Value::None)));
    }
    let operations: Vec<Operation<'_>> = values
        .iter()
        .map(|(op, path, from, value)| Operation {
            op: op.clone(),
            path: path.clone(),
            from: from.clone(),
            value,
        })
        .collect();
    apply_all(NAME, value, &operations, call.flag(2, "fail_test", false))
}

fn apply_all(
    name: &str,
    value: Value,
    operations: &[Operation<'_>],
    fail: bool,
) -> Result<Value, TemplateError> {
    let failed = |e: TemplateError| TemplateError::new(format!("{name}: patch failed: {}", e.message));
    for o in operations {
        if !["add", "copy", "move", "remove", "replace", "test"].contains(&o.op.as_str()) {
            return Err(format!("{name}: unsupported 'op' argument: {}", o.op).into());
        }
        if o.from.is_none() && matches!(o.op.as_str(), "copy" | "move") {
            return Err(format!("{name}: 'from' argument missing for '{}' operation", o.op).into());
        }
    }
    let mut value = value;
    for o in operations {
        let from = || pointer(o.from.as_deref().unwrap_or(""));
        let path = pointer(&o.path).map_err(failed)?;
        value = match o.op.as_str() {
            "add" => put(value, &path, o.value.clone(), true),
            "replace" => {
                find(&value, &path).map_err(failed)?;
                put(value, &path, o.value.clone(), false)
            }
            "remove" => take(value, &path),
            "copy" => from()
                .and_then(|from| find(&value, &from))
                .and_then(|found| put(value.clone(), &path, found.deep_copy(false), true)),
            "move" => from().and_then(|from| {
                let found = find(&value, &from)?;
                put(take(value.clone(), &from)?, &path, found, true)
            }),
            _ => match find(&value, &path) {
                Ok(found) if found.py_eq(o.value) => Ok(value),
                _ if fail => {
                    return Err(format!(
                        "{name}: test operation failed: {} at '{}'",
                        o.value.repr(),
                        o.path
                    )
                    .into());
                }
                _ => return Ok(Value::None),
            },
        }
        .map_err(failed)?;
    }
    Ok(value)
}

/// The keys of a JSON pointer.
fn pointer(path: &str) -> Result<Vec<String>, TemplateError> {
    let mut parts = path.split('/');
    if parts.next() != Some("") {
        return Err("Location must start with /".into());
    }
    Ok(parts.map(|p| p.replace("~1", "/").replace("~0", "~")).collect())
}

fn position(key: &str, len: usize) -> Result<usize, TemplateError> {
    if key == "-" {
        return Ok(len);
    }
    let plain = key == "0" || !key.starts_with('0') && key.bytes().all(|b| b.is_ascii_digit());
    key.parse()
        .ok()
        .filter(|_| plain)
        .ok_or_else(|| TemplateError::new(format!("'{key}' is not a valid sequence index")))
}

fn find(value: &Value, path: &[String]) -> Result<Value, TemplateError> {
    let mut at = value.clone();
    for key in path {
        let next = match &at {
            Value::Map(m) => m.get(key),
            Value::List(l) => l.get(position(key, l.len())?),
            _ => None,
        };
        at = next.ok_or_else(|| TemplateError::new(format!("member '{key}' not found in {}", at.repr())))?;
    }
    Ok(at)
}

/// The value with another one at the path; lists get a new item where `insert` is set.
fn put(value: Value, path: &[String], new: Value, insert: bool) -> Result<Value, TemplateError> {
    let Some((last, parents)) = path.split_last() else {
        return Ok(new);
    };
    match find(&value, parents)? {
        Value::Map(m) => {
            m.insert(last.as_str(), new);
        }
        Value::List(l) => {
            let at = position(last, l.len())?;
            let fits = if insert { at <= l.len() } else { at < l.len() };
            if !fits {
                return Err("can't insert outside of list".into());
            }
            l.change(|items| {
                if insert {
                    items.insert(at, new);
                } else if let Some(item) = items.get_mut(at) {
                    *item = new;
                }
            });
        }
        other => return Err(format!("invalid document type {}", other.type_name()).into()),
    }
    Ok(value)
}

fn take(value: Value, path: &[String]) -> Result<Value, TemplateError> {
    let Some((last, parents)) = path.split_last() else {
        return Ok(Value::Map(Map::new()));
    };
    let gone = match find(&value, parents)? {
        Value::Map(m) => m.remove(last).is_some(),
        Value::List(l) => {
            let at = position(last, l.len())?;
            l.change(|items| (at < items.len()).then(|| items.remove(at)).is_some())
                .unwrap_or(false)
        }
        _ => false,
    };
    if gone {
        Ok(value)
    } else {
        Err(format!("can't remove a non-existent object '{last}'").into())
    }
}
