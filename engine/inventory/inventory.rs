//! All hosts and groups.

use crate::{
    Group, GroupNames, HashBehaviour, Host, Mismatch, Precedence, VarsFolder, VarsKind, merge::merge_entry,
    names,
};
use indexmap::{IndexMap, IndexSet};
use kdo_syntax::Diagnostic;
use kdo_value::{Map, Value};
use std::path::{Path, PathBuf};

/// Names that stand for this machine even if no inventory has them.
pub const LOCALHOST: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What Ansible runs on, to roles that ask; kdo itself needs none.
pub const PYTHON: &str = "/usr/bin/python3";

/// Hosts and groups with their variables. Changes at run time (`add_host`, `group_by`) go through its methods.
pub struct Inventory {
    /// Hosts by name, in the order they were named.
    pub hosts: IndexMap<String, Host>,
    /// Groups by name; `all` and `ungrouped` come first.
    pub groups: IndexMap<String, Group>,
    /// What went wrong or is odd; sources that could not be read are told here too.
    pub warnings: Vec<Diagnostic>,
    /// Paths that were read, in order; directories as given.
    pub sources: Vec<PathBuf>,
    /// Number of sources that could not be read.
    pub unparsed: usize,
    /// What happens to odd names of groups.
    pub group_names: GroupNames,
    /// Whose variables win, lowest first.
    pub precedence: Vec<Precedence>,
    /// What happens to dicts that several sources set.
    pub hash_behaviour: HashBehaviour,
    /// Variable files beside the sources, one for each folder, in the order of the sources.
    pub folders: Vec<VarsFolder>,
    /// Whether variable files beside playbooks count in a run (`vars_plugins_enabled`, `run_vars_plugins`).
    pub play_files: bool,
    /// What becomes of a pattern that matches nothing.
    pub pattern_mismatch: Mismatch,
    /// Extensions of YAML files, with their dots.
    pub yaml_extensions: Vec<String>,
    /// Uses of what Ansible will drop.
    pub deprecations: Vec<String>,
    /// What only `-v` and more tell: how many of them, and the words.
    pub remarks: Vec<(u8, String)>,
    /// Sources that were read without an error.
    pub(crate) processed: Vec<PathBuf>,
    pub(crate) odd_names: IndexSet<String>,
    changes: Vec<Change>,
    implicit: IndexMap<String, Host>,
}

/// What a run did to the inventory; done again after `refresh_inventory`.
#[derive(Clone)]
enum Change {
    Host {
        name: String,
        groups: Vec<String>,
        vars: Map,
    },
    Group {
        host: String,
        group: String,
        parents: Vec<String>,
    },
}

impl Default for Inventory {
    fn default() -> Self {
        Self::new()
    }
}

impl Inventory {
    /// Only `all`, `ungrouped` and the implicit localhost.
    pub fn new() -> Self {
        let mut inventory = Self {
            hosts: IndexMap::new(),
            groups: IndexMap::new(),
            warnings: Vec::new(),
            sources: Vec::new(),
            unparsed: 0,
            group_names: GroupNames::default(),
            precedence: Precedence::DEFAULT.into(),
            hash_behaviour: HashBehaviour::default(),
            folders: Vec::new(),
            play_files: true,
            pattern_mismatch: Mismatch::default(),
            yaml_extensions: [".yml", ".yaml", ".json"].map(str::to_owned).into(),
            deprecations: Vec::new(),
            remarks: Vec::new(),
            processed: Vec::new(),
            odd_names: IndexSet::new(),
            changes: Vec::new(),
            implicit: IndexMap::new(),
        };
        inventory.add_group("all");
        inventory.add_group("ungrouped");
        for name in LOCALHOST {
            let mut host = Host::new(name);
            host.implicit = true;
            host.vars.insert("ansible_connection", "local");
            // Roles name it to start Python programs.
            host.vars.insert("ansible_python_interpreter", PYTHON);
            inventory.implicit.insert(name.to_owned(), host);
        }
        inventory.reconcile();
        inventory
    }

    /// A host by name; for names of this machine the one that is in the inventory, else the implicit one.
    pub fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.get(name).or_else(|| {
            if !LOCALHOST.contains(&name) {
                return None;
            }
            let written = LOCALHOST.iter().find_map(|n| self.hosts.get(*n));
            written.or_else(|| self.implicit.get(name))
        })
    }

    /// A group by name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.get(name)
    }

    /// Adds a group if it is new; gives its name, in which odd characters may have been replaced.
    pub fn add_group(&mut self, name: &str) -> String {
        if self.groups.contains_key(name) {
            return name.to_owned();
        }
        let name = self.safe_name(name);
        if !self.groups.contains_key(&name) {
            self.groups.insert(name.clone(), Group::new(&name));
        }
        name
    }

    /// The name a group gets.
    pub(crate) fn safe_name(&mut self, name: &str) -> String {
        if names::is_odd(name) {
            self.odd_names.insert(name.to_owned());
        }
        self.group_names.apply(name)
    }

    /// Adds a host if it is new, with its port, and puts it into a group; tells whether anything changed.
    pub fn add_host(
        &mut self,
        name: &str,
        group: Option<&str>,
        source: Option<&Path>,
        port: Option<u16>,
    ) -> bool {
        let mut changed = false;
        if !self.hosts.contains_key(name) {
            let mut host = Host::new(name);
            host.source = source.map(Path::to_owned);
            if let Some(port) = port {
                host.vars.insert("ansible_port", i64::from(port));
            }
            if LOCALHOST.contains(&name)
                && let Some(first) = LOCALHOST.iter().find(|n| self.hosts.contains_key(**n))
            {
                let message = format!(
                    "A duplicate localhost-like entry was found ({name}). First found localhost was {first}"
                );
                self.warnings.push(Diagnostic::warning(message));
            }
            self.hosts.insert(name.to_owned(), host);
            changed = true;
        }
        if let Some(group) = group {
            let group = self.add_group(group);
            if let (Some(g), Some(h)) = (self.groups.get_mut(&group), self.hosts.get_mut(name)) {
                changed |= g.hosts.insert(name.to_owned());
                h.groups.insert(group);
            }
        }
        changed
    }

    /// Puts a group into another; both are added if they are new. Loops are refused.
    pub fn add_child(&mut self, parent: &str, child: &str) -> Result<bool, String> {
        let (parent, child) = (self.add_group(parent), self.add_group(child));
        if parent == child {
            return Err(format!("the group `{parent}` cannot be in itself"));
        }
        if self.descendants(&child).contains(parent.as_str()) {
            return Err(format!(
                "the groups `{parent}` and `{child}` cannot both be in each other"
            ));
        }
        let depth = self.groups.get(&parent).map_or(0, |g| g.depth);
        let added = self
            .groups
            .get_mut(&parent)
            .is_some_and(|g| g.children.insert(child.clone()));
        if let Some(g) = self.groups.get_mut(&child) {
            g.parents.insert(parent);
        }
        self.sink(&child, depth + 1);
        Ok(added)
    }

    fn sink(&mut self, name: &str, depth: usize) {
        let Some(group) = self.groups.get_mut(name) else {
            return;
        };
        if group.depth >= depth {
            return;
        }
        group.depth = depth;
        for child in group.children.clone() {
            self.sink(&child, depth + 1);
        }
    }

    /// Sets a host's variable.
    pub fn set_host_var(&mut self, host: &str, key: impl Into<Value>, value: impl Into<Value>) {
        if let Some(host) = self.hosts.get(host) {
            // Hosts of one line share nothing, as in Ansible.
            let value = value.into().deep_copy(true);
            merge_entry(&host.vars, key.into(), value, self.hash_behaviour);
        }
    }

    /// Sets a group's variable; `ansible_group_priority` sets its priority.
    pub fn set_group_var(&mut self, group: &str, key: impl Into<Value>, value: impl Into<Value>) {
        self.share_group_var(group, key.into(), value.into().deep_copy(true));
    }

    /// The same for a value that several groups share, which YAML shows as an alias.
    pub(crate) fn share_group_var(&mut self, group: &str, key: Value, value: Value) {
        let Some(group) = self.groups.get_mut(group) else {
            return;
        };
        if key.as_str() == Some("ansible_group_priority") {
            let number = value.as_int().or_else(|| value.as_str()?.trim().parse().ok());
            group.priority = number.unwrap_or(group.priority);
        } else {
            merge_entry(&group.vars, key, value.into_frozen(), self.hash_behaviour);
        }
    }

    /// The module `add_host`: a host with groups and variables, at run time. Tells whether anything changed.
    pub fn add_host_at_run_time(&mut self, name: &str, groups: &[String], vars: &Map) -> bool {
        self.changes.push(Change::Host {
            name: name.to_owned(),
            groups: groups.to_vec(),
            vars: vars.clone(),
        });
        self.change_host(name, groups, vars)
    }

    fn change_host(&mut self, name: &str, groups: &[String], vars: &Map) -> bool {
        let (name, port) = match crate::parse_address(name, false) {
            Some((host, port)) => (host, port),
            None => (name.to_owned(), None),
        };
        let mut changed = !self.hosts.contains_key(&name) && self.add_host(&name, Some("all"), None, None);
        for group in groups {
            changed |= !self.groups.contains_key(group);
            let group = self.add_group(group);
            changed |= self.add_host(&name, Some(&group), None, None);
        }
        let Some(host) = self.hosts.get(&name) else {
            return changed;
        };
        if let Some(port) = port {
            host.vars.insert("ansible_port", i64::from(port));
        }
        vars.for_each(|k, v| {
            let same = host.vars.get_value(k).is_some_and(|old| old.py_eq(v));
            changed |= !same;
            merge_entry(
                &host.vars,
                k.clone(),
                v.clone().into_frozen(),
                self.hash_behaviour,
            );
        });
        self.reconcile();
        changed
    }

    /// The module `group_by`: puts a host into a group at run time. Tells whether anything changed.
    pub fn group_by(&mut self, host: &str, group: &str, parents: &[String]) -> Result<bool, String> {
        self.changes.push(Change::Group {
            host: host.to_owned(),
            group: group.to_owned(),
            parents: parents.to_vec(),
        });
        self.change_group(host, group, parents)
    }

    fn change_group(&mut self, host: &str, group: &str, parents: &[String]) -> Result<bool, String> {
        let mut changed = !self.groups.contains_key(group);
        let group = self.add_group(group);
        for parent in parents {
            changed |= !self.groups.contains_key(parent);
            changed |= self.add_child(parent, &group)?;
        }
        changed |= self.add_host(host, Some(&group), None, None);
        self.reconcile();
        Ok(changed)
    }

    /// Does to this inventory, which was just read, what a run did to `before`: hosts and groups added at run time
    /// survive `refresh_inventory`. Hosts that are gone are not grouped again.
    pub fn take_changes(&mut self, before: &Self) {
        self.changes.clone_from(&before.changes);
        for change in self.changes.clone() {
            match change {
                Change::Host { name, groups, vars } => {
                    self.change_host(&name, &groups, &vars);
                }
                Change::Group { host, group, parents } => {
                    if self.hosts.contains_key(&host) {
                        // It went well the first time; a loop by groups of the new sources is left out.
                        let _ = self.change_group(&host, &group, &parents);
                    }
                }
            }
        }
    }

    /// Notes the use of something that Ansible will drop.
    pub(crate) fn deprecated(&mut self, message: &str) {
        if !self.deprecations.iter().any(|d| d == message) {
            self.deprecations.push(message.to_owned());
        }
    }

    /// Makes the variables of files those of the inventory itself.
    pub(crate) fn take_folders(&mut self) {
        for folder in std::mem::take(&mut self.folders) {
            for group in self.groups.values() {
                for vars in folder.of(VarsKind::Group, &group.name) {
                    overlay(&group.vars, vars);
                }
            }
            for host in self.hosts.values().chain(self.implicit.values()) {
                for vars in folder.of(VarsKind::Host, &host.name) {
                    overlay(&host.vars, vars);
                }
            }
        }
    }

    /// Why the variable files of a group or host are not complete.
    pub fn file_problems(&self, kind: VarsKind, name: &str) -> impl Iterator<Item = &Diagnostic> {
        self.folders.iter().filter_map(move |f| f.problem(kind, name))
    }

    /// Makes `all` and `ungrouped` what they must be after changes.
    pub(crate) fn reconcile(&mut self) {
        let orphans: Vec<String> = self
            .groups
            .values()
            .filter(|g| g.name != "all" && g.parents.is_empty())
            .map(|g| g.name.clone())
            .collect();
        for name in orphans {
            // It has no parents, so that no loop can arise.
            let _ = self.add_child("all", &name);
        }
        for host in self.hosts.values_mut() {
            let grouped = host.groups.iter().any(|g| g != "all" && g != "ungrouped");
            let Some(ungrouped) = self.groups.get_mut("ungrouped") else {
                continue;
            };
            if grouped {
                host.groups.shift_remove("ungrouped");
                ungrouped.hosts.shift_remove(&host.name);
            } else {
                host.groups.insert("ungrouped".to_owned());
                ungrouped.hosts.insert(host.name.clone());
            }
        }
    }

    /// A group and all groups below it, level by level.
    pub fn descendants<'a>(&'a self, name: &str) -> IndexSet<&'a str> {
        self.walk(name, |g| &g.children)
    }

    /// Groups that name a host and those above them, nearest first.
    pub(crate) fn groups_of(&self, host: &str) -> IndexSet<&str> {
        let mut names = IndexSet::new();
        if let Some(host) = self.host(host) {
            for group in &host.groups {
                names.extend(self.walk(group, |g| &g.parents));
            }
        }
        names
    }

    fn walk<'a>(&'a self, name: &str, next: impl Fn(&'a Group) -> &'a IndexSet<String>) -> IndexSet<&'a str> {
        let mut seen = IndexSet::new();
        if let Some(group) = self.groups.get(name) {
            seen.insert(group.name.as_str());
        }
        let mut at = 0;
        while let Some(group) = seen.get_index(at).and_then(|n: &&str| self.groups.get(*n)) {
            seen.extend(next(group).iter().map(String::as_str));
            at += 1;
        }
        seen
    }

    /// Names of the hosts in a group and the groups below it.
    pub fn group_hosts<'a>(&'a self, name: &str) -> IndexSet<&'a str> {
        self.descendants(name)
            .into_iter()
            .filter_map(|g| self.groups.get(g))
            .flat_map(|g| g.hosts.iter().map(String::as_str))
            .collect()
    }

    /// All groups a host is in, itself or through others, in the order in which their variables override each
    /// other: `all` first, then by depth, priority and name.
    pub fn group_vars_order(&self, host: &str) -> Vec<&Group> {
        let mut names = self.groups_of(host);
        names.insert("all");
        self.in_order(&names)
    }

    /// Groups in the order in which their variables override each other.
    pub(crate) fn in_order(&self, names: &IndexSet<&str>) -> Vec<&Group> {
        let mut groups: Vec<&Group> = names.iter().filter_map(|n| self.groups.get(*n)).collect();
        groups.sort_by(|a, b| {
            (a.depth, a.priority, a.name.as_str()).cmp(&(b.depth, b.priority, b.name.as_str()))
        });
        groups
    }

    /// The magic variable `group_names`.
    pub fn group_names(&self, host: &str) -> Vec<&str> {
        let groups = self.group_vars_order(host);
        let mut names: Vec<&str> = groups
            .iter()
            .map(|g| g.name.as_str())
            .filter(|n| *n != "all")
            .collect();
        names.sort_unstable();
        names
    }

    /// The magic variable `groups`: host names of each group.
    pub fn groups_map(&self) -> Map {
        let map: Map = self
            .groups
            .keys()
            .map(|name| {
                let hosts = self.group_hosts(name).into_iter().map(Value::str);
                (
                    name.as_str(),
                    Value::List(kdo_value::List::frozen(hosts.collect())),
                )
            })
            .collect();
        map.freeze();
        map
    }
}

fn overlay(map: &Map, over: &Map) {
    over.for_each(|k, v| {
        map.insert(k.clone(), v.clone());
    });
}
