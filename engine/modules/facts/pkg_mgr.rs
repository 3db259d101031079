//! The host's package manager.

use super::Gather;
use std::{fs, path::Path};

/// Programs and the managers they mean; the last that is there counts.
const PROGRAMS: &[(&str, &str)] = &[
    ("/usr/bin/rpm-ostree", "atomic_container"),
    ("/usr/bin/yum", "dnf"),
    ("/usr/bin/dnf-3", "dnf"),
    ("/usr/bin/dnf5", "dnf5"),
    ("/usr/bin/apt-get", "apt"),
    ("/usr/bin/zypper", "zypper"),
    ("/usr/sbin/urpmi", "urpmi"),
    ("/usr/bin/pacman", "pacman"),
    ("/bin/opkg", "opkg"),
    ("/usr/pkg/bin/pkgin", "pkgin"),
    ("/opt/local/bin/pkgin", "pkgin"),
    ("/opt/tools/bin/pkgin", "pkgin"),
    ("/opt/local/bin/port", "macports"),
    ("/usr/local/bin/brew", "homebrew"),
    ("/opt/homebrew/bin/brew", "homebrew"),
    ("/sbin/apk", "apk"),
    ("/usr/sbin/pkg", "pkgng"),
    ("/usr/sbin/swlist", "swdepot"),
    ("/usr/bin/emerge", "portage"),
    ("/usr/sbin/pkgadd", "svr4pkg"),
    ("/usr/bin/pkg", "pkg5"),
    ("/usr/bin/xbps-install", "xbps"),
    ("/usr/local/sbin/pkg", "pkgng"),
    ("/usr/bin/swupd", "swupd"),
    ("/usr/sbin/sorcery", "sorcery"),
    ("/usr/bin/installp", "installp"),
];

/// The package manager by Ansible's names, for a host of this family; `unknown` if none is found.
pub fn detect(family: &str) -> String {
    let exists = |p: &str| Path::new(p).exists();
    if family == "RedHat" {
        if exists("/run/ostree-booted") {
            return "atomic_container".into();
        }
        let program = ["/usr/bin/dnf", "/usr/bin/microdnf"]
            .iter()
            .find_map(|p| fs::canonicalize(p).ok());
        return match program {
            Some(real) if real == Path::new("/usr/bin/dnf5") => "dnf5",
            Some(_) => "dnf",
            None => "unknown",
        }
        .into();
    }
    let found = PROGRAMS
        .iter()
        .filter(|(path, _)| family != "Altlinux" || *path != "/usr/bin/pkg")
        .rfind(|(path, _)| exists(path));
    match (family, found.map_or("unknown", |(_, name)| name)) {
        ("Debian", _) => "apt",
        // An apt that came as an RPM.
        ("Altlinux", "apt") => "apt_rpm",
        (_, "apt") if exists("/usr/bin/rpm") && !exists("/var/lib/dpkg/info/apt.list") => "apt_rpm",
        (_, name) => name,
    }
    .to_owned()
}

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let family = g.facts.get("os_family").map(|f| f.to_text()).unwrap_or_default();
    g.facts.insert("pkg_mgr", detect(&family));
}
