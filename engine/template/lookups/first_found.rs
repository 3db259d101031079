//! The lookup of the first file that exists.

use crate::{Call, Callable, Check, TemplateError, declare::callable};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.first_found", first_found, "The first of several files that exists on the controller.", [];
        "{{ lookup('first_found', ['/nosuch', '/dev/null/nosuch'], skip=true) }}" => "[]",
        "{{ query('first_found', {'files': ['nosuch'], 'skip': true}) }}" => "[]"),
];

fn split(value: Option<Value>, separators: &[char]) -> Result<Vec<String>, TemplateError> {
    let mut out = Vec::new();
    let items = match value {
        None | Some(Value::None) => return Ok(out),
        Some(v) => match v.check()?.as_sequence() {
            Some(items) => items,
            None => vec![v],
        },
    };
    for item in items {
        match item.check()?.as_sequence() {
            Some(_) => out.extend(split(Some(item), separators)?),
            None => out.extend(
                item.to_text()
                    .split(separators)
                    .map(|s| s.trim().to_owned())
                    .filter(|s| !s.is_empty()),
            ),
        }
    }
    Ok(out)
}

/// Names to look for, and whether the last settings allow to find none.
fn names(call: &Call<'_>, terms: &[Value], out: &mut Vec<String>) -> Result<bool, TemplateError> {
    let mut skip = false;
    for term in terms {
        let (files, paths) = match term.check()? {
            Value::Map(m) => {
                skip = m
                    .get("skip")
                    .is_some_and(|s| crate::filters::read_bool(&s).unwrap_or(false));
                (
                    split(m.get("files"), &[',', ';'])?,
                    split(m.get("paths"), &[',', ':', ';'])?,
                )
            }
            Value::Str(s) => {
                skip = call.keyword("skip").is_some_and(Value::truthy);
                (
                    vec![s.to_string()],
                    split(call.keyword("paths").cloned(), &[',', ':', ';'])?,
                )
            }
            other => match other.as_sequence() {
                Some(inner) => {
                    skip = names(call, &inner, out)?;
                    continue;
                }
                None => {
                    return call.fail(format!(
                        "Invalid term supplied. A string, dict or list is required, not '{}').",
                        other.type_name()
                    ));
                }
            },
        };
        if paths.is_empty() {
            out.extend(files);
        } else {
            for path in &paths {
                for file in &files {
                    out.push(if file.starts_with('/') {
                        file.clone()
                    } else {
                        format!("{}/{file}", path.trim_end_matches('/'))
                    });
                }
            }
        }
    }
    Ok(skip)
}

fn first_found(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut terms = call.args.clone();
    if terms.is_empty() {
        let options = ["files", "paths", "skip"]
            .iter()
            .filter_map(|n| Some((*n, call.keyword(n)?.clone())));
        terms.push(Value::Map(options.collect()));
    }
    let mut wanted = Vec::new();
    let skip = names(call, &terms, &mut wanted)?;
    // tasks that look for templates or variable files say so
    let folder = call
        .keyword("_subdir")
        .map_or_else(|| "files".to_owned(), Value::to_text);
    for name in &wanted {
        if let Some(path) = call.environment.search.find(&folder, name) {
            return Ok(Value::list([Value::str(path.to_string_lossy().into_owned())]));
        }
    }
    if skip || call.keyword("skip").is_some_and(Value::truthy) {
        return Ok(Value::list([]));
    }
    call.fail("No file was found when using first_found.")
}
