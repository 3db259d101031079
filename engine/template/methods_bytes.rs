//! Methods of bytes.

use crate::{TemplateError, evaluator::Result, methods::Args};
use kdo_value::Value;
use std::{fmt::Write, rc::Rc};

pub(crate) const NAMES: &[&str] = &[
    "decode",
    "hex",
    "startswith",
    "endswith",
    "lower",
    "upper",
    "strip",
    "split",
];

/// Calls a method of bytes.
pub(crate) fn call(bytes: &Rc<[u8]>, args: &Args<'_>) -> Result<Value> {
    let given = |index: usize| match args.positional.get(index) {
        Some(Value::Bytes(b)) => Ok(Rc::clone(b)),
        Some(other) => Err(TemplateError::new(format!(
            "a bytes-like object is required, not '{}'",
            other.type_name()
        ))),
        None => Err(TemplateError::new(format!("{}() needs an argument", args.name))),
    };
    match args.name {
        "decode" => {
            let encoding = args
                .maybe_text(0, "encoding")?
                .unwrap_or("utf-8")
                .to_ascii_lowercase();
            let errors = args.maybe_text(1, "errors")?.unwrap_or("strict");
            decode(bytes, &encoding, errors).map(Value::str)
        }
        "hex" => {
            let mut out = String::with_capacity(bytes.len() * 2);
            let mark = match args.get(0, "sep") {
                None => None,
                Some(Value::Str(s)) if s.len() == 1 => Some(s.as_str()),
                Some(Value::Str(_)) => return Err("sep must be length 1.".into()),
                Some(v) => return Err(format!("object of type '{}' has no len()", v.type_name()).into()),
            };
            let group = args.int(1, "bytes_per_sep", 1)?;
            let width = usize::try_from(group.unsigned_abs()).unwrap_or(usize::MAX);
            for (i, b) in bytes.iter().enumerate() {
                // positive groups are counted from the end
                let at = if group > 0 { bytes.len() - i } else { i };
                if let Some(mark) = mark.filter(|_| i > 0 && width > 0 && at % width == 0) {
                    out.push_str(mark);
                }
                let _ = write!(out, "{b:02x}");
            }
            Ok(Value::str(out))
        }
        "startswith" => Ok(Value::Bool(bytes.starts_with(&given(0)?))),
        "endswith" => Ok(Value::Bool(bytes.ends_with(&given(0)?))),
        "lower" => Ok(Value::Bytes(bytes.to_ascii_lowercase().into())),
        "upper" => Ok(Value::Bytes(bytes.to_ascii_uppercase().into())),
        "strip" => Ok(Value::Bytes(bytes.trim_ascii().into())),
        "split" => {
            let separator = given(0)?;
            if separator.is_empty() {
                return Err("empty separator".into());
            }
            let mut parts = Vec::new();
            let mut rest: &[u8] = bytes;
            while let Some(at) = rest.windows(separator.len()).position(|w| w == &*separator) {
                parts.push(Value::Bytes(rest.get(..at).unwrap_or(&[]).into()));
                rest = rest.get(at + separator.len()..).unwrap_or(&[]);
            }
            parts.push(Value::Bytes(rest.into()));
            Ok(Value::list(parts))
        }
        other => Err(TemplateError::new(format!(
            "'bytes' object has no method '{other}'"
        ))),
    }
}

fn decode(bytes: &[u8], encoding: &str, errors: &str) -> Result<String> {
    let wrong = |name: &str| TemplateError::new(format!("'{name}' codec can't decode the bytes"));
    match encoding.replace('_', "-").as_str() {
        "utf-8" | "utf8" | "ascii" | "us-ascii" => match std::str::from_utf8(bytes) {
            Ok(text) if encoding.starts_with("utf") || text.is_ascii() => Ok(text.to_owned()),
            _ => match errors {
                "ignore" => Ok(String::from_utf8_lossy(bytes).replace('\u{fffd}', "")),
                "replace" => Ok(String::from_utf8_lossy(bytes).into_owned()),
                _ => Err(wrong(encoding)),
            },
        },
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" => {
            Ok(bytes.iter().map(|b| char::from(*b)).collect())
        }
        "utf-16" | "utf-16le" | "utf-16-le" | "utf-16be" | "utf-16-be" => {
            let (bytes, big) = match bytes {
                [0xff, 0xfe, rest @ ..] => (rest, false),
                [0xfe, 0xff, rest @ ..] => (rest, true),
                rest => (rest, encoding.ends_with("be")),
            };
            let units: Vec<u16> = bytes
                .chunks_exact(2)
                .map(|c| {
                    let pair = [c.first().copied().unwrap_or(0), c.get(1).copied().unwrap_or(0)];
                    if big {
                        u16::from_be_bytes(pair)
                    } else {
                        u16::from_le_bytes(pair)
                    }
                })
                .collect();
            String::from_utf16(&units).map_err(|_| wrong(encoding))
        }
        other => Err(TemplateError::new(format!("unknown encoding: {other}"))),
    }
}

/// `str.encode`.
pub(crate) fn encode(text: &str, encoding: &str, errors: &str) -> Result<Vec<u8>> {
    let limit = match encoding.to_ascii_lowercase().replace('_', "-").as_str() {
        "utf-8" | "utf8" => return Ok(text.as_bytes().to_vec()),
        "utf-16-le" | "utf-16le" => return Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        "utf-16-be" | "utf-16be" => return Ok(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        "utf-16" => {
            return Ok([0xff, 0xfe]
                .into_iter()
                .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
                .collect());
        }
        "ascii" | "us-ascii" => 0x7f,
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" => 0xff,
        other => return Err(TemplateError::new(format!("unknown encoding: {other}"))),
    };
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match (u8::try_from(c as u32), errors) {
            (Ok(b), _) if u32::from(b) <= limit => out.push(b),
            (_, "ignore") => {}
            (_, "replace") => out.push(b'?'),
            (_, "xmlcharrefreplace") => out.extend(format!("&#{};", c as u32).bytes()),
            (_, "backslashreplace") => out.extend(match c as u32 {
                n @ 0..=0xff => format!("\\x{n:02x}").into_bytes(),
                n @ 0x100..=0xffff => format!("\\u{n:04x}").into_bytes(),
                n => format!("\\U{n:08x}").into_bytes(),
            }),
            _ => {
                return Err(TemplateError::new(format!(
                    "'{encoding}' codec can't encode character {c:?}"
                )));
            }
        }
    }
    Ok(out)
}
