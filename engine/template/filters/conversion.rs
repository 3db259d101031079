//! Filters that turn one type into another.

use crate::{Call, Callable, Check, TemplateError, declare::callable, iterate::iterate};
use kdo_value::{BigInt, Value};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.bool", bool, "True for true, 1 and the words yes, on, true and 1 in any case; false for all else.", [];
        "{{ 'Yes' | bool }}" => "true",
        "{{ 'foo' | bool }}" => "false",
        "{{ 1 | bool }}" => "true",
        "{{ 2 | bool }}" => "false",
        "{{ none | bool }}" => "false"),
    callable!("ansible.builtin.int", int, "An integer read from the value in the given base, or the default where it is none.", [];
        "{{ '12' | int }}" => "12",
        "{{ '12.7' | int }}" => "12",
        "{{ 'x' | int }}" => "0",
        "{{ 'x' | int(5) }}" => "5",
        "{{ '0x1f' | int(base=16) }}" => "31",
        "{{ 12.9 | int }}" => "12"),
    callable!("ansible.builtin.float", float, "A float read from the value, or the default where it is none.", [];
        "{{ '3.5' | float }}" => "3.5",
        "{{ 'x' | float }}" => "0.0",
        "{{ 2 | float }}" => "2.0"),
    callable!("ansible.builtin.string", string, "The value as text.", [];
        "{{ 1 | string }}" => r#""1""#,
        "{{ [1, 'a', none, true] | string }}" => r#""[1, 'a', None, True]""#),
    callable!("ansible.builtin.list", list, "A list of the value's items: characters of text, keys of a dict.", [];
        "{{ 'abc' | list }}" => r#"["a", "b", "c"]"#,
        "{{ {'a': 1} | list }}" => r#"["a"]"#),
];

/// Whether a value means true, as module arguments and the `bool` filter read it; `None` for other values.
pub(crate) fn read_bool(value: &Value) -> Option<bool> {
    let number = match value {
        Value::Bool(b) => return Some(*b),
        Value::Str(s) => {
            return match s.to_lowercase().as_str() {
                "yes" | "on" | "1" | "true" => Some(true),
                "no" | "off" | "0" | "false" => Some(false),
                _ => None,
            };
        }
        v => v.as_float()?,
    };
    if number == 1.0 {
        Some(true)
    } else if number == 0.0 {
        Some(false)
    } else {
        None
    }
}

fn bool(call: &Call<'_>) -> Result<Value, TemplateError> {
    Ok(Value::Bool(read_bool(call.subject()?).unwrap_or(false)))
}

/// `int(text, base)` of Python: blanks around it, underscores between digits, the base's prefix.
pub(crate) fn read_int(text: &str, base: u32) -> Option<BigInt> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let prefixes: &[(u32, &str)] = &[(16, "0x"), (16, "0X"), (8, "0o"), (8, "0O"), (2, "0b"), (2, "0B")];
    let found = prefixes.iter().find_map(|(b, p)| {
        let rest = digits.strip_prefix(p).filter(|_| base == 0 || base == *b)?;
        Some((*b, rest.strip_prefix('_').unwrap_or(rest)))
    });
    let (base, digits) = match found {
        Some(found) => found,
        None if base == 0 => {
            let zeros = digits.chars().all(|c| c == '0' || c == '_');
            if digits.starts_with('0') && !zeros {
                return None;
            }
            (10, digits)
        }
        None => (base, digits),
    };
    if !(2..=36).contains(&base)
        || digits.is_empty()
        || digits.len() > 4300
        || digits.starts_with('_')
        || digits.ends_with('_')
        || digits.contains("__")
    {
        return None;
    }
    let mut plain = String::with_capacity(digits.len());
    for c in digits.chars().filter(|c| *c != '_') {
        // Python takes every decimal digit of Unicode; roles only have ASCII and full-width ones
        let c = match u32::from(c) {
            n @ 0xff10..=0xff19 => char::from_digit(n - 0xff10, 10)?,
            _ => c,
        };
        c.to_digit(base)?;
        plain.push(c);
    }
    let n = BigInt::parse_bytes(plain.as_bytes(), base)?;
    Some(if negative { -n } else { n })
}

/// `float(text)` of Python.
pub(crate) fn read_float(text: &str) -> Option<f64> {
    let text = text.trim();
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let word = body.to_ascii_lowercase();
    let f = match word.as_str() {
        "inf" | "infinity" => f64::INFINITY,
        "nan" => f64::NAN,
        _ => {
            if body.starts_with('_') || body.ends_with('_') || body.contains("__") {
                return None;
            }
            let plain = body.replace('_', "");
            if !plain.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
                return None;
            }
            plain.parse().ok()?
        }
    };
    Some(if text.starts_with('-') { -f } else { f })
}

/// The integer part of a finite float.
pub(crate) fn truncate(f: f64) -> Option<Value> {
    if !f.is_finite() {
        return None;
    }
    let t = f.trunc();
    if t.abs() < 9.0e18 {
        return Some(Value::Int(t as i64));
    }
    BigInt::parse_bytes(format!("{t:.0}").as_bytes(), 10).map(Value::big)
}

fn int(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let default = || call.get(1, "default").cloned().unwrap_or(Value::Int(0));
    let base = match value {
        Value::Str(_) => u32::try_from(call.int(2, "base", 10)?).unwrap_or(1),
        _ => 10,
    };
    Ok(match value {
        Value::Bool(b) => Value::Int(i64::from(*b)),
        Value::Int(_) | Value::Big(_) => value.clone(),
        Value::Float(f) if f.is_infinite() => {
            return call.fail("cannot convert float infinity to integer");
        }
        Value::Float(f) => truncate(*f).unwrap_or_else(default),
        Value::Str(s) => match read_int(s, base) {
            Some(n) => Value::big(n),
            None => read_float(s).and_then(truncate).unwrap_or_else(default),
        },
        _ => default(),
    })
}

fn float(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let number = match value {
        Value::Str(s) => read_float(s),
        v => v.as_float(),
    };
    Ok(match number {
        Some(f) => Value::Float(f),
        None => call.get(1, "default").cloned().unwrap_or(Value::Float(0.0)),
    })
}

fn string(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    Ok(match value {
        Value::Str(s) => Value::Str(s.untrusted()),
        v => {
            nothing_missing(v)?;
            Value::str(v.to_text())
        }
    })
}

/// A container with a value that could not be had (undefined, not decrypted) has no text.
fn nothing_missing(value: &Value) -> Result<(), TemplateError> {
    match value.check()? {
        Value::List(items) => items.to_vec().iter().try_for_each(nothing_missing),
        Value::Tuple(items) => items.iter().try_for_each(nothing_missing),
        Value::Map(map) => map.entries().iter().try_for_each(|(_, v)| nothing_missing(v)),
        _ => Ok(()),
    }
}

fn list(call: &Call<'_>) -> Result<Value, TemplateError> {
    let items = iterate(call.subject()?)?;
    for i in &items {
        i.check()?;
    }
    Ok(Value::list(items))
}
