//! Equality, hash and order as in Python.

use crate::Value;
use num_bigint::BigInt;
use num_traits::{FromPrimitive, ToPrimitive};
use std::{
    cmp::Ordering,
    hash::{Hash, Hasher},
    rc::Rc,
};

/// Order of a big integer against a float, without losing the integer's digits.
fn big_against_float(n: &BigInt, f: f64) -> Option<Ordering> {
    if f.is_nan() {
        return None;
    }
    match BigInt::from_f64(f.trunc()) {
        Some(t) => Some(
            n.cmp(&t)
                .then_with(|| 0.0_f64.partial_cmp(&f.fract()).unwrap_or(Ordering::Equal)),
        ),
        None => Some(if f > 0.0 {
            Ordering::Less
        } else {
            Ordering::Greater
        }),
    }
}

fn numbers(a: &Value, b: &Value) -> Option<Option<Ordering>> {
    if let (Some(x), Some(y)) = (a.as_int(), b.as_int()) {
        return Some(Some(x.cmp(&y)));
    }
    let big = |v: &Value| match v {
        Value::Big(n) => Some((**n).clone()),
        v => v.as_int().map(BigInt::from),
    };
    match (a, b) {
        (Value::Float(x), Value::Float(y)) => Some(x.partial_cmp(y)),
        (Value::Float(x), y) => Some(big_against_float(&big(y)?, *x).map(Ordering::reverse)),
        (x, Value::Float(y)) => Some(big_against_float(&big(x)?, *y)),
        _ => Some(Some(big(a)?.cmp(&big(b)?))),
    }
}

impl Value {
    /// Python's `==`.
    pub fn py_eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) | (Self::Omit, Self::Omit) => true,
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::List(a), Self::List(b)) => {
                a.same(b)
                    || (a.len() == b.len()
                        && a.to_vec().iter().zip(b.to_vec().iter()).all(|(x, y)| x.py_eq(y)))
            }
            (Self::Tuple(a), Self::Tuple(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(x, y)| x.py_eq(y))
            }
            (Self::Map(a), Self::Map(b)) => {
                a.same(b)
                    || (a.len() == b.len()
                        && a.entries()
                            .iter()
                            .all(|(k, v)| b.get_value(k).is_some_and(|w| v.py_eq(&w))))
            }
            (Self::Object(a), Self::Object(b)) if Rc::ptr_eq(a, b) => true,
            (Self::Object(a), b) => a.equals(b).unwrap_or(false),
            (a, Self::Object(b)) => b.equals(a).unwrap_or(false),
            _ => numbers(self, other).is_some_and(|o| o == Some(Ordering::Equal)),
        }
    }

    /// Python's order. The error is Python's message for types that have none.
    pub fn py_cmp(&self, other: &Self, operator: &str) -> Result<Option<Ordering>, String> {
        if let Some(order) = numbers(self, other) {
            return Ok(order);
        }
        let sequences = |a: &[Value], b: &[Value]| {
            for (x, y) in a.iter().zip(b) {
                if !x.py_eq(y) {
                    return x.py_cmp(y, operator);
                }
            }
            Ok(Some(a.len().cmp(&b.len())))
        };
        match (self, other) {
            (Self::Str(a), Self::Str(b)) => Ok(Some(a.as_str().cmp(b.as_str()))),
            (Self::Bytes(a), Self::Bytes(b)) => Ok(Some(a.cmp(b))),
            (Self::List(a), Self::List(b)) => sequences(&a.to_vec(), &b.to_vec()),
            (Self::Tuple(a), Self::Tuple(b)) => sequences(a, b),
            (Self::Object(a), b) if a.compare(b).is_some() => Ok(a.compare(b)),
            _ => Err(format!(
                "'{operator}' not supported between instances of '{}' and '{}'",
                self.type_name(),
                other.type_name()
            )),
        }
    }

    /// Hash that agrees with `py_eq`.
    pub(crate) fn py_hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Str(s) => s.as_str().hash(state),
            Self::Bytes(b) => b.hash(state),
            Self::Tuple(t) => t.iter().for_each(|v| v.py_hash(state)),
            Self::Big(n) => n.hash(state),
            Self::Float(f) => match (f.fract() == 0.0).then(|| f.to_i64()).flatten() {
                Some(n) => n.hash(state),
                None => match (f.fract() == 0.0).then(|| BigInt::from_f64(*f)).flatten() {
                    Some(n) => n.hash(state),
                    None => f.to_bits().hash(state),
                },
            },
            _ => {
                if let Some(n) = self.as_int() {
                    n.hash(state);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Map, Value};
    use std::cmp::Ordering;

    #[test]
    fn numbers_of_all_types_are_equal_and_the_same_key() {
        assert!(Value::Bool(true).py_eq(&Value::Int(1)) && Value::Int(1).py_eq(&Value::Float(1.0)));
        let map = Map::new();
        map.insert(1_i64, "int");
        map.insert(true, "bool");
        assert_eq!(map.len(), 1);
        assert_eq!(
            map.get_value(&Value::Float(1.0))
                .and_then(|v| v.as_str().map(str::to_owned)),
            Some("bool".into())
        );
    }

    #[test]
    fn types_without_order_are_refused() {
        assert!(Value::str("a").py_cmp(&Value::Int(1), "<").is_err());
        assert!(Value::None.py_cmp(&Value::None, "<").is_err());
        assert_eq!(
            Value::str("a").py_cmp(&Value::str("b"), "<"),
            Ok(Some(Ordering::Less))
        );
    }

    #[test]
    fn big_integers_compare_exactly_with_floats() {
        let big = Value::big("9007199254740993".parse().unwrap());
        assert_eq!(
            big.py_cmp(&Value::Float(9007199254740992.0), "<"),
            Ok(Some(Ordering::Greater))
        );
    }
}
