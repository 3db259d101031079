//! Variables that the engine itself gives.

use crate::{HostVars, PlayVars, TaskVars};
use kdo_value::{Map, Value};
use std::rc::Rc;

impl TaskVars {
    /// A variable of the engine's.
    pub(crate) fn magic(&self, name: &str) -> Option<Value> {
        let info = &self.store.info;
        let text = |t: &str| Some(Value::str(t));
        let texts = |t: &[String]| Some(Value::list(t.iter().map(Value::from)).into_frozen());
        match name {
            // Seen without a host.
            "inventory_hostname" | "inventory_hostname_short" | "group_names" if self.host.is_empty() => None,
            "inventory_hostname" => text(&self.host),
            "inventory_hostname_short" => text(self.host.split('.').next().unwrap_or(&self.host)),
            "inventory_file" | "inventory_dir" => {
                let inventory = self.store.inventory.borrow();
                let source = inventory.host(&self.host)?.source.clone();
                let Some(source) = source else {
                    return Some(Value::None);
                };
                let path = std::path::absolute(&source).unwrap_or(source);
                let path = if name == "inventory_dir" && path.is_file() {
                    path.parent()?.to_owned()
                } else {
                    path
                };
                text(&path.to_string_lossy())
            }
            "group_names" => {
                let inventory = self.store.inventory.borrow();
                Some(Value::list(inventory.group_names(&self.host).into_iter().map(Value::str)).into_frozen())
            }
            "groups" => Some(self.store.groups()),
            "hostvars" => Some(Value::Object(Rc::new(HostVars::new(&self.store, &self.play)))),
            // These are of the play, not of a host.
            "play_hosts"
            | "ansible_play_hosts"
            | "ansible_play_hosts_all"
            | "ansible_play_batch"
            | "ansible_play_name"
            | "ansible_role_names"
            | "ansible_play_role_names"
            | "ansible_dependent_role_names"
            | "role_names"
            | "ansible_search_path"
            | "omit"
                if self.alone =>
            {
                None
            }
            "play_hosts" => Some(PlayVars::names(&self.play.batch)),
            "ansible_play_hosts" => Some(PlayVars::names(&self.play.active_hosts)),
            "ansible_play_hosts_all" => Some(PlayVars::names(&self.play.all_hosts)),
            "ansible_play_batch" => Some(PlayVars::names(&self.play.batch)),
            "ansible_play_name" => text(&self.play.name.borrow()),
            "playbook_dir" => text(&self.play.playbook_dir.to_string_lossy()),
            "ansible_check_mode" => Some(info.check.into()),
            "ansible_diff_mode" => Some(info.diff.into()),
            "ansible_forks" => Some(info.forks.into()),
            "ansible_verbosity" => Some(info.verbosity.into()),
            "ansible_limit" => info.limit.as_deref().map(Value::str),
            "ansible_run_tags" => texts(&info.run_tags),
            "ansible_skip_tags" => texts(&info.skip_tags),
            "ansible_inventory_sources" => texts(&info.inventory_sources),
            "ansible_config_file" => Some(
                info.config_file
                    .as_ref()
                    .map(|p| p.to_string_lossy().into_owned())
                    .into(),
            ),
            "ansible_playbook_python" => text(kdo_inventory::PYTHON),
            "ansible_version" => Some(version()),
            "environment" if !self.alone => {
                Some(Value::list(self.scope.as_ref()?.listed("environment")).into_frozen())
            }
            "ansible_search_path" => {
                let bases = self.search_bases();
                Some(Value::list(bases.iter().map(|p| Value::str(p.to_string_lossy()))).into_frozen())
            }
            "ansible_play_role_names" | "role_names" => Some(self.role_names(false)),
            "ansible_role_names" => Some(self.role_names(true)),
            "ansible_dependent_role_names" => {
                let roles = self.play.play.roles.borrow();
                let mut names: Vec<String> = Vec::new();
                for role in roles
                    .iter()
                    .flat_map(|r| r.with_dependencies())
                    .filter(|r| r.dependency)
                {
                    let name = role.full_name();
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
                texts(&names)
            }
            "role_name" => self.role().map(|r| Value::str(r.role.name.as_str())),
            "ansible_role_name" => self.role().map(|r| Value::str(r.full_name())),
            "role_path" => self.role().map(|r| Value::str(r.role.path.to_string_lossy())),
            "role_uuid" => self
                .role()
                .map(|r| Value::str(format!("{:x}", Rc::as_ptr(&r) as usize))),
            "ansible_collection_name" => self.role().map(|r| r.role.collection.clone().into()),
            "ansible_parent_role_names" => {
                let mut names = self.role().filter(|r| !r.parents.is_empty())?.parents.clone();
                names.reverse();
                texts(&names)
            }
            "ansible_parent_role_paths" => {
                let role = self.role().filter(|r| !r.parents.is_empty())?;
                let mut paths: Vec<String> = Vec::new();
                let mut last = Rc::clone(&role);
                for s in self.scope.iter().flat_map(|s| s.chain().collect::<Vec<_>>()) {
                    if let Some(r) = s.role()
                        && !Rc::ptr_eq(&r, &last)
                    {
                        paths.push(r.role.path.to_string_lossy().into_owned());
                        last = r;
                    }
                }
                texts(&paths)
            }
            "omit" => Some(Value::Omit),
            _ => None,
        }
    }

    fn role_names(&self, dependencies: bool) -> Value {
        let mut names: Vec<String> = Vec::new();
        let roles = self.play.play.roles.borrow();
        for role in roles.iter() {
            let name = role.full_name();
            let direct = role.parents.is_empty() && !role.dependency;
            if (direct || (dependencies && role.dependency)) && !names.contains(&name) {
                names.push(name);
            }
        }
        Value::list(names.iter().map(Value::from)).into_frozen()
    }
}

fn version() -> Value {
    let map = Map::new();
    map.insert("string", "2.19.14");
    map.insert("full", "2.19.14");
    map.insert("major", 2_i64);
    map.insert("minor", 19_i64);
    map.insert("revision", 14_i64);
    map.freeze();
    map.into()
}

/// Names that come with a host, in the order in which Ansible adds them.
pub(crate) const OF_HOST: &[&str] = &[
    "inventory_file",
    "inventory_dir",
    "inventory_hostname",
    "inventory_hostname_short",
    "group_names",
    "ansible_facts",
];

/// Names that the engine gives, in the order in which Ansible adds them.
pub(crate) const MAGIC: &[&str] = &[
    "playbook_dir",
    "ansible_playbook_python",
    "ansible_config_file",
    "ansible_role_names",
    "ansible_play_role_names",
    "ansible_dependent_role_names",
    "role_names",
    "ansible_play_name",
    "ansible_parent_role_names",
    "ansible_parent_role_paths",
    "role_name",
    "role_path",
    "role_uuid",
    "ansible_collection_name",
    "ansible_role_name",
    "groups",
    "ansible_play_hosts_all",
    "ansible_play_hosts",
    "ansible_play_batch",
    "play_hosts",
    "ansible_version",
    "ansible_check_mode",
    "ansible_diff_mode",
    "ansible_forks",
    "ansible_inventory_sources",
    "ansible_limit",
    "ansible_skip_tags",
    "ansible_run_tags",
    "ansible_verbosity",
    "hostvars",
    "ansible_search_path",
];
