//! Modules that exist for Ansible but that kdo cannot run: an error where they are reached, not before.

use crate::{
    Options, moved,
    plugins::{self, Folders},
};
use kdo_modules::registry;
use kdo_syntax::nearest;
use std::{
    cell::OnceCell,
    collections::HashMap,
    path::{Path, PathBuf},
    rc::Rc,
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

/// Modules that are there but cannot be run.
pub(crate) struct Unported {
    folders: Rc<Folders>,
    roles: Vec<PathBuf>,
    found: OnceCell<HashMap<String, PathBuf>>,
}

impl Unported {
    pub(crate) fn new(options: &Options, folders: Rc<Folders>) -> Self {
        let mut roles: Vec<PathBuf> = folders.playbooks.iter().map(|d| d.join("roles")).collect();
        roles.extend(options.roles_path.iter().cloned());
        Self {
            folders,
            roles,
            found: OnceCell::new(),
        }
    }

    /// Whether Ansible would find a module of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        let short = plugins::short(name);
        if CORE.binary_search(&short).is_ok() || moved::full_name(short).is_some() {
            return true;
        }
        if let [namespace, collection, rest] = name.splitn(3, '.').collect::<Vec<_>>()[..] {
            // A collection's module that kdo does not have may stand behind a condition that never holds here; a
            // name close to one that kdo has is rather a slip.
            let home = format!("{namespace}.{collection}.");
            let known = registry::MODULES
                .iter()
                .filter_map(|e| e.meta.name.strip_prefix(&home));
            if (namespace, collection) != ("ansible", "builtin") && nearest(rest, known).is_none() {
                return true;
            }
        }
        self.file(name).is_some()
    }

    /// The file that Ansible would run.
    pub(crate) fn file(&self, name: &str) -> Option<PathBuf> {
        let short = plugins::short(name);
        let moved = moved::full_name(short);
        plugins::module(&self.folders, name)
            .or_else(|| plugins::module(&self.folders, &moved?))
            .or_else(|| self.found.get_or_init(|| self.search()).get(short).cloned())
    }

    /// Files beside playbooks and in all roles, also in those not read yet, by name.
    fn search(&self) -> HashMap<String, PathBuf> {
        let list = |path: &Path| {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            let mut paths: Vec<PathBuf> = entries.map(|e| e.path()).collect();
            paths.sort();
            paths
        };
        let in_roles = self
            .roles
            .iter()
            .flat_map(|r| list(r))
            .flat_map(|role| [role.join("library"), role.join("action_plugins")]);
        let mut names = HashMap::new();
        for folder in self.folders.beside("library").into_iter().chain(in_roles) {
            for path in list(&folder) {
                if path.is_file()
                    && let Some(stem) = path.file_stem()
                {
                    let name = stem.to_string_lossy().trim_start_matches('_').to_owned();
                    names.entry(name).or_insert(path);
                }
            }
        }
        names
    }

    /// What is told before the run of a module that is used and cannot be run: where it is, and what comes of it.
    pub(crate) fn warning(&self, name: &str, place: &str) -> Option<String> {
        if registry::find(name).is_some() || crate::actions::exists(name) {
            return None;
        }
        let moved = moved::full_name(plugins::short(name));
        let file = self.file(name);
        if file.is_none() && moved.is_none() && !name.contains('.') {
            return None;
        }
        let name = moved.as_deref().unwrap_or(name);
        let file = file.map_or_else(String::new, |f| {
            let python = f.extension().is_some_and(|e| e == "py");
            let language = if python { " in Python" } else { "" };
            format!(", which is a file{language} (`{}`)", f.display())
        });
        Some(format!(
            "kdo has no module {name}{file}; a task that reaches it fails{place}"
        ))
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
