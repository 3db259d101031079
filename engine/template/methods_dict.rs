//! Methods of dicts.

use crate::{
    TemplateError,
    eval_stmt::limit_depth,
    evaluator::{Evaluator, Result},
    methods::Args,
    methods_list::holds,
};
use kdo_value::{Map, Value};

pub(crate) const NAMES: &[&str] = &[
    "clear",
    "copy",
    "fromkeys",
    "get",
    "items",
    "keys",
    "pop",
    "popitem",
    "setdefault",
    "update",
    "values",
];

/// Calls a dict's method. A dict of the variables is changed in a copy.
pub(crate) fn call(evaluator: &Evaluator<'_>, map: &Map, args: &Args<'_>) -> Result<Value> {
    args.at_most(match args.name {
        "clear" | "copy" | "items" | "keys" | "popitem" | "values" => 0,
        "update" => 1,
        _ => 2,
    })?;
    match args.name {
        "keys" => return Ok(Value::list(map.keys())),
        "values" => return Ok(Value::list(map.values())),
        "items" => {
            return Ok(Value::list(
                map.entries()
                    .into_iter()
                    .map(|(k, v)| Value::Tuple([k, v].into())),
            ));
        }
        "copy" => return Ok(Value::Map(map.copied())),
        "get" => {
            let key = args.needed(0, "key")?;
            return Ok(map
                .get_value(key)
                .or_else(|| args.get(1, "default").cloned())
                .unwrap_or(Value::None));
        }
        "fromkeys" => {
            let out = Map::new();
            let value = args.get(1, "value").cloned().unwrap_or(Value::None);
            for key in evaluator.iterate(args.needed(0, "iterable")?)? {
                insert(&out, key, value.clone())?;
            }
            return Ok(Value::Map(out));
        }
        _ => {}
    }
    let thawed;
    let map = if map.is_frozen() {
        thawed = map.copied();
        &thawed
    } else {
        map
    };
    match args.name {
        "clear" => {
            map.clear();
            Ok(Value::None)
        }
        "pop" => {
            let key = args.needed(0, "key")?;
            match map.remove_value(key).or_else(|| args.get(1, "default").cloned()) {
                Some(v) => Ok(v),
                None => Err(TemplateError::new(key.repr())),
            }
        }
        "popitem" => match map.pop_last() {
            Some((k, v)) => Ok(Value::Tuple([k, v].into())),
            None => Err("'popitem(): dictionary is empty'".into()),
        },
        "setdefault" => {
            let key = args.needed(0, "key")?;
            if let Some(v) = map.get_value(key) {
                return Ok(v);
            }
            let value = args.get(1, "default").cloned().unwrap_or(Value::None);
            insert(map, key.clone(), value.clone())?;
            Ok(value)
        }
        "update" => {
            if let Some(other) = args.positional.first() {
                update_from(evaluator, map, other)?;
            }
            for (k, v) in args.keywords {
                insert(map, Value::str(k.as_str()), v.clone())?;
            }
            Ok(Value::None)
        }
        other => Err(TemplateError::new(format!(
            "'dict' object has no method '{other}'"
        ))),
    }
}

fn insert(map: &Map, key: Value, value: Value) -> Result<()> {
    limit_depth(&value)?;
    if holds(
        &value,
        &|v| matches!(v, Value::Map(m) if m.same(map)),
        &mut 1_000_000,
    ) {
        return Err("a dict cannot hold itself".into());
    }
    let kind = key.type_name().to_owned();
    if !map.insert(key, value) {
        return Err(TemplateError::new(format!("unhashable type: '{kind}'")));
    }
    Ok(())
}

/// `dict.update(other)`: entries of a mapping, or pairs.
pub(crate) fn update_from(evaluator: &Evaluator<'_>, map: &Map, other: &Value) -> Result<()> {
    if let Value::Map(other) = other {
        for (k, v) in other.entries() {
            insert(map, k, v)?;
        }
        return Ok(());
    }
    if let Value::Object(o) = other
        && let Some(keys) = o.keys()
    {
        for k in keys {
            let value = evaluator.item(other, &k)?;
            insert(map, k, value)?;
        }
        return Ok(());
    }
    for (i, pair) in evaluator.iterate(other)?.iter().enumerate() {
        let parts = match pair {
            Value::List(_) | Value::Tuple(_) | Value::Str(_) => evaluator.iterate(pair)?,
            _ => {
                return Err(TemplateError::new(format!(
                    "cannot convert dictionary update sequence element #{i} to a sequence"
                )));
            }
        };
        match parts.as_slice() {
            [k, v] => insert(map, k.clone(), v.clone())?,
            _ => {
                return Err(TemplateError::new(format!(
                    "dictionary update sequence element #{i} has length {}; 2 is required",
                    parts.len()
                )));
            }
        }
    }
    Ok(())
}
