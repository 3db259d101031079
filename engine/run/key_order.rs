//! The order of a result's keys, which shows where a result becomes text: labels of loops, messages.

use crate::task::{full_name, truthy};
use kdo_value::Map;
use std::{collections::HashMap, sync::LazyLock};

/// Keys in their order; with `true` those without which the line does not count.
type Line = Vec<(&'static str, bool)>;

/// The lines of each action. Every result is looked up here, so the text is read once.
static TABLE: LazyLock<HashMap<&str, Vec<Line>>> = LazyLock::new(|| {
    let mut table = HashMap::<_, Vec<Line>>::new();
    for (action, keys) in include_str!("key_order.txt")
        .lines()
        .filter_map(|line| line.split_once(": "))
    {
        let key = |k: &'static str| (k.trim_start_matches('!'), k.starts_with('!'));
        table
            .entry(action)
            .or_default()
            .push(keys.split(' ').map(key).collect());
    }
    table
});

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
fn first(action: &str, result: &Map) -> Option<&'static Line> {
    let fits = |line: &&Line| line.iter().all(|(key, needed)| !needed || result.contains(key));
    TABLE.get(&*full_name(action))?.iter().find(fits)
}

/// Puts the keys of a task's result into the order in which Ansible has them.
pub(crate) fn arrange(action: &str, result: &Map) {
    let Some(first) = first(action, result) else {
        return;
    };
    let mut entries = result.entries();
    let at = |name: &str| entries.iter().position(|(key, _)| key.as_str() == Some(name));
    // A module tells its failure behind what else it says, and not whether it changed something unless it knows that before.
    let failed = match result.contains("failed_when_result") {
        true => result.contains("failed_when_suppressed_exception"),
        false => truthy(result, "failed"),
    };
    let unknown_change = failed && at("changed") > at("failed");
    let order = |key: &str| {
        let named = first.iter().position(|(k, _)| *k == key);
        let added = ADDED.iter().position(|k| *k == key);
        match (key, named, added) {
            ("failed", ..) if failed => (2, 0),
            ("msg", ..) if failed => (2, 1),
            ("changed", Some(_), Some(n)) if unknown_change => (3, n),
            (_, Some(n), _) => (0, n),
            (.., Some(n)) => (3, n),
            _ => (1, 0),
        }
    };
    entries.sort_by_cached_key(|(key, _)| order(&key.to_text()));
    result.clear();
    entries.into_iter().for_each(|(key, value)| {
        result.insert(key, value);
    });
}
