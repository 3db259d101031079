//! JSON as Python's `json` module reads and writes it.

use crate::{List, Map, Value, float_repr};
use num_bigint::BigInt;
use std::fmt::Write;

/// Containers nested deeper than this are refused.
const MAX_DEPTH: usize = 500;

/// How JSON is laid out; the default is `json.dumps(x)`.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Spaces per level, or one line.
    pub indent: Option<usize>,
    /// Keys in order.
    pub sort_keys: bool,
    /// Escapes for all that is not ASCII.
    pub ensure_ascii: bool,
    /// Between items; `None`: Python's default for the indentation.
    pub item_separator: Option<String>,
    /// Between key and value.
    pub key_separator: String,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            indent: None,
            sort_keys: false,
            ensure_ascii: true,
            item_separator: None,
            key_separator: ": ".into(),
        }
    }
}

impl Layout {
    /// Indented by `spaces`, not sorted.
    pub fn pretty(spaces: usize) -> Self {
        Self {
            indent: Some(spaces),
            ..Self::default()
        }
    }
}

/// Writes a value. The error names what JSON cannot hold.
pub fn write(value: &Value, layout: &Layout) -> Result<String, String> {
    let mut out = String::new();
    write_value(&mut out, value, layout, 0)?;
    Ok(out)
}

/// One line, as `json.dumps(x)`; what JSON cannot hold is written as text.
pub fn line(value: &Value) -> String {
    write(value, &Layout::default()).unwrap_or_else(|_| quote(&value.to_text(), true))
}

/// A JSON string literal.
pub fn quote(text: &str, ensure_ascii: bool) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if (c as u32) < 0x20 || (ensure_ascii && !c.is_ascii()) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn newline(out: &mut String, layout: &Layout, depth: usize) {
    if let Some(n) = layout.indent {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', n * depth));
    }
}

fn separator(layout: &Layout) -> &str {
    match (&layout.item_separator, layout.indent) {
        (Some(s), _) => s,
        (None, Some(_)) => ",",
        (None, None) => ", ",
    }
}

fn write_value(out: &mut String, value: &Value, layout: &Layout, depth: usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err("the value is nested too deeply for JSON".into());
    }
    match value {
        Value::None => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Int(_) | Value::Big(_) => out.push_str(&value.repr()),
        Value::Float(f) => out.push_str(&float_text(*f)),
        Value::Str(s) => out.push_str(&quote(s, layout.ensure_ascii)),
        Value::List(l) => write_list(out, &l.to_vec(), layout, depth)?,
        Value::Tuple(t) => write_list(out, t, layout, depth)?,
        Value::Map(m) => write_map(out, m.entries(), layout, depth)?,
        Value::Object(o) => match o.keys() {
            Some(keys) => {
                let entries = keys
                    .into_iter()
                    .map(|k| (k.clone(), o.get(&k).unwrap_or(Value::None)))
                    .collect();
                write_map(out, entries, layout, depth)?;
            }
            None => out.push_str(&quote(&o.json_text(), layout.ensure_ascii)),
        },
        Value::Undefined(u) => return Err(u.message.clone()),
        Value::Bytes(_) | Value::Omit | Value::Vault(_) => {
            return Err(format!(
                "Object of type {} is not JSON serializable",
                value.type_name()
            ));
        }
    }
    Ok(())
}

fn write_list(out: &mut String, items: &[Value], layout: &Layout, depth: usize) -> Result<(), String> {
    if items.is_empty() {
        out.push_str("[]");
        return Ok(());
    }
    out.push('[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(separator(layout));
        }
        newline(out, layout, depth + 1);
        write_value(out, item, layout, depth + 1)?;
    }
    newline(out, layout, depth);
    out.push(']');
    Ok(())
}

fn write_map(
    out: &mut String,
    entries: Vec<(Value, Value)>,
    layout: &Layout,
    depth: usize,
) -> Result<(), String> {
    if entries.is_empty() {
        out.push_str("{}");
        return Ok(());
    }
    let mut named = Vec::with_capacity(entries.len());
    for (k, v) in entries {
        named.push((key_text(&k)?, v));
    }
    if layout.sort_keys {
        named.sort_by(|a, b| a.0.cmp(&b.0));
    }
    out.push('{');
    for (i, (k, v)) in named.iter().enumerate() {
        if i > 0 {
            out.push_str(separator(layout));
        }
        newline(out, layout, depth + 1);
        out.push_str(&quote(k, layout.ensure_ascii));
        out.push_str(&layout.key_separator);
        write_value(out, v, layout, depth + 1)?;
    }
    newline(out, layout, depth);
    out.push('}');
    Ok(())
}

fn float_text(f: f64) -> String {
    if f.is_nan() {
        return "NaN".into();
    }
    if f.is_infinite() {
        return if f > 0.0 {
            "Infinity".into()
        } else {
            "-Infinity".into()
        };
    }
    float_repr(f)
}

fn key_text(key: &Value) -> Result<String, String> {
    Ok(match key {
        Value::Str(s) => s.as_str().to_owned(),
        Value::None => "null".into(),
        Value::Bool(b) => b.to_string(),
        Value::Int(_) | Value::Big(_) => key.repr(),
        Value::Float(f) => float_text(*f),
        other => {
            return Err(format!(
                "keys must be str, int, float, bool or None, not {}",
                other.type_name()
            ));
        }
    })
}

/// Reads one JSON document. The error is Python's sentence with line and column.
pub fn read(text: &str) -> Result<Value, String> {
    let mut reader = Reader { text, pos: 0 };
    reader.space();
    let value = reader.value(0)?;
    reader.space();
    if reader.pos < text.len() {
        reader.fail("Extra data")
    } else {
        Ok(value)
    }
}

struct Reader<'a> {
    text: &'a str,
    pos: usize,
}

impl Reader<'_> {
    fn fail<T>(&self, what: &str) -> Result<T, String> {
        let before = self.text.get(..self.pos).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        Err(format!(
            "{what}: line {line} column {column} (char {})",
            before.chars().count()
        ))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.pos += 1;
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.text.get(self.pos..).is_some_and(|t| t.starts_with(word));
        if found {
            self.pos += word.len();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return self.fail("Nested too deeply");
        }
        match self.peek() {
            Some(b'"') => Ok(Value::str(self.string()?)),
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                for (word, value) in [
                    ("null", Value::None),
                    ("true", Value::Bool(true)),
                    ("false", Value::Bool(false)),
                    ("NaN", Value::Float(f64::NAN)),
                    ("Infinity", Value::Float(f64::INFINITY)),
                ] {
                    if self.word(word) {
                        return Ok(value);
                    }
                }
                self.fail("Expecting value")
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, String> {
        self.pos += 1;
        let mut items = Vec::new();
        self.space();
        if self.word("]") {
            return Ok(Value::List(List::new(items)));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            if self.word("]") {
                return Ok(Value::List(List::new(items)));
            }
            if !self.word(",") {
                return self.fail("Expecting ',' delimiter");
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, String> {
        self.pos += 1;
        let map = Map::new();
        self.space();
        if self.word("}") {
            return Ok(Value::Map(map));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return self.fail("Expecting property name enclosed in double quotes");
            }
            let key = self.string()?;
            self.space();
            if !self.word(":") {
                return self.fail("Expecting ':' delimiter");
            }
            self.space();
            map.insert(key, self.value(depth + 1)?);
            self.space();
            if self.word("}") {
                return Ok(Value::Map(map));
            }
            if !self.word(",") {
                return self.fail("Expecting ',' delimiter");
            }
        }
    }

    fn number(&mut self) -> Result<Value, String> {
        if self.word("-Infinity") {
            return Ok(Value::Float(f64::NEG_INFINITY));
        }
        let rest = self.text.get(self.pos..).unwrap_or("");
        let bytes = rest.as_bytes();
        let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
        let sign = usize::from(bytes.first() == Some(&b'-'));
        let mut end = sign
            + if bytes.get(sign) == Some(&b'0') {
                1
            } else {
                digits(sign)
            };
        if end == sign {
            return self.fail("Expecting value");
        }
        let mut float = false;
        if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
            float = true;
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let signed = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let n = digits(end + 1 + signed);
            if n > 0 {
                end += 1 + signed + n;
                float = true;
            }
        }
        let token = rest.get(..end).unwrap_or("");
        self.pos += end;
        if float {
            return Ok(Value::Float(token.parse().unwrap_or(f64::NAN)));
        }
        match token.parse::<i64>() {
            Ok(n) => Ok(Value::Int(n)),
            Err(_) => token.parse::<BigInt>().map(Value::big).map_err(|e| e.to_string()),
        }
    }

    fn hex4(&mut self) -> Result<u32, String> {
        let code = self
            .text
            .get(self.pos..self.pos + 4)
            .and_then(|h| u32::from_str_radix(h, 16).ok());
        match code {
            Some(n) => {
                self.pos += 4;
                Ok(n)
            }
            None => self.fail("Invalid \\uXXXX escape"),
        }
    }

    fn string(&mut self) -> Result<String, String> {
        let start = self.pos;
        self.pos += 1;
        let mut out = String::new();
        loop {
            let rest = self.text.get(self.pos..).unwrap_or("");
            let plain = rest.find(['"', '\\']).unwrap_or(rest.len());
            let chunk = rest.get(..plain).unwrap_or("");
            if let Some(bad) = chunk.find(|c: char| (c as u32) < 0x20) {
                self.pos += bad;
                return self.fail("Invalid control character at");
            }
            out.push_str(chunk);
            self.pos += plain;
            match self.peek() {
                None => {
                    self.pos = start;
                    return self.fail("Unterminated string starting at");
                }
                Some(b'"') => {
                    self.pos += 1;
                    return Ok(out);
                }
                _ => {
                    self.pos += 1;
                    let escape = self.peek();
                    self.pos += 1;
                    match escape {
                        Some(b'n') => out.push('\n'),
                        Some(b't') => out.push('\t'),
                        Some(b'r') => out.push('\r'),
                        Some(b'b') => out.push('\u{8}'),
                        Some(b'f') => out.push('\u{c}'),
                        Some(b @ (b'"' | b'\\' | b'/')) => out.push(char::from(b)),
                        Some(b'u') => {
                            let mut code = self.hex4()?;
                            if (0xd800..0xdc00).contains(&code) && self.word("\\u") {
                                let low = self.hex4()?;
                                if (0xdc00..0xe000).contains(&low) {
                                    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                                } else {
                                    out.push('\u{fffd}');
                                    code = low;
                                }
                            }
                            out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                        }
                        _ => {
                            self.pos = self.pos.saturating_sub(2);
                            return self.fail("Invalid \\escape");
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Layout, line, read, write};

    #[test]
    fn documents_survive_reading_and_writing() {
        for text in [
            r#"{"a": [1, 2.5, true, null, "x\n\u00e9\ud83d\ude00"], "b": {}, "c": []}"#,
            "123456789012345678901234567890",
            "-0.5",
        ] {
            assert_eq!(line(&read(text).unwrap()), text);
        }
    }

    #[test]
    fn layout_is_that_of_python() {
        let v = read(r#"{"b": [1, {}], "a": "é"}"#).unwrap();
        let layout = Layout {
            indent: Some(4),
            sort_keys: true,
            ensure_ascii: false,
            ..Layout::default()
        };
        assert_eq!(
            write(&v, &layout).unwrap(),
            "{\n    \"a\": \"é\",\n    \"b\": [\n        1,\n        {}\n    ]\n}"
        );
    }

    #[test]
    fn bad_documents_are_refused_with_a_place() {
        for (text, message) in [
            (
                "{a",
                "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
            ),
            ("[1 2]", "Expecting ',' delimiter: line 1 column 4 (char 3)"),
            ("", "Expecting value: line 1 column 1 (char 0)"),
            ("\"x", "Unterminated string starting at: line 1 column 1 (char 0)"),
            ("1 2", "Extra data: line 1 column 3 (char 2)"),
            ("\"\\u00zz\"", "Invalid \\uXXXX escape: line 1 column 4 (char 3)"),
        ] {
            assert_eq!(read(text).unwrap_err(), message);
        }
        assert!(read(&"[".repeat(100_000)).is_err());
    }
}
