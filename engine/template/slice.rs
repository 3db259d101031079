//! `value[start:stop:step]`.

use crate::{TemplateError, evaluator::Result, range::Range};
use kdo_value::{List, Value};
use std::rc::Rc;

/// A bound beyond 64 bits, as the furthest one on its side.
pub(crate) fn far(bound: &Value) -> Option<i64> {
    match bound {
        Value::Big(n) if **n < kdo_value::BigInt::from(0) => Some(i64::MIN),
        Value::Big(_) => Some(i64::MAX),
        _ => None,
    }
}

/// Python's slice of a sequence.
pub(crate) fn slice(value: &Value, [start, stop, step]: [Option<i64>; 3]) -> Result<Value> {
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(TemplateError::new("slice step cannot be zero"));
    }
    let positions = |len: usize| positions(len, start, stop, step);
    match value {
        Value::Str(s) if s.is_ascii() => {
            let bytes = s.as_bytes();
            let picked: Vec<u8> = positions(bytes.len())
                .filter_map(|i| bytes.get(i).copied())
                .collect();
            Ok(Value::str(String::from_utf8(picked).unwrap_or_default()))
        }
        Value::Str(s) => {
            let chars: Vec<char> = s.chars().collect();
            Ok(Value::str(
                positions(chars.len())
                    .filter_map(|i| chars.get(i))
                    .collect::<String>(),
            ))
        }
        Value::List(l) => {
            let items = l.items();
            Ok(Value::List(List::new(
                positions(items.len())
                    .filter_map(|i| items.get(i).cloned())
                    .collect(),
            )))
        }
        Value::Tuple(t) => Ok(Value::Tuple(
            positions(t.len()).filter_map(|i| t.get(i).cloned()).collect(),
        )),
        Value::Bytes(b) => Ok(Value::Bytes(
            positions(b.len())
                .filter_map(|i| b.get(i).copied())
                .collect::<Vec<u8>>()
                .into(),
        )),
        Value::Object(_) if let Some(range) = Range::of(value) => slice_range(range, start, stop, step),
        other => Err(TemplateError::undefined(format!(
            "object of type '{}' has no attribute 'slice({}, {}, {})'",
            other.type_name(),
            start.map_or("None".into(), |n| n.to_string()),
            stop.map_or("None".into(), |n| n.to_string()),
            step
        ))),
    }
}

fn slice_range(range: Range, start: Option<i64>, stop: Option<i64>, step: i64) -> Result<Value> {
    let (first, last, _) = bounds(range.len(), start, stop, step);
    let at = |position: i64| range.start.saturating_add(range.step.saturating_mul(position));
    Ok(Value::Object(Rc::new(Range {
        start: at(first),
        stop: at(last),
        step: range.step.saturating_mul(step),
    })))
}

/// The first position, the one where it ends, and the number of positions.
fn bounds(len: usize, start: Option<i64>, stop: Option<i64>, step: i64) -> (i64, i64, usize) {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let place = |bound: Option<i64>, default: i64| match bound {
        None => default,
        Some(b) if b < 0 => b.saturating_add(len).max(low),
        Some(b) => b.min(high),
    };
    let (start, stop) = if step > 0 {
        (place(start, low), place(stop, high))
    } else {
        (place(start, high), place(stop, low))
    };
    let span = if step > 0 {
        i128::from(stop) - i128::from(start)
    } else {
        i128::from(start) - i128::from(stop)
    };
    let count = if span <= 0 {
        0
    } else {
        (span - 1) / i128::from(step).abs() + 1
    };
    (start, stop, usize::try_from(count).unwrap_or(usize::MAX))
}

fn positions(len: usize, start: Option<i64>, stop: Option<i64>, step: i64) -> impl Iterator<Item = usize> {
    let (first, _, count) = bounds(len, start, stop, step);
    (0..count).filter_map(move |i| {
        let i = i64::try_from(i).ok()?;
        usize::try_from(first.checked_add(i.checked_mul(step)?)?).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::slice;
    use kdo_value::Value;

    fn cut(start: Option<i64>, stop: Option<i64>, step: Option<i64>) -> String {
        slice(&Value::str("h\u{e9}llo"), [start, stop, step])
            .unwrap()
            .to_text()
    }

    #[test]
    fn slices_follow_python() {
        assert_eq!(cut(Some(1), Some(3), None), "\u{e9}l");
        assert_eq!(cut(None, None, Some(-1)), "oll\u{e9}h");
        assert_eq!(cut(Some(-2), None, None), "lo");
        assert_eq!(cut(Some(10), None, None), "");
        assert_eq!(cut(Some(3), Some(0), Some(-2)), "l\u{e9}");
        assert_eq!(cut(Some(i64::MIN), Some(i64::MAX), Some(i64::MAX)), "h");
        assert!(slice(&Value::Int(1), [None; 3]).is_err());
    }
}
