//! `package`: packages, whatever manages them on this host.

use crate::{facts::pkg_mgr, prelude::*, registry};
use std::fs;

/// Install or remove packages with the host's own package manager
///
/// Further parameters are handed to the manager's module.
#[derive(Params)]
pub struct Package {
    /// Names of the packages, as the manager knows them.
    #[param(required, alias = "pkg", alias = "package")]
    name: crate::params::Raw,
    /// The wanted state, as the manager's module understands it.
    #[param(required)]
    state: String,
    /// Which manager's module; `auto` finds out.
    #[param(default = "auto")]
    r#use: String,
    #[param(flatten)]
    more: More,
}

/// Parameters of the managers' modules that playbooks give to `package`.
#[derive(Params)]
struct More {
    #[param(hidden)]
    update_cache: Option<bool>,
    #[param(hidden)]
    cache_valid_time: Option<i64>,
    #[param(hidden)]
    install_recommends: Option<bool>,
    #[param(hidden)]
    default_release: Option<String>,
    #[param(hidden)]
    autoremove: Option<bool>,
    #[param(hidden)]
    purge: Option<bool>,
    #[param(hidden)]
    force: Option<bool>,
    #[param(hidden)]
    lock_timeout: Option<i64>,
    #[param(hidden)]
    allow_downgrade: Option<bool>,
    #[param(hidden)]
    disable_gpg_check: Option<bool>,
    #[param(hidden)]
    enablerepo: Option<crate::params::Raw>,
    #[param(hidden)]
    disablerepo: Option<crate::params::Raw>,
    #[param(hidden)]
    exclude: Option<crate::params::Raw>,
}

impl More {
    fn add_to(self, args: &Map) {
        let add = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                args.insert(name, value);
            }
        };
        add("update_cache", self.update_cache.map(Value::from));
        add("cache_valid_time", self.cache_valid_time.map(Value::from));
        add("install_recommends", self.install_recommends.map(Value::from));
        add("default_release", self.default_release.map(Value::from));
        add("autoremove", self.autoremove.map(Value::from));
        add("purge", self.purge.map(Value::from));
        add("force", self.force.map(Value::from));
        add("lock_timeout", self.lock_timeout.map(Value::from));
        add("allow_downgrade", self.allow_downgrade.map(Value::from));
        add("disable_gpg_check", self.disable_gpg_check.map(Value::from));
        add("enablerepo", self.enablerepo.map(|r| r.0));
        add("disablerepo", self.disablerepo.map(|r| r.0));
        add("exclude", self.exclude.map(|r| r.0));
    }
}

/// The host's distribution family as far as the choice of the manager needs it.
fn family() -> &'static str {
    let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let line = |key: &str| {
        text.lines()
            .filter_map(|l| l.strip_prefix(key))
            .map(|v| v.replace('"', ""))
            .next()
    };
    let names = format!(
        "{} {}",
        line("ID=").unwrap_or_default(),
        line("ID_LIKE=").unwrap_or_default()
    );
    let is = |names_of: &[&str]| names.split_whitespace().any(|n| names_of.contains(&n));
    if is(&["debian", "ubuntu"]) {
        "Debian"
    } else if is(&["rhel", "fedora", "centos"]) {
        "RedHat"
    } else {
        ""
    }
}

impl Module for Package {
    const META: Meta = Meta {
        name: "ansible.builtin.package",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[],
        examples: &[Example {
            title: "Install a package",
            args: r#"{"name": "git", "state": "present"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let manager = match self.r#use.as_str() {
            "auto" => pkg_mgr::detect(family()),
            name => name.to_owned(),
        };
        let module = match manager.as_str() {
            "unknown" => {
                return Err(Failure::new(
                    "Could not detect which package manager to use. Try gathering facts or setting the \"use\" option.",
                ));
            }
            "dnf5" | "dnf4" | "yum" | "yum4" => "dnf",
            other => other,
        };
        let entry = registry::find(module)
            .filter(|e| e.meta.name != Self::META.name)
            .ok_or_else(|| {
                Failure::new(format!(
                    "Could not find a matching action for the \"{manager}\" package manager."
                ))
            })?;
        let args = Map::new();
        args.insert("name", self.name.0);
        args.insert("state", self.state);
        self.more.add_to(&args);
        (entry.run)(&args, host)
    }
}
