//! Methods of lists and tuples.

use crate::{
    TemplateError,
    eval_stmt::limit_depth,
    evaluator::{Evaluator, Result},
    methods::Args,
    range::MAX_ITEMS,
};
use kdo_value::{List, Value};

pub(crate) const NAMES: &[&str] = &[
    "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort",
];
pub(crate) const TUPLE_NAMES: &[&str] = &["count", "index"];

/// Calls a list's method. A list of the variables is changed in a copy.
pub(crate) fn call(evaluator: &Evaluator<'_>, list: &List, args: &Args<'_>) -> Result<Value> {
    args.at_most(match args.name {
        "clear" | "copy" | "reverse" | "sort" => 0,
        "index" => 3,
        "insert" => 2,
        _ => 1,
    })?;
    match args.name {
        "count" | "index" => return call_tuple(&list.to_vec(), args),
        "copy" => return Ok(Value::list(list.to_vec())),
        _ => {}
    }
    let thawed;
    let list = if list.is_frozen() {
        thawed = List::new(list.to_vec());
        &thawed
    } else {
        list
    };
    let change = |f: &mut dyn FnMut(&mut Vec<Value>) -> Result<Value>| -> Result<Value> {
        list.change(|items| f(items)).unwrap_or(Ok(Value::None))
    };
    match args.name {
        "append" => {
            let value = args.needed(0, "object")?;
            refuse_cycle(value, list)?;
            change(&mut |items| grow(items, std::iter::once(value.clone())))
        }
        "extend" => {
            let more = evaluator.iterate(args.needed(0, "iterable")?)?;
            more.iter().try_for_each(|v| refuse_cycle(v, list))?;
            change(&mut |items| grow(items, more.iter().cloned()))
        }
        "insert" => {
            let value = args.needed(1, "object")?;
            refuse_cycle(value, list)?;
            let at = args.int(0, "index", 0)?;
            change(&mut |items| {
                let position = clamp(at, items.len());
                items.insert(position, value.clone());
                Ok(Value::None)
            })
        }
        "pop" => {
            let at = args.int(0, "index", -1)?;
            change(&mut |items| {
                if items.is_empty() {
                    return Err("pop from empty list".into());
                }
                match crate::access::index(&Value::Int(at), items.len()) {
                    Some(i) => Ok(items.remove(i)),
                    None => Err("pop index out of range".into()),
                }
            })
        }
        "remove" => {
            let value = args.needed(0, "value")?;
            change(&mut |items| match items.iter().position(|v| v.py_eq(value)) {
                Some(i) => {
                    items.remove(i);
                    Ok(Value::None)
                }
                None => Err("list.remove(x): x not in list".into()),
            })
        }
        "clear" => change(&mut |items| {
            items.clear();
            Ok(Value::None)
        }),
        "reverse" => change(&mut |items| {
            items.reverse();
            Ok(Value::None)
        }),
        "sort" => sort(evaluator, list, args),
        other => Err(TemplateError::new(format!(
            "'list' object has no method '{other}'"
        ))),
    }
}

fn grow(items: &mut Vec<Value>, more: impl Iterator<Item = Value>) -> Result<Value> {
    for v in more {
        if items.len() >= MAX_ITEMS {
            return Err("The list has too many items.".into());
        }
        items.push(v);
    }
    Ok(Value::None)
}

fn clamp(at: i64, len: usize) -> usize {
    let length = i64::try_from(len).unwrap_or(i64::MAX);
    let at = if at < 0 {
        at.saturating_add(length).max(0)
    } else {
        at.min(length)
    };
    usize::try_from(at).unwrap_or(len)
}

/// Whether `value` holds `inside`: putting it there would make a circle.
fn refuse_cycle(value: &Value, inside: &List) -> Result<()> {
    limit_depth(value)?;
    if holds(
        value,
        &|v| matches!(v, Value::List(l) if l.same(inside)),
        &mut 1_000_000,
    ) {
        return Err("a list cannot hold itself".into());
    }
    Ok(())
}

/// Whether a changeable container for which `is` holds is in the value.
pub(crate) fn holds(value: &Value, is: &dyn Fn(&Value) -> bool, budget: &mut usize) -> bool {
    if *budget == 0 {
        return false;
    }
    *budget -= 1;
    match value {
        Value::List(l) => is(value) || (!l.is_frozen() && l.to_vec().iter().any(|v| holds(v, is, budget))),
        Value::Map(m) => is(value) || (!m.is_frozen() && m.values().iter().any(|v| holds(v, is, budget))),
        Value::Tuple(t) => t.iter().any(|v| holds(v, is, budget)),
        _ => false,
    }
}

fn sort(evaluator: &Evaluator<'_>, list: &List, args: &Args<'_>) -> Result<Value> {
    let reverse = args.keywords.iter().any(|(k, v)| k == "reverse" && v.truthy());
    let key = args
        .keywords
        .iter()
        .find(|(k, _)| k == "key")
        .map(|(_, v)| v)
        .filter(|v| !v.is_none());
    let mut keyed = Vec::new();
    for v in list.to_vec() {
        let k = match key {
            Some(f) => evaluator.call_value(f, vec![v.clone()], Vec::new())?,
            None => v.clone(),
        };
        keyed.push((k, v));
    }
    let sorted = crate::iterate::sort_by_key(keyed, reverse)?;
    list.change(|items| *items = sorted.into_iter().map(|(_, v)| v).collect());
    Ok(Value::None)
}

/// Calls a tuple's method.
pub(crate) fn call_tuple(items: &[Value], args: &Args<'_>) -> Result<Value> {
    let wanted = args.needed(0, "value")?;
    if args.name == "count" {
        return Ok(Value::from(items.iter().filter(|v| v.py_eq(wanted)).count()));
    }
    let start = clamp(args.int(1, "start", 0)?, items.len());
    let stop = clamp(args.int(2, "stop", i64::MAX)?, items.len());
    match items
        .get(start..stop)
        .and_then(|part| part.iter().position(|v| v.py_eq(wanted)))
    {
        Some(i) => Ok(Value::from(start + i)),
        None => Err(TemplateError::new(format!("{} is not in list", wanted.repr()))),
    }
}
