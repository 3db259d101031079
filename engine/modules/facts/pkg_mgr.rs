//! The host's package manager.

use super::Gather;
use std::{fs, path::Path};

/// Programs and the managers they mean; the last that is there counts.
const PROGRAMS: &[(&str, &str)] = &[
    ("/usr/bin/rpm-ostree", "atomic_container"),
    ("/usr/bin/dnf5", "dnf5"),
    ("/usr/bin/dnf-3", "dnf"),
    ("/usr/bin/apt-get", "apt"),
    ("/usr/bin/zypper", "zypper"),
    ("/usr/sbin/urpmi", "urpmi"),
    ("/usr/bin/pacman", "pacman"),
    ("/bin/opkg", "opkg"),
    ("/usr/bin/xbps-install", "xbps"),
    ("/sbin/apk", "apk"),
    ("/usr/bin/swupd", "swupd"),
    ("/usr/sbin/sorcery", "sorcery"),
    ("/usr/bin/emerge", "portage"),
];

/// The package manager by Ansible's names, for a host of this family; `unknown` if none is found.
pub fn detect(family: &str) -> String {
    let exists = |p: &str| Path::new(p).exists();
    if family == "RedHat" {
        if exists("/run/ostree-booted") {
            return "atomic_container".into();
        }
        for program in ["/usr/bin/dnf", "/usr/bin/microdnf"] {
            if let Ok(real) = fs::canonicalize(program) {
                let five = real.file_name().is_some_and(|n| n == "dnf5");
                return if five { "dnf5" } else { "dnf" }.into();
            }
        }
        return if exists("/usr/bin/yum") { "yum" } else { "unknown" }.into();
    }
    let apt = exists("/usr/bin/apt-get") && (family == "Debian" || exists("/usr/bin/dpkg"));
    let found = PROGRAMS
        .iter()
        .filter(|(path, name)| exists(path) && (*name != "apt" || apt))
        .next_back();
    if family == "Debian" && apt {
        return "apt".into();
    }
    found.map_or("unknown", |(_, name)| name).to_owned()
}

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let family = g.facts.get("os_family").map(|f| f.to_text()).unwrap_or_default();
    g.facts.insert("pkg_mgr", detect(&family));
}
