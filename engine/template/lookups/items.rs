//! Lookups that hand out their terms.

use crate::{
    Call, Callable, Check, TemplateError,
    declare::callable,
    filters::{entries, flat},
    mersenne::Random,
};
use kdo_value::{Map, Value};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.items", items, "The terms, with the items of lists among them.", [];
        "{{ query('items', [1, 2], [3, [4]], 5) }}" => "[1, 2, 3, [4], 5]"),
    callable!("ansible.builtin.list", |c| Ok(Value::list(c.args.iter().cloned())), "The terms as they are.", [];
        "{{ query('list', [1, 2], [3]) }}" => "[[1, 2], [3]]"),
    callable!("community.general.flattened", flattened, "The terms with the items of lists at any depth.", ["flattened"];
        "{{ query('community.general.flattened', [1, [2, [3]]], 4) }}" => "[1, 2, 3, 4]"),
    callable!("ansible.builtin.dict", dict, "A dict with `key` and `value` for each entry.", [];
        "{{ query('dict', {'b': 1}) }}" => r#"[{"key": "b", "value": 1}]"#),
    callable!("ansible.builtin.indexed_items", indexed, "Pairs of position and item.", [];
        "{{ query('indexed_items', ['a', 'b']) }}" => r#"[[0, "a"], [1, "b"]]"#),
    callable!("ansible.builtin.random_choice", random_choice, "One of the terms.", [];
        "{{ query('random_choice', 5) }}" => "[5]"),
    callable!("ansible.builtin.subelements", subelements, "Pairs of each dict, without the list in it, and each item of that list.", [];
        "{{ query('subelements', [{'n': 1, 'l': [1, 2]}], 'l') }}" => r#"[[{"n": 1}, 1], [{"n": 1}, 2]]"#,
        "{{ query('subelements', [{'n': 1}], 'l', {'skip_missing': true}) }}" => "[]"),
];

/// The terms, with the items of lists among them, one level deep.
pub(super) fn one_level(terms: &[Value]) -> Result<Vec<Value>, TemplateError> {
    let mut out = Vec::new();
    for term in terms {
        match term.check()?.as_sequence() {
            Some(items) => out.extend(items),
            None => out.push(term.clone()),
        }
    }
    Ok(out)
}

fn items(call: &Call<'_>) -> Result<Value, TemplateError> {
    Ok(Value::list(one_level(&call.args)?))
}

fn flattened(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut out = Vec::new();
    flat(call.args.clone(), None, true, 0, &mut out)?;
    Ok(Value::list(out))
}

fn dict(call: &Call<'_>) -> Result<Value, TemplateError> {
    // with_dict gives its terms in a list
    let terms = match call.args.as_slice() {
        [one] => match one.check()?.as_sequence() {
            Some(items) if items.is_empty() => items,
            _ => vec![one.clone()],
        },
        many => many.to_vec(),
    };
    let mut out = Vec::new();
    for term in &terms {
        let Some(entries) = entries(term.check()?) else {
            return call.fail(format!(
                "the 'dict' lookup plugin expects a dictionary, got '{}' of type {})",
                term.to_text(),
                term.type_name()
            ));
        };
        for (k, v) in entries {
            out.push(Value::Map(
                [("key", k), ("value", v)].into_iter().collect::<Map>(),
            ));
        }
    }
    Ok(Value::list(out))
}

fn indexed(call: &Call<'_>) -> Result<Value, TemplateError> {
    let items = one_level(&call.args)?;
    Ok(Value::list(
        items
            .into_iter()
            .enumerate()
            .map(|(i, v)| Value::Tuple([Value::from(i), v].into())),
    ))
}

fn random_choice(call: &Call<'_>) -> Result<Value, TemplateError> {
    Ok(Value::list(Random::system().choice(&call.args).cloned()))
}

fn subelements(call: &Call<'_>) -> Result<Value, TemplateError> {
    let (Some(list), Some(path)) = (call.arg(0), call.arg(1)) else {
        return call.fail("subelements lookup expects a list of two or three items,");
    };
    const KINDS: &str = "subelements lookup expects a list of two or three items, first a dict or a list, second a \
                         string pointing to the subkey";
    let Some(path) = path.check()?.as_str() else {
        return call.fail(KINDS);
    };
    let skip = match call.arg(2) {
        None => false,
        Some(Value::Map(m)) => m
            .get("skip_missing")
            .is_some_and(|v| crate::filters::read_bool(&v).unwrap_or(false)),
        Some(_) => {
            return call.fail(
                "subelements lookup expects a list of two or three items, the optional third item must be a dict with flags skip_missing",
            );
        }
    };
    let elements = match list.check()? {
        Value::Map(m) if m.get("skipped").is_some_and(|s| s.truthy()) => Vec::new(),
        Value::Map(m) => m.values(),
        v => match v.as_sequence() {
            Some(items) => items,
            None => {
                return call.fail(KINDS);
            }
        },
    };
    let keys: Vec<&str> = path.split('.').collect();
    let mut out = Vec::new();
    for element in elements {
        let Value::Map(map) = element.check()? else {
            return call.fail(format!(
                "subelements lookup expects a dictionary, got '{}'",
                element.to_text()
            ));
        };
        if map.get("skipped").is_some_and(|s| s.truthy()) {
            continue;
        }
        let Some((rest, items)) = take(call, map, &keys, skip)? else {
            continue;
        };
        for item in items {
            out.push(Value::Tuple([Value::Map(rest.clone()), item].into()));
        }
    }
    Ok(Value::list(out))
}

/// The dict without the list at the end of `keys`, and that list; `None` where it is missing and may be.
fn take(
    call: &Call<'_>,
    map: &Map,
    keys: &[&str],
    skip: bool,
) -> Result<Option<(Map, Vec<Value>)>, TemplateError> {
    let Some((key, more)) = keys.split_first() else {
        return Ok(None);
    };
    let Some(value) = map.get(key) else {
        if skip {
            return Ok(None);
        }
        return call.fail(format!(
            "could not find '{key}' key in iterated item '{}'",
            Value::Map(map.clone()).to_text()
        ));
    };
    let rest = map.copied();
    if more.is_empty() {
        let Some(items) = value.as_sequence() else {
            return call.fail(format!(
                "the key {key} should point to a list, got '{}'",
                value.to_text()
            ));
        };
        rest.remove(key);
        return Ok(Some((rest, items)));
    }
    let Value::Map(inner) = value.check()? else {
        if skip {
            return Ok(None);
        }
        return call.fail(format!(
            "the key {key} should point to a dictionary, got '{}'",
            value.to_text()
        ));
    };
    Ok(take(call, inner, more, skip)?.map(|(inner, items)| {
        rest.insert(*key, inner);
        (rest, items)
    }))
}
