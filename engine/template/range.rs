//! `range()`: a sequence without its items.

use kdo_value::{Object, Value};
use std::any::Any;

/// Largest range that becomes a list.
pub(crate) const MAX_ITEMS: usize = 10_000_000;

/// Python's `range`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: i64,
    pub(crate) stop: i64,
    pub(crate) step: i64,
}

impl Range {
    /// Number of items.
    pub(crate) fn len(&self) -> usize {
        let (start, stop, step) = (
            i128::from(self.start),
            i128::from(self.stop),
            i128::from(self.step),
        );
        let span = if step > 0 { stop - start } else { start - stop };
        if span <= 0 || step == 0 {
            return 0;
        }
        usize::try_from((span - 1) / step.abs() + 1).unwrap_or(usize::MAX)
    }

    /// The item at `index`, negative from the end.
    pub(crate) fn at(&self, index: i64) -> Option<i64> {
        let len = i64::try_from(self.len()).ok()?;
        let index = if index < 0 { index + len } else { index };
        (0..len).contains(&index).then(|| self.start + index * self.step)
    }

    /// Whether `n` is an item.
    pub(crate) fn contains(&self, n: i64) -> bool {
        let inside = if self.step > 0 {
            n >= self.start && n < self.stop
        } else {
            n <= self.start && n > self.stop
        };
        inside && (i128::from(n) - i128::from(self.start)) % i128::from(self.step) == 0
    }

    /// All items, if they are not too many.
    pub(crate) fn items(&self) -> Result<Vec<Value>, String> {
        let len = self.len();
        if len > MAX_ITEMS {
            return Err(format!("The range has {len} items; {MAX_ITEMS} are allowed."));
        }
        let mut n = self.start;
        Ok((0..len)
            .map(|_| {
                let v = Value::Int(n);
                n = n.saturating_add(self.step);
                v
            })
            .collect())
    }

    /// The range behind a value.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Object(o) => o.as_any().downcast_ref::<Self>().copied(),
            _ => None,
        }
    }
}

impl Object for Range {
    fn type_name(&self) -> &str {
        "range"
    }

    fn get(&self, key: &Value) -> Option<Value> {
        match key.as_str() {
            Some("start") => Some(Value::Int(self.start)),
            Some("stop") => Some(Value::Int(self.stop)),
            Some("step") => Some(Value::Int(self.step)),
            Some(_) => None,
            None => self.at(key.as_int()?).map(Value::Int),
        }
    }

    fn to_text(&self) -> String {
        if self.step == 1 {
            format!("range({}, {})", self.start, self.stop)
        } else {
            format!("range({}, {}, {})", self.start, self.stop, self.step)
        }
    }

    fn truthy(&self) -> bool {
        self.len() > 0
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        Self::of(other).map(|o| {
            o.len() == self.len() && (self.len() == 0 || (o.start == self.start && o.step == self.step))
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
