//! Conversion of arguments to a parameter's type, as Ansible converts them.

use super::Kind;
use kdo_value::{Map, Value, json};

/// Ansible's words for truth.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "y" | "yes" | "on" | "1" | "true" | "t" | "1.0" => Some(true),
        "n" | "no" | "off" | "0" | "false" | "f" | "0.0" => Some(false),
        _ => None,
    }
}

/// The value in the type `kind`; the error says why it cannot be.
pub fn convert(value: &Value, kind: Kind) -> Result<Value, String> {
    let cannot = || {
        Err(format!(
            "{} cannot be converted to {}",
            article(value),
            target(kind)
        ))
    };
    Ok(match (kind, value) {
        (Kind::Raw, v) => v.clone(),
        (Kind::Str | Kind::Path, Value::Str(_)) => value.clone(),
        (Kind::Str | Kind::Path, Value::None) => Value::str(""),
        (Kind::Str | Kind::Path, v) => Value::str(v.to_text()),
        (Kind::Bool, Value::Bool(_)) => value.clone(),
        (Kind::Bool, Value::Int(n @ (0 | 1))) => Value::Bool(*n == 1),
        (Kind::Bool, Value::Float(f)) if *f == 0.0 || *f == 1.0 => Value::Bool(*f == 1.0),
        (Kind::Bool, Value::Str(s)) => match parse_bool(s) {
            Some(b) => Value::Bool(b),
            None => return not_bool(s),
        },
        (Kind::Bool, Value::Int(_) | Value::Float(_)) => return not_bool(&value.to_text()),
        (Kind::Bool, _) => return cannot(),
        (Kind::Int, Value::Int(_) | Value::Big(_)) => value.clone(),
        (Kind::Int, Value::Bool(b)) => Value::Int(i64::from(*b)),
        (Kind::Int, Value::Float(f)) if f.fract() == 0.0 && f.abs() < 9e15 => Value::Int(*f as i64),
        (Kind::Int, v) => match v.as_str().and_then(parse_int) {
            Some(n) => Value::Int(n),
            None => return Err(format!("\"{}\" cannot be converted to an int", v.repr())),
        },
        (Kind::Float, Value::Float(_)) => value.clone(),
        (Kind::Float, Value::Str(s)) => match s.trim().replace('_', "").parse::<f64>() {
            Ok(f) => Value::Float(f),
            Err(_) => return cannot(),
        },
        (Kind::Float, v) => match v.as_float() {
            Some(f) => Value::Float(f),
            None => return cannot(),
        },
        (Kind::List, Value::List(_)) => value.clone(),
        (Kind::List, Value::Tuple(t)) => Value::list(t.iter().cloned()),
        (Kind::List, Value::Str(s)) => Value::list(s.split(',').map(Value::str)),
        (Kind::List, Value::Int(_) | Value::Float(_) | Value::Bool(_)) => {
            Value::list([Value::str(value.to_text())])
        }
        (Kind::List, _) => return cannot(),
        (Kind::Dict, Value::Map(_)) => value.clone(),
        (Kind::Dict, Value::Str(s)) => dict(s)?,
        (Kind::Dict, _) => return cannot(),
        (Kind::Jsonarg, Value::Str(s)) => Value::str(s.trim()),
        (Kind::Jsonarg, v @ (Value::List(_) | Value::Map(_) | Value::Tuple(_))) => Value::str(json::line(v)),
        (Kind::Jsonarg, _) => return cannot(),
        (Kind::Bytes | Kind::Bits, v) => size(v, kind == Kind::Bits)?,
    })
}

fn not_bool(text: &str) -> Result<Value, String> {
    Err(format!(
        "The value '{text}' is not a valid boolean. Valid booleans include: 'y', 'yes', 'on', '1', 'true', 't', 'n', 'no', 'off', '0', 'false', 'f'"
    ))
}

fn parse_int(text: &str) -> Option<i64> {
    let text = text.trim().replace('_', "");
    match text.parse::<i64>() {
        Ok(n) => Some(n),
        Err(_) => text
            .parse::<f64>()
            .ok()
            .filter(|f| f.fract() == 0.0 && f.abs() < 9e15)
            .map(|f| f as i64),
    }
}

fn article(value: &Value) -> String {
    format!("<class '{}'>", value.type_name())
}

fn target(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "a bool",
        Kind::Int => "an int",
        Kind::Float => "a float",
        Kind::List => "a list",
        Kind::Dict => "a dict",
        Kind::Jsonarg => "a json string",
        _ => "a string",
    }
}

fn dict(text: &str) -> Result<Value, String> {
    let text = text.trim();
    if text.starts_with('{') {
        return match json::read(text) {
            Ok(v @ Value::Map(_)) => Ok(v),
            _ => Err("unable to evaluate string as dictionary".into()),
        };
    }
    if !text.contains('=') {
        return Err("dictionary requested, could not parse JSON or key=value".into());
    }
    let map = Map::new();
    for field in split_fields(text) {
        match field.split_once('=') {
            Some((k, v)) => map.insert(k.trim(), v.trim()),
            None => {
                return Err(r#"unable to evaluate string in the "key=value" format as dictionary"#.into());
            }
        };
    }
    Ok(map.into())
}

/// Fields between commas or blanks; quotes keep both together, a backslash the next character.
fn split_fields(text: &str) -> Vec<String> {
    let (mut fields, mut field, mut quote, mut escaped) = (Vec::new(), String::new(), None, false);
    for c in text.chars() {
        if escaped {
            field.push(c);
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if quote == Some(c) {
            quote = None;
        } else if quote.is_none() && matches!(c, '"' | '\'') {
            quote = Some(c);
        } else if quote.is_none() && (c == ',' || c == ' ') {
            if !field.is_empty() {
                fields.push(std::mem::take(&mut field));
            }
        } else {
            field.push(c);
        }
    }
    if !field.is_empty() {
        fields.push(field);
    }
    fields
}

/// Letters of size units, each 1024 times the one before, with their names.
const UNITS: &[(char, &str)] = &[
    ('B', ""),
    ('K', "kilo"),
    ('M', "mega"),
    ('G', "giga"),
    ('T', "tera"),
    ('P', "peta"),
    ('E', "exa"),
    ('Z', "zetta"),
    ('Y', "yotta"),
];

/// `10K`, `1.5 GB`: as a number of bytes (or bits). Units of more than one letter must be of the right sort.
fn size(value: &Value, bits: bool) -> Result<Value, String> {
    let fail = || {
        Err(format!(
            "{} cannot be converted to a {} value",
            article(value),
            if bits { "Bit" } else { "Byte" }
        ))
    };
    let text = value.to_text();
    let text = text.trim_end();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let number = match digits.parse::<f64>() {
        Ok(number) if !digits.ends_with('.') => number,
        _ => return fail(),
    };
    let unit = unit.trim_start();
    let Some(letter) = unit.chars().next() else {
        return Ok(Value::Int(number.round_ties_even() as i64));
    };
    let place = UNITS.iter().position(|(l, _)| *l == letter.to_ascii_uppercase());
    let (Some(power), true) = (place, unit.chars().all(|c| c.is_ascii_alphabetic())) else {
        return fail();
    };
    let (word, short) = if bits { ("bit", 'b') } else { ("byte", 'B') };
    let named = UNITS.get(power).is_some_and(|(letter, prefix)| {
        unit.to_lowercase() == format!("{prefix}{word}")
            || unit
                == if power == 0 {
                    short.to_string()
                } else {
                    format!("{letter}{short}")
                }
    });
    if unit.len() > 1 && !named {
        return fail();
    }
    let factor = 1024_f64.powi(i32::try_from(power).unwrap_or(0));
    Ok(Value::Int((number * factor).round_ties_even() as i64))
}

#[cfg(test)]
mod tests {
    use super::{Kind, convert};
    use kdo_value::{Value, json};

    fn to(text: &str, kind: Kind) -> String {
        convert(&json::read(text).unwrap(), kind).map_or_else(|e| format!("error: {e}"), |v| v.repr())
    }

    #[test]
    fn values_become_what_ansible_makes_of_them() {
        for (json, kind, result) in [
            ("\"yes\"", Kind::Bool, "True"),
            ("0", Kind::Bool, "False"),
            ("\"12\"", Kind::Int, "12"),
            ("5", Kind::Str, "'5'"),
            ("true", Kind::Str, "'True'"),
            ("\"a,b\"", Kind::List, "['a', 'b']"),
            ("\"a=1, b='x y'\"", Kind::Dict, "{'a': '1', 'b': 'x y'}"),
            ("\"{\\\"a\\\": 1}\"", Kind::Dict, "{'a': 1}"),
            ("\"10K\"", Kind::Bytes, "10240"),
            ("[1]", Kind::Int, "error: \"[1]\" cannot be converted to an int"),
            ("\"x\"", Kind::Int, "error: \"'x'\" cannot be converted to an int"),
        ] {
            assert_eq!(to(json, kind), result, "{json}");
        }
        assert!(convert(&Value::str("maybe"), Kind::Bool).is_err());
    }
}
