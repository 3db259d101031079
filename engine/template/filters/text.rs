//! Filters on text: case, trimming, replacing, splitting, quoting.

use crate::{Call, Callable, Check, TemplateError, declare::callable, iterate::text};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.lower", |c| map(c, str::to_lowercase), "The text in lower case.", [];
        "{{ 'AbC' | lower }}" => r#""abc""#, "{{ none | lower }}" => r#""none""#),
    callable!("ansible.builtin.upper", |c| map(c, str::to_uppercase), "The text in upper case.", [];
        "{{ 'abc' | upper }}" => r#""ABC""#, "{{ 5 | upper }}" => r#""5""#),
    callable!("ansible.builtin.title", |c| map(c, title), "Each word with a capital first letter and the rest in lower case.", [];
        "{{ 'hello WORLD foo-bar' | title }}" => r#""Hello World Foo-Bar""#,
        r#"{{ "o'neil x_y 3d" | title }}"# => r#""O'neil X_y 3d""#),
    callable!("ansible.builtin.capitalize", |c| map(c, crate::letters::capitalize), "The first letter as a capital, the rest in lower case.", [];
        "{{ 'hello WORLD' | capitalize }}" => r#""Hello world""#),
    callable!("ansible.builtin.trim", trim, "The text without the given characters (by default blanks) at both ends.", [];
        "{{ '  a ' | trim }}" => r#""a""#, "{{ 'xxaxx' | trim('x') }}" => r#""a""#),
    callable!("ansible.builtin.replace", replace, "The text with one piece replaced by another, at most `count` times.", [];
        "{{ 'aXbXc' | replace('X', '-') }}" => r#""a-b-c""#,
        "{{ 'aXbXc' | replace('X', '-', 1) }}" => r#""a-bXc""#),
    callable!("ansible.builtin.split", split, "The parts of the text between separators, by default runs of blanks.", [];
        "{{ 'a b  c' | split }}" => r#"["a", "b", "c"]"#,
        "{{ 'a,b,c' | split(',', 1) }}" => r#"["a", "b,c"]"#),
    callable!("ansible.builtin.center", center, "The text in the middle of a field of the given width.", [];
        "{{ 'abc' | center(9) }}" => r#""   abc   ""#, "{{ 'abc' | center(8) }}" => r#""  abc   ""#),
    callable!("ansible.builtin.truncate", truncate, "The text cut to a length, with an ellipsis where something was cut.", [];
        "{{ 'hello world foo' | truncate(9) }}" => r#""hello...""#,
        "{{ 'hello world foo' | truncate(9, true) }}" => r#""hello ...""#,
        "{{ 'hello world foo' | truncate(12) }}" => r#""hello world foo""#),
    callable!("ansible.builtin.wordcount", wordcount, "The number of words in the text.", [];
        "{{ 'hello wörld foo' | wordcount }}" => "3"),
    callable!("ansible.builtin.quote", quote, "The text quoted for a POSIX shell.", [];
        "{{ 'a b' | quote }}" => r#""'a b'""#, "{{ '' | quote }}" => r#""''""#, "{{ 5 | quote }}" => r#""5""#),
];

fn map(call: &Call<'_>, f: fn(&str) -> String) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    Ok(Value::str(match value.as_str() {
        Some(s) => f(s),
        None => f(&value.to_text()),
    }))
}

/// As `title` does it, which makes `SS` of a sharp s.
fn raised(s: &str) -> String {
    let mut chars = s.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().collect::<String>() + &chars.as_str().to_lowercase(),
        None => String::new(),
    }
}

fn title(s: &str) -> String {
    let separates = |c: char| c == '-' || crate::letters::is_space(c) || "({[<".contains(c);
    let mut out = String::with_capacity(s.len());
    let mut rest = s;
    while let Some(first) = rest.chars().next() {
        let inside = separates(first);
        let end = rest.find(|c| separates(c) != inside).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        out.push_str(&raised(part));
        rest = after;
    }
    out
}

fn trim(call: &Call<'_>) -> Result<Value, TemplateError> {
    let s = text(call.subject()?)?;
    Ok(Value::str(match call.get(1, "chars") {
        None | Some(Value::None) => s.trim_matches(crate::letters::is_space).to_owned(),
        Some(chars) => {
            let Some(chars) = chars.check()?.as_str() else {
                return call.fail("strip arg must be None or str");
            };
            s.trim_matches(|c| chars.contains(c)).to_owned()
        }
    }))
}

fn replace(call: &Call<'_>) -> Result<Value, TemplateError> {
    let s = text(call.subject()?)?;
    let (old, new) = (text(call.required(1, "old")?)?, text(call.required(2, "new")?)?);
    let count = match call.get(3, "count") {
        None | Some(Value::None) => -1,
        Some(_) => call.int(3, "count", -1)?,
    };
    if new.len().saturating_mul(s.len()) > 256 << 20 {
        return call.fail("the replaced text is too long");
    }
    Ok(Value::str(match usize::try_from(count) {
        Ok(n) => s.replacen(&old, &new, n),
        Err(_) => s.replace(&old, &new),
    }))
}

/// Python's `str.split(sep, maxsplit)`; without separator runs of blanks separate.
pub(crate) fn split_text(s: &str, separator: Option<&str>, max: i64) -> Result<Vec<Value>, TemplateError> {
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    let Some(separator) = separator else {
        let mut out = Vec::new();
        let mut rest = s.trim_start();
        while !rest.is_empty() {
            if out.len() == max {
                out.push(Value::str(rest));
                break;
            }
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            out.push(Value::str(word));
            rest = after.trim_start();
        }
        return Ok(out);
    };
    if separator.is_empty() {
        return Err("empty separator".into());
    }
    Ok(s.splitn(max.saturating_add(1), separator)
        .map(Value::str)
        .collect())
}

fn split(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some(s) = value.as_str() else {
        return call.fail(format!(
            "descriptor 'split' for 'str' objects doesn't apply to a '{}' object",
            value.type_name()
        ));
    };
    let separator = match call.get(1, "sep") {
        None | Some(Value::None) => None,
        Some(v) => Some(
            v.check()?
                .as_str()
                .ok_or_else(|| TemplateError::new(format!("must be str or None, not {}", v.type_name())))?,
        ),
    };
    Ok(Value::list(split_text(
        s,
        separator,
        call.int(2, "maxsplit", -1)?,
    )?))
}

fn center(call: &Call<'_>) -> Result<Value, TemplateError> {
    let s = text(call.subject()?)?;
    let width = usize::try_from(call.int(1, "width", 80)?).unwrap_or(0);
    if width > 64 << 20 {
        return call.fail("the width is too large");
    }
    let pad = width.saturating_sub(s.chars().count());
    let left = pad / 2 + (pad & width & 1);
    Ok(Value::str(format!(
        "{}{s}{}",
        " ".repeat(left),
        " ".repeat(pad - left)
    )))
}

fn truncate(call: &Call<'_>) -> Result<Value, TemplateError> {
    let s = text(call.subject()?)?;
    let end = call.text(3, "end", "...")?;
    let length = call.int(1, "length", 255)?;
    let leeway = match call.get(4, "leeway") {
        None | Some(Value::None) => 5,
        Some(_) => call.int(4, "leeway", 5)?,
    };
    let end_length = end.chars().count();
    let Some(kept) = usize::try_from(length)
        .ok()
        .and_then(|n| n.checked_sub(end_length))
    else {
        return call.fail(format!("expected length >= {end_length}, got {length}"));
    };
    if leeway < 0 {
        return call.fail(format!("expected leeway >= 0, got {leeway}"));
    }
    if s.chars().count() as i64 <= length.saturating_add(leeway) {
        return Ok(Value::str(s));
    }
    let head: String = s.chars().take(kept).collect();
    if call.flag(2, "killwords", false) {
        return Ok(Value::str(head + &end));
    }
    let head = head.rsplit_once(' ').map_or(head.as_str(), |(h, _)| h);
    Ok(Value::str(format!("{head}{end}")))
}

fn wordcount(call: &Call<'_>) -> Result<Value, TemplateError> {
    let s = text(call.subject()?)?;
    let words = s
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|w| !w.is_empty());
    Ok(Value::from(words.count()))
}

/// `shlex.quote`.
pub(crate) fn shell_quote(s: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if s.is_empty() {
        "''".to_owned()
    } else if s.chars().all(safe) {
        s.to_owned()
    } else {
        format!("'{}'", s.replace('\'', r#"'"'"'"#))
    }
}

fn quote(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    Ok(Value::str(if value.is_none() {
        "''".to_owned()
    } else {
        shell_quote(&value.to_text())
    }))
}
