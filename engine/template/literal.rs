//! String literals of templates.

/// Resolves the escapes of a literal as Python's `unicode-escape` does; unknown ones stay as they are written.
pub(crate) fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let Some(kind) = chars.next() else {
            out.push('\\');
            break;
        };
        match kind {
            '\n' => {}
            '\\' | '\'' | '"' => out.push(kind),
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'v' => out.push('\u{b}'),
            'x' | 'u' | 'U' => {
                let digits = match kind {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let rest: String = chars.clone().take(digits).collect();
                let code = (rest.len() == digits)
                    .then(|| u32::from_str_radix(&rest, 16).ok())
                    .flatten();
                if let Some(decoded) = code.and_then(char::from_u32) {
                    out.push(decoded);
                    chars.by_ref().take(digits).for_each(drop);
                } else {
                    out.push('\\');
                    out.push(kind);
                }
            }
            '0'..='7' => {
                let mut code = kind.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    match chars.peek().and_then(|c| c.to_digit(8)) {
                        Some(d) => {
                            code = code * 8 + d;
                            chars.next();
                        }
                        None => break,
                    }
                }
                out.extend(char::from_u32(code));
            }
            other => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    out
}

/// The value of adjacent string literals as they stand in the source; `keep` leaves backslashes alone.
/// `None` if the text is something else.
pub(crate) fn read(source: &str, keep: bool) -> Option<String> {
    let mut out = String::new();
    let mut rest = source.trim();
    if rest.is_empty() {
        return None;
    }
    while let Some(quote) = rest.chars().next() {
        if quote != '\'' && quote != '"' {
            return None;
        }
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find_map(|(i, c)| match c {
            _ if escaped => {
                escaped = false;
                None
            }
            '\\' => {
                escaped = true;
                None
            }
            c => (c == quote).then_some(i),
        })?;
        let inner = rest.get(1..end)?;
        if keep {
            out.push_str(inner);
        } else {
            out.push_str(&unescape(inner));
        }
        rest = rest.get(end + 1..)?.trim_start();
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{read, unescape};

    #[test]
    fn escapes_are_read_as_python_reads_them() {
        assert_eq!(unescape(r"a\n\t\x41\u00e9\101\d\\"), "a\n\tA\u{e9}A\\d\\");
        assert_eq!(unescape(r"C:\users"), "C:\\users");
    }

    #[test]
    fn adjacent_literals_are_one_and_backslashes_can_stand_for_themselves() {
        assert_eq!(read(r"'a' 'b\n'", false).as_deref(), Some("ab\n"));
        assert_eq!(read(r"'it\'s'", true).as_deref(), Some(r"it\'s"));
        assert_eq!(read("'a' + 'b'", true), None);
    }
}
