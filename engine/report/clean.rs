//! Results without what is not for people.

use kdo_event::{HostResult, TaskInfo};
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

fn plain(value: &Value, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::str("…");
    }
    match value {
        Value::Map(m) => Value::Map(plain_map(m, depth)),
        Value::List(l) => Value::list(l.to_vec().iter().map(|v| plain(v, depth + 1))),
        Value::Tuple(t) => Value::list(t.iter().map(|v| plain(v, depth + 1))),
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Big(_) | Value::Float(_) | Value::Str(_) => value.clone(),
        Value::Object(o) => match o.keys() {
            Some(keys) => Value::Map(
                keys.into_iter()
                    .map(|k| (Value::str(k.to_text()), plain(&o.get(&k).unwrap_or(Value::None), depth + 1)))
                    .collect(),
            ),
            None => Value::str(o.to_text()),
        },
        Value::Bytes(b) => Value::str(String::from_utf8_lossy(b).into_owned()),
        Value::Vault(_) => Value::str("(encrypted)"),
        Value::Undefined(_) | Value::Omit => Value::str(value.to_text()),
    }
}

fn plain_map(map: &Map, depth: usize) -> Map {
    let out = Map::new();
    for (k, v) in map.entries() {
        match k.as_str() {
            Some(name) if name.starts_with("_ansible_") => {}
            Some(_) => {
                out.insert(k, plain(&v, depth + 1));
            }
            None => {
                out.insert(Value::str(k.to_text()), plain(&v, depth + 1));
            }
        }
    }
    out
}

/// A deep copy that JSON and YAML can hold, without internal keys.
pub(crate) fn printable(map: &Map) -> Map {
    plain_map(map, 0)
}

/// A value JSON and YAML can hold.
pub(crate) fn printable_value(value: &Value) -> Value {
    plain(value, 0)
}

/// What is left of a result that must not be shown.
pub(crate) fn censored(result: &Map) -> Map {
    let out = Map::new();
    out.insert("censored", CENSORED);
    for key in ["attempts", "changed", "retries"] {
        if let Some(v) = result.get(key) {
            out.insert(key, v);
        }
    }
    out
}

/// A result as outputs show it at a verbosity.
pub(crate) fn shown(of: &HostResult, verbosity: u8) -> Map {
    let debug = short(&of.task.action) == "debug";
    if of.task.no_log {
        let map = censored(&of.result);
        if debug {
            map.remove("changed");
        }
        return map;
    }
    let map = printable(&of.result);
    for key in ["warnings", "deprecations", "exception", "failed", "skipped"] {
        map.remove(key);
    }
    if verbosity < 3 {
        map.remove("invocation");
        map.remove("diff");
    }
    if debug {
        let item = map.get("ansible_loop_var");
        if let Some(name) = item.as_ref().and_then(Value::as_str) {
            map.remove(name);
        }
        for key in NOT_FOR_DEBUG {
            map.remove(key);
        }
    }
    map
}

fn flag(map: &Map, key: &str) -> bool {
    map.get(key).is_some_and(|v| v.truthy())
}

/// Whether the result is shown, indented, without `-v` too.
pub(crate) fn always_verbose(task: &TaskInfo, result: &Map) -> bool {
    match short(&task.action) {
        "debug" => true,
        "assert" => !task.args.as_ref().is_some_and(|a| flag(a, "quiet")),
        _ => flag(result, "_ansible_verbose_always"),
    }
}

/// Whether the result is never shown when all is well.
pub(crate) fn never_verbose(task: &TaskInfo, result: &Map) -> bool {
    matches!(short(&task.action), "setup" | "gather_facts") || flag(result, "_ansible_verbose_override")
}
