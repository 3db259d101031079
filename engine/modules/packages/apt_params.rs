//! The parameters of `apt`.

use crate::prelude::*;

/// Install, upgrade and remove packages with apt
///
/// What is installed is read from dpkg's database; apt itself is started only where something is to be done.
#[derive(Params)]
#[params(exclusive(deb, name, upgrade))]
pub struct Apt {
    /// Change packages that are held.
    #[param(default = false)]
    pub(super) allow_change_held_packages: bool,
    /// Let an older version replace a newer one.
    #[param(
        default = false,
        alias = "allow-downgrade",
        alias = "allow_downgrades",
        alias = "allow-downgrades"
    )]
    pub(super) allow_downgrade: bool,
    /// Install packages whose origin cannot be verified.
    #[param(default = false, alias = "allow-unauthenticated")]
    pub(super) allow_unauthenticated: bool,
    /// No effect: nothing beside apt is needed.
    #[param(default = true, name = "auto_install_module_deps")]
    pub(super) _auto_install_module_deps: bool,
    /// Remove downloaded packages that no repository has any more.
    #[param(default = false)]
    pub(super) autoclean: bool,
    /// Remove packages that were installed for others and are not needed any more.
    #[param(default = false)]
    pub(super) autoremove: bool,
    /// Age in seconds up to which the lists of packages are not fetched again; turns `update_cache` on.
    #[param(default = 0)]
    pub(super) cache_valid_time: i64,
    /// Remove all downloaded packages.
    #[param(default = false)]
    pub(super) clean: bool,
    /// A package file on the host, or its address; several with commas. What it depends on is installed too.
    pub(super) deb: Option<std::path::PathBuf>,
    /// Release to prefer (`-t`).
    #[param(alias = "default-release")]
    pub(super) default_release: Option<String>,
    /// Options for dpkg without the leading dashes, with commas.
    #[param(default = "force-confdef,force-confold")]
    pub(super) dpkg_options: String,
    /// Fail if a package would have to be removed.
    #[param(default = false)]
    pub(super) fail_on_autoremove: bool,
    /// Force everything: dangerous.
    #[param(default = false)]
    pub(super) force: bool,
    /// Use apt-get even if aptitude is there.
    #[param(default = false)]
    pub(super) force_apt_get: bool,
    /// Whether recommended packages are installed too; without, as apt is set up.
    #[param(alias = "install-recommends")]
    pub(super) install_recommends: Option<bool>,
    /// Seconds to wait for another program that uses apt's database.
    #[param(default = 60)]
    pub(super) lock_timeout: i64,
    /// Packages; `name=version` and shell patterns in both are understood, `name>=version` too.
    #[param(alias = "package", alias = "pkg", elements = "str")]
    pub(super) name: Option<Vec<String>>,
    /// Only upgrade packages that are installed.
    #[param(default = false)]
    pub(super) only_upgrade: bool,
    /// What `policy-rc.d` answers meanwhile; 101 keeps services from being started.
    pub(super) policy_rc_d: Option<i64>,
    /// Remove configuration files too.
    #[param(default = false)]
    pub(super) purge: bool,
    /// The wanted state.
    #[param(
        default = "present",
        choices("absent", "build-dep", "latest", "present", "fixed")
    )]
    pub(super) state: String,
    /// Fetch the lists of packages first.
    #[param(alias = "update-cache")]
    pub(super) update_cache: Option<bool>,
    /// How often fetching the lists is tried.
    #[param(default = 5)]
    pub(super) update_cache_retries: i64,
    /// Greatest number of seconds between two tries.
    #[param(default = 12)]
    pub(super) update_cache_retry_max_delay: i64,
    /// Upgrade all packages.
    #[param(default = "no", choices("dist", "full", "no", "safe", "yes"))]
    pub(super) upgrade: Option<String>,
}
