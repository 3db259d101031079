//! `--list --yaml`: the inventory as a YAML inventory.

use super::Show;
use crate::{Group, Host};
use indexmap::IndexSet;
use kdo_syntax::{EmitOptions, emit_yaml};
use kdo_value::{Map, Value};

/// What stands in full somewhere already.
#[derive(Default)]
struct Seen {
    hosts: IndexSet<String>,
    groups: IndexSet<String>,
}

impl Show<'_> {
    /// `--list --yaml`
    pub fn yaml(&self) -> String {
        let out = Map::new();
        if let Some(all) = self.inventory.group("all") {
            let entry = self.yaml_group(all, &mut Seen::default());
            if !entry.is_empty() {
                out.insert("all", entry);
            }
        }
        emit(&Value::Map(out))
    }

    /// `--host --yaml`
    pub fn host_yaml(&self, host: &Host) -> String {
        emit(&Value::Map(self.vars(host)))
    }

    fn yaml_group(&self, group: &Group, seen: &mut Seen) -> Map {
        let entry = Map::new();
        let children = Map::new();
        for child in self.children_of(group) {
            // A group that stands elsewhere already is only named; an empty one is left out.
            if seen.groups.contains(&child.name) {
                children.insert(child.name.as_str(), Map::new());
                continue;
            }
            let below = self.yaml_group(child, seen);
            seen.groups.insert(child.name.clone());
            if !below.is_empty() {
                children.insert(child.name.as_str(), below);
            }
        }
        if !children.is_empty() {
            entry.insert("children", children);
        }
        self.add_members(group, &mut seen.hosts, &entry);
        entry
    }
}

fn emit(value: &Value) -> String {
    emit_yaml(
        value,
        &EmitOptions {
            allow_unicode: true,
            ..EmitOptions::default()
        },
    )
}
