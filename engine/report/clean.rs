//! Results without what is not for people.

use kdo_event::{HostResult, Status};
use kdo_value::{Map, Value};

/// Deeper values are cut, so that no output can be made to overflow.
const MAX_DEPTH: usize = 100;

/// What stands for the results of tasks with `no_log`.
pub(crate) const CENSORED: &str =
    "the output has been hidden due to the fact that 'no_log: true' was specified for this result";
/// What stands for an item of a task with `no_log`.
pub(crate) const CENSORED_ITEM: &str = "(censored due to no_log)";

/// Keys `debug` does not show.
const NOT_FOR_DEBUG: &[&str] = &[
    "changed",
    "failed",
    "skipped",
    "invocation",
    "skip_reason",
    "failed_when_result",
    "changed_when_result",
    "ansible_loop_var",
    "ansible_index_var",
    "ansible_loop",
];

/// The name of an action without its collection.
pub(crate) fn short(action: &str) -> &str {
    action
        .strip_prefix("ansible.builtin.")
        .or_else(|| action.strip_prefix("ansible.legacy."))
        .unwrap_or(action)
}

fn plain(value: &Value, depth: usize, internal: bool) -> Value {
    if depth > MAX_DEPTH {
        return Value::str("…");
    }
    match value {
        Value::Map(m) => Value::Map(plain_map(m, depth, internal)),
        Value::List(l) => Value::list(l.to_vec().iter().map(|v| plain(v, depth + 1, internal))),
        Value::Tuple(t) => Value::list(t.iter().map(|v| plain(v, depth + 1, internal))),
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Big(_) | Value::Float(_) | Value::Str(_) => {
            value.clone()
        }
        Value::Object(o) => match o.keys() {
            Some(keys) => Value::Map(
                keys.into_iter()
                    .map(|k| {
                        (
                            Value::str(k.to_text()),
                            plain(&o.get(&k).unwrap_or(Value::None), depth + 1, internal),
                        )
                    })
                    .collect(),
            ),
            None => Value::str(o.to_text()),
        },
        Value::Bytes(b) => Value::str(String::from_utf8_lossy(b).into_owned()),
        Value::Vault(_) => Value::str("(encrypted)"),
        Value::Undefined(_) | Value::Omit => Value::str(value.to_text()),
    }
}

fn plain_map(map: &Map, depth: usize, internal: bool) -> Map {
    let out = Map::new();
    for (k, v) in map.entries() {
        match k.as_str() {
            Some(name) if name.starts_with("_ansible_") && !internal => {}
            Some(_) => {
                out.insert(k, plain(&v, depth + 1, internal));
            }
            None => {
                out.insert(Value::str(k.to_text()), plain(&v, depth + 1, internal));
            }
        }
    }
    out
}

/// A map as the journal keeps it: as JSON can hold it, with internal keys.
pub(crate) fn journal_value(map: &Map) -> Value {
    Value::Map(plain_map(map, 0, true))
}

/// A deep copy that JSON and YAML can hold, without internal keys.
pub(crate) fn printable(map: &Map) -> Map {
    plain_map(map, 0, false)
}

/// A value JSON and YAML can hold.
pub(crate) fn printable_value(value: &Value) -> Value {
    plain(value, 0, false)
}

/// What is left of a result that must not be shown, for outputs.
pub(crate) fn censored(result: &Map) -> Map {
    printable(&stripped(result))
}

/// The same with what later outputs have to know: which items of a loop need not be hidden.
pub(crate) fn stripped(result: &Map) -> Map {
    let out = Map::new();
    out.insert("censored", CENSORED);
    if let Some(Value::List(items)) = result.get("results")
        && !items.is_empty()
    {
        let items = items.to_vec();
        out.insert("results", Value::list(items.iter().map(censored_item)));
    }
    for key in ["attempts", "changed", "deprecations", "retries", "warnings"] {
        if let Some(v) = result.get(key) {
            out.insert(key, v);
        }
    }
    out
}

/// Only what says itself that it may be shown is shown.
fn censored_item(item: &Value) -> Value {
    match item {
        Value::Map(item) if matches!(item.get("_ansible_no_log"), Some(Value::Bool(false))) => {
            item.clone().into()
        }
        Value::Map(item) => stripped(item).into(),
        _ => Value::str(CENSORED_ITEM),
    }
}

/// A result as outputs show it at a verbosity.
pub(crate) fn shown(of: &HostResult, verbosity: u8) -> Map {
    let map = shown_raw(of, verbosity);
    if short(&of.task.action) == "debug" {
        if map.contains("msg") {
            // A message stands alone.
            for (key, _) in map.text_entries() {
                if key != "msg" {
                    map.remove(key.as_str());
                }
            }
        } else {
            for key in NOT_FOR_DEBUG {
                map.remove(key);
            }
        }
    }
    map
}

/// The same without what is special about `debug`.
pub(crate) fn shown_raw(of: &HostResult, verbosity: u8) -> Map {
    let map = if of.task.no_log {
        censored(&of.result)
    } else {
        printable(&of.result)
    };
    for key in ["warnings", "deprecations", "exception", "failed", "skipped"] {
        map.remove(key);
    }
    if verbosity < 3 {
        map.remove("invocation");
        map.remove("diff");
    }
    map
}

fn flag(map: &Map, key: &str) -> bool {
    map.get(key).is_some_and(|v| v.truthy())
}

/// Whether the result is shown, indented, without `-v` too. The engine may say so in the result; where it does not,
/// `debug` and `assert` are known to do it when they were carried out.
pub(crate) fn always_verbose(of: &HostResult) -> bool {
    if of.task.no_log {
        return false;
    }
    if let Some(said) = of.result.get("_ansible_verbose_always") {
        return said.truthy();
    }
    let done = matches!(of.status, Status::Ok | Status::Changed);
    match short(&of.task.action) {
        "debug" => done,
        "assert" => done && !of.task.args.as_ref().is_some_and(|a| flag(a, "quiet")),
        _ => false,
    }
}

/// Whether the result is never shown when all is well.
pub(crate) fn never_verbose(of: &HostResult) -> bool {
    matches!(short(&of.task.action), "setup" | "gather_facts")
        || flag(&of.result, "_ansible_verbose_override")
}
