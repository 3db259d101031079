//! Filters between values and their encoded texts.

use crate::{Call, Callable, Check, TemplateError, declare::callable, iterate::text};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use kdo_value::{
    Value,
    json::{self, Layout},
};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.b64encode", encode, "The text in Base64.", [];
        "{{ 'héllo' | b64encode }}" => r#""aMOpbGxv""#, "{{ 5 | b64encode }}" => r#""NQ==""#),
    callable!("ansible.builtin.b64decode", decode, "The text that a Base64 text holds.", [];
        "{{ 'aGk=' | b64decode }}" => r#""hi""#),
    callable!("ansible.builtin.to_json", |c| to_json(c, None, false), "The value as JSON on one line.", [];
        "{{ {'b': 1, 'a': [2.0, none, 'é']} | to_json }}" => r#""{\"b\": 1, \"a\": [2.0, null, \"\\u00e9\"]}""#,
        "{{ {'b': 1, 'a': 2} | to_json(sort_keys=true, indent=2) }}" => r#""{\n  \"a\": 2,\n  \"b\": 1\n}""#,
        "{{ {1: 2} | to_json }}" => r#""{\"1\": 2}""#),
    callable!("ansible.builtin.to_nice_json", |c| to_json(c, Some(4), true), "The value as JSON over several lines, with sorted keys.", [];
        "{{ {'b': 1, 'a': []} | to_nice_json }}" => r#""{\n    \"a\": [],\n    \"b\": 1\n}""#),
    callable!("ansible.builtin.from_json", from_json, "The value that a JSON text holds.", [];
        r#"{{ '{"a": [1, 2.5, null]}' | from_json }}"# => r#"{"a": [1, 2.5, null]}"#),
    callable!("ansible.builtin.tojson", tojson, "The value as JSON that may stand in HTML.", [];
        "{{ {'b': '<', 'a': [1]} | tojson }}" => r#""{\"a\": [1], \"b\": \"\\u003c\"}""#),
];

fn encode(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let bytes = match value {
        Value::Bytes(b) => b.to_vec(),
        v => to_encoding(call, &v.to_text(), &call.text(1, "encoding", "utf-8")?)?,
    };
    Ok(Value::str(STANDARD.encode(bytes)))
}

fn to_encoding(call: &Call<'_>, text: &str, encoding: &str) -> Result<Vec<u8>, TemplateError> {
    Ok(match encoding.to_lowercase().replace('_', "-").as_str() {
        "utf-8" | "utf8" => text.as_bytes().to_vec(),
        "utf-16-le" | "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16-be" | "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        "utf-16" | "utf16" => [0xfeff]
            .into_iter()
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect(),
        "ascii" | "us-ascii" if text.is_ascii() => text.as_bytes().to_vec(),
        "latin-1" | "latin1" | "iso-8859-1" if text.chars().all(|c| u32::from(c) < 256) => text
            .chars()
            .filter_map(|c| u8::try_from(u32::from(c)).ok())
            .collect(),
        other => return call.fail(format!("'{other}' cannot encode this text")),
    })
}

fn from_encoding(call: &Call<'_>, bytes: &[u8], encoding: &str) -> Result<String, TemplateError> {
    let units = |order: fn([u8; 2]) -> u16| -> String {
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .filter_map(|p| p.try_into().ok().map(order))
            .collect();
        String::from_utf16_lossy(&units)
    };
    Ok(match encoding.to_lowercase().replace('_', "-").as_str() {
        "utf-8" | "utf8" | "ascii" | "us-ascii" => String::from_utf8_lossy(bytes).into_owned(),
        "utf-16-le" | "utf-16le" => units(u16::from_le_bytes),
        "utf-16-be" | "utf-16be" => units(u16::from_be_bytes),
        "utf-16" | "utf16" => units(u16::from_le_bytes)
            .trim_start_matches('\u{feff}')
            .to_owned(),
        "latin-1" | "latin1" | "iso-8859-1" => bytes.iter().map(|b| char::from(*b)).collect(),
        other => return call.fail(format!("unknown encoding: {other}")),
    })
}

/// Bytes in Base64.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Base64 as Python reads it: foreign characters are skipped, padding is required.
pub(crate) fn decode_base64(text: &str) -> Result<Vec<u8>, TemplateError> {
    let mut data = Vec::new();
    let mut pads = 0;
    for c in text.bytes() {
        match c {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => {
                data.push(c);
                pads = 0;
            }
            b'=' => {
                pads += 1;
                if data.len() % 4 >= 2 && data.len() % 4 + pads >= 4 {
                    break;
                }
            }
            _ => {}
        }
    }
    match data.len() % 4 {
        1 => {
            return Err(format!(
                "Invalid base64-encoded string: number of data characters ({}) cannot be 1 more than a multiple of 4",
                data.len()
            )
            .into());
        }
        n if n >= 2 && n + pads < 4 => return Err("Incorrect padding".into()),
        _ => {}
    }
    let lenient = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
    );
    lenient
        .decode(data)
        .map_err(|e| TemplateError::new(e.to_string()))
}

fn decode(call: &Call<'_>) -> Result<Value, TemplateError> {
    let bytes = decode_base64(&text(call.subject()?)?)?;
    Ok(Value::str(from_encoding(
        call,
        &bytes,
        &call.text(1, "encoding", "utf-8")?,
    )?))
}

fn layout(call: &Call<'_>, indent: Option<usize>, sort: bool) -> Result<Layout, TemplateError> {
    let mut layout = Layout {
        indent,
        sort_keys: call.keyword("sort_keys").map_or(sort, Value::truthy),
        ensure_ascii: call.keyword("ensure_ascii").is_none_or(Value::truthy),
        ..Layout::default()
    };
    match call.keyword("indent") {
        None => {}
        Some(Value::None) => layout.indent = None,
        Some(v) => {
            let n = v
                .check()?
                .as_int()
                .ok_or_else(|| TemplateError::new("indent must be an integer"))?;
            layout.indent = Some(usize::try_from(n).unwrap_or(0).min(1000));
        }
    }
    if let Some(pair) = call.keyword("separators").and_then(Value::as_sequence) {
        let [item, key] = pair.as_slice() else {
            return call.fail("separators must be a pair");
        };
        layout.item_separator = Some(text(item)?);
        layout.key_separator = text(key)?;
    }
    Ok(layout)
}

fn to_json(call: &Call<'_>, indent: Option<usize>, sort: bool) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let profile = call
        .get(1, "profile")
        .filter(|p| indent.is_none() && !p.is_none());
    if let Some(name) = profile.filter(|p| {
        !matches!(
            p.as_str(),
            Some(
                "tagless"
                    | "legacy"
                    | "cache_persistence"
                    | "fallback_to_str"
                    | "inventory_legacy"
                    | "module_legacy_c2m"
                    | "module_legacy_m2c"
                    | "module_modern_c2m"
                    | "module_modern_m2c"
            )
        )
    }) {
        return call.fail(format!("Unknown profile name {}.", name.repr()));
    }
    Ok(Value::str(json::write(value, &layout(call, indent, sort)?)?))
}

fn from_json(call: &Call<'_>) -> Result<Value, TemplateError> {
    match call.subject()? {
        Value::Str(s) => {
            let value = json::read(s)?;
            let profile = call.get(1, "profile").map(Value::to_text);
            Ok(match profile.as_deref() {
                Some("inventory_legacy") => super::trust::unmarked(&value, s.is_trusted()),
                _ => value,
            })
        }
        Value::Bytes(b) => Ok(json::read(&String::from_utf8_lossy(b))?),
        other => call.fail(format!(
            "the JSON object must be str, bytes or bytearray, not {}",
            other.type_name()
        )),
    }
}

fn tojson(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut layout = Layout {
        sort_keys: true,
        ..Layout::default()
    };
    if call.get(1, "indent").is_some_and(|i| !i.is_none()) {
        layout.indent = Some(usize::try_from(call.int(1, "indent", 0)?).unwrap_or(0).min(1000));
    }
    let text = json::write(call.subject()?, &layout)?;
    Ok(Value::str(
        text.replace('<', "\\u003c")
            .replace('>', "\\u003e")
            .replace('&', "\\u0026")
            .replace('\'', "\\u0027"),
    ))
}
