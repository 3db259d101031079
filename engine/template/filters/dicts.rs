//! Filters on dicts and lists of dicts.

use super::products::flat;
use crate::{
    Call, Callable, Check, TemplateError,
    declare::callable,
    iterate::{holds, iterate, sort_by_key},
};
use kdo_value::{Map, Value};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.combine", combine, "One dict of several; later ones win, nested ones are merged with `recursive`.", [];
        "{{ {'a': 1} | combine({'b': 2}, {'a': 3}) }}" => r#"{"a": 3, "b": 2}"#,
        "{{ {'b': {'x': 1}} | combine({'b': {'y': 2}}, recursive=true) }}" => r#"{"b": {"x": 1, "y": 2}}"#,
        "{{ {'a': [1, 2]} | combine({'a': [2, 3]}, list_merge='append_rp') }}" => r#"{"a": [1, 2, 3]}"#,
        "{{ {'a': [1, 2, 2]} | combine({'a': [2, 3]}, list_merge='prepend_rp') }}" => r#"{"a": [2, 3, 1]}"#,
        "{{ [{'a': 1}, {'b': 2}] | combine }}" => r#"{"a": 1, "b": 2}"#),
    callable!("ansible.builtin.dict2items", dict2items, "A list of dicts with `key` and `value`, one per entry.", [];
        "{{ {'a': 1} | dict2items }}" => r#"[{"key": "a", "value": 1}]"#,
        "{{ {'a': 1} | dict2items(key_name='k', value_name='v') }}" => r#"[{"k": "a", "v": 1}]"#),
    callable!("ansible.builtin.items2dict", items2dict, "A dict of a list of dicts with `key` and `value`.", [];
        "{{ [{'key': 'a', 'value': 1}] | items2dict }}" => r#"{"a": 1}"#),
    callable!("ansible.builtin.dictsort", dictsort, "The entries as tuples, sorted by key or value.", [];
        "{{ {'b': 1, 'A': 2, 'c': 0} | dictsort }}" => r#"[["A", 2], ["b", 1], ["c", 0]]"#,
        "{{ {'b': 1, 'A': 2} | dictsort(false, 'value') }}" => r#"[["b", 1], ["A", 2]]"#),
    callable!(lenient "ansible.builtin.items", items, "The entries of a dict as tuples.", [];
        "{{ {'b': 1} | items }}" => r#"[["b", 1]]"#),
    callable!("ansible.builtin.subelements", subelements, "Pairs of each dict and each item of the list in it.", [];
        "{{ [{'n': 'a', 'l': [1, 2]}] | subelements('l') }}"
            => r#"[[{"n": "a", "l": [1, 2]}, 1], [{"n": "a", "l": [1, 2]}, 2]]"#,
        "{{ [{'n': 1}] | subelements('l', skip_missing=true) }}" => "[]"),
    callable!(lenient "ansible.builtin.extract", extract, "The entry of a container under a key, and below it under more keys.", [];
        "{{ ['x'] | map('extract', {'x': {'k': [7, 8]}}, ['k', 1]) }}" => "[8]",
        "{{ 1 | extract(['a', 'b']) }}" => r#""b""#),
    callable!("ansible.builtin.rekey_on_member", rekey, "A dict of dicts under the value that each has for a member.", [];
        "{{ [{'a': 'x', 'n': 1}] | rekey_on_member('a') }}" => r#"{"x": {"a": "x", "n": 1}}"#),
];

/// How two lists under the same key become one.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum ListMerge {
    Replace,
    Keep,
    Append,
    Prepend,
    AppendRp,
    PrependRp,
}

impl ListMerge {
    /// Reads its name.
    pub(crate) fn read(name: &str) -> Result<Self, TemplateError> {
        Ok(match name {
            "replace" => Self::Replace,
            "keep" => Self::Keep,
            "append" => Self::Append,
            "prepend" => Self::Prepend,
            "append_rp" => Self::AppendRp,
            "prepend_rp" => Self::PrependRp,
            _ => {
                return Err("merge_hash: 'list_merge' argument can only be equal to 'replace', 'keep', 'append', 'prepend', 'append_rp' or 'prepend_rp'".into());
            }
        })
    }

    fn apply(self, low: Vec<Value>, high: Vec<Value>) -> Vec<Value> {
        let without = |items: Vec<Value>, high: &[Value]| -> Vec<Value> {
            items.into_iter().filter(|i| !holds(high, i)).collect()
        };
        let (first, second) = match self {
            Self::Replace => (high, Vec::new()),
            Self::Keep => (low, Vec::new()),
            Self::Append => (low, high),
            Self::Prepend => (high, low),
            Self::AppendRp => (without(low, &high), high),
            Self::PrependRp => {
                let rest = without(low, &high);
                (high, rest)
            }
        };
        first.into_iter().chain(second).collect()
    }
}

/// `b` over `a` at all depths, lists put together.
pub(crate) fn merge_deep(a: &Map, b: &Map) -> Result<Map, TemplateError> {
    merge(a, b, true, ListMerge::Append, 0)
}

/// `low` with the entries of `high` over it.
pub(crate) fn merge(
    low: &Map,
    high: &Map,
    recursive: bool,
    lists: ListMerge,
    depth: usize,
) -> Result<Map, TemplateError> {
    if depth > 200 {
        return Err("combine: dicts are nested too deeply".into());
    }
    let out = low.copied();
    for (key, value) in high.entries() {
        let merged = match (out.get_value(&key), &value) {
            (Some(Value::Map(l)), Value::Map(h)) if recursive => {
                Value::Map(merge(&l, h, recursive, lists, depth + 1)?)
            }
            (Some(l), h) if lists != ListMerge::Replace => match (l.as_sequence(), h.as_sequence()) {
                (Some(l), Some(h)) => Value::list(lists.apply(l, h)),
                _ => value,
            },
            _ => value,
        };
        out.insert(key, merged);
    }
    Ok(out)
}

fn combine(call: &Call<'_>) -> Result<Value, TemplateError> {
    if call
        .kwargs
        .iter()
        .any(|(k, _)| k != "recursive" && k != "list_merge")
    {
        return call.fail("'recursive' and 'list_merge' are the only valid keyword arguments");
    }
    call.subject()?;
    let lists = ListMerge::read(&match call.keyword("list_merge") {
        Some(v) => v.check()?.to_text(),
        None => "replace".to_owned(),
    })?;
    let recursive = call.flag(usize::MAX, "recursive", false);
    let mut dicts = Vec::new();
    flat(call.args.clone(), Some(1), true, 0, &mut dicts)?;
    let mut dicts = dicts.into_iter().rev();
    let Some(mut result) = dicts.next() else {
        return Ok(Value::Map(Map::new()));
    };
    result.check()?;
    if dicts.len() == 0 {
        return Ok(result);
    }
    for low in dicts {
        match (low.check()?, &result) {
            (Value::Map(l), Value::Map(h)) => result = Value::Map(merge(l, h, recursive, lists, 0)?),
            (l, h) => {
                return call.fail(format!(
                    "failed to combine variables, expected dicts but got a '{}' and a '{}'.",
                    l.type_name(),
                    h.type_name()
                ));
            }
        }
    }
    Ok(result)
}

/// The entries of a dict or a dict-like object.
pub(crate) fn entries(value: &Value) -> Option<Vec<(Value, Value)>> {
    match value {
        Value::Map(m) => Some(m.entries()),
        Value::Object(o) => Some(
            o.keys()?
                .into_iter()
                .map(|k| (k.clone(), o.get(&k).unwrap_or(Value::None)))
                .collect(),
        ),
        _ => None,
    }
}

fn dict2items(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some(entries) = entries(value) else {
        return call.fail(format!(
            "dict2items requires a dictionary, got <class '{}'> instead.",
            value.type_name()
        ));
    };
    let (key, name) = (
        call.text(1, "key_name", "key")?,
        call.text(2, "value_name", "value")?,
    );
    Ok(Value::list(entries.into_iter().map(|(k, v)| {
        Value::Map([(key.as_str(), k), (name.as_str(), v)].into_iter().collect())
    })))
}

fn items2dict(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some(list) = value.as_sequence() else {
        return call.fail(format!(
            "items2dict requires a list, got <class '{}'> instead.",
            value.type_name()
        ));
    };
    let key = call
        .get(1, "key_name")
        .cloned()
        .unwrap_or_else(|| Value::str("key"));
    let name = call
        .get(2, "value_name")
        .cloned()
        .unwrap_or_else(|| Value::str("value"));
    let no_dicts = || {
        call.fail(format!(
            "items2dict requires a list of dictionaries, got {} instead.",
            value.repr()
        ))
    };
    let out = Map::new();
    for item in list {
        let pair = match item.check()? {
            Value::Map(m) => (m.get_value(&key), m.get_value(&name)),
            // pairs and texts work too, with positions for names
            other => match iterate(other) {
                Ok(items) => (at(&items, &key), at(&items, &name)),
                Err(_) => return no_dicts(),
            },
        };
        match (pair, item.as_map()) {
            ((Some(k), Some(v)), _) if k.is_hashable() => {
                out.insert(k, v);
            }
            ((None, _) | (_, None), Some(_)) => {
                return call.fail(format!(
                    "items2dict requires each dictionary in the list to contain the keys '{}' and '{}', got {} instead.",
                    key.to_text(),
                    name.to_text(),
                    value.repr()
                ));
            }
            _ => return no_dicts(),
        }
    }
    Ok(Value::Map(out))
}

/// `items[key]` with Python's negative positions.
fn at(items: &[Value], key: &Value) -> Option<Value> {
    let i = key.as_int()?;
    let i = if i < 0 { i + items.len() as i64 } else { i };
    items.get(usize::try_from(i).ok()?).cloned()
}

fn dictsort(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some(entries) = entries(value) else {
        return call.fail(format!("'{}' object has no attribute 'items'", value.type_name()));
    };
    let case = call.flag(1, "case_sensitive", false);
    let by_value = match call.text(2, "by", "key")?.as_str() {
        "key" => false,
        "value" => true,
        _ => return call.fail("You can only sort by either \"key\" or \"value\""),
    };
    let keyed = entries.into_iter().map(|(k, v)| {
        let by = if by_value { &v } else { &k };
        let by = match by {
            Value::Str(s) if !case => Value::str(s.to_lowercase()),
            other => other.clone(),
        };
        (by, Value::Tuple([k, v].into()))
    });
    let sorted = sort_by_key(keyed.collect(), call.flag(3, "reverse", false))?;
    Ok(Value::list(sorted.into_iter().map(|(_, v)| v)))
}

fn items(call: &Call<'_>) -> Result<Value, TemplateError> {
    if let Some(Value::Undefined(u)) = call.arg(0)
        && u.kind == kdo_value::UndefinedKind::Missing
    {
        return Ok(Value::list([]));
    }
    match entries(call.subject()?) {
        Some(entries) => Ok(Value::list(
            entries.into_iter().map(|(k, v)| Value::Tuple([k, v].into())),
        )),
        None => call.fail("Can only get item pairs from a mapping."),
    }
}

/// Pairs of each element and each item of the list under `keys` in it; shared with the lookup of that name.
pub(crate) fn pairs(elements: Vec<Value>, keys: &[String], skip: bool) -> Result<Vec<Value>, TemplateError> {
    let mut out = Vec::new();
    'elements: for element in elements {
        let mut values = element.check()?.clone();
        for key in keys {
            values = match &values {
                Value::Map(m) => match m.get(key) {
                    Some(v) => v,
                    None if skip => continue 'elements,
                    None => {
                        return Err(
                            format!("could not find '{key}' key in iterated item {}", values.repr()).into(),
                        );
                    }
                },
                other => {
                    return Err(format!(
                        "the key '{key}' should point to a dictionary, got '{}'",
                        other.to_text()
                    )
                    .into());
                }
            };
        }
        match values.as_sequence() {
            Some(list) => out.extend(
                list.into_iter()
                    .map(|v| Value::Tuple([element.clone(), v].into())),
            ),
            None => {
                let key = keys.last().map_or("", String::as_str);
                return Err(format!("the key '{key}' should point to a list, got {}", values.repr()).into());
            }
        }
    }
    Ok(out)
}

fn subelements(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let elements = match value {
        Value::Map(m) => m.values(),
        v => match v.as_sequence() {
            Some(items) => items,
            None => return call.fail("obj must be a list of dicts or a nested dict"),
        },
    };
    let keys: Vec<String> = match call.required(1, "subelements")? {
        Value::Str(s) => s.split('.').map(str::to_owned).collect(),
        v => match v.as_sequence() {
            Some(keys) => keys.iter().map(Value::to_text).collect(),
            None => return call.fail("subelements must be a list or a string"),
        },
    };
    pairs(elements, &keys, call.flag(2, "skip_missing", false)).map(Value::list)
}

fn extract(call: &Call<'_>) -> Result<Value, TemplateError> {
    let key = call.subject()?;
    // Of a container that is missing, nothing is known either.
    if let Some(missing @ Value::Undefined(_)) = call.get(1, "container") {
        return Ok(missing.clone());
    }
    let mut value = subscript(call.required(1, "container")?, key);
    match call.get(2, "morekeys") {
        None | Some(Value::None) => {}
        Some(more) => {
            let keys = match more.check()?.as_sequence() {
                Some(keys) => keys,
                None => vec![more.clone()],
            };
            for key in &keys {
                if value.is_undefined() {
                    return Ok(value);
                }
                value = subscript(&value, key);
            }
        }
    }
    Ok(value)
}

/// `container[key]`, missing items as such.
fn subscript(container: &Value, key: &Value) -> Value {
    let found = match container {
        Value::Map(m) => m.get_value(key),
        Value::Object(o) => o.get(key),
        v => v.as_sequence().and_then(|items| at(&items, key)),
    };
    found.unwrap_or_else(|| {
        Value::missing(
            key.as_str(),
            format!(
                "object of type '{}' has no attribute {}",
                container.type_name(),
                key.repr()
            ),
        )
    })
}

fn rekey(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let key = call.required(1, "key")?;
    let overwrite = match call.text(2, "duplicates", "error")?.as_str() {
        "error" => false,
        "overwrite" => true,
        other => {
            return call.fail(format!(
                "duplicates parameter to rekey_on_member has unknown value: {other}"
            ));
        }
    };
    let items = match value {
        Value::Map(m) => m.values(),
        Value::List(_) | Value::Tuple(_) => iterate(value)?,
        _ => return call.fail("Type is not a valid list, set, or dict"),
    };
    let out = Map::new();
    for item in items {
        let Value::Map(entry) = item.check()? else {
            return call.fail("List item is not a valid dict");
        };
        let Some(name) = entry.get_value(key) else {
            return call.fail(format!("Key '{}' was not found.", key.to_text()));
        };
        if !overwrite && out.get_value(&name).is_some() {
            return call.fail(format!(
                "Key '{}' is not unique, cannot convert to dict.",
                name.to_text()
            ));
        }
        if !out.insert(name, item.clone()) {
            return call.fail("the member's value cannot be a key");
        }
    }
    Ok(Value::Map(out))
}
