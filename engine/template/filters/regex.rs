//! Filters with regular expressions.

use crate::{
    Call, Callable, Check, TemplateError,
    declare::callable,
    iterate::text,
    pyregex::{Anchor, Flags, PyRegex, compile, escape},
};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.regex_replace", replace, "The text with all matches of a Python pattern replaced by a template.", [];
        r"{{ 'foobar' | regex_replace('^f.*o(.*)$', '\1') }}" => r#""bar""#,
        r"{{ 'foo.bar' | regex_replace('^(.*)\.(.*)$', '\2/\1') }}" => r#""bar/foo""#,
        r"{{ 'foobar' | regex_replace('(?P<x>o+)', '<\g<x>>') }}" => r#""f<oo>bar""#,
        "{{ 'foobar' | regex_replace('O', 'x', ignorecase=true) }}" => r#""fxxbar""#,
        "{{ 'aaa' | regex_replace('a', 'b', count=2) }}" => r#""bba""#,
        "{{ 'abc' | regex_replace('b') }}" => r#""ac""#),
    callable!("ansible.builtin.regex_search", search, "The first match, or the named groups of it; none without a match.", [];
        "{{ 'foobar' | regex_search('o+') }}" => r#""oo""#,
        "{{ 'foobar' | regex_search('z') }}" => "null",
        r"{{ 'foobar' | regex_search('(f)(o+)', '\1', '\2') }}" => r#"["f", "oo"]"#,
        r"{{ 'foobar' | regex_search('(?P<a>f)(z)?', '\g<a>', '\2') }}" => r#"["f", null]"#),
    callable!("ansible.builtin.regex_findall", findall, "All matches, or the groups of each.", [];
        "{{ 'a1b2' | regex_findall('[0-9]') }}" => r#"["1", "2"]"#,
        "{{ 'a1b2' | regex_findall('([a-z])([0-9])') }}" => r#"[["a", "1"], ["b", "2"]]"#,
        "{{ 'a1b2' | regex_findall('([a-z])[0-9]') }}" => r#"["a", "b"]"#),
    callable!("ansible.builtin.regex_escape", regex_escape, "The text with all characters escaped that mean something in a pattern.", [];
        r"{{ 'a.b*c' | regex_escape }}" => r#""a\\.b\\*c""#,
        r"{{ 'a-b_c/d' | regex_escape }}" => r#""a\\-b_c/d""#),
];

fn flags(call: &Call<'_>, ignorecase: usize, multiline: usize) -> Flags {
    Flags {
        ignorecase: call.flag(ignorecase, "ignorecase", false),
        multiline: call.flag(multiline, "multiline", false),
    }
}

/// A pattern: Python compiles only texts.
fn pattern_of<'c>(call: &'c Call<'_>, name: &str) -> Result<&'c str, TemplateError> {
    let value = call.required(1, name)?;
    value.as_str().ok_or_else(|| {
        TemplateError::new(if value.is_hashable() {
            "first argument must be string or compiled pattern".to_owned()
        } else {
            format!("unhashable type: '{}'", value.type_name())
        })
    })
}

fn replace(call: &Call<'_>) -> Result<Value, TemplateError> {
    let s = text(call.subject()?)?;
    let pattern = match call.get(1, "pattern") {
        None => "",
        Some(_) => pattern_of(call, "pattern")?,
    };
    let template = match call.get(2, "replacement") {
        None => String::new(),
        Some(t) => match t.check()?.as_str() {
            Some(t) => t.to_owned(),
            None => {
                return call.fail(format!(
                    "decoding to str: need a bytes-like object, {} found",
                    t.type_name()
                ));
            }
        },
    };
    let regex = compile(pattern, flags(call, 3, 4), Anchor::Search)?;
    let count = usize::try_from(call.int(5, "count", 0)?).unwrap_or(0);
    let wanted = call.int(6, "mandatory_count", 0)?;
    let (out, done) = regex.replace(&s, &template, count)?;
    if wanted != 0 && wanted != done as i64 {
        return call.fail(format!(
            "'{pattern}' should match {wanted} times, but matches {done} times in '{s}'"
        ));
    }
    Ok(Value::str(out))
}

/// The group that `\1`, `\g<1>` or `\g<name>` means.
fn group(regex: &PyRegex, reference: &str) -> Result<usize, TemplateError> {
    let name = match reference.strip_prefix(r"\g<").and_then(|r| r.split_once('>')) {
        Some((name, _)) => name,
        None => reference
            .strip_prefix('\\')
            .filter(|d| d.starts_with(|c: char| c.is_ascii_digit()))
            .ok_or_else(|| TemplateError::new("Unknown argument"))?,
    };
    let number = match name.parse::<usize>() {
        Ok(n) if n <= regex.groups() => Some(n),
        Ok(_) => None,
        Err(_) => regex.group_of(name),
    };
    number.ok_or_else(|| TemplateError::new("no such group"))
}

fn search(call: &Call<'_>) -> Result<Value, TemplateError> {
    let s = text(call.subject()?)?;
    let pattern = pattern_of(call, "regex")?;
    let regex = compile(pattern, flags(call, usize::MAX, usize::MAX), Anchor::Search)?;
    let mut references = Vec::new();
    for reference in call.args.iter().skip(2) {
        let reference = text(reference)?;
        if !reference.starts_with(r"\g") && !reference.starts_with('\\') {
            return call.fail("Unknown argument");
        }
        references.push(reference);
    }
    let Some(found) = regex.find(&s)? else {
        return Ok(Value::None);
    };
    let of = |n: usize| found.get(n).map_or(Value::None, |g| Value::str(g.as_str()));
    if references.is_empty() {
        return Ok(of(0));
    }
    let groups: Result<Vec<_>, _> = references.iter().map(|r| group(&regex, r).map(of)).collect();
    Ok(Value::list(groups?))
}

fn findall(call: &Call<'_>) -> Result<Value, TemplateError> {
    let s = text(call.subject()?)?;
    let pattern = pattern_of(call, "regex")?;
    let regex = compile(pattern, flags(call, 3, 2), Anchor::Search)?;
    let groups = regex.groups();
    let found = regex.all(&s, 0)?;
    Ok(Value::list(found.iter().map(|m| {
        let of = |n: usize| Value::str(m.get(n).map_or("", |g| g.as_str()));
        match groups {
            0 => of(0),
            1 => of(1),
            n => Value::Tuple((1..=n).map(of).collect()),
        }
    })))
}

fn regex_escape(call: &Call<'_>) -> Result<Value, TemplateError> {
    let s = text(call.subject()?)?;
    match call.text(1, "re_type", "python")?.as_str() {
        "python" => Ok(Value::str(escape(&s))),
        "posix_basic" => {
            let mut out = String::new();
            for c in s.chars() {
                if r"].[^$*\".contains(c) {
                    out.push('\\');
                }
                out.push(c);
            }
            Ok(Value::str(out))
        }
        "posix_extended" => call.fail("Regex type (posix_extended) not yet implemented"),
        other => call.fail(format!("Invalid regex type ({other})")),
    }
}
