//! `set_fact`: variables of a host.

use crate::actions::About;
use crate::failure::TaskFailure;
use kdo_modules::params::parse_bool;
use kdo_modules::{
    Meta, Return, Support,
    params::{Fixed, Kind, Param, Spec},
};
use kdo_playbook::is_variable_name;
use kdo_value::{Map, Value};

/// What is said of it.
pub(crate) const ABOUT: About = About {
    meta: &Meta {
        name: "ansible.builtin.set_fact",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[Return {
            name: "ansible_facts",
            doc: "The variables.",
        }],
        examples: &[],
    },
    spec: &Spec::new(
        "Set variables of hosts\n\nEach argument is a variable.",
        &[
            Param::new(
                "key_value",
                Kind::Str,
                "Variables with their values: `name: value` or `name=value`.",
            )
            .required(),
            Param::new("cacheable", Kind::Bool, "Keep them in the cache of facts too.")
                .default(Fixed::Bool(false)),
        ],
    ),
};

pub(crate) fn run(args: &Map) -> Result<Map, TaskFailure> {
    let facts = Map::new();
    let cacheable = match args.get("cacheable") {
        Some(Value::Str(s)) => parse_bool(&s).unwrap_or(false),
        Some(v) => v.truthy(),
        None => false,
    };
    // Ansible sets them in the order of their names.
    let mut entries = args.entries();
    entries.sort_by(|(a, _), (b, _)| a.as_str().cmp(&b.as_str()));
    for (name, value) in entries {
        let Some(key) = name.as_str() else {
            return Err(TaskFailure::early(format!(
                "Invalid variable name {} of type '{}'.",
                quoted(&name.repr()),
                name.type_name()
            )));
        };
        if key == "cacheable" {
            continue;
        }
        if key == "_raw_params" {
            return Err(TaskFailure::new(
                "No key/value pairs provided, at least one is required for this action to succeed",
            ));
        }
        if !is_variable_name(key) {
            return Err(TaskFailure::early(format!("Invalid variable name '{key}'.")));
        }
        // With its place, for warnings.
        facts.insert(name, value);
    }
    if facts.is_empty() {
        return Err(TaskFailure::new(
            "No key/value pairs provided, at least one is required for this action to succeed",
        ));
    }
    let map = Map::new();
    map.insert("changed", false);
    map.insert("ansible_facts", facts);
    map.insert("_ansible_facts_cacheable", cacheable);
    Ok(map)
}

/// Between quotes, unless it has its own.
fn quoted(repr: &str) -> String {
    if repr.starts_with('\'') {
        repr.to_owned()
    } else {
        format!("'{repr}'")
    }
}
