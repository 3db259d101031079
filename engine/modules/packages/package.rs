//! `package`: packages, whatever manages them on this host.

use crate::{facts::pkg_mgr, prelude::*, registry};
use std::fs;

/// Install or remove packages with the host's own package manager
///
/// Further parameters are handed to the manager's module. The manager is that of `use`, of the variable
/// `ansible_package_use`, of the facts, or found out on the host.
#[derive(Params)]
pub struct Package {
    /// Names of the packages, as the manager knows them.
    #[param(required, alias = "pkg", alias = "package")]
    name: crate::params::Raw,
    /// The wanted state, as the manager's module understands it.
    state: Option<String>,
    /// Which manager's module; `auto` finds out.
    #[param(default = "auto")]
    r#use: String,
    #[param(flatten)]
    more: More,
}

/// Parameters of the managers' modules that playbooks give to `package`; the manager's module judges them.
macro_rules! handed_on {
    ($($name:ident)+) => {
        #[derive(Params)]
        struct More {
            $(#[param(hidden)] $name: Option<crate::params::Raw>,)+
        }

        impl More {
            fn add_to(self, args: &Map) {
                $(if let Some(value) = self.$name {
                    args.insert(stringify!($name), value.0);
                })+
            }
        }
    };
}

handed_on! {
    allow_change_held_packages allow_downgrade allow_unauthenticated allow_vendor_change allowerasing
    auto_import_keys auto_install_module_deps autoclean autoremove best bugfix cache_valid_time cacheonly clean
    clean_deps conf_file deb default_release disable_excludes disable_gpg_check disable_plugin disable_recommends
    disablerepo download_dir download_only dpkg_options enable_plugin enablerepo exclude extra_args
    extra_args_precommand fail_on_autoremove force force_apt_get force_resolution install_recommends
    install_repoquery install_weak_deps installroot list lock_timeout nobest oldpackage only_upgrade policy_rc_d
    purge quiet releasever replacefiles security simple_errors skip_broken skip_post_errors sslverify
    update_cache update_cache_retries update_cache_retry_max_delay update_only upgrade use_backend validate_certs
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
        if let Some(state) = self.state {
            args.insert("state", state);
        }
        self.more.add_to(&args);
        (entry.run)(&args, host)
    }
}
