//! Parameters that `dnf` and `dnf5` share.

use super::rpm;
use crate::{host::Scratch, prelude::*};

/// What is wanted of the packages.
#[derive(Params)]
#[params(exclusive(name, list))]
#[params(exclusive(best, nobest))]
pub(super) struct Options {
    /// Let an older version, where one is named, replace a newer one.
    #[param(default = false)]
    pub(super) allow_downgrade: bool,
    /// Remove packages that stand in the way.
    #[param(default = false)]
    pub(super) allowerasing: bool,
    /// Remove packages that were installed for others and are not needed any more; alone or with `absent`.
    #[param(default = false)]
    pub(super) autoremove: bool,
    /// Take the newest version or fail.
    pub(super) best: Option<bool>,
    /// With `latest`, only updates that mend something.
    #[param(default = false)]
    pub(super) bugfix: bool,
    /// Use only what is fetched already.
    #[param(default = false)]
    pub(super) cacheonly: bool,
    /// Configuration file.
    pub(super) conf_file: Option<String>,
    /// Whose excludes not to heed: `all`, `main` or a repository.
    pub(super) disable_excludes: Option<String>,
    /// Do not check signatures.
    #[param(default = false)]
    pub(super) disable_gpg_check: bool,
    /// Plugins to leave out.
    #[param(default = [])]
    pub(super) disable_plugin: Vec<String>,
    /// Repositories to leave out.
    #[param(default = [])]
    pub(super) disablerepo: Vec<String>,
    /// Folder for downloaded packages.
    pub(super) download_dir: Option<String>,
    /// Only download.
    #[param(default = false)]
    pub(super) download_only: bool,
    /// Plugins to use.
    #[param(default = [])]
    pub(super) enable_plugin: Vec<String>,
    /// Repositories to use.
    #[param(default = [])]
    pub(super) enablerepo: Vec<String>,
    /// Packages to leave as they are.
    #[param(default = [])]
    pub(super) exclude: Vec<String>,
    /// No effect.
    #[param(default = true, name = "install_repoquery")]
    _install_repoquery: bool,
    /// Whether weakly required packages are installed too.
    #[param(default = true)]
    pub(super) install_weak_deps: bool,
    /// Root folder of the installation.
    #[param(default = "/")]
    pub(super) installroot: String,
    /// Tell of packages instead: `installed`, `updates`, `available`, `repos` or a name.
    pub(super) list: Option<String>,
    /// No effect: dnf itself waits for another dnf.
    #[param(default = 30, name = "lock_timeout")]
    _lock_timeout: i64,
    /// Packages (`name`, `name-1.0`, `name >= 1.0`, patterns), `@groups`, files or addresses; `*` with `latest` means all.
    #[param(default = [], alias = "pkg")]
    pub(super) name: Vec<String>,
    /// The contrary of `best`.
    pub(super) nobest: Option<bool>,
    /// Release to install from.
    pub(super) releasever: Option<String>,
    /// With `latest`, only updates that close holes.
    #[param(default = false)]
    pub(super) security: bool,
    /// Leave out packages that cannot be installed.
    #[param(default = false)]
    pub(super) skip_broken: bool,
    /// Whether servers' certificates are checked.
    #[param(default = true)]
    pub(super) sslverify: bool,
    /// The wanted state; without, `present`, or `absent` with `autoremove`.
    #[param(choices("absent", "present", "installed", "removed", "latest"))]
    state: Option<String>,
    /// Fetch the lists of packages if they are too old.
    #[param(default = false, alias = "expire-cache")]
    pub(super) update_cache: bool,
    /// Only upgrade what is installed.
    #[param(default = false)]
    pub(super) update_only: bool,
    /// Whether certificates are checked for packages given by address.
    #[param(default = true)]
    pub(super) validate_certs: bool,
}

/// What shall be with the packages named.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Present,
    Latest,
    Absent,
}

/// The items of a list, those with commas split and put at the end.
fn split(list: &[String]) -> Vec<String> {
    let (joined, mut out): (Vec<_>, Vec<_>) = list
        .iter()
        .map(|n| n.trim().to_owned())
        .partition(|n| n.contains(','));
    out.extend(
        joined
            .iter()
            .flat_map(|n| n.split(','))
            .map(|n| n.trim().to_owned()),
    );
    out.retain(|n| !n.is_empty());
    out
}

/// Whether a name stands for several.
pub(super) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

impl Options {
    /// Splits the lists and looks for what does not go together.
    pub(super) fn checked(mut self) -> Result<Self, Failure> {
        for list in [
            &mut self.name,
            &mut self.disablerepo,
            &mut self.enablerepo,
            &mut self.exclude,
        ] {
            *list = split(list);
        }
        if self
            .name
            .iter()
            .any(|n| n.contains(' ') && !n.contains(['@', '>', '<', '=']))
        {
            return Err(Failure::new(
                "a name has blanks in it; several packages are given as a list or separated by commas",
            ));
        }
        if self.autoremove && !matches!(self.state.as_deref(), None | Some("absent")) {
            return Err(
                Failure::new("Autoremove should be used alone or with state=absent")
                    .with("results", Value::list([])),
            );
        }
        Ok(self)
    }

    pub(super) fn wanted(&self) -> Wanted {
        match self.state.as_deref() {
            Some("absent" | "removed") => Wanted::Absent,
            Some("latest") => Wanted::Latest,
            None if self.autoremove => Wanted::Absent,
            _ => Wanted::Present,
        }
    }

    /// Whether all packages are to be upgraded.
    pub(super) fn everything(&self) -> bool {
        self.wanted() == Wanted::Latest && self.name == ["*"]
    }

    /// Only root can change what is installed.
    pub(super) fn need_root(&self) -> Result<(), Failure> {
        if self.list.is_none() && !self.download_only && !rustix::process::geteuid().is_root() {
            return Err(Failure::new("This command has to be run under the root user.")
                .with("results", Value::list([])));
        }
        Ok(())
    }

    /// Fetches the packages that are given by address into that folder, and puts their paths in place of the addresses.
    pub(super) fn fetch(&mut self, host: &mut Host<'_>, folder: &Scratch) -> Result<(), Failure> {
        for (number, name) in self
            .name
            .iter_mut()
            .enumerate()
            .filter(|(_, n)| n.contains("://"))
        {
            let file = name
                .split(['?', '#'])
                .next()
                .unwrap_or_default()
                .rsplit('/')
                .next()
                .unwrap_or_default();
            let path = folder.folder(number.to_string())?.join(file);
            crate::net::http::download(host, name, &path, self.validate_certs)
                .map_err(|e| Failure::new(e.message).with("results", Value::list([])))?;
            *name = path.to_string_lossy().into_owned();
        }
        Ok(())
    }
}

/// A version condition, `foo >= 1.0`: its name, operator and version.
fn condition(spec: &str) -> Option<(&str, &str, &str)> {
    let at = spec.find(['<', '>', '='])?;
    let (name, rest) = spec.split_at_checked(at)?;
    let version = rest.trim_start_matches(['<', '>', '=']);
    let operator = rest.split_at_checked(rest.len() - version.len())?.0;
    Some((name.trim(), operator, version.trim()))
}

/// Which of these specifications nothing installed satisfies.
pub(super) fn missing(host: &mut Host<'_>, root: &str, specs: &[String]) -> Result<Vec<String>, Failure> {
    let plain: Vec<&str> = specs
        .iter()
        .map(String::as_str)
        .filter(|s| condition(s).is_none())
        .collect();
    let absent = rpm::missing(host, root, &plain)?;
    let mut out = Vec::new();
    for spec in specs {
        let gone = match condition(spec) {
            None => absent.contains(&spec.as_str()),
            Some((name, operator, version)) => {
                let there = rpm::named(host, root, name)?;
                !there.iter().any(|p| satisfies(p, operator, version))
            }
        };
        if gone {
            out.push(spec.clone());
        }
    }
    Ok(out)
}

fn satisfies(package: &rpm::Package, operator: &str, wanted: &str) -> bool {
    let (epoch, rest) = wanted.split_once(':').unwrap_or(("", wanted));
    let (version, release) = rest.split_once('-').unwrap_or((rest, ""));
    // What is not named does not count.
    let or_own = |text: &str, own: &str| if text.is_empty() { own } else { text }.to_owned();
    let wanted = rpm::Package {
        epoch: or_own(epoch, &package.epoch),
        version: version.to_owned(),
        release: or_own(release, &package.release),
        ..package.clone()
    };
    let order = package.compare(&wanted);
    operator.contains('=') && order.is_eq()
        || operator.contains('<') && order.is_lt()
        || operator.contains('>') && order.is_gt()
}

/// Whether a newer version than the one in `spec` (`name-1.0`) is installed; `offered` tells what the repositories
/// have for it, and is asked only where something of that name is installed.
pub(super) fn newer_installed(
    host: &mut Host<'_>,
    root: &str,
    spec: &str,
    offered: impl FnOnce(&mut Host<'_>) -> Result<Option<rpm::Package>, Failure>,
) -> Result<bool, Failure> {
    let names = spec
        .match_indices('-')
        .filter_map(|(at, _)| spec.split_at_checked(at))
        .map(|(name, _)| name);
    let mut installed = Vec::new();
    for name in names {
        installed.extend(rpm::named(host, root, name)?);
    }
    if installed.is_empty() {
        return Ok(false);
    }
    let Some(offered) = offered(host)? else {
        return Ok(false);
    };
    Ok(installed
        .iter()
        .any(|p| p.name == offered.name && p.compare(&offered).is_gt()))
}

#[cfg(test)]
mod tests {
    use super::{condition, satisfies, split};
    use crate::packages::rpm::Package;

    #[test]
    fn names_with_commas_come_last() {
        let list = ["a, b".to_owned(), " c".to_owned(), String::new()];
        assert_eq!(split(&list), ["c", "a", "b"]);
    }

    #[test]
    fn conditions_look_only_at_what_they_name() {
        assert_eq!(condition("foo >= 1.0"), Some(("foo", ">=", "1.0")));
        assert_eq!(condition("foo=1"), Some(("foo", "=", "1")));
        assert_eq!(condition("foo-1.0"), None);
        let package = Package::read("foo\t0\t1.5\t2\tnoarch").unwrap();
        assert!(satisfies(&package, ">=", "1.5") && satisfies(&package, "=", "1.5-2"));
        assert!(satisfies(&package, "<", "1.5-3") && !satisfies(&package, ">", "1.5"));
        assert!(satisfies(&package, "<", "1:1.0"));
    }
}
