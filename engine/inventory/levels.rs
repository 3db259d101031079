//! The order in which the inventory's variables override each other.

use crate::{Group, Inventory, VarsKind, host::frozen};
use kdo_value::Map;

/// Where variables of the inventory come from; the order is that of Ansible's table of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LevelKind {
    /// A group's, in an inventory file or from a script.
    GroupSource,
    /// `group_vars/all` beside the inventory.
    AllFiles,
    /// `group_vars/all` beside the playbook.
    AllPlayFiles,
    /// `group_vars` of other groups beside the inventory.
    GroupFiles,
    /// `group_vars` of other groups beside the playbook.
    GroupPlayFiles,
    /// A host's, in an inventory file or from a script.
    HostSource,
    /// `host_vars` beside the inventory.
    HostFiles,
    /// `host_vars` beside the playbook.
    HostPlayFiles,
}

/// Variables of one group or host from one place.
#[derive(Clone)]
pub struct Level {
    /// Kind of the place.
    pub kind: LevelKind,
    /// The group or host.
    pub name: String,
    /// The variables.
    pub vars: Map,
}

/// An entry of the setting `precedence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precedence {
    /// `all_inventory`
    AllInventory,
    /// `groups_inventory`
    GroupsInventory,
    /// `all_plugins_inventory`
    AllPluginsInventory,
    /// `all_plugins_play`
    AllPluginsPlay,
    /// `groups_plugins_inventory`
    GroupsPluginsInventory,
    /// `groups_plugins_play`
    GroupsPluginsPlay,
}

impl Precedence {
    /// Ansible's order, lowest first.
    pub const DEFAULT: [Self; 6] = [
        Self::AllInventory,
        Self::GroupsInventory,
        Self::AllPluginsInventory,
        Self::AllPluginsPlay,
        Self::GroupsPluginsInventory,
        Self::GroupsPluginsPlay,
    ];

    /// By the word of the configuration.
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "all_inventory" => Self::AllInventory,
            "groups_inventory" => Self::GroupsInventory,
            "all_plugins_inventory" => Self::AllPluginsInventory,
            "all_plugins_play" => Self::AllPluginsPlay,
            "groups_plugins_inventory" => Self::GroupsPluginsInventory,
            "groups_plugins_play" => Self::GroupsPluginsPlay,
            _ => return None,
        })
    }
}

/// Gives the variables beside the playbook of a group or host, one map for each file.
pub type BesidePlay<'a> = dyn Fn(VarsKind, &str) -> Vec<Map> + 'a;

impl Inventory {
    /// All places with variables for a host, lowest first.
    pub fn levels(&self, host: &str, beside_play: &BesidePlay<'_>) -> Vec<Level> {
        let groups = self.group_vars_order(host);
        let (all, others): (Vec<&Group>, Vec<&Group>) = groups.iter().partition(|g| g.name == "all");
        let mut out = Vec::new();
        let mut add = |kind, name: &str, vars: Map| {
            if !vars.is_empty() {
                out.push(Level {
                    kind,
                    name: name.to_owned(),
                    vars,
                });
            }
        };
        for entry in &self.precedence {
            let chosen = match entry {
                Precedence::AllInventory | Precedence::AllPluginsInventory | Precedence::AllPluginsPlay => {
                    &all
                }
                _ => &others,
            };
            match entry {
                Precedence::AllInventory | Precedence::GroupsInventory => {
                    for g in chosen {
                        add(LevelKind::GroupSource, &g.name, g.vars.clone());
                    }
                }
                Precedence::AllPluginsInventory | Precedence::GroupsPluginsInventory => {
                    let kind = match entry {
                        Precedence::AllPluginsInventory => LevelKind::AllFiles,
                        _ => LevelKind::GroupFiles,
                    };
                    // A later source wins over an earlier one, whatever their groups.
                    for folder in &self.folders {
                        for g in chosen {
                            for vars in folder.of(VarsKind::Group, &g.name) {
                                add(kind, &g.name, vars.clone());
                            }
                        }
                    }
                }
                Precedence::AllPluginsPlay | Precedence::GroupsPluginsPlay => {
                    let kind = match entry {
                        Precedence::AllPluginsPlay => LevelKind::AllPlayFiles,
                        _ => LevelKind::GroupPlayFiles,
                    };
                    for g in chosen {
                        for vars in beside_play(VarsKind::Group, &g.name) {
                            add(kind, &g.name, vars);
                        }
                    }
                }
            }
        }
        if let Some(found) = self.host(host) {
            add(LevelKind::HostSource, host, found.vars.clone());
        }
        for folder in &self.folders {
            for vars in folder.of(VarsKind::Host, host) {
                add(LevelKind::HostFiles, host, vars.clone());
            }
        }
        for vars in beside_play(VarsKind::Host, host) {
            add(LevelKind::HostPlayFiles, host, vars);
        }
        out
    }

    /// A group's own variables: of its sources, of files beside them, then what `beside_play` gives.
    pub fn group_variables(&self, group: &Group, beside_play: &BesidePlay<'_>) -> Map {
        self.own(VarsKind::Group, &group.name, &group.vars, beside_play)
    }

    /// A host's own variables, without those of its groups.
    pub fn own_variables(&self, host: &str, beside_play: &BesidePlay<'_>) -> Map {
        match self.host(host) {
            Some(found) => self.own(VarsKind::Host, host, &found.vars, beside_play),
            None => frozen(),
        }
    }

    fn own(&self, kind: VarsKind, name: &str, vars: &Map, beside_play: &BesidePlay<'_>) -> Map {
        let map = vars.copied();
        let beside = beside_play(kind, name);
        let files = self.folders.iter().flat_map(|f| f.of(kind, name)).chain(&beside);
        for vars in files {
            vars.for_each(|k, v| {
                map.insert(k.clone(), v.clone());
            });
        }
        map.freeze();
        map
    }

    /// A host's variables of all [`Self::levels`] without those beside a playbook, each level over the one before.
    pub fn host_variables(&self, host: &str) -> Map {
        let map = Map::new();
        for level in self.levels(host, &|_, _| Vec::new()) {
            level.vars.for_each(|k, v| {
                map.insert(k.clone(), v.clone());
            });
        }
        map.freeze();
        map
    }
}
