//! The lookup in INI and properties files.

use super::options::{find, flag, read, split_term, word};
use crate::{
    Call, Callable, TemplateError,
    declare::callable,
    iterate::text,
    pyregex::{Anchor, Flags, compile},
};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[callable!(
    "ansible.builtin.ini",
    ini,
    "The value of a key in a section of an INI file, or of a properties file, on the controller.",
    []
)];

/// Sections in order, each with its keys in order; keys without `=` have no value.
pub(crate) type Sections = Vec<(String, Vec<(String, Option<String>)>)>;

/// Reads an INI text as Python's `configparser` does.
pub(crate) fn parse(
    text: &str,
    case_sensitive: bool,
    allow_no_value: bool,
) -> Result<Sections, TemplateError> {
    let mut sections: Sections = Vec::new();
    let mut indent = 0;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.starts_with(['#', ';']) {
            continue;
        }
        let depth = line.len() - line.trim_start().len();
        let last = sections.last_mut().and_then(|(_, keys)| keys.last_mut());
        if trimmed.is_empty() {
            if let Some((_, Some(value))) = last {
                value.push('\n');
            }
            continue;
        }
        if depth > indent
            && let Some((_, Some(value))) = last
        {
            value.push('\n');
            value.push_str(trimmed);
            continue;
        }
        indent = depth;
        if let Some((name, _)) = trimmed.strip_prefix('[').and_then(|t| t.rsplit_once(']')) {
            match sections.iter().position(|(n, _)| n == name) {
                Some(i) => {
                    let section = sections.remove(i);
                    sections.push(section);
                }
                None => sections.push((name.to_owned(), Vec::new())),
            }
            continue;
        }
        let Some((_, keys)) = sections.last_mut() else {
            return Err(format!(
                "File contains no section headers. [line {}]: {line:?}",
                number + 1
            )
            .into());
        };
        let (key, value) = match trimmed.split_once(['=', ':']) {
            Some((k, v)) => (k.trim_end(), Some(v.trim().to_owned())),
            None if allow_no_value => (trimmed, None),
            None => {
                return Err(
                    format!("Source contains parsing errors: [line {}]: {line:?}", number + 1).into(),
                );
            }
        };
        let key = if case_sensitive {
            key.to_owned()
        } else {
            key.to_lowercase()
        };
        if keys.iter().any(|(k, _)| *k == key) {
            return Err(format!(
                "Duplicate option in [line {}]: option '{key}' already exists",
                number + 1
            )
            .into());
        }
        keys.push((key, value));
    }
    for (_, keys) in &mut sections {
        for value in keys.iter_mut().filter_map(|(_, v)| v.as_mut()) {
            value.truncate(value.trim_end_matches('\n').len());
        }
    }
    Ok(sections)
}

fn interpolate(
    keys: &[(String, Option<String>)],
    defaults: &[(String, Option<String>)],
    value: &str,
    depth: usize,
) -> Result<String, TemplateError> {
    if depth > 10 {
        return Err("Recursion limit exceeded in value substitution".into());
    }
    let mut out = String::new();
    let mut rest = value;
    while let Some((head, after)) = rest.split_once('%') {
        out.push_str(head);
        if let Some(tail) = after.strip_prefix('%') {
            out.push('%');
            rest = tail;
        } else if let Some((name, tail)) = after.strip_prefix('(').and_then(|a| a.split_once(")s")) {
            let name = name.to_lowercase();
            let found = keys
                .iter()
                .chain(defaults)
                .find(|(k, _)| *k == name)
                .and_then(|(_, v)| v.as_deref());
            let Some(found) = found else {
                return Err(format!("Bad value substitution: '{name}' is not defined").into());
            };
            out.push_str(&interpolate(keys, defaults, found, depth + 1)?);
            rest = tail;
        } else {
            return Err(format!("'%' must be followed by '%' or '(', found: '%{after}'").into());
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Text in ISO 8859-1, or in ISO 8859-15, which differs in eight letters.
fn single_byte(bytes: &[u8], fifteen: bool) -> String {
    let letter = |b: &u8| match (*b, fifteen) {
        (0xa4, true) => '€',
        (0xa6, true) => 'Š',
        (0xa8, true) => 'š',
        (0xb4, true) => 'Ž',
        (0xb8, true) => 'ž',
        (0xbc, true) => 'Œ',
        (0xbd, true) => 'œ',
        (0xbe, true) => 'Ÿ',
        (b, _) => char::from(b),
    };
    bytes.iter().map(letter).collect()
}

fn ini(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut out = Vec::new();
    for term in &call.args {
        let (key, pairs) = split_term(&text(term)?);
        const OPTIONS: &[&str] = &[
            "allow_no_value",
            "allow_none",
            "case_sensitive",
            "default",
            "encoding",
            "file",
            "interpolation",
            "re",
            "section",
            "type",
        ];
        if let Some((name, _)) = pairs.iter().find(|(k, _)| !OPTIONS.contains(&k.as_str())) {
            return call.fail(format!("{name} is not a valid option"));
        }
        if key.is_empty() && !pairs.is_empty() {
            return call.fail("No key to look up was provided as first term within string inline options");
        }
        let option = |name: &str| -> Result<Option<String>, TemplateError> {
            match pairs.iter().find(|(k, _)| k == name) {
                Some((_, v)) => Ok(Some(v.clone())),
                None => word(call, name),
            }
        };
        let truth = |name: &str| match pairs.iter().find(|(k, _)| k == name) {
            Some((_, v)) => crate::filters::read_bool(&Value::str(v.as_str())).unwrap_or(false),
            None => flag(call, name, false),
        };
        let file = option("file")?.unwrap_or_else(|| "ansible.ini".into());
        let path = find(call, "files", &file)
            .map_err(|_| TemplateError::new(format!("Invalid filename {file}.")))?;
        let bytes = read(call, &path)?;
        let encoding = option("encoding")?.unwrap_or_default().to_lowercase();
        let mut contents = match encoding.replace(['-', '_'], "").as_str() {
            "iso88591" | "latin1" | "iso885915" | "latin9" => {
                single_byte(&bytes, encoding.ends_with("15") || encoding.ends_with('9'))
            }
            _ => String::from_utf8_lossy(&bytes).into_owned(),
        };
        let mut section = option("section")?.unwrap_or_else(|| "global".into());
        if option("type")?.as_deref() == Some("properties") {
            section = "java_properties".into();
            contents = format!("[java_properties]\n{contents}");
        }
        let case = truth("case_sensitive");
        let plain = option("interpolation")?
            .is_some_and(|v| crate::filters::read_bool(&Value::str(v)) == Some(false));
        let none = truth("allow_no_value") || truth("allow_none");
        let sections = parse(&contents, case, none)?;
        let of = |name: &str| {
            sections
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, k)| k.as_slice())
        };
        let defaults = of("DEFAULT").unwrap_or(&[]);
        let Some(keys) = of(&section) else {
            return call.fail(format!("No section '{section}' in '{}'.", path.display()));
        };
        let all = || keys.iter().chain(defaults);
        if truth("re") {
            let regex = compile(&key, Flags::default(), Anchor::Start)?;
            for (name, value) in all() {
                if regex.find(name)?.is_some() {
                    let value = value.as_deref().unwrap_or("");
                    out.push(Value::str(if plain {
                        value.to_owned()
                    } else {
                        interpolate(keys, defaults, value, 0)?
                    }));
                }
            }
            continue;
        }
        let name = if case { key.clone() } else { key.to_lowercase() };
        match all().find(|(k, _)| *k == name) {
            Some((_, Some(value))) if plain => out.push(Value::str(value.as_str())),
            Some((_, Some(value))) => out.push(Value::str(interpolate(keys, defaults, value, 0)?)),
            Some((_, None)) => {}
            None => out.push(Value::str(option("default")?.unwrap_or_default())),
        }
    }
    Ok(Value::list(out))
}

#[cfg(test)]
mod tests {
    use super::{interpolate, parse};

    #[test]
    fn ini_files_are_read_as_configparser_reads_them() {
        let sections = parse(
            "[a]\n; c\nKey = v # x\nmulti = 1\n  2\n\n[b]\nk: %(z)s!\nz=5\n",
            false,
            false,
        )
        .unwrap();
        let keys = |i: usize| sections[i].1.clone();
        assert_eq!(keys(0)[0], ("key".into(), Some("v # x".into())));
        assert_eq!(keys(0)[1].1.as_deref(), Some("1\n2"));
        assert_eq!(interpolate(&keys(1), &[], "%(z)s!%%", 0).unwrap(), "5!%");
        assert!(parse("x=1\n", false, false).is_err());
        assert!(parse("[a]\nx\n", false, false).is_err());
        assert!(interpolate(&[("a".into(), Some("%(a)s".into()))], &[], "%(a)s", 0).is_err());
    }
}
