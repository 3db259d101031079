//! JSON with places. Ansible tries it before YAML, so tabs and `1e3` in JSON files mean what JSON says.

use kdo_value::{BigInt, List, Map, Origin, Text, Value, VaultText};
use std::rc::Rc;

/// Containers nested deeper are left to the YAML reader, which refuses them with a message.
const MAX_DEPTH: usize = 180;

struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    line_start: usize,
    file: u32,
    trusted: bool,
}

/// The value of a JSON text; `None` if the text is anything else.
pub(crate) fn read(file: u32, text: &str, trusted: bool) -> Option<Value> {
    let mut reader = Reader {
        text,
        at: 0,
        line: 1,
        line_start: 0,
        file,
        trusted,
    };
    let value = reader.value(0)?;
    reader.blank();
    (reader.at == text.len()).then_some(value)
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while let Some(b @ (b' ' | b'\t' | b'\r' | b'\n')) = self.peek() {
            self.at += 1;
            if b == b'\n' {
                self.line += 1;
                self.line_start = self.at;
            }
        }
    }

    fn origin(&self) -> Origin {
        let column = self
            .text
            .get(self.line_start..self.at)
            .map_or(0, |s| s.chars().count());
        Origin {
            file: self.file,
            line: self.line,
            column: u32::try_from(column + 1).unwrap_or(0),
        }
    }

    fn eat(&mut self, b: u8) -> bool {
        let fits = self.peek() == Some(b);
        self.at += usize::from(fits);
        fits
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.blank();
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => {
                let origin = self.origin();
                Some(Value::Str(self.text(origin)?))
            }
            b'-' | b'0'..=b'9' => self.number(),
            _ => {
                for (word, value) in [
                    ("true", Value::Bool(true)),
                    ("false", Value::Bool(false)),
                    ("null", Value::None),
                    ("NaN", Value::Float(f64::NAN)),
                    ("Infinity", Value::Float(f64::INFINITY)),
                ] {
                    if self.rest().starts_with(word) {
                        self.at += word.len();
                        return Some(value);
                    }
                }
                None
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut items = Vec::new();
        self.blank();
        if !self.eat(b']') {
            loop {
                items.push(self.value(depth + 1)?);
                self.blank();
                if self.eat(b']') {
                    break;
                }
                if !self.eat(b',') {
                    return None;
                }
            }
        }
        Some(Value::List(List::frozen(items)))
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let map = Map::new();
        self.blank();
        if !self.eat(b'}') {
            loop {
                self.blank();
                if self.peek() != Some(b'"') {
                    return None;
                }
                let origin = self.origin();
                let key = self.text(origin)?;
                self.blank();
                if !self.eat(b':') {
                    return None;
                }
                let value = self.value(depth + 1)?;
                map.insert(key, value);
                self.blank();
                if self.eat(b'}') {
                    break;
                }
                if !self.eat(b',') {
                    return None;
                }
            }
        }
        if let (1, Some((key, value))) = (map.len(), map.first())
            && let Value::Str(text) = &value
        {
            match key.as_str() {
                Some("__ansible_unsafe") => return Some(Value::Str(text.untrusted())),
                Some("__ansible_vault") => {
                    return Some(Value::Vault(Rc::new(VaultText {
                        ciphertext: text.as_str().to_owned(),
                        origin: text.origin(),
                    })));
                }
                _ => {}
            }
        }
        map.freeze();
        Some(Value::Map(map))
    }

    fn text(&mut self, origin: Origin) -> Option<Text> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let plain = self.rest().find(['"', '\\']).or(None)?;
            let run = self.rest().get(..plain)?;
            if run.bytes().any(|b| b < 0x20) {
                return None;
            }
            out.push_str(run);
            self.at += plain;
            if self.eat(b'"') {
                break;
            }
            self.at += 1;
            let escape = self.peek()?;
            self.at += 1;
            out.push(match escape {
                b'"' | b'\\' | b'/' => char::from(escape),
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'u' => self.unicode()?,
                _ => return None,
            });
        }
        Some(if self.trusted {
            Text::trusted(out, Some(origin))
        } else {
            Text::new(out).with_origin(origin)
        })
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let n = u32::from_str_radix(digits, 16).ok()?;
        self.at += 4;
        Some(n)
    }

    fn unicode(&mut self) -> Option<char> {
        let high = self.hex()?;
        if (0xd800..0xdc00).contains(&high) && self.rest().starts_with("\\u") {
            let back = self.at;
            self.at += 2;
            let low = self.hex()?;
            if (0xdc00..0xe000).contains(&low) {
                return char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
            }
            self.at = back;
        }
        Some(char::from_u32(high).unwrap_or('\u{fffd}'))
    }

    fn number(&mut self) -> Option<Value> {
        if self.rest().starts_with("-Infinity") {
            self.at += 9;
            return Some(Value::Float(f64::NEG_INFINITY));
        }
        let bytes = self.rest().as_bytes();
        let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
        let mut end = usize::from(bytes.first() == Some(&b'-'));
        let whole = digits(end);
        if whole == 0 || (whole > 1 && bytes.get(end) == Some(&b'0')) {
            return None;
        }
        end += whole;
        let mut float = false;
        if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
            float = true;
            end += 1 + digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end + 1 + sign);
            if exponent > 0 {
                float = true;
                end += 1 + sign + exponent;
            }
        }
        let text = self.rest().get(..end)?.to_owned();
        self.at += end;
        if float {
            return text.parse().ok().map(Value::Float);
        }
        BigInt::parse_bytes(text.as_bytes(), 10).map(Value::big)
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn json_means_what_json_says() {
        let v = read(
            1,
            "{\n\t\"a\": [1e3, 0.5, -7, true, null],\n\t\"b\": \"\\ud83d\\ude00\\/\"}\n",
            true,
        )
        .unwrap();
        assert_eq!(
            v.repr(),
            "{'a': [1000.0, 0.5, -7, True, None], 'b': '\u{1f600}/'}"
        );
        let b = v.get("b").unwrap();
        assert_eq!(b.origin().map(|o| (o.line, o.column)), Some((3, 7)));
        let unsafe_text = read(1, r#"{"x": {"__ansible_unsafe": "{{ y }}"}}"#, true).unwrap();
        assert!(!unsafe_text.is_templated());
    }

    #[test]
    fn what_is_not_json_is_left_to_yaml() {
        for text in [
            "{a: 1}",
            "[1, 2,]",
            "{\"a\": 01}",
            "[1] x",
            "[\"\t\"]",
            "",
            "[1",
            "{\"a\" 1}",
            "[\"\\u12\"]",
        ] {
            assert!(read(1, text, true).is_none(), "{text}");
        }
        assert!(read(1, &"[".repeat(100_000), true).is_none());
    }
}
