//! `group_by`: groups from facts.

use crate::{engine::Engine, failure::TaskFailure, step::Step};
use kdo_value::{Map, Value};

pub(crate) fn run(engine: &Engine, step: &Step, args: &Map) -> Result<Map, TaskFailure> {
    let Some(key) = args.get("key") else { return Err(TaskFailure::new("the 'key' param is required when using group_by")) };
    let group = key.to_text().replace(' ', "-");
    let parents: Vec<String> = match args.get("parents") {
        None | Some(Value::None) => vec!["all".into()],
        Some(Value::List(l)) => l.to_vec().iter().map(Value::to_text).collect(),
        Some(v) => vec![v.to_text()],
    };
    let parents: Vec<String> = parents.iter().map(|p| p.replace(' ', "-")).collect();
    let changed = engine.store.inventory.borrow_mut().group_by(&step.host, &group, &parents)?;
    engine.store.inventory_changed();
    let result = Map::new();
    result.insert("changed", changed);
    result.insert("add_group", group);
    result.insert("parent_groups", parents);
    Ok(result)
}
