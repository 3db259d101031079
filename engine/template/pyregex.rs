//! Python's `re` over fancy-regex: its syntax is translated, its rules of matching and replacing are kept.

use crate::TemplateError;
use fancy_regex::{Captures, Regex, RegexBuilder};
use std::{cell::RefCell, collections::HashMap, iter::Peekable, rc::Rc, str::CharIndices};

/// Where a match must lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Anchor {
    /// Anywhere: `re.search`.
    Search,
    /// At the start: `re.match`.
    Start,
    /// The whole text: `re.fullmatch`.
    Full,
}

/// Flags of a pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Flags {
    /// `re.IGNORECASE`
    pub ignorecase: bool,
    /// `re.MULTILINE`
    pub multiline: bool,
}

/// A compiled Python pattern.
pub(crate) struct PyRegex {
    regex: Regex,
}

/// Compiled patterns that are kept per thread.
const CACHE: usize = 256;
/// Steps of one match before it is given up: Python would hang, we stop.
const STEPS: usize = 20_000_000;

thread_local! {
    static COMPILED: RefCell<HashMap<(String, Flags, Anchor), Rc<PyRegex>>> = RefCell::new(HashMap::new());
}

/// Compiles a pattern, or takes it from the cache.
pub(crate) fn compile(pattern: &str, flags: Flags, anchor: Anchor) -> Result<Rc<PyRegex>, TemplateError> {
    let key = (pattern.to_owned(), flags, anchor);
    if let Some(found) = COMPILED.with_borrow(|c| c.get(&key).cloned()) {
        return Ok(found);
    }
    let body = Translator::new(pattern, flags).run()?;
    let text = match anchor {
        Anchor::Search => body,
        Anchor::Start => format!(r"\A(?:{body})"),
        Anchor::Full => format!(r"\A(?:{body})\z"),
    };
    let regex = RegexBuilder::new(&text)
        .backtrack_limit(STEPS)
        .build()
        .map_err(|e| TemplateError::new(format!("invalid regular expression '{pattern}': {e}")))?;
    let compiled = Rc::new(PyRegex { regex });
    COMPILED.with_borrow_mut(|c| {
        if c.len() >= CACHE {
            c.clear();
        }
        c.insert(key, Rc::clone(&compiled));
    });
    Ok(compiled)
}

impl PyRegex {
    /// The first match.
    pub(crate) fn find<'t>(&self, text: &'t str) -> Result<Option<Captures<'t, str>>, TemplateError> {
        self.from(text, 0)
    }

    fn from<'t>(&self, text: &'t str, at: usize) -> Result<Option<Captures<'t, str>>, TemplateError> {
        self.regex
            .captures_from_pos(text, at)
            .map_err(|e| TemplateError::new(format!("regular expression: {e}")))
    }

    /// Number of groups, the whole match not counted.
    pub(crate) fn groups(&self) -> usize {
        self.regex.captures_len().saturating_sub(1)
    }

    /// The number of a named group.
    pub(crate) fn group_of(&self, name: &str) -> Option<usize> {
        self.regex.capture_names().position(|n| n == Some(name))
    }

    /// All matches without overlap, at most `limit` of them (0: all).
    pub(crate) fn all<'t>(
        &self,
        text: &'t str,
        limit: usize,
    ) -> Result<Vec<Captures<'t, str>>, TemplateError> {
        let mut out = Vec::new();
        let mut at = 0;
        while at <= text.len() && (limit == 0 || out.len() < limit) {
            let Some(found) = self.from(text, at)? else { break };
            let Some(whole) = found.get(0) else { break };
            at = if whole.start() == whole.end() {
                let step = text
                    .get(whole.end()..)
                    .and_then(|r| r.chars().next())
                    .map_or(1, char::len_utf8);
                whole.end() + step
            } else {
                whole.end()
            };
            out.push(found);
        }
        Ok(out)
    }

    /// `re.subn`: the text and the number of replacements (`limit` 0: all).
    pub(crate) fn replace(
        &self,
        text: &str,
        template: &str,
        limit: usize,
    ) -> Result<(String, usize), TemplateError> {
        let parts = self.template(template)?;
        let found = self.all(text, limit)?;
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for m in &found {
            let Some(whole) = m.get(0) else { continue };
            out.push_str(text.get(at..whole.start()).unwrap_or(""));
            for part in &parts {
                match part {
                    Part::Text(s) => out.push_str(s),
                    Part::Group(n) => out.push_str(m.get(*n).map_or("", |g| g.as_str())),
                }
            }
            if out.len() > 512 << 20 {
                return Err("the replaced text is too long".into());
            }
            at = whole.end();
        }
        out.push_str(text.get(at..).unwrap_or(""));
        Ok((out, found.len()))
    }

    fn template(&self, template: &str) -> Result<Vec<Part>, TemplateError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut chars = template.char_indices().peekable();
        let mut group = |n: usize, at: usize, plain: &mut String| {
            if n > self.groups() {
                return Err(TemplateError::new(format!(
                    "invalid group reference {n} at position {}",
                    at + 1
                )));
            }
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(plain)));
            }
            parts.push(Part::Group(n));
            Ok(())
        };
        while let Some((at, c)) = chars.next() {
            if c != '\\' {
                plain.push(c);
                continue;
            }
            let Some((_, c)) = chars.next() else {
                return Err(format!("bad escape (end of pattern) at position {at}").into());
            };
            match c {
                'g' => {
                    if chars.next_if(|(_, c)| *c == '<').is_none() {
                        return Err(format!("missing < at position {}", at + 2).into());
                    }
                    let name: String =
                        std::iter::from_fn(|| chars.next_if(|(_, c)| *c != '>').map(|(_, c)| c)).collect();
                    if chars.next().is_none() {
                        return Err(format!("missing >, unterminated name at position {}", at + 3).into());
                    }
                    let n = match name.parse::<usize>() {
                        Ok(n) => n,
                        Err(_) => self
                            .group_of(&name)
                            .ok_or_else(|| TemplateError::new(format!("unknown group name '{name}'")))?,
                    };
                    group(n, at, &mut plain)?;
                }
                '0'..='9' => {
                    let mut digits = String::from(c);
                    let octal = |c: char| ('0'..='7').contains(&c);
                    let limit = if c == '0' { 3 } else { 2 };
                    while digits.len() < limit {
                        let Some((_, d)) =
                            chars.next_if(|(_, d)| if c == '0' { octal(*d) } else { d.is_ascii_digit() })
                        else {
                            break;
                        };
                        digits.push(d);
                    }
                    if c != '0'
                        && digits.len() == 2
                        && digits.chars().all(octal)
                        && let Some((_, d)) = chars.next_if(|(_, d)| octal(*d))
                    {
                        digits.push(d);
                    }
                    if c == '0' || digits.len() == 3 {
                        let code = u32::from_str_radix(&digits, 8).unwrap_or(0);
                        plain.push(char::from_u32(code).unwrap_or('\0'));
                    } else {
                        group(digits.parse().unwrap_or(usize::MAX), at, &mut plain)?;
                    }
                }
                'n' => plain.push('\n'),
                't' => plain.push('\t'),
                'r' => plain.push('\r'),
                'a' => plain.push('\x07'),
                'b' => plain.push('\x08'),
                'f' => plain.push('\x0c'),
                'v' => plain.push('\x0b'),
                '\\' => plain.push('\\'),
                c if c.is_ascii_alphabetic() => {
                    return Err(format!("bad escape \\{c} at position {at}").into());
                }
                c => {
                    plain.push('\\');
                    plain.push(c);
                }
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(parts)
    }
}

enum Part {
    Text(String),
    Group(usize),
}

/// Rewrites Python's syntax into fancy-regex's.
struct Translator<'p> {
    chars: Peekable<CharIndices<'p>>,
    pattern: &'p str,
    flags: Flags,
    out: String,
    inline: String,
}

impl<'p> Translator<'p> {
    fn new(pattern: &'p str, flags: Flags) -> Self {
        Self {
            chars: pattern.char_indices().peekable(),
            pattern,
            flags,
            out: String::new(),
            inline: String::new(),
        }
    }

    fn run(mut self) -> Result<String, TemplateError> {
        self.global_flags();
        while let Some((at, c)) = self.chars.next() {
            match c {
                '\\' => self.escape(at, false)?,
                '[' => self.class(at)?,
                '{' => self.brace(at),
                '}' => self.out.push_str(r"\}"),
                ']' => self.out.push_str(r"\]"),
                '$' if !self.flags.multiline => self.out.push_str(r"(?=\n?\z)"),
                '(' => self.group(at)?,
                '#' if self.inline.contains('x') => {
                    // a comment of a verbose pattern
                    while self.chars.next_if(|(_, c)| *c != '\n').is_some() {}
                }
                c => self.out.push(c),
            }
        }
        let mut flags = String::new();
        for (flag, on) in [('i', self.flags.ignorecase), ('m', self.flags.multiline)] {
            if on || self.inline.contains(flag) {
                flags.push(flag);
            }
        }
        flags.extend(self.inline.chars().filter(|c| matches!(c, 's' | 'x')));
        Ok(if flags.is_empty() {
            self.out
        } else {
            format!("(?{flags}){}", self.out)
        })
    }

    /// `(?ims)` at the start holds for the whole pattern, also for how `$` is translated.
    fn global_flags(&mut self) {
        let Some((flags, _)) = self.pattern.strip_prefix("(?").and_then(|r| r.split_once(')')) else {
            return;
        };
        if flags.is_empty() || !flags.chars().all(|c| "aiLmsux".contains(c)) {
            return;
        }
        for c in flags.chars() {
            if !self.inline.contains(c) {
                self.inline.push(c);
            }
        }
        self.flags.multiline |= flags.contains('m');
        self.flags.ignorecase |= flags.contains('i');
        for _ in 0..flags.len() + 3 {
            self.chars.next();
        }
    }

    fn group(&mut self, at: usize) -> Result<(), TemplateError> {
        let rest = self.pattern.get(at + 1..).unwrap_or("");
        if rest.starts_with("?#") {
            while self.chars.next_if(|(_, c)| *c != ')').is_some() {}
            return match self.chars.next() {
                Some(_) => Ok(()),
                None => Err(format!("missing ), unterminated comment at position {at}").into()),
            };
        }
        if let Some((name, _)) = rest.strip_prefix("?P=").and_then(|r| r.split_once(')')) {
            self.out.push_str(&format!(r"\k<{name}>"));
            for _ in 0..name.chars().count() + 4 {
                self.chars.next();
            }
            return Ok(());
        }
        self.out.push('(');
        if rest.starts_with("?P<") && !rest.contains('>') {
            return Err(format!("missing >, unterminated name at position {}", at + 4).into());
        }
        // the head of a special group is copied, so that `?`, `<` and `:` keep their meaning
        for prefix in ["?P<", "?<=", "?<!", "?=", "?!", "?:", "?>"] {
            if rest.starts_with(prefix) {
                self.out.push_str(prefix);
                for _ in 0..prefix.len() {
                    self.chars.next();
                }
                break;
            }
        }
        Ok(())
    }

    /// `{2}`, `{2,}`, `{,3}` and `{2,3}` repeat; any other brace is itself.
    fn brace(&mut self, at: usize) {
        let rest = self.pattern.get(at + 1..).unwrap_or("");
        let inner = rest.split_once('}').map(|(i, _)| i).filter(|i| {
            let (low, high) = i.split_once(',').unwrap_or((i, i));
            let digits = |s: &str| s.chars().all(|c| c.is_ascii_digit());
            !i.is_empty() && *i != "," && digits(low) && digits(high)
        });
        match inner {
            Some(i) if !self.out.is_empty() => {
                let zero = if i.starts_with(',') { "0" } else { "" };
                self.out.push_str(&format!("{{{zero}{i}}}"));
                for _ in 0..=i.len() {
                    self.chars.next();
                }
            }
            _ => self.out.push_str(r"\{"),
        }
    }

    fn class(&mut self, at: usize) -> Result<(), TemplateError> {
        self.out.push('[');
        if self.chars.next_if(|(_, c)| *c == '^').is_some() {
            self.out.push('^');
        }
        if self.chars.next_if(|(_, c)| *c == ']').is_some() {
            self.out.push_str(r"\]");
        }
        while let Some((i, c)) = self.chars.next() {
            match c {
                ']' => {
                    self.out.push(']');
                    return Ok(());
                }
                '\\' => self.escape(i, true)?,
                '[' | '&' | '~' | '#' | ' ' => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                c => self.out.push(c),
            }
        }
        Err(format!("unterminated character set at position {at}").into())
    }

    fn escape(&mut self, at: usize, class: bool) -> Result<(), TemplateError> {
        let Some((_, c)) = self.chars.next() else {
            return Err(format!("bad escape (end of pattern) at position {at}").into());
        };
        match c {
            'Z' if !class => self.out.push_str(r"\z"),
            'A' | 'b' | 'B' if !class => {
                self.out.push('\\');
                self.out.push(c);
            }
            'b' => self.out.push_str(r"\x08"),
            'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'n' | 't' | 'r' | 'f' | 'v' => {
                self.out.push('\\');
                self.out.push(c);
            }
            'a' => self.out.push_str(r"\x07"),
            'x' | 'u' | 'U' => {
                let length = match c {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let digits: String = (0..length)
                    .map_while(|_| self.chars.next_if(|(_, c)| c.is_ascii_hexdigit()).map(|(_, c)| c))
                    .collect();
                if digits.len() != length {
                    return Err(format!("incomplete escape \\{c}{digits} at position {at}").into());
                }
                self.out.push_str(&format!(r"\x{{{digits}}}"));
            }
            '0'..='9' => {
                let mut digits = String::from(c);
                while digits.len() < 3
                    && let Some((_, d)) = self.chars.next_if(|(_, d)| d.is_ascii_digit())
                {
                    digits.push(d);
                }
                let octal = class || c == '0' || digits.len() == 3;
                match u32::from_str_radix(&digits, 8) {
                    Ok(code) if octal => self.out.push_str(&format!(r"\x{{{code:x}}}")),
                    // a group between parentheses, so that a digit after it is not read into its number
                    _ => self.out.push_str(&format!(r"(?:\{digits})")),
                }
            }
            c if c.is_ascii_alphabetic() => return Err(format!("bad escape \\{c} at position {at}").into()),
            c if c.is_ascii_punctuation()
                && !matches!(
                    c,
                    '<' | '>' | '_' | '"' | '\'' | '`' | ',' | ';' | ':' | '=' | '!' | '@' | '%' | '/'
                ) =>
            {
                self.out.push('\\');
                self.out.push(c);
            }
            ' ' => self.out.push_str(r"\x20"),
            c => self.out.push(c),
        }
        Ok(())
    }
}

/// `re.escape`.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "()[]{}?*+-|^$\\.&~# \t\n\r\x0b\x0c".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Anchor, Flags, compile};

    fn sub(pattern: &str, template: &str, text: &str) -> String {
        match compile(pattern, Flags::default(), Anchor::Search).and_then(|r| r.replace(text, template, 0)) {
            Ok((s, _)) => s,
            Err(e) => format!("ERR {e}"),
        }
    }

    #[test]
    fn python_syntax_is_understood() {
        for (pattern, template, text, want) in [
            ("[][]", "-", "a]b[c", "a-b-c"),
            ("{", "x", "a{b", "axb"),
            ("{1,", "x", "a{1,b", "axb"),
            ("[&&]", "x", "a&&b", "axxb"),
            (r"\/", "_", "a/b", "a_b"),
            (r"\_", "-", "a_b", "a-b"),
            (r"\x61", "b", "a", "b"),
            ("a(?#c)b", "x", "abc", "xc"),
            ("(?x) a  b # c", "x", "ab", "x"),
            ("(?P<n>o)", r"\g<n>x", "foo", "foxox"),
            (r"(?P<n>o)(?P=n)", "x", "foo", "fx"),
            (r"(o)\1", "x", "foo", "fx"),
            ("a*", "x", "aaa", "xx"),
            ("o$", "x", "foo\n", "fox\n"),
            (r"o\Z", "x", "foo\n", "foo\n"),
            ("o{,2}$", "x", "foo", "fxx"),
            ("(?<=a)b", "X", "abc", "aXc"),
            ("[[:upper:]]", "x", "aXb", "aXb"),
            (r"[\w.-]+@", "x@", "a.b-c@d", "x@d"),
            ("(z)?a", r"[\1]", "a", "[]"),
            ("(b)", r"[\1\g<1>\g<0>]", "abc", "a[bbb]c"),
            (r"\s", r"\t", "a b", "a\tb"),
            (r"\.", r"\.", "a.b", r"a\.b"),
        ] {
            assert_eq!(sub(pattern, template, text), want, "{pattern}");
        }
    }

    #[test]
    fn bad_patterns_and_templates_are_errors() {
        assert_eq!(
            sub("x", r"a\1", "x"),
            "ERR invalid group reference 1 at position 2"
        );
        assert_eq!(sub("x", r"\q", "x"), r"ERR bad escape \q at position 0");
        for bad in ["(", "[", "(?P<x", r"\", "*", "(?#"] {
            assert!(sub(bad, "", "x").starts_with("ERR"), "{bad}");
        }
    }
}
