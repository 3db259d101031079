//! Methods of text.

use crate::{
    TemplateError,
    evaluator::{Evaluator, Result},
    format::Fields,
    letters::{self, is_space},
    methods::Args,
    methods_bytes,
    operators::fits,
};
use kdo_value::{Map, Value};

pub(crate) const NAMES: &[&str] = &[
    "capitalize",
    "casefold",
    "center",
    "count",
    "encode",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "maketrans",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "translate",
    "upper",
    "zfill",
];

/// Calls a text's method.
pub(crate) fn call(evaluator: &Evaluator<'_>, s: &str, args: &Args<'_>) -> Result<Value> {
    if let Some(answer) = letters::question(s, args.name) {
        return Ok(Value::Bool(answer));
    }
    let texts = |items: Vec<&str>| Value::list(items.into_iter().map(Value::str));
    Ok(match args.name {
        "upper" => Value::str(s.to_uppercase()),
        "lower" => Value::str(s.to_lowercase()),
        "capitalize" => Value::str(letters::capitalize(s)),
        "casefold" => Value::str(letters::casefold(s)),
        "swapcase" => Value::str(letters::swapcase(s)),
        "title" => Value::str(letters::title(s)),
        "strip" | "lstrip" | "rstrip" => strip(s, args)?,
        "split" => texts(split(s, separator(args)?, limit(args)?)),
        "rsplit" => texts(rsplit(s, separator(args)?, limit(args)?)),
        "splitlines" => texts(splitlines(s, args.int(0, "keepends", 0)? != 0)),
        "partition" | "rpartition" => partition(s, args)?,
        "join" => join(evaluator, s, args)?,
        "replace" => replace(s, args)?,
        "startswith" | "endswith" => Value::Bool(starts_or_ends(s, args)?),
        "find" | "rfind" | "index" | "rindex" | "count" => search(s, args)?,
        "center" | "ljust" | "rjust" => justify(s, args)?,
        "zfill" => zfill(s, args)?,
        "expandtabs" => expandtabs(s, args.int(0, "tabsize", 8)?)?,
        "removeprefix" => Value::str(s.strip_prefix(args.text(0, "prefix")?).unwrap_or(s)),
        "removesuffix" => Value::str(s.strip_suffix(args.text(0, "suffix")?).unwrap_or(s)),
        "encode" => {
            let encoding = args.maybe_text(0, "encoding")?.unwrap_or("utf-8");
            let errors = args.maybe_text(1, "errors")?.unwrap_or("strict");
            Value::Bytes(methods_bytes::encode(s, encoding, errors)?.into())
        }
        "maketrans" => maketrans(args)?,
        "translate" => translate(evaluator, s, args)?,
        "format" => {
            let named = |name: &str| {
                args.keywords
                    .iter()
                    .find(|(k, _)| k == name)
                    .map(|(_, v)| v.clone())
            };
            formatted(evaluator, s, args.positional, &named)?
        }
        "format_map" => {
            let map = args.needed(0, "mapping")?;
            formatted(evaluator, s, &[], &|name: &str| map.get(name))?
        }
        other => {
            return Err(TemplateError::new(format!(
                "'str' object has no method '{other}'"
            )));
        }
    })
}

fn formatted(
    evaluator: &Evaluator<'_>,
    s: &str,
    positional: &[Value],
    named: &dyn Fn(&str) -> Option<Value>,
) -> Result<Value> {
    let mut fields = Fields {
        positional,
        named,
        next: Some(0),
        evaluator,
    };
    fields.format(s, 0).map(Value::str)
}

fn strip(s: &str, args: &Args<'_>) -> Result<Value> {
    args.at_most(1)?;
    let set: Option<Vec<char>> = args.maybe_text(0, "chars")?.map(|t| t.chars().collect());
    let hit = |c: char| set.as_ref().map_or_else(|| is_space(c), |set| set.contains(&c));
    let s = if args.name == "rstrip" {
        s
    } else {
        s.trim_start_matches(hit)
    };
    Ok(Value::str(if args.name == "lstrip" {
        s
    } else {
        s.trim_end_matches(hit)
    }))
}

fn separator<'a>(args: &'a Args<'_>) -> Result<Option<&'a str>> {
    args.at_most(2)?;
    match args.maybe_text(0, "sep")? {
        Some("") => Err("empty separator".into()),
        other => Ok(other),
    }
}

fn limit(args: &Args<'_>) -> Result<usize> {
    Ok(usize::try_from(args.int(1, "maxsplit", -1)?).unwrap_or(usize::MAX))
}

fn split<'s>(s: &'s str, separator: Option<&str>, limit: usize) -> Vec<&'s str> {
    let Some(separator) = separator else {
        let mut out = Vec::new();
        let mut rest = s.trim_start_matches(is_space);
        while !rest.is_empty() {
            if out.len() == limit {
                out.push(rest.trim_end_matches(is_space));
                break;
            }
            let end = rest.find(is_space).unwrap_or(rest.len());
            let (word, tail) = rest.split_at(end);
            out.push(word);
            rest = tail.trim_start_matches(is_space);
        }
        return out;
    };
    match limit.checked_add(1) {
        Some(n) => s.splitn(n, separator).collect(),
        None => s.split(separator).collect(),
    }
}

fn rsplit<'s>(s: &'s str, separator: Option<&str>, limit: usize) -> Vec<&'s str> {
    let mut out: Vec<&str> = match separator {
        None => {
            let mut out = Vec::new();
            let mut rest = s.trim_end_matches(is_space);
            while !rest.is_empty() {
                if out.len() == limit {
                    out.push(rest.trim_start_matches(is_space));
                    break;
                }
                let start = rest
                    .char_indices()
                    .rev()
                    .find(|(_, c)| is_space(*c))
                    .map_or(0, |(i, c)| i + c.len_utf8());
                let (head, word) = rest.split_at(start);
                out.push(word);
                rest = head.trim_end_matches(is_space);
            }
            out
        }
        Some(separator) => match limit.checked_add(1) {
            Some(n) => s.rsplitn(n, separator).collect(),
            None => s.rsplit(separator).collect(),
        },
    };
    out.reverse();
    out
}

/// Lines as `str.splitlines` sees them.
pub(crate) fn splitlines(s: &str, keep: bool) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut chars = s.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        if !matches!(
            c,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        ) {
            continue;
        }
        let mut end = i + c.len_utf8();
        if c == '\r' && chars.next_if(|(_, c)| *c == '\n').is_some() {
            end += 1;
        }
        out.extend(s.get(start..if keep { end } else { i }));
        start = end;
    }
    if start < s.len() {
        out.extend(s.get(start..));
    }
    out
}

fn partition(s: &str, args: &Args<'_>) -> Result<Value> {
    let separator = args.text(0, "sep")?;
    if separator.is_empty() {
        return Err("empty separator".into());
    }
    let parts = if args.name == "partition" {
        s.split_once(separator)
            .map_or([s, "", ""], |(a, b)| [a, separator, b])
    } else {
        s.rsplit_once(separator)
            .map_or(["", "", s], |(a, b)| [a, separator, b])
    };
    Ok(Value::Tuple(parts.map(Value::str).into()))
}

fn join(evaluator: &Evaluator<'_>, s: &str, args: &Args<'_>) -> Result<Value> {
    args.at_most(1)?;
    let items = evaluator.iterate(args.needed(0, "iterable")?)?;
    let mut out = String::new();
    for (i, item) in items.iter().enumerate() {
        let Some(text) = item.as_str() else {
            crate::Check::check(item)?;
            return Err(TemplateError::new(format!(
                "sequence item {i}: expected str instance, {} found",
                item.type_name()
            )));
        };
        if i > 0 {
            out.push_str(s);
        }
        out.push_str(text);
        fits(out.len())?;
    }
    Ok(Value::str(out))
}

fn replace(s: &str, args: &Args<'_>) -> Result<Value> {
    args.at_most(3)?;
    let (old, new) = (args.text(0, "old")?, args.text(1, "new")?);
    let count = usize::try_from(args.int(2, "count", -1)?).unwrap_or(usize::MAX);
    if new.len() > old.len() {
        let hits = s.matches(old).take(count).count();
        fits(s.len().saturating_add(hits.saturating_mul(new.len())))?;
    }
    Ok(Value::str(if count == usize::MAX {
        s.replace(old, new)
    } else {
        s.replacen(old, new, count)
    }))
}

/// The part between two positions in characters, with the first one as it is meant; `None` where it is beyond the end.
fn part<'s>(s: &'s str, args: &Args<'_>) -> Result<Option<(&'s str, usize)>> {
    let bound = |index: usize, name: &str, default: i64| match args.get(index, name) {
        None | Some(Value::None) => Ok(default),
        Some(_) => args.int(index, name, default),
    };
    let (start, stop) = (bound(1, "start", 0)?, bound(2, "end", i64::MAX)?);
    let len = i64::try_from(s.chars().count()).unwrap_or(i64::MAX);
    let place = |n: i64| if n < 0 { (n + len).max(0) } else { n };
    let (start, stop) = (place(start), place(stop).min(len));
    if start > stop {
        return Ok(None);
    }
    let (start, stop) = (
        usize::try_from(start).unwrap_or(0),
        usize::try_from(stop).unwrap_or(0),
    );
    let byte = |n: usize| s.char_indices().nth(n).map_or(s.len(), |(i, _)| i);
    Ok(s.get(byte(start)..byte(stop)).map(|p| (p, start)))
}

fn search(s: &str, args: &Args<'_>) -> Result<Value> {
    let wanted = args.text(0, "sub")?;
    let part = part(s, args)?;
    if args.name == "count" {
        return Ok(Value::from(part.map_or(0, |(p, _)| p.matches(wanted).count())));
    }
    let found = part.and_then(|(p, offset)| {
        let at = if args.name.starts_with('r') {
            p.rfind(wanted)
        } else {
            p.find(wanted)
        }?;
        Some(offset + p.get(..at)?.chars().count())
    });
    match found {
        Some(at) => Ok(Value::from(at)),
        None if args.name.ends_with("index") => Err("substring not found".into()),
        None => Ok(Value::Int(-1)),
    }
}

fn starts_or_ends(s: &str, args: &Args<'_>) -> Result<bool> {
    let Some((part, _)) = part(s, args)? else {
        return Ok(false);
    };
    let hit = |t: &str| {
        if args.name == "startswith" {
            part.starts_with(t)
        } else {
            part.ends_with(t)
        }
    };
    match args.needed(0, "prefix")? {
        Value::Str(t) => Ok(hit(t)),
        Value::Tuple(items) => {
            for item in items.iter() {
                let Some(t) = item.as_str() else {
                    return Err(TemplateError::new(format!(
                        "tuple for {} must only contain str, not {}",
                        args.name,
                        item.type_name()
                    )));
                };
                if hit(t) {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        other => Err(TemplateError::new(format!(
            "{} first arg must be str or a tuple of str, not {}",
            args.name,
            other.type_name()
        ))),
    }
}

fn justify(s: &str, args: &Args<'_>) -> Result<Value> {
    args.needed(0, "width")?;
    let width = usize::try_from(args.int(0, "width", 0)?).unwrap_or(0);
    let fill = args
        .get(1, "fillchar")
        .map_or(Ok(" "), |_| args.text(1, "fillchar"))?;
    if fill.chars().count() != 1 {
        return Err("The fill character must be exactly one character long".into());
    }
    let missing = width.saturating_sub(s.chars().count());
    fits(missing.saturating_mul(fill.len()))?;
    let left = match args.name {
        "ljust" => 0,
        "rjust" => missing,
        _ => missing / 2 + (missing & width & 1),
    };
    Ok(Value::str(format!(
        "{}{s}{}",
        fill.repeat(left),
        fill.repeat(missing - left)
    )))
}

fn zfill(s: &str, args: &Args<'_>) -> Result<Value> {
    args.needed(0, "width")?;
    let width = usize::try_from(args.int(0, "width", 0)?).unwrap_or(0);
    let missing = width.saturating_sub(s.chars().count());
    fits(missing)?;
    let (sign, digits) = match s.chars().next() {
        Some('+' | '-') => s.split_at(1),
        _ => ("", s),
    };
    Ok(Value::str(format!("{sign}{}{digits}", "0".repeat(missing))))
}

fn expandtabs(s: &str, size: i64) -> Result<Value> {
    let size = usize::try_from(size).unwrap_or(0);
    fits(s.matches('\t').count().saturating_mul(size))?;
    let mut out = String::new();
    let mut column = 0;
    for c in s.chars() {
        match c {
            '\t' if size > 0 => {
                let spaces = size - column % size;
                out.push_str(&" ".repeat(spaces));
                column += spaces;
            }
            '\t' => {}
            '\n' | '\r' => {
                out.push(c);
                column = 0;
            }
            c => {
                out.push(c);
                column += 1;
            }
        }
    }
    Ok(Value::str(out))
}

fn maketrans(args: &Args<'_>) -> Result<Value> {
    let map = Map::new();
    let first = args.needed(0, "x")?;
    if let (Value::Map(given), 1) = (first, args.positional.len()) {
        for (k, v) in given.entries() {
            let key = match &k {
                Value::Str(s) if s.chars().count() == 1 => s.chars().next().map_or(Value::None, code),
                Value::Str(_) => return Err("string keys in translate table must be of length 1".into()),
                other => other.clone(),
            };
            map.insert(key, v);
        }
        return Ok(Value::Map(map));
    }
    let (from, to) = (args.text(0, "x")?, args.text(1, "y")?);
    if from.chars().count() != to.chars().count() {
        return Err("the first two maketrans arguments must have equal length".into());
    }
    for (a, b) in from.chars().zip(to.chars()) {
        map.insert(code(a), code(b));
    }
    if let Some(dropped) = args.maybe_text(2, "z")? {
        for c in dropped.chars() {
            map.insert(code(c), Value::None);
        }
    }
    Ok(Value::Map(map))
}

fn code(c: char) -> Value {
    Value::Int(i64::from(c as u32))
}

fn translate(evaluator: &Evaluator<'_>, s: &str, args: &Args<'_>) -> Result<Value> {
    let table = args.needed(0, "table")?;
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        let replacement = match table {
            Value::Map(m) => m.get_value(&code(c)),
            other => Some(evaluator.item(other, &code(c))?).filter(|v| !v.is_undefined()),
        };
        match replacement {
            None => out.push(c),
            Some(Value::None) => {}
            Some(Value::Str(text)) => out.push_str(&text),
            Some(v) => match v
                .as_int()
                .and_then(|n| u32::try_from(n).ok())
                .and_then(char::from_u32)
            {
                Some(c) => out.push(c),
                None => return Err("character mapping must return integer, None or str".into()),
            },
        }
        fits(out.len())?;
    }
    Ok(Value::str(out))
}
