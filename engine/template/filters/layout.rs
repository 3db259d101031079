//! Filters that lay text out in lines.

use crate::{Call, Callable, Check, TemplateError, declare::callable, iterate::text};
use kdo_value::Value;
use std::sync::LazyLock;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.indent", indent, "All lines but the first indented by a number of blanks or a text.", [];
        r#"{{ "a\nb" | replace('\\n', '') | indent }}"# => r#""a\\nb""#,
        "{{ 'a\nb\n\nc' | indent(2, true) }}" => r#""  a\n  b\n\n  c""#,
        "{{ 'a\nb\n\nc' | indent(2, blank=true) }}" => r#""a\n  b\n  \n  c""#),
    callable!("ansible.builtin.wordwrap", wordwrap, "The text broken into lines of at most the given width.", [];
        "{{ 'the quick brown fox jumps' | wordwrap(10) }}" => r#""the quick\nbrown fox\njumps""#,
        "{{ 'ab-cd-ef gh' | wordwrap(5) }}" => r#""ab-\ncd-ef\ngh""#,
        "{{ 'abcdefghijklmno pq' | wordwrap(5) }}" => r#""abcde\nfghij\nklmno\npq""#),
    callable!("ansible.builtin.comment", comment, "The text as a comment in the style of a language.", [];
        "{{ 'a\nb' | comment }}" => r##""#\n# a\n# b\n#""##,
        "{{ 'a' | comment('cblock') }}" => r#""/*\n *\n * a\n *\n */""#,
        "{{ 'a' | comment(decoration='! ') }}" => r#""!\n! a\n!""#,
        "{{ 'a\n\nb' | comment }}" => r##""#\n# a\n#\n# b\n#""##),
    callable!("ansible.builtin.pprint", |c| Ok(Value::str(c.subject()?.repr())), "The value as Python's `repr` writes it.", [];
        "{{ [1, 'a'] | pprint }}" => r#""[1, 'a']""#),
];

/// Python's `str.splitlines()`.
pub(crate) fn split_lines(s: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut chars = s.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        if !matches!(
            c,
            '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}'
        ) {
            continue;
        }
        out.push(s.get(start..i).unwrap_or(""));
        start = i + c.len_utf8();
        if c == '\r' && chars.next_if(|(_, n)| *n == '\n').is_some() {
            start += 1;
        }
    }
    if start < s.len() {
        out.push(s.get(start..).unwrap_or(""));
    }
    out
}

fn indent(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some(s) = value.as_str() else {
        return call.fail(format!(
            "unsupported operand type(s) for +=: '{}' and 'str'",
            value.type_name()
        ));
    };
    let prefix = match call.get(1, "width") {
        Some(Value::Str(s)) => s.to_string(),
        _ => " ".repeat(
            usize::try_from(call.int(1, "width", 4)?)
                .unwrap_or(0)
                .min(1 << 20),
        ),
    };
    let blank = call.flag(3, "blank", false);
    let terminated = format!("{s}\n");
    let lines = split_lines(&terminated);
    if prefix.len().saturating_mul(lines.len()) > 256 << 20 {
        return call.fail("the indented text is too long");
    }
    let mut out = String::new();
    for (i, line) in lines.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        let wanted = if i == 0 {
            call.flag(2, "first", false)
        } else {
            blank || !line.is_empty()
        };
        if wanted {
            out.push_str(&prefix);
        }
        out.push_str(line);
    }
    Ok(Value::str(out))
}

/// Where `textwrap` may break: runs of blanks, dashes between words, hyphens inside words.
static BREAKS: LazyLock<Option<fancy_regex::Regex>> = LazyLock::new(|| {
    const BLANK: &str = r"[\t\n\x0b\x0c\r ]";
    const LETTER: &str = r"[^\d\W]";
    let before = r#"(?<=[\w!"'&.,?])"#;
    fancy_regex::Regex::new(&format!(
        r"{BLANK}+|{before}-{{2,}}(?=\w)|[^\t\n\x0b\x0c\r ]+?(?:-(?:(?<={LETTER}{LETTER}-)|(?<={LETTER}-{LETTER}-))(?={LETTER}-?{LETTER})|(?={BLANK}|\z)|{before}(?=-{{2,}}\w))"
    ))
    .ok()
});

fn chunks(line: &str, hyphens: bool) -> Vec<String> {
    if hyphens && let Some(re) = BREAKS.as_ref() {
        let mut out = Vec::new();
        let mut at = 0;
        for m in re.find_iter(line).map_while(Result::ok) {
            if m.start() > at {
                out.push(line.get(at..m.start()).unwrap_or("").to_owned());
            }
            out.push(m.as_str().to_owned());
            at = m.end();
        }
        if at < line.len() {
            out.push(line.get(at..).unwrap_or("").to_owned());
        }
        return out;
    }
    let blank = |c: char| matches!(c, '\t' | '\n' | '\x0b' | '\x0c' | '\r' | ' ');
    let mut out: Vec<String> = Vec::new();
    let mut last = None;
    for c in line.chars() {
        match out.last_mut() {
            Some(chunk) if last == Some(blank(c)) => chunk.push(c),
            _ => out.push(c.to_string()),
        }
        last = Some(blank(c));
    }
    out
}

/// Python's `textwrap.wrap` with tabs and blanks kept.
fn wrap(line: &str, width: usize, long: bool, hyphens: bool) -> Vec<String> {
    let length = |s: &str| s.chars().count();
    let mut chunks = chunks(line, hyphens);
    chunks.reverse();
    let mut lines: Vec<String> = Vec::new();
    while !chunks.is_empty() {
        let mut current: Vec<String> = Vec::new();
        let mut used = 0;
        if !lines.is_empty() && chunks.last().is_some_and(|c| c.trim().is_empty()) {
            chunks.pop();
        }
        while let Some(chunk) = chunks.last() {
            let n = length(chunk);
            if used + n > width {
                break;
            }
            used += n;
            current.extend(chunks.pop());
        }
        if let Some(chunk) = chunks.last().filter(|c| length(c) > width).cloned() {
            let space = if width < 1 { 1 } else { width - used };
            if long {
                let mut end = space;
                if hyphens && length(&chunk) > space {
                    let head: Vec<char> = chunk.chars().take(space).collect();
                    if let Some(at) = head.iter().rposition(|c| *c == '-')
                        && at > 0
                        && head.iter().take(at).any(|c| *c != '-')
                    {
                        end = at + 1;
                    }
                }
                let cut = chunk.char_indices().nth(end).map_or(chunk.len(), |(i, _)| i);
                let (head, tail) = chunk.split_at(cut);
                current.push(head.to_owned());
                chunks.pop();
                chunks.push(tail.to_owned());
            } else if current.is_empty() {
                current.extend(chunks.pop());
            }
        }
        if current.last().is_some_and(|c| c.trim().is_empty()) {
            current.pop();
        }
        if !current.is_empty() {
            lines.push(current.concat());
        }
    }
    lines
}

fn wordwrap(call: &Call<'_>) -> Result<Value, TemplateError> {
    let s = only_text(call, "splitlines")?;
    let width = call.int(1, "width", 79)?;
    let Some(width) = usize::try_from(width).ok().filter(|w| *w > 0) else {
        return call.fail(format!("invalid width {width} (must be > 0)"));
    };
    let long = call.flag(2, "break_long_words", true);
    let separator = match call.get(3, "wrapstring") {
        None | Some(Value::None) => "\n".to_owned(),
        Some(v) => text(v)?,
    };
    let hyphens = call.flag(4, "break_on_hyphens", true);
    let lines: Vec<String> = split_lines(&s)
        .into_iter()
        .map(|l| wrap(l, width, long, hyphens).join(&separator))
        .collect();
    Ok(Value::str(lines.join(&separator)))
}

/// The subject, which must be a text; the method that Python would miss otherwise.
fn only_text(call: &Call<'_>, method: &str) -> Result<String, TemplateError> {
    let value = call.subject()?;
    value.as_str().map(str::to_owned).ok_or_else(|| {
        TemplateError::new(format!(
            "'{}' object has no attribute '{method}'",
            value.type_name()
        ))
    })
}

fn comment(call: &Call<'_>) -> Result<Value, TemplateError> {
    let s = only_text(call, "replace")?;
    let style = call.text(1, "style", "plain")?;
    let (beginning, decoration, end) = match style.as_str() {
        "plain" => ("", "# ", ""),
        "erlang" => ("", "% ", ""),
        "c" => ("", "// ", ""),
        "cblock" => ("/*", " * ", " */"),
        "xml" => ("<!--", " - ", "-->"),
        other => return call.fail(format!("Invalid style '{other}'.")),
    };
    let word = |name: &str, default: &str| match call.keyword(name) {
        Some(v) => text(v.check()?),
        None => Ok(default.to_owned()),
    };
    let count = |name: &str| -> Result<usize, TemplateError> {
        Ok(usize::try_from(call.int(usize::MAX, name, 1)?)
            .unwrap_or(0)
            .min(100_000))
    };
    let newline = word("newline", "\n")?;
    let decoration = word("decoration", decoration)?;
    let bare = decoration.trim_end().to_owned();
    let (beginning, end) = (word("beginning", beginning)?, word("end", end)?);
    let (prefix, postfix) = (word("prefix", &bare)?, word("postfix", &bare)?);
    let mut out = String::new();
    if !beginning.is_empty() {
        out.push_str(&beginning);
        out.push_str(&newline);
    }
    if !prefix.is_empty() {
        for _ in 0..count("prefix_count")? {
            if prefix != newline {
                out.push_str(&prefix);
            }
            out.push_str(&newline);
        }
    }
    // blank lines get no trailing blanks, except a last one
    let lines: Vec<&str> = if newline.is_empty() {
        vec![&s]
    } else {
        s.split(newline.as_str()).collect()
    };
    for (i, line) in lines.iter().enumerate() {
        let last = i + 1 == lines.len();
        out.push_str(if line.is_empty() && !last {
            &bare
        } else {
            &decoration
        });
        out.push_str(line);
        if !last {
            out.push_str(&newline);
        }
    }
    for _ in 0..count("postfix_count")? {
        out.push_str(&newline);
        out.push_str(&postfix);
    }
    if !end.is_empty() {
        out.push_str(&newline);
        out.push_str(&end);
    }
    Ok(Value::str(out))
}
