//! `str()` and `repr()`.

use crate::{Value, float_repr, is_printable};
use std::fmt::Write;

/// Deeper containers are written as `...`: guards the stack against values that contain themselves.
const MAX_DEPTH: usize = 200;

/// `repr(str)`: Python's choice of quotes and escapes.
pub fn repr_str(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if is_printable(c) => out.push(c),
            c => {
                let n = c as u32;
                let _ = match n {
                    0..=0xff => write!(out, "\\x{n:02x}"),
                    0x100..=0xffff => write!(out, "\\u{n:04x}"),
                    _ => write!(out, "\\U{n:08x}"),
                };
            }
        }
    }
    out.push(quote);
    out
}

impl Value {
    /// Python's `str()`.
    pub fn to_text(&self) -> String {
        match self {
            Self::Str(s) => s.as_str().to_owned(),
            Self::Object(o) => o.to_text(),
            _ => self.repr(),
        }
    }

    /// Python's `repr()`.
    pub fn repr(&self) -> String {
        let mut out = String::new();
        self.write_repr(&mut out, 0);
        out
    }

    fn write_repr(&self, out: &mut String, depth: usize) {
        if depth > MAX_DEPTH {
            out.push_str("...");
            return;
        }
        match self {
            Self::None => out.push_str("None"),
            Self::Bool(b) => out.push_str(if *b { "True" } else { "False" }),
            Self::Int(n) => {
                let _ = write!(out, "{n}");
            }
            Self::Big(n) => {
                let _ = write!(out, "{n}");
            }
            Self::Float(f) => out.push_str(&float_repr(*f)),
            Self::Str(s) => out.push_str(&repr_str(s)),
            Self::Bytes(b) => write_bytes(out, b),
            Self::List(l) => write_items(out, ('[', ']'), &l.to_vec(), depth),
            Self::Tuple(t) => {
                write_items(out, ('(', ')'), t, depth);
                if t.len() == 1 {
                    out.insert(out.len() - 1, ',');
                }
            }
            Self::Map(m) => {
                out.push('{');
                for (i, (k, v)) in m.entries().iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    k.write_repr(out, depth + 1);
                    out.push_str(": ");
                    v.write_repr(out, depth + 1);
                }
                out.push('}');
            }
            Self::Vault(_) => out.push_str("'<encrypted>'"),
            Self::Undefined(_) => out.push_str("Undefined"),
            Self::Omit => out.push_str("<Omit>"),
            Self::Object(o) => out.push_str(&o.repr()),
        }
    }
}

fn write_items(out: &mut String, (open, close): (char, char), items: &[Value], depth: usize) {
    out.push(open);
    for (i, v) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        v.write_repr(out, depth + 1);
    }
    out.push(close);
}

fn write_bytes(out: &mut String, bytes: &[u8]) {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') {
        '"'
    } else {
        '\''
    };
    out.push('b');
    out.push(quote);
    for b in bytes {
        match b {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b if char::from(*b) == quote => {
                out.push('\\');
                out.push(quote);
            }
            0x20..=0x7e => out.push(char::from(*b)),
            _ => {
                let _ = write!(out, "\\x{b:02x}");
            }
        }
    }
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use crate::{Map, Value};

    #[test]
    fn containers_are_written_as_python_writes_them() {
        let map = Map::new();
        map.insert(
            "k",
            Value::list([Value::Int(1), Value::None, Value::Bool(true), Value::Float(1.5)]),
        );
        map.insert("q", "it's");
        map.insert("e", "a\n\u{7f}\u{e9}");
        map.insert("t", Value::Tuple([Value::Int(1)].into()));
        assert_eq!(
            Value::Map(map).repr(),
            "{'k': [1, None, True, 1.5], 'q': \"it's\", 'e': 'a\\n\\x7f\u{e9}', 't': (1,)}"
        );
    }
}
