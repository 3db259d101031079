//! What `ansible.cfg` and the environment say.

use kdo_vars::HashBehaviour;
use std::path::PathBuf;

/// Settings of the commands.
pub(crate) struct Settings {
    pub(crate) config_file: Option<PathBuf>,
    pub(crate) inventory: Vec<String>,
    pub(crate) inventory_ignore_extensions: Option<Vec<String>>,
    pub(crate) inventory_ignore_patterns: Vec<String>,
    pub(crate) inventory_unparsed_warning: bool,
    pub(crate) localhost_warning: bool,
    pub(crate) roles_path: Vec<PathBuf>,
    pub(crate) collections_path: Vec<PathBuf>,
    pub(crate) hash_behaviour: HashBehaviour,
    pub(crate) forks: i64,
    pub(crate) force_handlers: bool,
    pub(crate) host_key_checking: bool,
    pub(crate) stdout_callback: String,
    pub(crate) vault_identities: Vec<String>,
    pub(crate) vault_password_file: Option<PathBuf>,
}

impl Settings {
    /// Reads them.
    pub(crate) fn load() -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let yes = |name: &str, default: bool| {
            set(name).map_or(default, |v| {
                matches!(v.to_lowercase().as_str(), "1" | "yes" | "true" | "on" | "y" | "t")
            })
        };
        let paths = |name: &str, default: &[&str]| -> Vec<PathBuf> {
            let home = std::env::home_dir().unwrap_or_default();
            let texts: Vec<String> = match set(name) {
                Some(text) => text.split(':').map(str::to_owned).collect(),
                None => default.iter().map(|d| (*d).to_owned()).collect(),
            };
            texts
                .iter()
                .map(|t| match t.strip_prefix("~/") {
                    Some(rest) => home.join(rest),
                    None => PathBuf::from(t),
                })
                .collect()
        };
        Self {
            config_file: None,
            inventory: set("ANSIBLE_INVENTORY")
                .map(|t| t.split(',').map(str::to_owned).collect())
                .unwrap_or_else(|| vec!["/etc/ansible/hosts".into()]),
            inventory_ignore_extensions: None,
            inventory_ignore_patterns: Vec::new(),
            inventory_unparsed_warning: yes("ANSIBLE_INVENTORY_UNPARSED_WARNING", true),
            localhost_warning: yes("ANSIBLE_LOCALHOST_WARNING", true),
            roles_path: paths(
                "ANSIBLE_ROLES_PATH",
                &[
                    "~/.ansible/roles",
                    "/usr/share/ansible/roles",
                    "/etc/ansible/roles",
                ],
            ),
            collections_path: paths(
                "ANSIBLE_COLLECTIONS_PATH",
                &["~/.ansible/collections", "/usr/share/ansible/collections"],
            ),
            hash_behaviour: HashBehaviour::Replace,
            forks: set("ANSIBLE_FORKS").and_then(|t| t.parse().ok()).unwrap_or(5),
            force_handlers: yes("ANSIBLE_FORCE_HANDLERS", false),
            host_key_checking: yes("ANSIBLE_HOST_KEY_CHECKING", true),
            stdout_callback: set("ANSIBLE_STDOUT_CALLBACK").unwrap_or_else(|| "default".into()),
            vault_identities: Vec::new(),
            vault_password_file: set("ANSIBLE_VAULT_PASSWORD_FILE").map(PathBuf::from),
        }
    }
}
