//! Regular expressions as Python's `re` reads them: the pattern and the replacement are translated for the engine.

use fancy_regex::{Captures, Regex};
use std::iter::Peekable;
use std::str::Chars;

/// How a pattern is read.
#[derive(Clone, Copy, Default)]
pub struct Flags {
    /// `^` and `$` at every line (`re.MULTILINE`).
    pub multiline: bool,
    /// `.` matches newlines too (`re.DOTALL`).
    pub dotall: bool,
}

/// A compiled pattern.
pub struct Pattern {
    regex: Regex,
    multiline: bool,
}

/// Compiles a Python pattern; the error says what is wrong with it.
pub fn compile(pattern: &str, flags: Flags) -> Result<Pattern, String> {
    let (body, global) = leading_flags(pattern);
    let multiline = flags.multiline || global.contains('m');
    let mut prefix = String::new();
    for (on, letter) in [
        (multiline, 'm'),
        (flags.dotall || global.contains('s'), 's'),
        (global.contains('i'), 'i'),
        (global.contains('x'), 'x'),
    ] {
        if on {
            prefix.push(letter);
        }
    }
    let body = translate(body, multiline)?;
    let text = if prefix.is_empty() {
        body
    } else {
        format!("(?{prefix}){body}")
    };
    let regex = Regex::new(&text).map_err(|e| format!("invalid regular expression '{pattern}': {e}"))?;
    Ok(Pattern { regex, multiline })
}

/// The pattern without its leading `(?flags)`, and the flags.
fn leading_flags(pattern: &str) -> (&str, String) {
    if let Some(rest) = pattern.strip_prefix("(?")
        && let Some((flags, body)) = rest.split_once(')')
        && !flags.is_empty()
        && flags.chars().all(|c| "aiLmsux".contains(c))
    {
        return (body, flags.to_owned());
    }
    (pattern, String::new())
}

fn translate(pattern: &str, multiline: bool) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(&mut chars, &mut out, false)?,
            '[' => class(&mut chars, &mut out)?,
            // Without MULTILINE, Python's `$` also matches before a newline that ends the text.
            '$' if !multiline => out.push_str("(?=\\n?\\z)"),
            '{' => quantifier(&mut chars, &mut out),
            '(' => {
                out.push('(');
                let rest: String = chars.clone().take(3).collect();
                if rest.starts_with("?#") {
                    out.pop();
                    for c in chars.by_ref() {
                        if c == ')' {
                            break;
                        }
                    }
                }
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

/// After `{`: `{m}`, `{m,}`, `{,n}` and `{m,n}` repeat; anything else is the brace itself.
fn quantifier(chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    let rest: String = chars
        .clone()
        .take_while(|c| c.is_ascii_digit() || *c == ',')
        .collect();
    let closed = chars.clone().nth(rest.chars().count()) == Some('}');
    if !closed || rest.is_empty() || rest == "," || rest.matches(',').count() > 1 {
        out.push_str("\\{");
        return;
    }
    out.push('{');
    if rest.starts_with(',') {
        out.push('0');
    }
}

fn escape(chars: &mut Peekable<Chars<'_>>, out: &mut String, in_class: bool) -> Result<(), String> {
    let Some(c) = chars.next() else {
        return Err("bad escape (end of pattern)".into());
    };
    match c {
        'Z' if !in_class => out.push_str("\\z"),
        'b' if in_class => out.push_str("\\x08"),
        'a' => out.push_str("\\x07"),
        '0' => {
            let mut n = 0;
            for _ in 0..2 {
                match chars.peek().and_then(|c| c.to_digit(8)) {
                    Some(d) => {
                        n = n * 8 + d;
                        chars.next();
                    }
                    None => break,
                }
            }
            out.push_str(&format!("\\x{{{n:x}}}"));
        }
        'A'
        | 'b'
        | 'B'
        | 'd'
        | 'D'
        | 's'
        | 'S'
        | 'w'
        | 'W'
        | 'n'
        | 'r'
        | 't'
        | 'f'
        | 'v'
        | 'x'
        | 'u'
        | 'U'
        | '1'..='9' => {
            out.push('\\');
            out.push(c);
        }
        c if c.is_ascii_alphabetic() => return Err(format!("bad escape \\{c}")),
        c if c.is_ascii_punctuation()
            && !matches!(
                c,
                '<' | '>' | '"' | '\'' | '/' | ',' | ';' | ':' | '=' | '!' | '@' | '%' | '_' | '`'
            ) =>
        {
            out.push('\\');
            out.push(c);
        }
        ' ' => out.push_str("\\x20"),
        c => out.push(c),
    }
    Ok(())
}

fn class(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), String> {
    out.push('[');
    if chars.peek() == Some(&'^') {
        out.push('^');
        chars.next();
    }
    let mut first = true;
    loop {
        match chars.next() {
            None => return Err("unterminated character set".into()),
            Some(']') if !first => {
                out.push(']');
                return Ok(());
            }
            Some('\\') => escape(chars, out, true)?,
            Some('-') => {
                // A range where the engine reads one too, else the sign itself.
                let edge = first || chars.peek() == Some(&']') || out.ends_with('-');
                out.push_str(if edge { "\\-" } else { "-" });
            }
            Some(c @ ('[' | ']' | '&' | '~')) => {
                out.push('\\');
                out.push(c);
            }
            Some(c) => out.push(c),
        }
        first = false;
    }
}

impl Pattern {
    /// Whether `^` and `$` match at every line, by [`Flags`] or the pattern's own.
    pub fn multiline(&self) -> bool {
        self.multiline
    }

    /// Whether it matches anywhere.
    pub fn is_match(&self, text: &str) -> Result<bool, String> {
        self.regex.is_match(text).map_err(|e| e.to_string())
    }

    /// Whether it matches at the beginning (`re.match`).
    pub fn matches_start(&self, text: &str) -> Result<bool, String> {
        // A later match cannot hide an earlier one: the engine gives the leftmost.
        Ok(self
            .captures(text)?
            .and_then(|c| c.get(0).map(|m| m.start() == 0))
            .unwrap_or(false))
    }

    /// The first match with its groups.
    pub fn captures<'t>(&self, text: &'t str) -> Result<Option<Captures<'t, str>>, String> {
        self.regex.captures(text).map_err(|e| e.to_string())
    }

    /// Names of the groups that have one.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.regex.capture_names().flatten()
    }

    /// Every match replaced (`re.subn`), and how many there were.
    pub fn replace_all(&self, text: &str, template: &str) -> Result<(String, usize), String> {
        let parts = self.template(template)?;
        let (mut out, mut count, mut copied, mut at) = (String::with_capacity(text.len()), 0, 0, 0);
        while at <= text.len() {
            let Some(found) = self
                .regex
                .captures_from_pos(text, at)
                .map_err(|e| e.to_string())?
            else {
                break;
            };
            let Some(whole) = found.get(0) else { break };
            let (start, end) = (whole.start(), whole.end());
            out.push_str(text.get(copied..start).unwrap_or(""));
            fill(&parts, &found, &mut out);
            count += 1;
            copied = end;
            at = if end > start {
                end
            } else {
                // An empty match: the next one begins after the next character, which stays.
                end + text
                    .get(end..)
                    .and_then(|t| t.chars().next())
                    .map_or(1, char::len_utf8)
            };
        }
        out.push_str(text.get(copied..).unwrap_or(""));
        Ok((out, count))
    }

    /// A match put into a replacement template (`match.expand`).
    pub fn expand(&self, found: &Captures<'_, str>, template: &str) -> Result<String, String> {
        let mut out = String::new();
        fill(&self.template(template)?, found, &mut out);
        Ok(out)
    }

    /// The parts of a template, names of groups resolved.
    fn template(&self, template: &str) -> Result<Vec<Part>, String> {
        let names: Vec<_> = self.regex.capture_names().collect();
        let resolved = parse_template(template)?.into_iter().map(|part| match part {
            Part::Named(name) => match names.iter().position(|n| *n == Some(name.as_str())) {
                Some(number) => Ok(Part::Group(number)),
                None => Err(format!("unknown group name '{name}'")),
            },
            Part::Group(n) if n >= names.len() => Err(format!("invalid group reference {n}")),
            part => Ok(part),
        });
        resolved.collect()
    }
}

enum Part {
    Text(String),
    Group(usize),
    Named(String),
}

fn fill(parts: &[Part], found: &Captures<'_, str>, out: &mut String) {
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Group(n) => out.push_str(found.get(*n).map_or("", |m| m.as_str())),
            Part::Named(name) => out.push_str(found.name(name).map_or("", |m| m.as_str())),
        }
    }
}

fn parse_template(template: &str) -> Result<Vec<Part>, String> {
    let (mut parts, mut text) = (Vec::new(), String::new());
    let mut chars = template.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            None => return Err("bad escape (end of pattern)".into()),
            Some('g') => {
                let rest: String = chars.clone().collect();
                let Some((name, _)) = rest.strip_prefix('<').and_then(|r| r.split_once('>')) else {
                    return Err("missing <".into());
                };
                (0..name.chars().count() + 2).for_each(|_| {
                    chars.next();
                });
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(
                    name.parse()
                        .map_or_else(|_| Part::Named(name.to_owned()), Part::Group),
                );
            }
            Some('0') => {
                let mut n = 0;
                for _ in 0..2 {
                    if let Some(d) = chars.peek().and_then(|c| c.to_digit(8)) {
                        n = n * 8 + d;
                        chars.next();
                    }
                }
                text.extend(char::from_u32(n));
            }
            Some(d @ '1'..='9') => {
                let mut n = d.to_digit(10).unwrap_or(0) as usize;
                if let Some(e) = chars.peek().and_then(|c| c.to_digit(10)) {
                    n = n * 10 + e as usize;
                    chars.next();
                }
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(Part::Group(n));
            }
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('a') => text.push('\x07'),
            Some('f') => text.push('\x0c'),
            Some('v') => text.push('\x0b'),
            Some('b') => text.push('\x08'),
            Some('\\') => text.push('\\'),
            Some(c) if c.is_ascii_alphabetic() => return Err(format!("bad escape \\{c}")),
            Some(c) => {
                text.push('\\');
                text.push(c);
            }
        }
    }
    parts.push(Part::Text(text));
    Ok(parts)
}

/// Content of a file for text patterns: UTF-8 as it is; other bytes one character each, so that nothing is lost.
pub struct Decoded {
    /// The text.
    pub text: String,
    single_bytes: bool,
}

impl Decoded {
    /// Reads bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self {
                text,
                single_bytes: false,
            },
            Err(e) => Self {
                text: e.as_bytes().iter().map(|b| char::from(*b)).collect(),
                single_bytes: true,
            },
        }
    }

    /// A text of the user's (pattern, line) in the same form.
    pub fn adopt(&self, text: &str) -> String {
        if self.single_bytes {
            text.bytes().map(char::from).collect()
        } else {
            text.to_owned()
        }
    }

    /// The bytes of a text in this form.
    pub fn encode(&self, text: &str) -> Vec<u8> {
        if self.single_bytes {
            text.chars()
                .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
                .collect()
        } else {
            text.as_bytes().to_vec()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Decoded, Flags, compile};

    #[test]
    fn patterns_match_what_python_matches() {
        for (pattern, text, found) in [
            (r"^a$", "a\n", true),
            (r"^a\Z", "a\n", false),
            (r"x{,2}y", "y", true),
            (r"\${var}", "${var}", true),
            (r"{{ x }}", "{{ x }}", true),
            (r"[[]x[]]", "[x]", true),
            (r"[]a]+", "]a", true),
            (r"\<b\>", "<b>", true),
            (r"(?i)ABC", "xabc", true),
            (r"(?P<q>['\x22])x(?P=q)", "'x'", true),
            (r"^(?!#)\s*root", "# root", false),
            (r"[\w.-]+@", "a.b-c@", true),
            (r"[a&&b]", "&", true),
            (r"#?\s*PermitRootLogin", "#PermitRootLogin", true),
            (r"\/etc\/x\-y", "/etc/x-y", true),
            (r"a(?#note)b", "ab", true),
            (r"^\s*$", "", true),
            (r"[^-]-", "a-", true),
        ] {
            assert_eq!(
                compile(pattern, Flags::default()).unwrap().is_match(text),
                Ok(found),
                "{pattern} {text:?}"
            );
        }
        assert!(compile(r"\q", Flags::default()).is_err());
        assert!(compile("[a", Flags::default()).is_err());
        assert!(compile("(a", Flags::default()).is_err());
    }

    #[test]
    fn replacements_are_filled_as_by_python() {
        let multiline = Flags {
            multiline: true,
            dotall: false,
        };
        for (pattern, text, template, result, count) in [
            (r"(a)(?P<n>b)", "abab", r"\2\g<1>\g<n>-", "bab-bab-", 2),
            (r"x*", "axb", "-", "-a--b-", 4),
            (r"^", "a\nb\n", "# ", "# a\n# b\n# ", 3),
            (r"$", "a\nb", ";", "a;\nb;", 2),
            (r"a", "a", r"\\n\n\.", "\\n\n\\.", 1),
        ] {
            assert_eq!(
                compile(pattern, multiline).unwrap().replace_all(text, template),
                Ok((result.to_owned(), count)),
                "{pattern}"
            );
        }
        let p = compile("(a)(b)?", Flags::default()).unwrap();
        assert_eq!(
            p.expand(&p.captures("a").unwrap().unwrap(), r"\1\2!").unwrap(),
            "a!"
        );
        assert!(p.replace_all("a", r"\3").is_err());
        assert!(p.replace_all("no match", r"\g<x>").is_err());
    }

    #[test]
    fn bytes_that_are_no_text_survive() {
        let bytes = vec![b'a', 0xff, 0xc3, 0xa9];
        let d = Decoded::new(bytes.clone());
        assert_eq!(d.encode(&d.text), bytes);
        assert!(d.text.contains(&d.adopt("é")));
    }
}
