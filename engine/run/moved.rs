//! Short names of modules that have moved to collections: Ansible resolves them, so they are no slips.

use std::{collections::HashMap, sync::LazyLock};

const TABLE: &str = include_str!("moved_modules.txt");

/// The full name that a short one stands for.
pub(crate) fn full_name(short: &str) -> Option<String> {
    static NAMES: LazyLock<HashMap<&str, String>> = LazyLock::new(|| {
        let mut names = HashMap::new();
        let mut collection = "";
        let lines = TABLE.lines().filter(|l| !l.starts_with('#'));
        for word in lines.flat_map(str::split_whitespace) {
            if let Some(name) = word.strip_suffix(':') {
                collection = name;
                continue;
            }
            let (old, new) = word.split_once('=').unwrap_or((word, word));
            names.insert(old, format!("{collection}.{new}"));
        }
        names
    });
    NAMES.get(short).cloned()
}

#[cfg(test)]
mod tests {
    use super::full_name;

    #[test]
    fn names_lead_to_their_collection() {
        for (short, full) in [
            ("postgresql_user", "community.postgresql.postgresql_user"),
            ("npm", "community.general.npm"),
            ("firewalld", "ansible.posix.firewalld"),
            ("docker_container", "community.docker.docker_container"),
        ] {
            assert_eq!(full_name(short).as_deref(), Some(full));
        }
        assert_eq!(full_name("copy"), None);
    }
}
