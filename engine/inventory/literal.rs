//! Values of INI inventories: Python literals; everything else is text.

use kdo_value::{BigInt, List, Map, Origin, Text, Value};

const MAX_DEPTH: usize = 60;

/// The value of a Python literal (`ast.literal_eval`), or `None` if the text is none. Texts in it are trusted.
pub fn parse_literal(text: &str, origin: Option<Origin>) -> Option<Value> {
    let text = text.trim_start_matches([' ', '\t']);
    let mut reader = Reader { text, at: 0, origin };
    let value = reader.value(0)?;
    reader.blank(false);
    if reader.peek() == Some(',') {
        // A tuple without parentheses.
        let mut items = vec![value];
        while reader.eat(',') {
            reader.blank(false);
            if reader.at_end() {
                break;
            }
            items.push(reader.value(0)?);
            reader.blank(false);
        }
        return reader.at_end().then(|| Value::Tuple(items.into()));
    }
    reader.at_end().then_some(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    origin: Option<Origin>,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn eat(&mut self, c: char) -> bool {
        let fits = self.peek() == Some(c);
        if fits {
            self.at += c.len_utf8();
        }
        fits
    }

    fn blank(&mut self, lines: bool) {
        while self
            .peek()
            .is_some_and(|c| c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r')))
        {
            self.at += 1;
        }
    }

    /// Nothing but blanks and a comment is left.
    fn at_end(&self) -> bool {
        let rest = self.rest().trim();
        rest.is_empty() || rest.starts_with('#')
    }

    fn word(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let fits = rest.starts_with(word)
            && !rest
                .get(word.len()..)
                .is_some_and(|r| r.starts_with(|c: char| c.is_alphanumeric() || c == '_'));
        if fits {
            self.at += word.len();
        }
        fits
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.blank(depth > 0);
        match self.peek()? {
            '(' => self.tuple(depth),
            '[' => {
                self.at += 1;
                Some(Value::List(List::frozen(self.items(']', depth)?.0)))
            }
            '{' => self.braces(depth),
            '+' | '-' => {
                let negative = self.next() == Some('-');
                self.blank(false);
                if !self.peek()?.is_ascii_digit() && self.peek() != Some('.') {
                    return None;
                }
                let number = self.number()?;
                if negative {
                    kdo_value::number::negate(&number).ok()
                } else {
                    Some(number)
                }
            }
            // No number of Python's that variables can have: it stays text.
            c if depth > 0 && c.is_ascii_digit() && self.imaginary().is_some() => {
                let text = self.imaginary()?;
                self.at += text.len();
                Some(Value::Str(Text::trusted(text, self.origin)))
            }
            c if c.is_ascii_digit() || (c == '.' && !self.rest().starts_with("...")) => self.number(),
            _ => {
                for (word, value) in [
                    ("True", Value::Bool(true)),
                    ("False", Value::Bool(false)),
                    ("None", Value::None),
                ] {
                    if self.word(word) {
                        return Some(value);
                    }
                }
                if self.rest().starts_with("set()") {
                    self.at += 5;
                    return Some(Value::List(List::frozen(Vec::new())));
                }
                if depth > 0 && self.rest().starts_with("...") {
                    self.at += 3;
                    return Some(Value::Str(Text::trusted("...", self.origin)));
                }
                self.texts()
            }
        }
    }

    fn imaginary(&self) -> Option<String> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let after = rest.get(end..)?;
        let alone = !after
            .get(1..)?
            .starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
        (after.starts_with('j') && alone).then(|| rest.get(..=end).unwrap_or_default().to_owned())
    }

    /// Items up to the closing bracket, and whether a comma was there.
    fn items(&mut self, close: char, depth: usize) -> Option<(Vec<Value>, bool)> {
        let (mut items, mut comma) = (Vec::new(), false);
        loop {
            self.blank(true);
            if self.eat(close) {
                return Some((items, comma));
            }
            if !items.is_empty() && !comma {
                return None;
            }
            items.push(self.value(depth + 1)?);
            self.blank(true);
            comma = self.eat(',');
            if !comma && self.peek() != Some(close) {
                return None;
            }
            if comma {
                self.blank(true);
                if self.eat(close) {
                    return Some((items, true));
                }
            }
        }
    }

    fn tuple(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let (items, comma) = self.items(')', depth)?;
        Some(match items.as_slice() {
            [one] if !comma => one.clone(),
            _ => Value::Tuple(items.into()),
        })
    }

    fn braces(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let map = Map::new();
        let mut set: Vec<Value> = Vec::new();
        let mut first = true;
        loop {
            self.blank(true);
            if self.eat('}') {
                break;
            }
            if !first {
                if !self.eat(',') {
                    return None;
                }
                self.blank(true);
                if self.eat('}') {
                    break;
                }
            }
            let key = self.value(depth + 1)?;
            self.blank(true);
            if set.is_empty() && self.eat(':') {
                let value = self.value(depth + 1)?;
                if !map.insert(key, value) {
                    return None;
                }
            } else if map.is_empty() && key.is_hashable() {
                if !set.iter().any(|v| v.py_eq(&key)) {
                    set.push(key);
                }
            } else {
                return None;
            }
            first = false;
        }
        if !set.is_empty() {
            return Some(Value::List(List::frozen(set)));
        }
        map.freeze();
        Some(Value::Map(map))
    }

    fn number(&mut self) -> Option<Value> {
        let rest = self.rest();
        let length = rest
            .char_indices()
            .find(|(i, c)| {
                let exponent = rest
                    .get(..*i)
                    .is_some_and(|s| s.ends_with(['e', 'E']) && !is_hex(s));
                !(c.is_ascii_alphanumeric()
                    || *c == '_'
                    || *c == '.'
                    || (exponent && (*c == '+' || *c == '-')))
            })
            .map_or(rest.len(), |(i, _)| i);
        let token = rest.get(..length)?.to_owned();
        self.at += length;
        if token.starts_with('_') || token.ends_with('_') || token.contains("__") {
            return None;
        }
        let digits = token.replace('_', "");
        let lower = digits.to_ascii_lowercase();
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
            if let Some(body) = lower.strip_prefix(prefix) {
                return BigInt::parse_bytes(body.as_bytes(), radix).map(Value::big);
            }
        }
        if lower.bytes().all(|b| b.is_ascii_digit()) {
            let zero = lower.bytes().all(|b| b == b'0');
            if lower.starts_with('0') && !zero {
                return None;
            }
            return BigInt::parse_bytes(lower.as_bytes(), 10).map(Value::big);
        }
        if !lower
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'+' | b'-'))
        {
            return None;
        }
        lower.parse().ok().map(Value::Float)
    }

    /// One or more adjacent string literals.
    fn texts(&mut self) -> Option<Value> {
        let mut bytes: Option<Vec<u8>> = None;
        let mut text: Option<String> = None;
        loop {
            let rest = self.rest();
            let prefix = rest.find(['\'', '"'])?;
            let kind = rest.get(..prefix)?.to_ascii_lowercase();
            let (raw, is_bytes) = match kind.as_str() {
                "" | "u" => (false, false),
                "r" => (true, false),
                "b" => (false, true),
                "br" | "rb" => (true, true),
                _ => return None,
            };
            self.at += prefix;
            let part = self.quoted(raw, is_bytes)?;
            if is_bytes {
                if text.is_some() || part.chars().any(|c| u32::from(c) > 0xff) {
                    return None;
                }
                bytes
                    .get_or_insert_default()
                    .extend(part.chars().map(|c| c as u32 as u8));
            } else {
                if bytes.is_some() {
                    return None;
                }
                text.get_or_insert_default().push_str(&part);
            }
            let back = self.at;
            self.blank(false);
            let more = self
                .peek()
                .is_some_and(|c| matches!(c, '\'' | '"' | 'u' | 'U' | 'r' | 'R' | 'b' | 'B'));
            if !more {
                self.at = back;
                break;
            }
        }
        match (text, bytes) {
            (Some(text), _) => Some(Value::Str(Text::trusted(text, self.origin))),
            // Bytes are for Python alone: they become text.
            (_, Some(bytes)) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                Some(Value::Str(Text::trusted(text, self.origin)))
            }
            _ => None,
        }
    }

    fn quoted(&mut self, raw: bool, is_bytes: bool) -> Option<String> {
        let quote = self.next()?;
        let triple: String = [quote; 2].iter().collect();
        let long = self.rest().starts_with(&triple);
        if long {
            self.at += 2;
        }
        let mut out = String::new();
        loop {
            let c = self.next()?;
            if c == quote {
                if !long {
                    return Some(out);
                }
                if self.rest().starts_with(&triple) {
                    self.at += 2;
                    return Some(out);
                }
            }
            if c == '\n' && !long {
                return None;
            }
            if c != '\\' {
                out.push(c);
                continue;
            }
            let e = self.next()?;
            if raw {
                out.push('\\');
                out.push(e);
                continue;
            }
            match e {
                '\n' => {}
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                'a' => out.push('\u{7}'),
                'b' => out.push('\u{8}'),
                'f' => out.push('\u{c}'),
                'v' => out.push('\u{b}'),
                '\\' | '\'' | '"' => out.push(e),
                'x' => out.push(self.code(2)?),
                'u' if !is_bytes => out.push(self.code(4)?),
                'U' if !is_bytes => out.push(self.code(8)?),
                'N' if !is_bytes => return None,
                '0'..='7' => {
                    let mut n = e.to_digit(8)?;
                    for _ in 0..2 {
                        let Some(d) = self.peek().and_then(|c| c.to_digit(8)) else {
                            break;
                        };
                        n = n * 8 + d;
                        self.at += 1;
                    }
                    out.push(char::from_u32(n)?);
                }
                other => {
                    out.push('\\');
                    out.push(other);
                }
            }
        }
    }

    fn code(&mut self, digits: usize) -> Option<char> {
        let text = self.rest().get(..digits)?;
        if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let n = u32::from_str_radix(text, 16).ok()?;
        self.at += digits;
        char::from_u32(n)
    }
}

fn is_hex(token: &str) -> bool {
    token.starts_with("0x") || token.starts_with("0X")
}

#[cfg(test)]
mod tests {
    use super::parse_literal;

    #[test]
    fn literals_are_read_as_python_reads_them() {
        #[rustfmt::skip]
        let cases = [
            ("1", "1"), ("-5", "-5"), ("+5", "5"), ("0x10", "16"), ("0o17", "15"), ("1_000", "1000"), ("1e3", "1000.0"),
            ("1.5", "1.5"), (".5", "0.5"), ("1.", "1.0"), ("00", "0"), ("True", "True"), ("None", "None"),
            ("'a'", "'a'"), ("\"it's\"", "\"it's\""), ("'a' \"b\"", "'ab'"), ("r'\\n'", "'\\\\n'"), ("b'x'", "'x'"),
            ("'\\x41\\u00e9\\101'", "'A\u{e9}A'"), ("[1, 'two', None]", "[1, 'two', None]"), ("[]", "[]"),
            ("(1,2)", "(1, 2)"), ("(1)", "1"), ("(1,)", "(1,)"), ("()", "()"), ("1, 2", "(1, 2)"), ("{1, 2, 1}", "[1, 2]"),
            ("{'a': 1, 2: [3],}", "{'a': 1, 2: [3]}"), ("{}", "{}"), ("1 # c", "1"), ("'''a'b'''", "\"a'b\""),
            ("[1,\n 2]", "[1, 2]"), ("-1e-3", "-0.001"), ("0xe+1", "-"),
        ];
        for (text, want) in cases {
            let got = parse_literal(text, None).map_or("-".into(), |v| v.repr());
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn everything_else_is_none() {
        for text in [
            "",
            "yes",
            "true",
            "0644",
            "a b",
            "hello world # c",
            "{a:1}",
            "[1",
            "1 2",
            "1_",
            "--5",
            "-True",
            "10.0.0.1",
            "a#b",
            "http://x/y=z",
            "{{ foo }}",
            "[1,,2]",
            "f'x'",
            "'a",
            "x'y'",
            "{[1]: 2}",
            "{1: 2, 3}",
            "none",
            "1.2.3",
        ] {
            assert!(parse_literal(text, None).is_none(), "{text}");
        }
        assert!(parse_literal(&"[".repeat(10_000), None).is_none());
    }
}
