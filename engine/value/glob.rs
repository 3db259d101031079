//! Shell patterns as Python's `fnmatch` reads them.

/// The regular expression of a pattern, without anchors. `any` is what `?` and each character of `*` may be: `.` where
/// patterns pass `/`, `[^/]` where they do not.
pub fn as_regex(pattern: &str, any: &str) -> String {
    let mut out = String::new();
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            '*' => {
                out.push_str(any);
                out.push('*');
            }
            '?' => out.push_str(any),
            '[' => {
                let text = rest.as_str();
                let negated = text.starts_with('!');
                let body = text.strip_prefix('!').unwrap_or(text);
                // A bracket right after the opening one is a member.
                let offset = usize::from(body.starts_with(']'));
                match body.get(offset..).and_then(|b| b.find(']')) {
                    Some(close) => {
                        let members = body.get(..offset + close).unwrap_or("");
                        out.push('[');
                        if negated {
                            out.push('^');
                        }
                        for m in members.chars() {
                            if matches!(m, '\\' | '[' | ']' | '^' | '&' | '~') {
                                out.push('\\');
                            }
                            out.push(m);
                        }
                        out.push(']');
                        rest = body.get(offset + close + 1..).unwrap_or("").chars();
                    }
                    None => out.push_str("\\["),
                }
            }
            c => {
                if "\\.+*?()|[]{}^$#&-~".contains(c) {
                    out.push('\\');
                }
                out.push(c);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::as_regex;

    #[test]
    fn patterns_become_regular_expressions() {
        for (pattern, regex) in [
            ("a*.b?", r"a[^/]*\.b[^/]"),
            ("[!a-c]x", r"[^a-c]x"),
            ("[]^]", r"[\]\^]"),
            ("[a&&b]", r"[a\&\&b]"),
            ("[x", r"\[x"),
            ("a+b$", r"a\+b\$"),
        ] {
            assert_eq!(as_regex(pattern, "[^/]"), regex, "{pattern}");
        }
    }
}
