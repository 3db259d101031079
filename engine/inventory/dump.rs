//! What `ansible-inventory` prints. The variables of hosts come from the caller, who knows more of them.

use crate::{Group, Host, Inventory};
use indexmap::IndexSet;
use kdo_syntax::{EmitOptions, YamlDate, emit_yaml};
use kdo_value::{Map, Value, json};

/// Variables of a host as they are shown.
type HostVars<'a> = dyn Fn(&Host) -> Map + 'a;

/// `--list`: JSON of groups and `_meta`. With `export` groups show their variables and hosts only their own.
pub fn dump_list(inventory: &Inventory, host_vars: &HostVars<'_>, export: bool) -> String {
    let out = Map::new();
    let mut seen = IndexSet::new();
    list_group(inventory, "all", export, &mut seen, &out);
    let hostvars = Map::new();
    for host in inventory.hosts.values() {
        let vars = shown(inventory, host, host_vars, export);
        if !vars.is_empty() {
            hostvars.insert(host.name.as_str(), legible(&Value::Map(vars)));
        }
    }
    let meta = Map::new();
    meta.insert("hostvars", hostvars);
    meta.insert("profile", "inventory_legacy");
    out.insert("_meta", meta);
    as_json(&Value::Map(out))
}

fn list_group(inventory: &Inventory, name: &str, export: bool, seen: &mut IndexSet<String>, out: &Map) {
    let Some(group) = inventory.group(name) else {
        return;
    };
    let entry = Map::new();
    if name != "all" && !group.hosts.is_empty() {
        entry.insert("hosts", names(&group.hosts));
    }
    if !group.children.is_empty() {
        entry.insert("children", names(&group.children));
    }
    for child in &group.children {
        if seen.insert(child.clone()) {
            list_group(inventory, child, export, seen, out);
        }
    }
    if export {
        let vars = group_vars(inventory, group);
        if !vars.is_empty() {
            entry.insert("vars", legible(&Value::Map(vars)));
        }
    }
    if !entry.is_empty() {
        out.insert(name, entry);
    }
}

fn names(names: &IndexSet<String>) -> Value {
    Value::list(names.iter().map(|n| Value::str(n.as_str())))
}

/// `--host NAME`: JSON of its variables.
pub fn dump_host(inventory: &Inventory, name: &str, host_vars: &HostVars<'_>) -> Option<String> {
    let host = inventory.host(name)?;
    Some(as_json(&legible(&Value::Map(host_vars(host)))))
}

/// `--graph`: the tree below a group, with variables if wanted. `None` for an unknown group.
pub fn dump_graph(
    inventory: &Inventory,
    group: &str,
    host_vars: &HostVars<'_>,
    vars: bool,
) -> Option<String> {
    let mut lines = vec![format!("@{group}:")];
    let below = graph(inventory, inventory.group(group)?, host_vars, vars, 1);
    lines.extend(below);
    Some(lines.join("\n"))
}

fn graph(
    inventory: &Inventory,
    group: &Group,
    host_vars: &HostVars<'_>,
    vars: bool,
    depth: usize,
) -> Vec<String> {
    let line = |depth: usize, text: &str| format!("{}--{text}", "  |".repeat(depth));
    let shown_vars = |map: &Map, depth: usize| -> Vec<String> {
        if !vars {
            return Vec::new();
        }
        let mut entries = map.text_entries();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries
            .iter()
            .map(|(k, v)| line(depth, &format!("{{{k} = {}}}", v.to_text())))
            .collect()
    };
    let mut lines = Vec::new();
    for child in group.children.iter().filter_map(|c| inventory.group(c)) {
        lines.push(line(depth, &format!("@{}:", child.name)));
        lines.extend(graph(inventory, child, host_vars, vars, depth + 1));
    }
    if group.name != "all" {
        for host in group.hosts.iter().filter_map(|h| inventory.hosts.get(h)) {
            lines.push(line(depth, &host.name));
            lines.extend(shown_vars(&host_vars(host), depth + 1));
        }
    }
    lines.extend(shown_vars(&group_vars(inventory, group), depth));
    lines
}

/// `--list --yaml`: the inventory as a YAML inventory.
pub fn dump_yaml(inventory: &Inventory, host_vars: &HostVars<'_>, export: bool) -> String {
    let mut seen = Seen::default();
    let all = inventory
        .group("all")
        .map(|g| yaml_group(inventory, g, host_vars, export, &mut seen));
    let out = Map::new();
    out.insert("all", all.unwrap_or_default());
    let options = EmitOptions {
        allow_unicode: true,
        ..EmitOptions::default()
    };
    emit_yaml(&Value::Map(out), &options)
}

/// What stands in full somewhere already.
#[derive(Default)]
struct Seen {
    hosts: IndexSet<String>,
    groups: IndexSet<String>,
}

fn yaml_group(
    inventory: &Inventory,
    group: &Group,
    host_vars: &HostVars<'_>,
    export: bool,
    seen: &mut Seen,
) -> Map {
    let entry = Map::new();
    let children = Map::new();
    for child in group.children.iter().filter_map(|c| inventory.group(c)) {
        // A group that stands elsewhere already is only named; an empty one is left out.
        let first = seen.groups.insert(child.name.clone());
        let below = if first {
            yaml_group(inventory, child, host_vars, export, seen)
        } else {
            Map::new()
        };
        if !first || !below.is_empty() {
            children.insert(child.name.as_str(), below);
        }
    }
    if !children.is_empty() {
        entry.insert("children", children);
    }
    let hosts = Map::new();
    if group.name != "all" {
        for host in group.hosts.iter().filter_map(|h| inventory.hosts.get(h)) {
            let vars = if seen.hosts.insert(host.name.clone()) {
                shown(inventory, host, host_vars, export).copied()
            } else {
                Map::new()
            };
            hosts.insert(host.name.as_str(), vars);
        }
    }
    if !hosts.is_empty() {
        entry.insert("hosts", hosts);
    }
    if export {
        let vars = group_vars(inventory, group);
        if !vars.is_empty() {
            entry.insert("vars", vars.copied());
        }
    }
    entry
}

fn shown(inventory: &Inventory, host: &Host, host_vars: &HostVars<'_>, export: bool) -> Map {
    if !export {
        return host_vars(host);
    }
    let own = inventory.host(&host.name).unwrap_or(host);
    let map = own.vars.copied();
    own.file_vars.for_each(|k, v| {
        map.insert(k.clone(), v.clone());
    });
    map
}

fn group_vars(inventory: &Inventory, group: &Group) -> Map {
    let map = inventory.group_variables(group);
    if group.priority != 1 {
        map.insert("ansible_group_priority", group.priority);
    }
    map
}

/// Vault texts and unsafe texts in the form in which an inventory script may give them.
fn legible(value: &Value) -> Value {
    let one = |key: &str, text: &str| -> Value {
        let map = Map::new();
        map.insert(key, text);
        map.into()
    };
    match value {
        Value::Vault(v) => one("__ansible_vault", &v.ciphertext),
        Value::Str(s) if !s.is_trusted() && s.origin().is_some() => one("__ansible_unsafe", s),
        Value::Bytes(b) => one("__ansible_unsafe", &String::from_utf8_lossy(b)),
        Value::List(l) => Value::list(l.to_vec().iter().map(legible)),
        Value::Tuple(t) => Value::list(t.iter().map(legible)),
        Value::Map(m) => {
            let map = Map::new();
            m.for_each(|k, v| {
                map.insert(k.clone(), legible(v));
            });
            map.into()
        }
        Value::Object(o) => match o.as_any().downcast_ref::<YamlDate>() {
            Some(date) => Value::str(date.iso_format('T')),
            None => value.clone(),
        },
        other => other.clone(),
    }
}

fn as_json(value: &Value) -> String {
    let layout = json::Layout {
        sort_keys: true,
        ensure_ascii: false,
        ..json::Layout::pretty(4)
    };
    json::write(value, &layout).unwrap_or_else(|_| json::line(value))
}
