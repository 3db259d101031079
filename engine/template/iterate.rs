//! Walking values as Python's `iter()`, `sorted()` and `str()` do.

use crate::{Check, TemplateError};
use kdo_value::Value;
use std::cmp::Ordering;

/// Largest number of items that a filter or lookup may produce.
pub(crate) const MAX_ITEMS: usize = 10_000_000;

/// The items of an iterable: characters of text, keys of dicts.
pub(crate) fn iterate(value: &Value) -> Result<Vec<Value>, TemplateError> {
    match value.check()? {
        Value::List(l) => Ok(l.to_vec()),
        Value::Tuple(t) => Ok(t.to_vec()),
        Value::Map(m) => Ok(m.keys()),
        Value::Str(s) => Ok(s.chars().map(|c| Value::str(c.to_string())).collect()),
        Value::Bytes(b) => Ok(b.iter().map(|b| Value::Int(i64::from(*b))).collect()),
        Value::Object(o) => o.keys().ok_or_else(|| not_iterable(value)),
        v => Err(not_iterable(v)),
    }
}

fn not_iterable(value: &Value) -> TemplateError {
    TemplateError::new(format!("'{}' object is not iterable", value.type_name()))
}

/// `str(value)`; missing values are errors.
pub(crate) fn text(value: &Value) -> Result<String, TemplateError> {
    Ok(value.check()?.to_text())
}

/// The text itself; anything else is a type error in Python's words.
pub(crate) fn path_text(value: &Value) -> Result<&str, TemplateError> {
    value.check()?.as_str().ok_or_else(|| {
        TemplateError::new(format!(
            "expected str, bytes or os.PathLike object, not {}",
            value.type_name()
        ))
    })
}

/// `a < b` with Python's error for types without order.
pub(crate) fn less(a: &Value, b: &Value) -> Result<bool, TemplateError> {
    Ok(a.check()?.py_cmp(b.check()?, "<")? == Some(Ordering::Less))
}

/// Sorts items by their keys: stable, and safe for keys without a total order.
pub(crate) fn sort_by_key(
    items: Vec<(Value, Value)>,
    reverse: bool,
) -> Result<Vec<(Value, Value)>, TemplateError> {
    if items.len() < 2 {
        return Ok(items);
    }
    let mut left = items;
    let right = left.split_off(left.len() / 2);
    let left = sort_by_key(left, reverse)?;
    let right = sort_by_key(right, reverse)?;
    let mut out = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(l), Some(r)) = (left.peek(), right.peek()) {
        let right_first = if reverse {
            less(&l.0, &r.0)?
        } else {
            less(&r.0, &l.0)?
        };
        out.extend(if right_first { right.next() } else { left.next() });
    }
    out.extend(left);
    out.extend(right);
    Ok(out)
}

/// Whether `items` holds `value`, by Python's `==`.
pub(crate) fn holds(items: &[Value], value: &Value) -> bool {
    items.iter().any(|i| i.py_eq(value))
}

/// Membership by hash where the value allows it, else by comparison: `in` over large lists stays fast.
#[derive(Default)]
pub(crate) struct Seen {
    keys: std::collections::HashSet<KeyOf>,
    others: Vec<Value>,
}

#[derive(PartialEq, Eq, Hash)]
struct KeyOf(kdo_value::Key);

impl Seen {
    /// All of `items`.
    pub(crate) fn of(items: &[Value]) -> Self {
        let mut seen = Self::default();
        for i in items {
            seen.insert(i);
        }
        seen
    }

    /// Adds it; false if it was there.
    pub(crate) fn insert(&mut self, value: &Value) -> bool {
        match kdo_value::Key::new(value.clone()) {
            Some(key) => self.keys.insert(KeyOf(key)),
            None if holds(&self.others, value) => false,
            None => {
                self.others.push(value.clone());
                true
            }
        }
    }

    /// Whether it was added.
    pub(crate) fn contains(&self, value: &Value) -> bool {
        match kdo_value::Key::new(value.clone()) {
            Some(key) => self.keys.contains(&KeyOf(key)),
            None => holds(&self.others, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sort_by_key;
    use kdo_value::Value;

    #[test]
    fn keys_without_a_total_order_do_not_panic() {
        let items = (0..50)
            .map(|i| {
                let f = if i % 3 == 0 { f64::NAN } else { f64::from(50 - i) };
                (Value::Float(f), Value::Int(i.into()))
            })
            .collect();
        assert_eq!(sort_by_key(items, false).unwrap().len(), 50);
    }

    #[test]
    fn equal_keys_keep_their_order_in_both_directions() {
        let items: Vec<_> = (0..6).map(|i| (Value::Int(i % 2), Value::Int(i))).collect();
        let order = |reverse| -> Vec<i64> {
            sort_by_key(items.clone(), reverse)
                .unwrap()
                .iter()
                .filter_map(|(_, v)| v.as_int())
                .collect()
        };
        assert_eq!(order(false), [0, 2, 4, 1, 3, 5]);
        assert_eq!(order(true), [1, 3, 5, 0, 2, 4]);
    }
}
