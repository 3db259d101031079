//! `package_facts`: what is installed.

use super::package_lists::{ALIASES, MANAGERS, installed, is_there};
use crate::prelude::*;

/// Tell which packages are installed
///
/// dpkg's packages are read from its own database; other managers are asked. The programs of other systems than Debian's
/// and those with rpm are tried out with recorded output only.
#[derive(Params)]
pub struct PackageFacts {
    /// Package managers to ask; `auto`: those of this host.
    #[param(default = ["auto"], choices("apk", "apt", "auto", "dnf", "dnf5", "openbsd_pkg", "pacman", "pkg", "pkg5", "pkg_info", "pkgng", "portage", "rpm", "yum", "zypper"))]
    manager: Vec<String>,
    /// Ask the first manager that is there, or all.
    #[param(default = "first", choices("first", "all"))]
    strategy: String,
}

impl PackageFacts {
    /// The managers' own names in the order in which they are asked, each with its program.
    fn managers(&self) -> Vec<(&'static str, &'static str)> {
        let named = self.manager.iter().filter(|m| *m != "auto").map(String::as_str);
        let auto = MANAGERS
            .iter()
            .map(|(name, _)| *name)
            .filter(|_| self.manager.iter().any(|m| m == "auto"));
        let mut out: Vec<(&str, &str)> = Vec::new();
        for name in named.chain(auto) {
            let name = ALIASES
                .iter()
                .find(|(alias, _)| *alias == name)
                .map_or(name, |(_, name)| name);
            let known = MANAGERS.iter().find(|(n, _)| *n == name);
            out.extend(known.filter(|m| !out.contains(m)));
        }
        out
    }
}

impl Module for PackageFacts {
    const META: Meta = Meta {
        name: "ansible.builtin.package_facts",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[Return {
            name: "ansible_facts",
            doc: "`packages`: by name, a list of installed versions.",
        }],
        examples: &[Example {
            title: "All packages",
            args: r#"{"manager": "auto"}"#,
            given: &[],
            then: &[],
            changed: false,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let packages = Map::new();
        let mut found = false;
        for (manager, program) in self.managers() {
            if self.strategy == "first" && found {
                break;
            }
            if !is_there(host, manager, program) {
                if self.manager.iter().any(|m| m == manager) {
                    host.warn(format!(
                        "Requested package manager {manager} was not usable by this module: Failed to find required executable \"{program}\""
                    ));
                }
                continue;
            }
            let list = installed(host, manager).unwrap_or_else(|e| {
                host.warn(format!(
                    "Failed to retrieve packages with {manager}: {}",
                    e.message
                ));
                Vec::new()
            });
            if list.is_empty() {
                host.warn(format!("Found \"{manager}\" but no associated packages"));
            }
            found |= !list.is_empty();
            for facts in list {
                let name = facts.get("name").unwrap_or(Value::None).to_text();
                match packages.get(&name) {
                    Some(Value::List(versions)) => {
                        versions.change(|v| v.push(facts.into()));
                    }
                    _ => {
                        packages.insert(name, List::new(vec![facts.into()]));
                    }
                }
            }
        }
        if !found {
            return Err(Failure::new(format!(
                "Could not detect a supported package manager from the following list: {}, or the required Python library is not installed. Check warnings for details.",
                self.manager.join(", ")
            )));
        }
        Ok(Outcome::new().with("ansible_facts", Map::from_iter([("packages", packages)])))
    }
}
