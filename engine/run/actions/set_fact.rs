//! `set_fact`: variables of a host.

use crate::failure::TaskFailure;
use kdo_modules::params::parse_bool;
use kdo_value::{Map, Value};

pub(crate) fn run(args: &Map) -> Result<Map, TaskFailure> {
    let facts = Map::new();
    let cacheable = match args.get("cacheable") {
        Some(Value::Str(s)) => parse_bool(&s).unwrap_or(false),
        Some(v) => v.truthy(),
        None => false,
    };
    for (key, value) in args.text_entries() {
        if key == "cacheable" {
            continue;
        }
        if key == "_raw_params" {
            return Err(TaskFailure::new("No key/value pairs provided, at least one is required for this action to succeed"));
        }
        let mut chars = key.chars();
        let good = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !good {
            return Err(TaskFailure::new(format!(
                "The variable name '{key}' is not valid. Variables must start with a letter or underscore character, and contain only letters, numbers and underscores."
            )));
        }
        facts.insert(key, value);
    }
    if facts.is_empty() {
        return Err(TaskFailure::new("No key/value pairs provided, at least one is required for this action to succeed"));
    }
    let map = Map::new();
    map.insert("changed", false);
    map.insert("ansible_facts", facts);
    map.insert("_ansible_facts_cacheable", cacheable);
    Ok(map)
}
