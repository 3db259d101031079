//! The order of a result's keys, which shows where a result becomes text: labels of loops, messages.

use crate::task::{full_name, truthy};
use kdo_value::Map;

const TABLE: &str = include_str!("key_order.txt");

/// What the controller adds to a module's result, in its order.
const ADDED: &[&str] = &[
    "stdout_lines",
    "stderr_lines",
    "failed",
    "failed_when_result",
    "failed_when_suppressed_exception",
    "attempts",
    "changed",
    "exception",
];

/// The keys of that action's result, as far as they are known to come first.
fn first(action: &str, result: &Map) -> Option<Vec<&'static str>> {
    let name = full_name(action);
    TABLE
        .lines()
        .filter_map(|line| line.split_once(": "))
        .filter(|(of, _)| *of == name)
        .map(|(_, keys)| keys.split(' ').collect::<Vec<_>>())
        .find(|keys| {
            let mut needed = keys.iter().filter_map(|k| k.strip_prefix('!'));
            needed.all(|k| result.contains(k))
        })
        .map(|keys| keys.iter().map(|k| k.trim_start_matches('!')).collect())
}

/// Puts the keys of a task's result into the order in which Ansible has them.
pub(crate) fn arrange(action: &str, result: &Map) {
    let Some(first) = first(action, result) else {
        return;
    };
    let entries = result.entries();
    let at = |name: &str| entries.iter().position(|(key, _)| key.to_text() == name);
    // A module tells its failure behind what else it says, and not whether it changed something unless it knows that before.
    let failed = match result.contains("failed_when_result") {
        true => result.contains("failed_when_suppressed_exception"),
        false => truthy(result, "failed"),
    };
    let unknown_change = failed && at("changed") > at("failed");
    let order = |key: &str| {
        let place = |keys: &[&str]| keys.iter().position(|k| *k == key);
        match (key, place(&first), place(ADDED)) {
            ("failed", ..) if failed => (2, 0),
            ("msg", ..) if failed => (2, 1),
            ("changed", Some(_), Some(n)) if unknown_change => (3, n),
            (_, Some(n), _) => (0, n),
            (.., Some(n)) => (3, n),
            _ => (1, 0),
        }
    };
    let mut sorted = entries.clone();
    sorted.sort_by_key(|(key, _)| order(&key.to_text()));
    result.clear();
    sorted.into_iter().for_each(|(key, value)| {
        result.insert(key, value);
    });
}
