//! Modules that exist for Ansible but that kdo cannot run: an error where they are reached, not before.

use crate::options::Options;
use kdo_modules::registry;
use kdo_syntax::nearest;
use std::{
    cell::OnceCell,
    collections::HashSet,
    path::{Path, PathBuf},
};

/// Modules of ansible-core, sorted, without namespace.
const CORE: &[&str] = &[
    "apt",
    "apt_key",
    "apt_repository",
    "async_status",
    "blockinfile",
    "command",
    "cron",
    "deb822_repository",
    "debconf",
    "dnf",
    "dnf5",
    "dpkg_selections",
    "expect",
    "file",
    "find",
    "get_url",
    "getent",
    "git",
    "group",
    "hostname",
    "iptables",
    "known_hosts",
    "lineinfile",
    "mount_facts",
    "package",
    "package_facts",
    "ping",
    "pip",
    "replace",
    "rpm_key",
    "service",
    "service_facts",
    "setup",
    "shell",
    "slurp",
    "stat",
    "subversion",
    "systemd",
    "systemd_service",
    "sysvinit",
    "tempfile",
    "uri",
    "user",
    "wait_for",
    "yum",
    "yum_repository",
];

/// Where modules in Python may lie: beside playbooks, in roles, in collections, and where the environment says.
pub(crate) struct Unported {
    folders: Vec<PathBuf>,
    roles: Vec<PathBuf>,
    collections: Vec<PathBuf>,
    found: OnceCell<HashSet<String>>,
}

impl Unported {
    pub(crate) fn new(options: &Options) -> Self {
        let dirs: Vec<PathBuf> = options
            .playbooks
            .iter()
            .map(|p| p.parent().map(Path::to_owned).unwrap_or_default())
            .collect();
        let mut folders: Vec<PathBuf> = dirs.iter().map(|d| d.join("library")).collect();
        let library = std::env::var_os("ANSIBLE_LIBRARY").unwrap_or_default();
        folders.extend(std::env::split_paths(&library).filter(|p| !p.as_os_str().is_empty()));
        let mut roles: Vec<PathBuf> = dirs.iter().map(|d| d.join("roles")).collect();
        roles.extend(options.roles_path.iter().cloned());
        Self {
            folders,
            roles,
            collections: options.collections_path.clone(),
            found: OnceCell::new(),
        }
    }

    /// Whether Ansible would find a module of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        let short = ["ansible.builtin.", "ansible.legacy."]
            .iter()
            .find_map(|p| name.strip_prefix(p))
            .unwrap_or(name);
        if CORE.binary_search(&short).is_ok() {
            return true;
        }
        if let [namespace, collection, rest] = name.splitn(3, '.').collect::<Vec<_>>()[..] {
            let file = format!("{}.py", rest.replace('.', "/"));
            // A collection's module that kdo does not have may stand behind a condition that never holds here; a
            // name close to one that kdo has is rather a slip.
            let home = format!("{namespace}.{collection}.");
            let known = registry::MODULES
                .iter()
                .filter_map(|e| e.meta.name.strip_prefix(&home));
            if (namespace, collection) != ("ansible", "builtin") && nearest(rest, known).is_none() {
                return true;
            }
            return self.collections.iter().any(|c| {
                let plugins = c
                    .join("ansible_collections")
                    .join(namespace)
                    .join(collection)
                    .join("plugins");
                plugins.join("modules").join(&file).is_file() || plugins.join("action").join(&file).is_file()
            });
        }
        self.found.get_or_init(|| self.search()).contains(short)
    }

    fn search(&self) -> HashSet<String> {
        let list = |path: &Path| {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            entries.map(|e| e.path()).collect::<Vec<_>>()
        };
        let in_roles = self
            .roles
            .iter()
            .flat_map(|r| list(r))
            .map(|role| role.join("library"));
        let mut names = HashSet::new();
        for folder in self.folders.iter().cloned().chain(in_roles) {
            for path in list(&folder) {
                if path.is_file()
                    && let Some(stem) = path.file_stem()
                {
                    names.insert(stem.to_string_lossy().trim_start_matches('_').to_owned());
                }
            }
        }
        names
    }
}

/// What is told where such a module is reached.
pub(crate) fn message(name: &str) -> Option<String> {
    if registry::find(name).is_some() {
        return None;
    }
    Some(format!(
        "the module `{name}` is not part of kdo, which runs no modules written in Python"
    ))
}

#[cfg(test)]
mod tests {
    use super::CORE;

    #[test]
    fn names_are_sorted_for_the_search() {
        assert!(CORE.is_sorted());
    }
}
