//! A query applied to a value.

use super::{Node, functions};
use kdo_value::{Map, Value};

/// Truth in JMESPath: zero is true.
fn holds(value: &Value) -> bool {
    match value {
        Value::Int(_) | Value::Big(_) | Value::Float(_) => true,
        v => v.truthy(),
    }
}

fn each(items: Vec<Value>, node: &Node, depth: usize) -> Result<Value, String> {
    let mut out = Vec::new();
    for item in items {
        let found = evaluate(node, &item, depth + 1)?;
        if !found.is_none() {
            out.push(found);
        }
    }
    Ok(Value::list(out))
}

fn slice(items: &[Value], start: Option<i64>, stop: Option<i64>, step: i64) -> Vec<Value> {
    let length = items.len() as i64;
    let (low, high) = if step < 0 { (-1, length - 1) } else { (0, length) };
    let clamp = |n: i64| {
        if n < 0 {
            (n.saturating_add(length)).max(low)
        } else {
            n.min(high)
        }
    };
    let mut at = start.map_or(if step < 0 { high } else { low }, clamp);
    let stop = stop.map_or(if step < 0 { low } else { high }, clamp);
    let mut out = Vec::new();
    while if step > 0 { at < stop } else { at > stop } {
        out.extend(usize::try_from(at).ok().and_then(|i| items.get(i)).cloned());
        at = at.saturating_add(step);
    }
    out
}

/// The result; missing parts are none.
pub(super) fn evaluate(node: &Node, value: &Value, depth: usize) -> Result<Value, String> {
    if depth > 300 {
        return Err("the query is nested too deeply".into());
    }
    let run = |node: &Node| evaluate(node, value, depth + 1);
    Ok(match node {
        Node::Current => value.clone(),
        Node::Literal(v) => v.clone(),
        Node::Field(name) => value.get(name).unwrap_or(Value::None),
        Node::Index(n) => match value.as_sequence() {
            Some(items) => {
                let at = if *n < 0 { n + items.len() as i64 } else { *n };
                usize::try_from(at)
                    .ok()
                    .and_then(|i| items.get(i).cloned())
                    .unwrap_or(Value::None)
            }
            None => Value::None,
        },
        Node::Slice(start, stop, step) => match value.as_sequence() {
            Some(items) => Value::list(slice(&items, *start, *stop, *step)),
            None => Value::None,
        },
        Node::Then(left, right) => {
            let left = run(left)?;
            evaluate(right, &left, depth + 1)?
        }
        Node::Each(left, right) => match run(left)?.as_sequence() {
            Some(items) => each(items, right, depth)?,
            None => Value::None,
        },
        Node::Values(left, right) => match run(left)? {
            Value::Map(m) => each(m.values(), right, depth)?,
            _ => Value::None,
        },
        Node::Flatten(left) => match run(left)?.as_sequence() {
            Some(items) => {
                let mut out = Vec::new();
                for item in items {
                    match item.as_sequence() {
                        Some(inner) => out.extend(inner),
                        None => out.push(item),
                    }
                }
                Value::list(out)
            }
            None => Value::None,
        },
        Node::Filter(left, condition, right) => match run(left)?.as_sequence() {
            Some(items) => {
                let mut kept = Vec::new();
                for item in items {
                    if holds(&evaluate(condition, &item, depth + 1)?) {
                        kept.push(item);
                    }
                }
                each(kept, right, depth)?
            }
            None => Value::None,
        },
        Node::List(_) | Node::Hash(_) if value.is_none() => Value::None,
        Node::List(nodes) => Value::list(nodes.iter().map(run).collect::<Result<Vec<_>, _>>()?),
        Node::Hash(entries) => {
            let out = Map::new();
            for (name, node) in entries {
                out.insert(name.as_str(), run(node)?);
            }
            Value::Map(out)
        }
        Node::Not(inner) => Value::Bool(!holds(&run(inner)?)),
        Node::And(left, right) => match run(left)? {
            v if holds(&v) => run(right)?,
            v => v,
        },
        Node::Or(left, right) => match run(left)? {
            v if holds(&v) => v,
            _ => run(right)?,
        },
        Node::Compare(operator, left, right) => compare(operator, &run(left)?, &run(right)?),
        Node::Function(name, args) => functions::call(name, args, value, depth)?,
        Node::Reference(_) => return Err("an expression with & is only allowed as an argument".into()),
    })
}

fn compare(operator: &str, a: &Value, b: &Value) -> Value {
    let same = (a.as_bool().is_some() == b.as_bool().is_some()) && a.py_eq(b);
    match operator {
        "==" => return Value::Bool(same),
        "!=" => return Value::Bool(!same),
        _ => {}
    }
    let comparable = |v: &Value| v.as_float().is_some() && v.as_bool().is_none() || v.as_str().is_some();
    if !comparable(a) || !comparable(b) {
        return Value::None;
    }
    match a.py_cmp(b, operator) {
        Ok(Some(order)) => Value::Bool(match operator {
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            _ => order.is_ge(),
        }),
        _ => Value::None,
    }
}
