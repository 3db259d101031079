//! Filters of `community.general` and `ansible.utils` on dicts and lists.

use super::dicts::{ListMerge, merge};
use crate::{
    Call, Callable, Check, TemplateError,
    declare::callable,
    iterate::iterate,
    pyregex::{Anchor, Flags, compile},
    tests::compare_loose,
};
use kdo_value::{Map, Value};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("community.general.version_sort", version_sort, "The items in the order of versions.", ["version_sort"];
        "{{ ['2.10', '2.9', '2.1'] | community.general.version_sort }}" => r#"["2.1", "2.9", "2.10"]"#),
    callable!("community.general.dict", dict, "A dict of pairs.", [];
        "{{ [['a', 1], ['b', 2]] | community.general.dict }}" => r#"{"a": 1, "b": 2}"#),
    callable!("community.general.dict_kv", dict_kv, "A dict with the value under one key.", ["dict_kv"];
        "{{ 'x' | community.general.dict_kv('k') }}" => r#"{"k": "x"}"#),
    callable!("community.general.counter", counter, "How often each item occurs.", ["counter"];
        "{{ ['a', 'b', 'a'] | community.general.counter }}" => r#"{"a": 2, "b": 1}"#),
    callable!("community.general.groupby_as_dict", groupby_as_dict, "A dict of the dicts under the value that each has for an attribute.", ["groupby_as_dict"];
        "{{ [{'n': 'x', 'v': 1}] | community.general.groupby_as_dict('n') }}" => r#"{"x": {"n": "x", "v": 1}}"#),
    callable!("community.general.lists_mergeby", lists_mergeby, "One list of the dicts of several lists, merged where they agree in an attribute.", ["lists_mergeby"];
        "{{ [{'n': 'b', 'v': 1}] | community.general.lists_mergeby([{'n': 'a'}, {'n': 'b', 'w': 2}], 'n') }}"
            => r#"[{"n": "a"}, {"n": "b", "v": 1, "w": 2}]"#),
    callable!("community.general.keep_keys", |c| select_keys(c, true), "The dicts with only the keys that match a target.", ["keep_keys"];
        "{{ [{'a': 1, 'b': 2}] | community.general.keep_keys(target=['a']) }}" => r#"[{"a": 1}]"#),
    callable!("community.general.remove_keys", |c| select_keys(c, false), "The dicts without the keys that match a target.", ["remove_keys"];
        "{{ [{'ab': 1, 'b': 2}] | community.general.remove_keys(target='a', matching_parameter='starts_with') }}" => r#"[{"b": 2}]"#),
    callable!("ansible.utils.keep_keys", |c| deep_keys(c, true), "The value with only the keys, at any depth, that match a target.", [];
        "{{ {'a': {'b': 1, 'c': 2}, 'd': 3} | ansible.utils.keep_keys(target=['b']) }}" => r#"{"a": {"b": 1}}"#),
    callable!("ansible.utils.remove_keys", |c| deep_keys(c, false), "The value without the keys, at any depth, that match a target.", [];
        "{{ {'a': {'b': 1, 'c': 2}} | ansible.utils.remove_keys(target=['b']) }}" => r#"{"a": {"c": 2}}"#),
    callable!("community.general.from_csv", from_csv, "The rows of a CSV text as dicts.", ["from_csv"];
        "{{ 'a,b\n1,2' | community.general.from_csv }}" => r#"[{"a": "1", "b": "2"}]"#),
    callable!("community.general.from_ini", from_ini, "The sections of an INI text as dicts.", ["from_ini"];
        "{{ '[s]\nk = v' | community.general.from_ini }}" => r#"{"s": {"k": "v"}}"#),
    callable!("community.general.to_ini", to_ini, "A dict of dicts as an INI text.", ["to_ini"];
        "{{ {'s': {'k': 'v'}} | community.general.to_ini }}" => r#""[s]\nk = v\n""#),
];

fn version_sort(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut items = Vec::new();
    for item in iterate(call.subject()?)? {
        items.push((item.check()?.to_text(), item));
    }
    let reverse = call.flag(1, "reverse", false);
    // insertion keeps errors and never needs a total order
    let mut out: Vec<(String, Value)> = Vec::with_capacity(items.len());
    for (key, item) in items {
        let mut at = out.len();
        while let Some((before, _)) = at.checked_sub(1).and_then(|i| out.get(i)) {
            let order = compare_loose(&key, before)?;
            if if reverse { order.is_gt() } else { order.is_lt() } {
                at -= 1;
            } else {
                break;
            }
        }
        out.insert(at, (key, item));
    }
    Ok(Value::list(out.into_iter().map(|(_, v)| v)))
}

fn dict(call: &Call<'_>) -> Result<Value, TemplateError> {
    let out = Map::new();
    for pair in iterate(call.subject()?)? {
        match iterate(&pair)?.as_slice() {
            [k, v] if out.insert(k.clone(), v.clone()) => {}
            [_, _] => return call.fail("unhashable key"),
            _ => return call.fail("dict needs pairs"),
        }
    }
    Ok(Value::Map(out))
}

fn dict_kv(call: &Call<'_>) -> Result<Value, TemplateError> {
    let out = Map::new();
    if !out.insert(call.required(1, "key")?.clone(), call.subject()?.clone()) {
        return call.fail("unhashable key");
    }
    Ok(Value::Map(out))
}

fn counter(call: &Call<'_>) -> Result<Value, TemplateError> {
    let out = Map::new();
    for item in iterate(call.subject()?)? {
        let n = out.get_value(&item).and_then(|n| n.as_int()).unwrap_or(0);
        if !out.insert(item.clone(), n + 1) {
            return call.fail(format!("Argument is not hashable: {}", item.repr()));
        }
    }
    Ok(Value::Map(out))
}

fn dicts(value: &Value) -> Result<Vec<Map>, TemplateError> {
    let mut out = Vec::new();
    for item in iterate(value)? {
        match item.check()? {
            Value::Map(m) => out.push(m.clone()),
            other => return Err(format!("the items must be dictionaries, not {}", other.type_name()).into()),
        }
    }
    Ok(out)
}

fn groupby_as_dict(call: &Call<'_>) -> Result<Value, TemplateError> {
    let attribute = call.required(1, "attribute")?;
    let out = Map::new();
    for entry in dicts(call.subject()?)? {
        let Some(key) = entry.get_value(attribute) else {
            return call.fail(format!(
                "Attribute not contained in element: {}",
                attribute.to_text()
            ));
        };
        if out.get_value(&key).is_some() {
            return call.fail(format!(
                "Multiple sequence entries have attribute value {}",
                key.repr()
            ));
        }
        if !out.insert(key, entry) {
            return call.fail("unhashable attribute value");
        }
    }
    Ok(Value::Map(out))
}

fn lists_mergeby(call: &Call<'_>) -> Result<Value, TemplateError> {
    let recursive = call.keyword("recursive").is_some_and(Value::truthy);
    let lists = ListMerge::read(&call.text(usize::MAX, "list_merge", "replace")?)?;
    let Some((index, terms)) = call.args.split_last().filter(|(_, t)| !t.is_empty()) else {
        return call.fail("At least two arguments are needed: a list and an index");
    };
    let mut found: Vec<(Value, Map)> = Vec::new();
    for term in terms {
        let items = iterate(term)?;
        let nested = !items.is_empty() && items.iter().all(|i| i.as_sequence().is_some());
        let lists_of = if nested { items } else { vec![term.clone()] };
        for list in lists_of {
            for entry in dicts(&list)? {
                let Some(key) = entry.get_value(index) else {
                    continue;
                };
                match found.iter_mut().find(|(k, _)| k.py_eq(&key)) {
                    Some((_, low)) => *low = merge(low, &entry, recursive, lists, 0)?,
                    None => found.push((key, entry)),
                }
            }
        }
    }
    let keyed = found.into_iter().map(|(k, m)| (k, Value::Map(m))).collect();
    Ok(Value::list(
        crate::iterate::sort_by_key(keyed, false)?
            .into_iter()
            .map(|(_, v)| v),
    ))
}

/// Whether a key matches one of the targets.
fn matcher(call: &Call<'_>) -> Result<impl Fn(&str) -> Result<bool, TemplateError>, TemplateError> {
    let target = call.required(1, "target")?;
    if call.name.contains("general") || !call.name.contains('.') {
        let items = target.as_sequence();
        let empty = !target.truthy();
        if items.is_none() && target.as_str().is_none() {
            return call.fail(format!(
                "The target must be a string or a list. target is {}.",
                target.type_name()
            ));
        }
        if empty {
            return call.fail("The target can't be empty.");
        }
        if let Some(bad) = items.iter().flatten().find(|i| i.as_str().is_none()) {
            return call.fail(format!(
                "The target items must be strings. {} is {}",
                bad.to_text(),
                bad.type_name()
            ));
        }
        if items.is_some_and(|i| i.len() > 1) && call.text(2, "matching_parameter", "equal")? == "regex" {
            return call.fail("Single item is required in the target list if matching_parameter=regex.");
        }
    }
    let targets: Vec<String> = match target.as_sequence() {
        Some(items) => items.iter().map(Value::to_text).collect(),
        None => vec![target.to_text()],
    };
    let kind = call.text(2, "matching_parameter", "equal")?;
    if !["equal", "starts_with", "ends_with", "regex"].contains(&kind.as_str()) {
        return call.fail(format!("The matching_parameter '{kind}' is unknown"));
    }
    Ok(move |key: &str| {
        for target in &targets {
            let fits = match kind.as_str() {
                "starts_with" => key.starts_with(target),
                "ends_with" => key.ends_with(target),
                "regex" => compile(target, Flags::default(), Anchor::Start)?
                    .find(key)?
                    .is_some(),
                _ => key == target,
            };
            if fits {
                return Ok(true);
            }
        }
        Ok(false)
    })
}

fn select_keys(call: &Call<'_>, keep: bool) -> Result<Value, TemplateError> {
    let fits = matcher(call)?;
    let mut out = Vec::new();
    for entry in dicts(call.subject()?)? {
        let chosen = Map::new();
        for (k, v) in entry.entries() {
            if fits(&k.to_text())? == keep {
                chosen.insert(k, v);
            }
        }
        out.push(Value::Map(chosen));
    }
    Ok(Value::list(out))
}

fn deep_keys(call: &Call<'_>, keep: bool) -> Result<Value, TemplateError> {
    let fits = matcher(call)?;
    let value = call.subject()?;
    Ok(prune(value, keep, &fits, 0)?.unwrap_or_else(|| match value {
        Value::Map(_) => Value::Map(Map::new()),
        _ => Value::list([]),
    }))
}

type Fits<'a> = &'a dyn Fn(&str) -> Result<bool, TemplateError>;

/// The value with the chosen keys; `None` where keeping leaves nothing of it.
fn prune(value: &Value, keep: bool, fits: Fits<'_>, depth: usize) -> Result<Option<Value>, TemplateError> {
    if depth > 200 {
        return Err("the value is nested too deeply".into());
    }
    match value {
        Value::Map(m) => {
            let out = Map::new();
            for (k, v) in m.entries() {
                if fits(&k.to_text())? {
                    if keep {
                        out.insert(k, v);
                    }
                } else if let Some(v) = prune(&v, keep, fits, depth + 1)? {
                    out.insert(k, v);
                }
            }
            Ok((!keep || !out.is_empty()).then_some(Value::Map(out)))
        }
        v => match v.as_sequence() {
            Some(items) => {
                let mut out = Vec::new();
                for item in &items {
                    match (item, prune(item, keep, fits, depth + 1)?) {
                        (Value::Map(_), Some(Value::Map(m))) if m.is_empty() => {}
                        // what is neither dict nor list has no keys, and stays in its list
                        (Value::Map(_) | Value::List(_) | Value::Tuple(_), pruned) => out.extend(pruned),
                        _ => out.push(item.clone()),
                    }
                }
                Ok((!keep || !out.is_empty()).then(|| Value::list(out)))
            }
            None => Ok((!keep).then(|| v.clone())),
        },
    }
}

fn from_csv(call: &Call<'_>) -> Result<Value, TemplateError> {
    let text = call.subject()?.to_text();
    let default = match call.text(1, "dialect", "excel")?.as_str() {
        "excel" | "unix" => ",",
        "excel-tab" => "\t",
        other => {
            return call.fail(format!(
                "Dialect '{other}' is not supported by your version of python."
            ));
        }
    };
    let given = call
        .get(3, "delimiter")
        .filter(|d| !d.is_none())
        .map_or_else(|| default.to_owned(), Value::to_text);
    let mut characters = given.chars();
    let (Some(delimiter), None) = (characters.next(), characters.next()) else {
        return call.fail("Unable to create custom dialect: \"delimiter\" must be a 1-character string");
    };
    let mut rows = crate::lookups::csv_rows(&text, delimiter).into_iter();
    let names: Vec<String> = match call.get(2, "fieldnames").and_then(Value::as_sequence) {
        Some(names) => names.iter().map(Value::to_text).collect(),
        None => rows.next().unwrap_or_default(),
    };
    Ok(Value::list(rows.map(|row| {
        let out = Map::new();
        for (i, name) in names.iter().enumerate() {
            out.insert(name.as_str(), Value::from(row.get(i).cloned()));
        }
        Value::Map(out)
    })))
}

fn from_ini(call: &Call<'_>) -> Result<Value, TemplateError> {
    let Some(text) = call.subject()?.as_str() else {
        return call.fail(format!(
            "from_ini requires a str, got {}",
            call.subject()?.type_name()
        ));
    };
    let sections = crate::lookups::ini_sections(text, false, false)?;
    let out = Map::new();
    for (name, keys) in sections {
        out.insert(
            name,
            keys.into_iter()
                .map(|(k, v)| (k, Value::from(v)))
                .collect::<Map>(),
        );
    }
    Ok(Value::Map(out))
}

fn to_ini(call: &Call<'_>) -> Result<Value, TemplateError> {
    let Value::Map(sections) = call.subject()? else {
        return call.fail(format!(
            "to_ini requires a dict, got {}",
            call.subject()?.type_name()
        ));
    };
    if sections.is_empty() {
        return call.fail("to_ini received an empty dict. An empty dict cannot be converted.");
    }
    let mut out = String::new();
    for (name, keys) in sections.entries() {
        let Value::Map(keys) = keys.check()? else {
            return call.fail("to_ini needs a dict of dicts");
        };
        out.push_str(&format!("[{}]\n", name.to_text()));
        for (k, v) in keys.entries() {
            if v.is_none() {
                return call.fail("to_ini failed to parse given dict:option values must be strings");
            }
            out.push_str(&format!(
                "{} = {}\n",
                k.to_text(),
                v.to_text().replace('\n', "\n\t")
            ));
        }
        out.push('\n');
    }
    out.pop();
    Ok(Value::str(out))
}
