//! Arguments in one line: `copy: src=a dest="b c"`.

use kdo_value::{Map, Text, Value};
use std::borrow::Cow;

/// Cuts a line at blanks, keeping quoted parts and templates together, as Ansible does. Newlines and runs of
/// blanks inside words are kept; quotes are not removed. The error tells of something that is not closed.
pub fn split_args(line: &str) -> Result<Vec<String>, String> {
    let chars: Vec<char> = line.chars().collect();
    let (mut words, mut word) = (Vec::new(), String::new());
    let (mut quote, mut depth) = (None::<char>, Vec::<char>::new());
    let mut i = 0;
    while let Some(&c) = chars.get(i) {
        let next = chars.get(i + 1).copied();
        if quote.is_none() && c == '{' && matches!(next, Some('{' | '%' | '#')) {
            depth.push(next.unwrap_or('{'));
            word.push(c);
            word.extend(next);
            i += 2;
            continue;
        }
        if let Some(open) = depth.last()
            && next == Some('}')
            && c == if *open == '{' { '}' } else { *open }
        {
            depth.pop();
            word.push(c);
            word.push('}');
            i += 2;
            continue;
        }
        if depth.is_empty() {
            let escaped = i > 0 && chars.get(i - 1) == Some(&'\\');
            match quote {
                Some(q) if q == c && !escaped => quote = None,
                None if (c == '"' || c == '\'') && !escaped => quote = Some(c),
                None if c.is_whitespace() => {
                    if !word.is_empty() {
                        words.push(std::mem::take(&mut word));
                    }
                    i += 1;
                    continue;
                }
                _ => {}
            }
        }
        word.push(c);
        i += 1;
    }
    if quote.is_some() || !depth.is_empty() {
        return Err("failed at splitting arguments, either an unbalanced jinja2 block or quotes".into());
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

/// Joins lines at a backslash that stands alone outside of quotes and templates, as Ansible does.
fn join_continued(line: &str) -> Cow<'_, str> {
    let alone = lone_backslashes(line);
    if alone.is_empty() {
        return Cow::Borrowed(line);
    }
    let (mut out, mut at, mut continued) = (String::with_capacity(line.len()), 0, true);
    for (n, part) in line.split('\n').enumerate() {
        let (mut kept, mut joined) = (Vec::new(), false);
        for token in part.split(' ') {
            if alone.contains(&at) {
                joined = true;
            } else {
                kept.push(token);
            }
            at += token.len() + 1;
        }
        if n > 0 && !continued {
            out.push('\n');
        } else if !out.is_empty() && kept.first().is_some_and(|t| !t.is_empty()) {
            out.push(' ');
        }
        out.push_str(&kept.join(" "));
        continued = joined;
    }
    Cow::Owned(out)
}

/// Places of backslashes between blanks, outside of quotes and templates.
fn lone_backslashes(line: &str) -> Vec<usize> {
    let bytes = line.as_bytes();
    let at = |i: usize| bytes.get(i).copied();
    let blank = |b: Option<u8>| matches!(b, None | Some(b' ' | b'\n'));
    let (mut found, mut quote, mut depth, mut i) = (Vec::new(), None, 0_usize, 0);
    while let Some(b) = at(i) {
        let before = i.checked_sub(1).and_then(at);
        match (b, at(i + 1)) {
            (b'{', Some(b'{' | b'%' | b'#')) if quote.is_none() => (depth, i) = (depth + 1, i + 1),
            (b'}' | b'%' | b'#', Some(b'}')) if depth > 0 => (depth, i) = (depth - 1, i + 1),
            _ if depth > 0 => {}
            (b'"' | b'\'', _) if before != Some(b'\\') => match quote {
                Some(q) if q == b => quote = None,
                None => quote = Some(b),
                _ => {}
            },
            (b'\\', next) if quote.is_none() && blank(before) && blank(next) => found.push(i),
            _ => {}
        }
        i += 1;
    }
    found
}

fn unquote(word: &str) -> &str {
    for q in ['"', '\''] {
        if word.len() >= 2 && word.starts_with(q) && word.ends_with(q) && !word.ends_with(&format!("\\{q}")) {
            return word.get(1..word.len() - 1).unwrap_or(word);
        }
    }
    word
}

/// Arguments that may stand as `k=v` beside a free-form command line.
const RAW_OPTIONS: &[&str] = &[
    "chdir",
    "cmd",
    "creates",
    "executable",
    "expand_argument_vars",
    "removes",
    "stdin",
    "stdin_add_newline",
    "strip_empty_ends",
    "warn",
];

/// Pairs of a line; with `free_form`, what is no known option of a command stays in `_raw_params`, blanks and all.
pub fn free_form_and_pairs(line: &Text, free_form: bool) -> Result<Map, String> {
    let map = Map::new();
    let text = |t: &str| -> Value {
        if line.is_trusted() {
            Value::Str(Text::trusted(t, line.origin()))
        } else {
            Value::str(t)
        }
    };
    if free_form {
        let (raw, pairs) = cut_options(&join_continued(line))?;
        for (k, v) in pairs {
            map.insert(text(&k), text(&v));
        }
        let raw = raw.trim_start().trim_end_matches([' ', '\t']);
        if !raw.is_empty() {
            map.insert("_raw_params", text(raw));
        }
        return Ok(map);
    }
    let mut raw = Vec::new();
    for word in split_args(line)? {
        match pair(&unescaped(&word)) {
            Some((k, v)) => {
                map.insert(text(&k), text(&v));
            }
            None => raw.push(word.replace("\\=", "=")),
        }
    }
    if !raw.is_empty() {
        map.insert("_raw_params", text(&raw.join(" ")));
    }
    Ok(map)
}

/// The word with letters in place of `\n`, `\\`, `\x41`, `\u00e9` and the like; other backslashes stay.
fn unescaped(word: &str) -> Cow<'_, str> {
    if !word.contains('\\') {
        return Cow::Borrowed(word);
    }
    let (mut out, mut rest) = (String::with_capacity(word.len()), word);
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let (letter, length) = escaped_letter(escape).unwrap_or(('\\', 1));
        out.push(letter);
        rest = escape.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The letter that a text beginning with a backslash means, and how many bytes say so.
fn escaped_letter(escape: &str) -> Option<(char, usize)> {
    let kind = escape.chars().nth(1)?;
    let digits = match kind {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => {
            let letter = match kind {
                '\\' | '\'' | '"' => kind,
                'a' => '\x07',
                'b' => '\x08',
                'f' => '\x0c',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\x0b',
                _ => return None,
            };
            return Some((letter, 2));
        }
    };
    let hex = escape.get(2..2 + digits)?;
    let number = u32::from_str_radix(hex, 16)
        .ok()
        .filter(|_| !hex.starts_with('+'))?;
    Some((char::from_u32(number)?, 2 + digits))
}

fn pair(word: &str) -> Option<(String, String)> {
    // The first `=` that is not escaped; the name may be a template.
    let at = word
        .match_indices('=')
        .map(|(at, _)| at)
        .find(|at| *at > 0 && !word.get(..*at).is_some_and(|k| k.ends_with('\\')))?;
    let (k, v) = (word.get(..at)?, word.get(at + 1..)?);
    Some((k.trim().to_owned(), unquote(v.trim()).to_owned()))
}

/// Takes the known options out of a command line and leaves the rest as it is.
fn cut_options(line: &str) -> Result<(String, Vec<(String, String)>), String> {
    let words = match split_args(line) {
        Ok(words) => words,
        // A command line may hold what only its shell understands.
        Err(_) if !RAW_OPTIONS.iter().any(|o| line.contains(&format!("{o}="))) => {
            return Ok((line.to_owned(), Vec::new()));
        }
        Err(e) => return Err(e),
    };
    let (mut rest, mut pairs, mut from) = (line.to_owned(), Vec::new(), 0);
    for word in words {
        let Some(at) = rest.get(from..).and_then(|r| r.find(&word)).map(|at| from + at) else {
            continue;
        };
        match pair(&unescaped(&word)) {
            Some((k, v)) if RAW_OPTIONS.contains(&k.as_str()) => {
                pairs.push((k, v));
                let end = at + word.len();
                let blank = rest.get(end..).is_some_and(|r| r.starts_with(' '));
                rest.replace_range(at..end + usize::from(blank), "");
                from = at;
            }
            _ => from = at + word.len(),
        }
    }
    Ok((rest, pairs))
}

#[cfg(test)]
mod tests {
    use super::{free_form_and_pairs, join_continued, split_args};
    use kdo_value::{Text, json};

    fn pairs(line: &str, free: bool) -> String {
        json::line(&free_form_and_pairs(&Text::new(line), free).unwrap().into())
    }

    #[test]
    fn lines_are_joined_at_a_backslash_of_its_own() {
        for (line, joined) in [
            ("echo a \\\n\\\n  b\n", "echo a  b\n"),
            ("echo a   \\\n  b \\", "echo a    b"),
            ("b   c \\ d\n  x\ne  \\   \nf\n", "b   c d  x\ne     f\n"),
            ("a\\\nb 'c \\\n d' \\\n\"e\"", "a\\\nb 'c \\\n d' \"e\""),
            ("{{ a \\\n }} \\\nb", "{{ a \\\n }} b"),
            ("cat <<E\n  x\nE\n", "cat <<E\n  x\nE\n"),
        ] {
            assert_eq!(join_continued(line), joined, "{line}");
        }
    }

    #[test]
    fn templates_and_quotes_stay_together() {
        assert_eq!(
            split_args("a={{ x | f('b c') }} 'd e' f").unwrap(),
            ["a={{ x | f('b c') }}", "'d e'", "f"]
        );
        assert!(split_args("a='b").is_err());
        assert!(split_args("{{ a").is_err());
    }

    #[test]
    fn escapes_in_pairs_are_letters() {
        assert_eq!(
            pairs(r"regexp='\\b(.+)\b\d' replace=\x41\u00e9\n\xzz", false),
            r#"{"regexp": "\\b(.+)\b\\d", "replace": "A\u00e9\n\\xzz"}"#
        );
        assert_eq!(
            pairs(r"printf 'a\nb' chdir=/a\tb", true),
            r#"{"chdir": "/a\tb", "_raw_params": "printf 'a\\nb'"}"#
        );
    }

    #[test]
    fn options_of_a_command_are_taken_out_of_it() {
        assert_eq!(
            pairs("echo  'a  b' chdir=/tmp x=y creates=\"/a b\"", true),
            r#"{"chdir": "/tmp", "creates": "/a b", "_raw_params": "echo  'a  b' x=y"}"#
        );
        assert_eq!(
            pairs("src=a dest='b c' extra", false),
            r#"{"src": "a", "dest": "b c", "_raw_params": "extra"}"#
        );
    }
}
