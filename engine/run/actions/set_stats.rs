//! `set_stats`: data for the end of the run.

use crate::actions::About;
use crate::{engine::Engine, failure::TaskFailure, step::Step};
use kdo_modules::{
    Meta, Return, Support,
    params::{Fixed, Kind, Param, Spec},
};
use kdo_value::{Map, Value, number};

/// What is said of it.
pub(crate) const ABOUT: About = About {
    meta: &Meta {
        name: "ansible.builtin.set_stats",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[Return {
            name: "ansible_stats",
            doc: "The data and how it is kept.",
        }],
        examples: &[],
    },
    spec: &Spec::new(
        "Tell data at the end of the run",
        &[
            Param::new("data", Kind::Dict, "The data.").required(),
            Param::new("per_host", Kind::Bool, "Keep it for each host.").default(Fixed::Bool(false)),
            Param::new(
                "aggregate",
                Kind::Bool,
                "Add to what is there instead of replacing it.",
            )
            .default(Fixed::Bool(true)),
        ],
    ),
};

pub(crate) fn run(engine: &Engine, step: &Step, args: &Map) -> Result<Map, TaskFailure> {
    let Some(Value::Map(raw)) = args.get("data") else {
        return Err(TaskFailure::new(
            "The 'data' option needs to be a dictionary/hash",
        ));
    };
    let flag = |name: &str, default: bool| {
        args.get(name).map_or(default, |v| match &v {
            Value::Str(s) => kdo_modules::params::parse_bool(s).unwrap_or(default),
            v => v.truthy(),
        })
    };
    let data = Map::new();
    for (key, value) in raw.entries() {
        let name = engine.resolve(&step.vars, &key)?.to_text();
        if !kdo_playbook::is_variable_name(&name) {
            return Err(TaskFailure::early(format!("Invalid variable name '{name}'.")));
        }
        data.insert(name, value);
    }
    let (per_host, aggregate) = (flag("per_host", false), flag("aggregate", true));
    let owner = if per_host { step.host.as_str() } else { "_run" };
    let level = match engine.custom_stats.get(owner) {
        Some(Value::Map(m)) => m,
        _ => {
            let m = Map::new();
            engine.custom_stats.insert(owner, m.clone());
            m
        }
    };
    for (key, value) in data.text_entries() {
        let combined = match (level.get(&key), aggregate) {
            (Some(Value::Map(old)), true) if value.as_map().is_some() => {
                let both = old.copied();
                value
                    .as_map()
                    .map(Map::entries)
                    .unwrap_or_default()
                    .into_iter()
                    .for_each(|(k, v)| {
                        both.insert(k, v);
                    });
                both.into()
            }
            (Some(old), true) => number::apply(number::Operator::Add, &old, &value).unwrap_or(value),
            _ => value,
        };
        level.insert(key, combined);
    }
    let result = Map::new();
    result.insert("changed", false);
    let stats = Map::new();
    stats.insert("data", data);
    stats.insert("per_host", per_host);
    stats.insert("aggregate", aggregate);
    result.insert("ansible_stats", stats);
    Ok(result)
}
