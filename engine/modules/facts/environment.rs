//! Environment variables, those of the task over the agent's.

use super::Gather;
use kdo_value::Map;

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let map = Map::new();
    for (name, value) in std::env::vars_os() {
        map.insert(
            name.to_string_lossy().into_owned(),
            value.to_string_lossy().into_owned(),
        );
    }
    for (name, value) in &g.host.context().environment {
        map.insert(name.as_str(), value.as_str());
    }
    g.facts.insert("env", map);
}
