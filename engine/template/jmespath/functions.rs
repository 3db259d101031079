//! The functions of queries.

use super::{Node, evaluate::evaluate};
use crate::iterate::sort_by_key;
use kdo_value::{
    Map, Value,
    json::{self, Layout},
    number::{Operator, apply},
};

fn number(v: &Value) -> Option<f64> {
    if v.as_bool().is_some() { None } else { v.as_float() }
}

/// Calls a function by name.
pub(super) fn call(name: &str, nodes: &[Node], value: &Value, depth: usize) -> Result<Value, String> {
    let mut reference = None;
    let mut args = Vec::new();
    for node in nodes {
        match node {
            Node::Reference(inner) => reference = Some(&**inner),
            other => args.push(evaluate(other, value, depth + 1)?),
        }
    }
    let wrong = || format!("In function {name}(), invalid type or number of arguments");
    let first = || args.first().ok_or_else(wrong);
    let items = |v: &Value| v.as_sequence().ok_or_else(wrong);
    let text = |v: &Value| v.as_str().map(str::to_owned).ok_or_else(wrong);
    let keyed = |list: Vec<Value>| -> Result<Vec<(Value, Value)>, String> {
        let by = reference.ok_or_else(wrong)?;
        list.into_iter()
            .map(|v| Ok((evaluate(by, &v, depth + 1)?, v)))
            .collect()
    };
    let sorted = |pairs| sort_by_key(pairs, false).map_err(|e| e.message);
    let own = |list: Vec<Value>| list.into_iter().map(|v| (v.clone(), v)).collect::<Vec<_>>();
    let plain = |pairs: Vec<(Value, Value)>| pairs.into_iter().map(|(_, v)| v).collect::<Vec<_>>();
    Ok(match name {
        "length" => match first()? {
            Value::Str(s) => Value::from(s.chars().count()),
            Value::Map(m) => Value::from(m.len()),
            v => Value::from(items(v)?.len()),
        },
        "keys" => Value::list(first()?.as_map().ok_or_else(wrong)?.keys()),
        "values" => Value::list(first()?.as_map().ok_or_else(wrong)?.values()),
        "sort" => Value::list(plain(sorted(own(items(first()?)?))?)),
        "sort_by" => Value::list(plain(sorted(keyed(items(first()?)?)?)?)),
        "max" => sorted(own(items(first()?)?))?
            .pop()
            .map_or(Value::None, |(_, v)| v),
        "min" => sorted(own(items(first()?)?))?
            .into_iter()
            .next()
            .map_or(Value::None, |(_, v)| v),
        "max_by" => sorted(keyed(items(first()?)?)?)?
            .pop()
            .map_or(Value::None, |(_, v)| v),
        "min_by" => sorted(keyed(items(first()?)?)?)?
            .into_iter()
            .next()
            .map_or(Value::None, |(_, v)| v),
        "group_by" => {
            let out = Map::new();
            for (key, v) in keyed(items(first()?)?)? {
                match out.get_value(&key) {
                    Some(Value::List(l)) => {
                        l.change(|l| l.push(v));
                    }
                    _ => {
                        out.insert(key, Value::list([v]));
                    }
                }
            }
            Value::Map(out)
        }
        "map" => {
            let by = reference.ok_or_else(wrong)?;
            let list = items(first()?)?;
            Value::list(
                list.iter()
                    .map(|v| evaluate(by, v, depth + 1))
                    .collect::<Result<Vec<_>, _>>()?,
            )
        }
        "sum" | "avg" => {
            let list = items(first()?)?;
            let mut total = Value::Int(0);
            for v in &list {
                number(v).ok_or_else(wrong)?;
                total = apply(Operator::Add, &total, v)?;
            }
            match (name, list.len()) {
                ("sum", _) => total,
                (_, 0) => Value::None,
                (_, n) => apply(Operator::Div, &total, &Value::from(n))?,
            }
        }
        "abs" => match first()? {
            Value::Int(n) => n.checked_abs().map_or(Value::None, Value::Int),
            v => Value::Float(number(v).ok_or_else(wrong)?.abs()),
        },
        "ceil" | "floor" => {
            let n = number(first()?).ok_or_else(wrong)?;
            Value::Int(if name == "ceil" { n.ceil() } else { n.floor() } as i64)
        }
        "join" => {
            let separator = text(first()?)?;
            let parts = items(args.get(1).ok_or_else(wrong)?)?;
            let parts: Vec<String> = parts.iter().map(text).collect::<Result<_, _>>()?;
            Value::str(parts.join(&separator))
        }
        "contains" => {
            let wanted = args.get(1).ok_or_else(wrong)?;
            Value::Bool(match first()? {
                Value::Str(s) => wanted.as_str().is_some_and(|w| s.contains(w)),
                v => items(v)?.iter().any(|i| i.py_eq(wanted)),
            })
        }
        "starts_with" | "ends_with" => {
            let (whole, part) = (text(first()?)?, text(args.get(1).ok_or_else(wrong)?)?);
            Value::Bool(if name == "starts_with" {
                whole.starts_with(&part)
            } else {
                whole.ends_with(&part)
            })
        }
        "reverse" => match first()? {
            Value::Str(s) => Value::str(s.chars().rev().collect::<String>()),
            v => Value::list(items(v)?.into_iter().rev()),
        },
        "merge" => {
            let out = Map::new();
            for arg in &args {
                for (k, v) in arg.as_map().ok_or_else(wrong)?.entries() {
                    out.insert(k, v);
                }
            }
            Value::Map(out)
        }
        "not_null" => args.iter().find(|v| !v.is_none()).cloned().unwrap_or(Value::None),
        "to_array" => match first()? {
            v if v.as_sequence().is_some() => v.clone(),
            v => Value::list([v.clone()]),
        },
        "to_string" => match first()? {
            v @ Value::Str(_) => v.clone(),
            v => {
                let layout = Layout {
                    item_separator: Some(",".into()),
                    key_separator: ":".into(),
                    ..Layout::default()
                };
                Value::str(json::write(v, &layout)?)
            }
        },
        "to_number" => match first()? {
            v if number(v).is_some() => v.clone(),
            Value::Str(s) => match s.parse::<i64>() {
                Ok(n) => Value::Int(n),
                Err(_) => s.parse().map_or(Value::None, Value::Float),
            },
            _ => Value::None,
        },
        "type" => Value::str(match first()? {
            Value::None => "null",
            Value::Bool(_) => "boolean",
            Value::Str(_) => "string",
            Value::Map(_) => "object",
            v if number(v).is_some() => "number",
            _ => "array",
        }),
        _ => return Err(format!("Unknown function: {name}()")),
    })
}
