//! `group_by`: groups from facts.

use crate::actions::About;
use crate::{engine::Engine, failure::TaskFailure, step::Step};
use kdo_modules::{
    Meta, Return, Support,
    params::{Fixed, Kind, Param, Spec},
};
use kdo_value::{Map, Value};

/// What is said of it.
pub(crate) const ABOUT: About = About {
    meta: &Meta {
        name: "ansible.builtin.group_by",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "add_group",
                doc: "The group.",
            },
            Return {
                name: "parent_groups",
                doc: "Its parents.",
            },
        ],
        examples: &[],
    },
    spec: &Spec::new(
        "Put hosts into groups whose names are made from facts",
        &[
            Param::new("key", Kind::Str, "Name of the group, usually a template.").required(),
            Param::texts("parents", "Groups that it belongs to.").default(Fixed::Str("all")),
        ],
    ),
};

pub(crate) fn run(engine: &Engine, step: &Step, args: &Map) -> Result<Map, TaskFailure> {
    let Some(key) = args.get("key") else {
        return Err(TaskFailure::new(
            "the 'key' param is required when using group_by",
        ));
    };
    let group = key.to_text().replace(' ', "-");
    let parents: Vec<String> = match args.get("parents") {
        None | Some(Value::None) => vec!["all".into()],
        Some(Value::List(l)) => l.to_vec().iter().map(Value::to_text).collect(),
        Some(v) => vec![v.to_text()],
    };
    let parents: Vec<String> = parents.iter().map(|p| p.replace(' ', "-")).collect();
    let changed = engine
        .store
        .inventory
        .borrow_mut()
        .group_by(&step.host, &group, &parents)?;
    engine.store.inventory_changed();
    let result = Map::new();
    result.insert("changed", changed);
    result.insert("add_group", group);
    result.insert("parent_groups", parents);
    Ok(result)
}
