//! Texts of scalars to values, as PyYAML's constructor reads them.

use crate::{Tag, YamlDate};
use kdo_value::{BigInt, Value};
use std::rc::Rc;

/// The value of a scalar with one of the plain types; the error says what is wrong with the text.
pub(crate) fn construct(tag: &Tag, text: &str) -> Result<Value, String> {
    match tag {
        Tag::Null => Ok(Value::None),
        Tag::Bool => bool(text),
        Tag::Int => int(text).ok_or_else(|| format!("`{text}` is no integer")),
        Tag::Float => float(text)
            .map(Value::Float)
            .ok_or_else(|| format!("`{text}` is no number")),
        Tag::Timestamp => YamlDate::parse(text)
            .map(|d| Value::Object(Rc::new(d)))
            .map_err(|e| format!("`{text}` is read as a date, but {e}")),
        Tag::Binary => binary(text)
            .map(|b| Value::Bytes(b.into()))
            .ok_or_else(|| "this is no base64".into()),
        other => Err(format!("`{}` cannot stand for a scalar", other.shown())),
    }
}

fn bool(text: &str) -> Result<Value, String> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" => Ok(Value::Bool(true)),
        "no" | "false" | "off" => Ok(Value::Bool(false)),
        _ => Err(format!("`{text}` is no boolean")),
    }
}

fn int(text: &str) -> Option<Value> {
    let digits = text.replace('_', "");
    let digits = digits.trim();
    let (negative, body) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, digits.strip_prefix('+').unwrap_or(digits)),
    };
    let parse = |s: &str, radix| BigInt::parse_bytes(s.as_bytes(), radix);
    let n = if body == "0" {
        BigInt::from(0)
    } else if let Some(bits) = body.strip_prefix("0b") {
        parse(bits, 2)?
    } else if let Some(hex) = body.strip_prefix("0x") {
        parse(hex, 16)?
    } else if body.starts_with('0') {
        parse(body, 8)?
    } else if body.contains(':') {
        let mut total = BigInt::from(0);
        for part in body.split(':') {
            total = total * 60 + parse(part, 10)?;
        }
        total
    } else {
        parse(body, 10)?
    };
    Some(Value::big(if negative { -n } else { n }))
}

fn float(text: &str) -> Option<f64> {
    let lower = text.replace('_', "").to_ascii_lowercase();
    let lower = lower.trim();
    let (sign, body) = match lower.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, lower.strip_prefix('+').unwrap_or(lower)),
    };
    let value = match body {
        ".inf" => f64::INFINITY,
        ".nan" => return Some(f64::NAN),
        _ if body.contains(':') => {
            let mut total = 0.0;
            for part in body.split(':') {
                total = total * 60.0 + part.parse::<f64>().ok()?;
            }
            total
        }
        _ => body.parse().ok()?,
    };
    Some(sign * value)
}

/// Base64 as Python's `decodebytes` accepts it: what is no base64 character is skipped.
fn binary(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() {
        return None;
    }
    let (mut out, mut bits, mut held) = (Vec::with_capacity(text.len() / 4 * 3), 0_u32, 0_u32);
    let mut symbols = 0_usize;
    for b in text.bytes() {
        let six = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' if symbols % 4 >= 2 => break,
            _ => continue,
        };
        symbols += 1;
        bits = (bits << 6) | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    (symbols % 4 != 1 && (symbols.is_multiple_of(4) || text.contains('='))).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::construct;
    use crate::{Tag, resolve};

    fn read(text: &str) -> String {
        match resolve(text) {
            Tag::Str => format!("str {text}"),
            tag => construct(&tag, text).map_or_else(|e| e, |v| v.repr()),
        }
    }

    #[test]
    #[rustfmt::skip]
    fn plain_scalars_are_read_as_pyyaml_reads_them() {
        for (text, want) in [
            ("0", "0"), ("-0", "0"), ("0644", "420"), ("0o644", "str 0o644"), ("089", "str 089"), ("0_7", "7"),
            ("1_000", "1000"), ("1__0", "10"), ("_1", "str _1"), ("+12", "12"), ("- 1", "str - 1"), ("0x1F", "31"),
            ("-0x1f", "-31"), ("0b101", "5"), ("0b2", "str 0b2"), ("0xG", "str 0xG"), ("12:30:45", "45045"),
            ("1:60", "str 1:60"), ("01:30", "str 01:30"), ("-1:30", "-90"), ("1:30.5", "90.5"), ("1.5", "1.5"),
            ("1.", "1.0"), (".5", "0.5"), ("-.5", "str -.5"), ("+.inf", "inf"), ("-.INF", "-inf"), (".nan", "nan"),
            ("-.nan", "str -.nan"), ("1.5e3", "str 1.5e3"), ("1.5e+3", "1500.0"), ("1e+3", "str 1e+3"),
            ("1.5E-3", "0.0015"), ("._5", "str ._5"), ("1_0.5_0", "10.5"), ("1.2.3", "str 1.2.3"), ("yes", "True"),
            ("yEs", "str yEs"), ("y", "str y"), ("NO", "False"), ("off", "False"), ("~", "None"), ("", "None"),
            ("nULL", "str nULL"), ("99999999999999999999", "99999999999999999999"), ("-", "str -"), ("+", "str +"),
            (".", "str ."), ("0b", "str 0b"), ("00", "0"), ("2001-12-14", "datetime.date(2001, 12, 14)"),
        ] {
            assert_eq!(read(text), want, "{text}");
        }
    }

    #[test]
    fn binary_needs_whole_groups() {
        let read = |t: &str| construct(&Tag::Binary, t).map(|v| v.repr());
        assert_eq!(read("aGk=").unwrap(), "b'hi'");
        assert_eq!(read(" aGVs\n bG8=\n").unwrap(), "b'hello'");
        assert!(read("aGk").is_err() && read("a").is_err() && read("é").is_err());
    }
}
