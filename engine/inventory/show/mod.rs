//! What `ansible-inventory` prints.

mod graph;
mod json;
mod toml;
mod yaml;

use crate::{BesidePlay, Group, Host, Inventory};
use indexmap::IndexSet;
use kdo_value::Map;

/// An inventory with what is to be shown of it. The variables of hosts come from the caller, who knows more of them.
pub struct Show<'a> {
    /// Hosts and groups.
    pub inventory: &'a Inventory,
    /// All variables of a host.
    pub host_vars: &'a dyn Fn(&Host) -> Map,
    /// Variables beside the playbook, for groups and for hosts by themselves.
    pub beside_play: &'a BesidePlay<'a>,
    /// Groups show their variables and hosts only their own.
    pub export: bool,
    /// The clear text of an encrypted value, for graphs.
    pub reveal: &'a dyn Fn(&str) -> Result<String, String>,
    /// Only these hosts, except in a graph.
    pub only: Option<IndexSet<String>>,
}

/// Names that are of the run and not of a host; what an inventory says of them is not shown.
const INTERNAL: [&str; 33] = [
    "ansible_async_path",
    "ansible_collection_name",
    "ansible_config_file",
    "ansible_dependent_role_names",
    "ansible_diff_mode",
    "ansible_facts",
    "ansible_forks",
    "ansible_inventory_sources",
    "ansible_limit",
    "ansible_play_batch",
    "ansible_play_hosts",
    "ansible_play_hosts_all",
    "ansible_play_role_names",
    "ansible_playbook_python",
    "ansible_role_name",
    "ansible_role_names",
    "ansible_run_tags",
    "ansible_skip_tags",
    "ansible_verbosity",
    "ansible_version",
    "group_names",
    "groups",
    "hostvars",
    "inventory_dir",
    "inventory_file",
    "inventory_hostname",
    "inventory_hostname_short",
    "play_hosts",
    "playbook_dir",
    "role_name",
    "role_names",
    "role_path",
    "role_uuid",
];

impl Show<'_> {
    /// Adds a group's hosts, each in full where it stands first, and with `export` the group's variables.
    fn add_members(&self, group: &Group, seen: &mut IndexSet<String>, entry: &Map) {
        let hosts = Map::new();
        for host in self.hosts_of(group).filter(|h| self.shows(&h.name)) {
            let vars = if seen.insert(host.name.clone()) {
                self.vars(host)
            } else {
                Map::new()
            };
            hosts.insert(host.name.as_str(), vars);
        }
        if !hosts.is_empty() {
            entry.insert("hosts", hosts);
        }
        if self.export {
            let vars = self.group_vars(group);
            if !vars.is_empty() {
                entry.insert("vars", vars);
            }
        }
    }

    /// Hosts below `all` that are shown, in order.
    fn hosts(&self) -> Vec<&Host> {
        let names = self.inventory.group_hosts("all");
        let hosts = names.into_iter().filter(|n| self.shows(n));
        hosts.filter_map(|n| self.inventory.hosts.get(n)).collect()
    }

    fn shows(&self, host: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(host))
    }

    /// Hosts of a group itself; none of `all`.
    fn hosts_of<'g>(&'g self, group: &'g Group) -> impl Iterator<Item = &'g Host> {
        let none = group.name == "all";
        let hosts = group.hosts.iter().filter(move |_| !none);
        hosts.filter_map(|n| self.inventory.hosts.get(n))
    }

    fn children_of<'g>(&'g self, group: &'g Group) -> impl Iterator<Item = &'g Group> {
        group.children.iter().filter_map(|c| self.inventory.group(c))
    }

    fn vars(&self, host: &Host) -> Map {
        let vars = if self.export {
            self.inventory.own_variables(&host.name, self.beside_play)
        } else {
            (self.host_vars)(host)
        };
        without_internal(&vars)
    }

    fn group_vars(&self, group: &Group) -> Map {
        let map = self.inventory.group_variables(group, self.beside_play).copied();
        if group.priority != 1 {
            map.insert("ansible_group_priority", group.priority);
        }
        without_internal(&map)
    }
}

fn without_internal(vars: &Map) -> Map {
    let map = vars.copied();
    for name in INTERNAL {
        map.remove(name);
    }
    map
}
