//! YAML as PyYAML with libyaml writes it for results: block style, four spaces, sorted keys, folded at 80 columns.

use kdo_value::{Map, Value, float_repr};
use regex::Regex;
use std::sync::LazyLock;

/// Columns and indentation of the default view's results.
const WIDTH: usize = 80;
const STEP: usize = 4;

/// Plain scalars that would be read as something else than text.
static NOT_TEXT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^(?:
          | ~ | null | Null | NULL | = | <<
          | yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF
          | [-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?
          | \.[0-9][0-9_]*(?:[eE][-+][0-9]+)?
          | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*
          | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)
          | [-+]?0b[0-1_]+ | [-+]?0[0-7_]+ | [-+]?(?:0|[1-9][0-9_]*) | [-+]?0x[0-9a-fA-F_]+
          | [-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+
          | [0-9]{4}-[0-9]{2}-[0-9]{2}
          | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[\x20\t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?
            (?:[\x20\t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?
        )$",
    )
    .ok()
});

/// A map as a document without markers.
pub(crate) fn dump(map: &Map) -> String {
    dump_with(map, WIDTH, STEP)
}

/// The same, folded at another width and indented by other steps.
pub(crate) fn dump_with(map: &Map, width: usize, step: usize) -> String {
    let mut writer = Writer {
        width,
        step,
        ..Writer::default()
    };
    if map.is_empty() {
        return "{}\n".to_owned();
    }
    writer.map(map, 0);
    writer.out.push('\n');
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    column: usize,
    width: usize,
    step: usize,
    /// The next entry of a block goes on this line (after `-`).
    compact: bool,
}

impl Writer {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn indent(&mut self, depth: usize) {
        if !self.out.is_empty() && !self.compact {
            self.out.push('\n');
            self.column = 0;
        }
        self.compact = false;
        while self.column < depth {
            self.put(" ");
        }
    }

    fn fold(&mut self, depth: usize) {
        self.out.push('\n');
        self.column = 0;
        while self.column < depth {
            self.put(" ");
        }
    }

    fn map(&mut self, map: &Map, depth: usize) {
        let mut entries = map.entries();
        entries.sort_by_cached_key(|(k, _)| k.to_text());
        for (k, v) in entries {
            self.indent(depth);
            self.scalar(&k, depth, true);
            self.put(":");
            match &v {
                Value::Map(m) if !m.is_empty() => self.map(m, depth + self.step),
                Value::List(l) if !l.is_empty() => self.list(&l.to_vec(), depth),
                _ => {
                    self.put(" ");
                    self.scalar(&v, depth, false);
                }
            }
        }
    }

    fn list(&mut self, items: &[Value], depth: usize) {
        for v in items {
            self.indent(depth);
            self.put("-");
            self.compact = true;
            match v {
                Value::Map(m) if !m.is_empty() => self.map(m, depth + self.step),
                Value::List(l) if !l.is_empty() => self.list(&l.to_vec(), depth + self.step),
                _ => {
                    self.compact = false;
                    self.put(" ");
                    self.scalar(v, depth, false);
                }
            }
        }
    }

    fn scalar(&mut self, value: &Value, depth: usize, key: bool) {
        match value {
            Value::None => self.put("null"),
            Value::Bool(b) => self.put(if *b { "true" } else { "false" }),
            Value::Int(_) | Value::Big(_) => self.put(&value.to_text()),
            Value::Float(f) => self.put(&float(*f)),
            Value::Map(_) => self.put("{}"),
            Value::List(_) => self.put("[]"),
            _ => self.text(&value.to_text(), depth + self.step, key),
        }
    }

    fn text(&mut self, text: &str, depth: usize, key: bool) {
        if text.contains('\n') && !key {
            let text = block_text(text);
            if Shape::of(&text).block {
                return self.literal(&text, depth);
            }
            return self.double(&text, depth, key);
        }
        let shape = Shape::of(text);
        let is_text = NOT_TEXT.as_ref().is_some_and(|r| !r.is_match(text));
        if shape.plain && is_text {
            self.folded(text, depth, key, false);
        } else if shape.single {
            self.put("'");
            self.folded(text, depth, key, true);
            self.put("'");
        } else {
            self.double(text, depth, key);
        }
    }

    fn folded(&mut self, text: &str, depth: usize, key: bool, quoted: bool) {
        let chars: Vec<char> = text.chars().collect();
        let mut spaces = false;
        for (i, c) in chars.iter().enumerate() {
            let inner = !quoted || (i > 0 && i + 1 < chars.len());
            let before_space = chars.get(i + 1) == Some(&' ');
            if *c == ' ' && !key && !spaces && self.column > self.width && inner && !before_space {
                self.fold(depth);
            } else if *c == '\'' && quoted {
                self.put("''");
            } else {
                self.put(c.encode_utf8(&mut [0; 4]));
            }
            spaces = *c == ' ';
        }
    }

    fn literal(&mut self, text: &str, depth: usize) {
        self.put("|");
        if text.starts_with([' ', '\n']) {
            let step = self.step.to_string();
            self.put(&step);
        }
        // The text was stripped at its end, so there never is a final line feed.
        self.put("-");
        for line in text.split('\n') {
            self.out.push('\n');
            self.column = 0;
            if !line.is_empty() {
                while self.column < depth {
                    self.put(" ");
                }
                self.put(line);
            }
        }
    }

    fn double(&mut self, text: &str, depth: usize, key: bool) {
        let chars: Vec<char> = text.chars().collect();
        let mut spaces = false;
        self.put("\"");
        for (i, c) in chars.iter().enumerate() {
            if let Some(escape) = escape(*c) {
                self.put(&escape);
                spaces = false;
            } else if *c == ' ' {
                if !key && !spaces && self.column > self.width && i > 0 && i + 1 < chars.len() {
                    self.fold(depth);
                    if chars.get(i + 1) == Some(&' ') {
                        self.put("\\");
                    }
                } else {
                    self.put(" ");
                }
                spaces = true;
            } else {
                self.put(c.encode_utf8(&mut [0; 4]));
                spaces = false;
            }
        }
        self.put("\"");
    }
}

fn float(f: f64) -> String {
    let text = float_repr(f);
    match text.as_str() {
        "inf" => ".inf".to_owned(),
        "-inf" => "-.inf".to_owned(),
        "nan" => ".nan".to_owned(),
        t if !t.contains('.') => t.replacen('e', ".0e", 1),
        _ => text,
    }
}

/// Text as it goes into a literal block: no blanks at ends of lines, no tabs, no control characters.
fn block_text(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.trim_end().split('\n') {
        let (mut out, mut column) = (String::new(), 0usize);
        for c in line.chars() {
            if c == '\t' {
                let n = 8 - column % 8;
                out.extend(std::iter::repeat_n(' ', n));
                column += n;
            } else if (' '..='~').contains(&c) || c as u32 >= 0xa0 {
                out.push(c);
                column += 1;
            }
        }
        lines.push(out.trim_end_matches(' ').to_owned());
    }
    lines.join("\n")
}

fn printable(c: char) -> bool {
    matches!(c as u32, 0x0a | 0x20..=0x7e | 0xa0..=0xd7ff | 0xe000..=0xfefe | 0xff00..=0xfffd)
}

fn escape(c: char) -> Option<String> {
    let short = match c {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\0' => "\\0",
        '\x07' => "\\a",
        '\x08' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\x0b' => "\\v",
        '\x0c' => "\\f",
        '\r' => "\\r",
        '\x1b' => "\\e",
        '\u{85}' => "\\N",
        '\u{2028}' => "\\L",
        '\u{2029}' => "\\P",
        _ => "",
    };
    if !short.is_empty() {
        return Some(short.to_owned());
    }
    if printable(c) {
        return None;
    }
    let n = c as u32;
    Some(match n {
        0..=0xff => format!("\\x{n:02X}"),
        0x100..=0xffff => format!("\\u{n:04X}"),
        _ => format!("\\U{n:08X}"),
    })
}

/// Which styles a text allows.
struct Shape {
    plain: bool,
    single: bool,
    block: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let none = Self {
            plain: false,
            single: true,
            block: false,
        };
        if text.is_empty() {
            return none;
        }
        let chars: Vec<char> = text.chars().collect();
        let brk = |c: char| matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
        let blank = |c: Option<&char>| c.is_none_or(|c| matches!(c, ' ' | '\t') || brk(*c));
        let mut indicator = text.starts_with("---") || text.starts_with("...");
        let (mut special, mut breaks, mut break_space, mut space_break) = (false, false, false, false);
        let (mut was_space, mut was_break, mut after_blank) = (false, false, true);
        for (i, c) in chars.iter().enumerate() {
            let before_blank = blank(chars.get(i + 1));
            indicator |= match c {
                ':' => before_blank,
                '?' | '-' if i == 0 => before_blank,
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                    i == 0
                }
                '#' => i == 0 || after_blank,
                _ => false,
            };
            special |= !printable(*c);
            if *c == ' ' {
                break_space |= was_break;
                (was_space, was_break) = (true, false);
            } else if brk(*c) {
                breaks = true;
                space_break |= was_space;
                (was_space, was_break) = (false, true);
            } else {
                (was_space, was_break) = (false, false);
            }
            after_blank = blank(Some(c));
        }
        let edge = |c: Option<&char>| c.is_some_and(|c| *c == ' ' || brk(*c));
        let (leading, trailing) = (edge(chars.first()), edge(chars.last()));
        let bad = space_break || special;
        Self {
            plain: !(indicator || leading || trailing || breaks || break_space || bad),
            single: !(break_space || bad),
            block: !(chars.last() == Some(&' ') || bad),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::dump;
    use kdo_value::json::read;

    #[test]
    fn texts_are_quoted_where_pyyaml_quotes_them() {
        for (json, yaml) in [
            (r#"{"a": "with: colon"}"#, "a: 'with: colon'\n"),
            (r#"{"a": "it's"}"#, "a: it's\n"),
            (r#"{"a": "\n"}"#, "a: \"\"\n"),
            (r#"{"a": "\nx"}"#, "a: |4-\n\n    x\n"),
            (r#"{"a": "tab\there\nx"}"#, "a: |-\n    tab     here\n    x\n"),
            (r#"{"a": "a\tb"}"#, "a: \"a\\tb\"\n"),
            (
                r#"{"a": [[1, 2], {"b": [1], "c": {}}, []]}"#,
                "a:\n-   - 1\n    - 2\n-   b:\n    - 1\n    c: {}\n- []\n",
            ),
            (r#"{"1": 1e20, "true": "1e3"}"#, "'1': 1.0e+20\n'true': 1e3\n"),
        ] {
            let value = read(json).unwrap();
            assert_eq!(dump(value.as_map().unwrap()), yaml, "{json}");
        }
    }
}
