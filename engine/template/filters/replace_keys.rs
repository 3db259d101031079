//! The filters that rename keys.

use crate::{
    Call, Callable, Check, TemplateError,
    declare::callable,
    iterate::iterate,
    pyregex::{Anchor, Flags, compile},
};
use kdo_value::{Map, Value};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("community.general.replace_keys", flat, "The dicts with the keys that match `before` renamed to `after`.", ["replace_keys"];
        "{{ [{'a': 1, 'b': 2}] | community.general.replace_keys(target=[{'before': 'a', 'after': 'x'}]) }}" => r#"[{"x": 1, "b": 2}]"#,
        "{{ [{'k1': 1}] | community.general.replace_keys(target=[{'before': 'k', 'after': 'x'}], matching_parameter='starts_with') }}" => r#"[{"x": 1}]"#),
    callable!("ansible.utils.replace_keys", deep, "The value with the keys that match `before`, at any depth, renamed to `after`.", [];
        "{{ {'a': {'b': 1}} | ansible.utils.replace_keys(target=[{'before': 'b', 'after': 'c'}]) }}" => r#"{"a": {"c": 1}}"#),
];

struct Renames {
    pairs: Vec<(String, String)>,
    kind: String,
}

impl Renames {
    fn read(call: &Call<'_>) -> Result<Self, TemplateError> {
        let target = call.required(1, "target")?;
        let kind = call.text(2, "matching_parameter", "equal")?;
        if !["equal", "starts_with", "ends_with", "regex"].contains(&kind.as_str()) {
            return call.fail(format!(
                "The matching_parameter must be one of ['equal', 'starts_with', 'ends_with', 'regex']. matching_parameter={kind}"
            ));
        }
        let Value::List(list) = target else {
            return call.fail(format!(
                "The target must be a list. target is {}.",
                target.to_text()
            ));
        };
        if list.is_empty() {
            return call.fail("The target can't be empty.");
        }
        let mut pairs = Vec::new();
        for entry in list.to_vec() {
            let Value::Map(m) = entry.check()? else {
                return call.fail(format!(
                    "The target items must be dictionaries. {} is {}",
                    entry.to_text(),
                    entry.type_name()
                ));
            };
            let (Some(before), Some(after)) = (m.get("before"), m.get("after")) else {
                return call.fail("All dictionaries in target must include attributes: after, before.");
            };
            match (before.as_str(), after.as_str()) {
                (Some(b), Some(a)) => pairs.push((b.to_owned(), a.to_owned())),
                _ => return call.fail("The attributes before and after must be strings."),
            }
            if kind == "regex" {
                compile(&before.to_text(), Flags::default(), Anchor::Start)?;
            }
        }
        Ok(Self { pairs, kind })
    }

    fn apply(&self, key: &str) -> Result<Option<&str>, TemplateError> {
        for (before, after) in &self.pairs {
            let fits = match self.kind.as_str() {
                "starts_with" => key.starts_with(before),
                "ends_with" => key.ends_with(before),
                "regex" => compile(before, Flags::default(), Anchor::Start)?
                    .find(key)?
                    .is_some(),
                _ => key == before,
            };
            if fits {
                return Ok(Some(after));
            }
        }
        Ok(None)
    }
}

fn flat(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    if !matches!(value, Value::List(_) | Value::Tuple(_) | Value::Str(_)) {
        return call.fail(format!(
            "First argument must be a list. {} is {}",
            value.to_text(),
            value.type_name()
        ));
    }
    let renames = Renames::read(call)?;
    let mut out = Vec::new();
    for entry in iterate(value)? {
        let Value::Map(entry) = entry.check()? else {
            return call.fail(format!(
                "The data items must be dictionaries. {} is {}",
                entry.to_text(),
                entry.type_name()
            ));
        };
        let renamed = Map::new();
        for (k, v) in entry.entries() {
            let Some(key) = k.as_str() else {
                return call.fail("Top level keys must be strings.");
            };
            renamed.insert(renames.apply(key)?.unwrap_or(key), v);
        }
        out.push(Value::Map(renamed));
    }
    Ok(Value::list(out))
}

fn deep(call: &Call<'_>) -> Result<Value, TemplateError> {
    walk(call.subject()?, &Renames::read(call)?, 0)
}

fn walk(value: &Value, renames: &Renames, depth: usize) -> Result<Value, TemplateError> {
    if depth > 200 {
        return Err("the value is nested too deeply".into());
    }
    match value {
        Value::Map(m) => {
            let out = Map::new();
            let mut renamed = Vec::new();
            for (k, v) in m.entries() {
                let inner = walk(&v, renames, depth + 1)?;
                match k.as_str().map(|k| renames.apply(k)).transpose()?.flatten() {
                    Some(after) => renamed.push((after, inner)),
                    None => {
                        out.insert(k, inner);
                    }
                }
            }
            // renamed keys come last
            for (after, inner) in renamed {
                out.insert(after, inner);
            }
            Ok(Value::Map(out))
        }
        v => match v.as_sequence() {
            Some(items) => Ok(Value::list(
                items
                    .iter()
                    .map(|i| walk(i, renames, depth + 1))
                    .collect::<Result<Vec<_>, _>>()?,
            )),
            None => Ok(v.clone()),
        },
    }
}
