//! `add_host`: a host for the rest of the run.

use crate::actions::About;
use crate::{engine::Engine, failure::TaskFailure, step::Step};
use kdo_inventory::parse_address;
use kdo_modules::{
    Meta, Return, Support,
    params::{Kind, Param, Spec},
};
use kdo_value::{Map, Value};

/// What is said of it.
pub(crate) const ABOUT: About = About {
    meta: &Meta {
        name: "ansible.builtin.add_host",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[Return {
            name: "add_host",
            doc: "Name, groups and variables of the host.",
        }],
        examples: &[],
    },
    spec: &Spec::new(
        "Add a host to the inventory for the rest of the run\n\nAll other arguments become variables of the host.",
        &[
            Param::new(
                "name",
                Kind::Str,
                "Name of the host, with a port after a colon if need be.",
            )
            .required()
            .aliases(&["host", "hostname"]),
            Param::texts("groups", "Groups that it belongs to; they are made if missing.")
                .aliases(&["group", "groupname"]),
        ],
    ),
};

pub(crate) fn run(engine: &Engine, _step: &Step, args: &Map) -> Result<Map, TaskFailure> {
    let args = match args.get("_raw_params") {
        None | Some(Value::None) => args.copied(),
        Some(Value::Map(raw)) => {
            let all = raw.copied();
            args.entries().into_iter().for_each(|(k, v)| {
                all.insert(k, v);
            });
            all.remove("_raw_params");
            all
        }
        Some(_) => return Err(TaskFailure::new("Invalid raw parameters passed")),
    };
    let first = |names: &[&str]| names.iter().find_map(|n| args.get(n)).filter(|v| !v.is_none());
    let Some(name) = first(&["name", "host", "hostname"]) else {
        return Err(TaskFailure::new("name, host or hostname needs to be provided"));
    };
    let name = name.to_text();
    let (name, port) = parse_address(&name, false).unwrap_or_else(|| (name.clone(), None));
    let groups: Vec<String> = match first(&["groupname", "groups", "group"]) {
        None => Vec::new(),
        Some(Value::List(l)) => l.to_vec().iter().map(Value::to_text).collect(),
        Some(Value::Str(s)) => s.split(',').map(|g| g.trim().to_owned()).collect(),
        Some(_) => return Err(TaskFailure::new("Groups must be specified as a list.")),
    };
    let groups: Vec<String> = groups.into_iter().filter(|g| !g.is_empty()).collect();
    let vars = Map::new();
    if let Some(port) = port {
        vars.insert("ansible_ssh_port", u32::from(port));
    }
    for (key, value) in args.text_entries() {
        if !matches!(
            key.as_str(),
            "name" | "host" | "hostname" | "groupname" | "groups" | "group"
        ) {
            vars.insert(key, value.into_frozen());
        }
    }
    let changed = engine
        .store
        .inventory
        .borrow_mut()
        .add_host_at_run_time(&name, &groups, &vars);
    engine.store.inventory_changed();
    let added = Map::new();
    added.insert("host_name", name);
    added.insert("groups", groups);
    added.insert("host_vars", vars);
    let result = Map::new();
    result.insert("changed", changed);
    result.insert("add_host", added);
    Ok(result)
}
