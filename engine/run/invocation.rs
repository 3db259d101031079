//! What a result says of the arguments its module got.

use crate::hide::NOT_SHOWN;
use kdo_modules::{
    Entry,
    params::{Fixed, Param, Spec, convert},
    registry,
};
use kdo_value::{Map, Value};

/// Adds `invocation` to a module's result: all its parameters with what was given or the default, secret ones masked.
/// Modules of kdo's own, which no user calls, tell nothing.
pub(crate) fn add(result: &Map, module: &str, args: &Map) {
    let Some(entry) = registry::find(module) else {
        return;
    };
    if result.contains("invocation") || entry.meta.name.starts_with("kdo.") {
        return;
    }
    let invocation = Map::new();
    invocation.insert("module_args", shown(entry, args));
    result.insert("invocation", invocation);
}

/// The arguments of a task as they are written, secret ones masked, for outputs that show them.
pub(crate) fn written(module: &str, args: &Map) -> Map {
    let entry = registry::find(module);
    args.text_entries()
        .into_iter()
        .map(|(name, value)| {
            let secret = entry.is_some_and(|e| e.spec.find(&name).is_some_and(|p| p.no_log));
            let value = if secret { Value::str("********") } else { value };
            (Value::str(name), value)
        })
        .collect()
}

fn shown(entry: &Entry, args: &Map) -> Map {
    let out = parameters(entry.spec, args, true);
    // What no parameter is for was refused, and is shown for that reason.
    for (name, value) in args.text_entries() {
        if entry.spec.find(&name).is_none() && !name.starts_with("_kdo") {
            out.insert(name, value);
        }
    }
    out
}

fn parameters(spec: &Spec, args: &Map, defaults: bool) -> Map {
    let out = Map::new();
    for param in spec.all() {
        let given: Vec<(&str, Value)> = std::iter::once(param.name)
            .chain(param.aliases.iter().copied())
            .filter_map(|name| Some((name, args.get(name)?)))
            .collect();
        let Some((_, value)) = given.last() else {
            let value = match param.default {
                Fixed::None => Value::None,
                default => default.value(),
            };
            if defaults && !param.hidden {
                out.insert(param.name, value);
            }
            continue;
        };
        if param.hidden && param.name.starts_with("_kdo") {
            continue;
        }
        let value = printable(param, value);
        for (name, _) in &given {
            out.insert(*name, value.clone());
        }
        out.insert(param.name, value);
    }
    out
}

fn printable(param: &Param, value: &Value) -> Value {
    if value.is_none() {
        return match param.default {
            Fixed::None => Value::None,
            default => default.value(),
        };
    }
    if param.no_log {
        return Value::str(NOT_SHOWN);
    }
    let value = convert(value, param.kind).unwrap_or_else(|_| value.clone());
    let Some(spec) = param.options else {
        return value;
    };
    match &value {
        Value::Map(map) => Value::Map(parameters(spec, map, true)),
        Value::List(list) => Value::list(list.to_vec().into_iter().map(|item| match item.as_map() {
            Some(map) => Value::Map(parameters(spec, map, true)),
            None => item,
        })),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::add;
    use kdo_value::{
        Map,
        json::{Layout, read, write},
    };

    fn told(module: &str, args: &str) -> String {
        let result = Map::new();
        add(&result, module, read(args).unwrap().as_map().unwrap());
        let value = result.get("invocation").unwrap();
        let layout = Layout {
            sort_keys: true,
            ..Layout::default()
        };
        write(&value, &layout).unwrap()
    }

    #[test]
    fn all_parameters_are_told_as_ansible_does() {
        assert_eq!(told("ping", "{}"), r#"{"module_args": {"data": "pong"}}"#);
        assert_eq!(
            told("stat", r#"{"path": "/etc/passwd", "get_mime": "no"}"#),
            r#"{"module_args": {"checksum_algorithm": "sha1", "follow": false, "get_attributes": true, "get_checksum": true, "get_mime": false, "path": "/etc/passwd"}}"#
        );
    }

    #[test]
    fn aliases_and_unknown_ones_are_told_and_secrets_are_not() {
        let uri = told(
            "uri",
            r#"{"url": "u", "user": "me", "url_password": "secret!", "no": 1}"#,
        );
        for part in [
            r#""user": "me""#,
            r#""url_username": "me""#,
            r#""no": 1"#,
            r#""url_password": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER""#,
        ] {
            assert!(uri.contains(part), "{uri}");
        }
        assert!(!uri.contains("secret!"), "{uri}");
    }
}
