//! Values of parameters that must not be shown, taken out of the module's result, as Ansible's modules do themselves.

use kdo_modules::{params::Spec, registry};
use kdo_value::{Map, Value};

/// Stands for a whole value.
pub(crate) const NOT_SHOWN: &str = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER";
/// Stands for a part of a text.
const PART: &str = "********";
const MAX_DEPTH: usize = 100;

/// The result without the values of the module's secret parameters.
pub(crate) fn secrets(result: Map, module: &str, args: &Map) -> Map {
    let mut texts = Vec::new();
    if let Some(entry) = registry::find(module) {
        collect(entry.spec, args, &mut texts);
    }
    if texts.is_empty() {
        return result;
    }
    texts.sort_by_key(|t| std::cmp::Reverse(t.len()));
    map(&result, &texts, 0)
}

fn collect(spec: &Spec, args: &Map, out: &mut Vec<String>) {
    for (name, value) in args.text_entries() {
        let Some(param) = spec.find(&name) else { continue };
        if param.no_log {
            texts(&value, out, 0);
        } else if let Some(spec) = param.options {
            match &value {
                Value::Map(m) => collect(spec, m, out),
                Value::List(l) => {
                    for item in l.to_vec() {
                        if let Some(m) = item.as_map() {
                            collect(spec, m, out);
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

fn texts(value: &Value, out: &mut Vec<String>, depth: usize) {
    match value {
        Value::Str(_) | Value::Int(_) | Value::Float(_) | Value::Big(_) => {
            let text = value.to_text();
            if !text.is_empty() {
                out.push(text);
            }
        }
        Value::List(l) if depth < MAX_DEPTH => l.to_vec().iter().for_each(|v| texts(v, out, depth + 1)),
        Value::Map(m) if depth < MAX_DEPTH => {
            m.entries().iter().for_each(|(_, v)| texts(v, out, depth + 1));
        }
        _ => {}
    }
}

fn map(of: &Map, secrets: &[String], depth: usize) -> Map {
    of.entries()
        .into_iter()
        .map(|(k, v)| (k, hidden(v, secrets, depth + 1)))
        .collect()
}

fn hidden(value: Value, secrets: &[String], depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return value;
    }
    match &value {
        Value::Map(m) => Value::Map(map(m, secrets, depth)),
        Value::List(l) => Value::list(l.to_vec().into_iter().map(|v| hidden(v, secrets, depth + 1))),
        Value::Str(text) => {
            let text = text.as_str();
            if secrets.iter().any(|s| s == text) {
                return Value::str(NOT_SHOWN);
            }
            if !secrets.iter().any(|s| text.contains(s.as_str())) {
                return value.clone();
            }
            let masked = secrets
                .iter()
                .fold(text.to_owned(), |t, s| t.replace(s.as_str(), PART));
            Value::str(masked)
        }
        Value::Int(_) | Value::Float(_) | Value::Big(_) if secrets.contains(&value.to_text()) => {
            Value::str(NOT_SHOWN)
        }
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::secrets;
    use kdo_value::{
        Map, Value,
        json::{Layout, read, write},
    };

    fn map(json: &str) -> Map {
        read(json).unwrap().as_map().unwrap().clone()
    }

    #[test]
    fn secret_values_leave_the_result() {
        let result = secrets(
            map(r#"{"a": "s3", "b": ["x s3cret y", 1], "url": "http://me:s3cret@h"}"#),
            "uri",
            &map(r#"{"url": "http://me:s3cret@h", "url_password": "s3cret"}"#),
        );
        assert_eq!(
            write(&Value::Map(result), &Layout::default()).unwrap(),
            r#"{"a": "s3", "b": ["x ******** y", 1], "url": "http://me:********@h"}"#
        );
        let whole = secrets(map(r#"{"a": "s3"}"#), "uri", &map(r#"{"url_password": "s3"}"#));
        assert_eq!(whole.get("a").unwrap().to_text(), super::NOT_SHOWN);
        let open = secrets(map(r#"{"a": "s3"}"#), "uri", &map(r#"{"url": "s3"}"#));
        assert_eq!(open.get("a").unwrap().to_text(), "s3");
    }
}
