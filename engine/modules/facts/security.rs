//! AppArmor, SELinux, FIPS mode, chroot.

use super::{Gather, source};
use kdo_value::Map;
use std::{fs, os::unix::fs::MetadataExt, path::Path};

pub(super) fn apparmor(g: &mut Gather<'_, '_>) {
    let on = Path::new("/sys/kernel/security/apparmor").exists();
    let map = Map::from_iter([("status", if on { "enabled" } else { "disabled" })]);
    g.facts.insert("apparmor", map);
}

pub(super) fn fips(g: &mut Gather<'_, '_>) {
    let on = source::text("/proc/sys/crypto/fips_enabled").as_deref() == Some("1");
    g.facts.insert("fips", on);
}

/// Read from the kernel itself, so the library that Ansible needs is always "present".
pub(super) fn selinux(g: &mut Gather<'_, '_>) {
    let map = Map::new();
    g.facts.insert("selinux_python_present", true);
    if let Some(enforce) = source::text("/sys/fs/selinux/enforce") {
        let config = source::text("/etc/selinux/config").unwrap_or_default();
        let setting = |key: &str| {
            let line = config
                .lines()
                .find_map(|l| l.trim().strip_prefix(key)?.strip_prefix('='));
            line.map_or_else(|| "unknown".to_owned(), |v| v.trim().to_owned())
        };
        map.insert("status", "enabled");
        match source::text("/sys/fs/selinux/policyvers").and_then(|v| v.parse::<i64>().ok()) {
            Some(version) => map.insert("policyvers", version),
            None => map.insert("policyvers", "unknown"),
        };
        map.insert("config_mode", setting("SELINUX"));
        map.insert("mode", if enforce == "1" { "enforcing" } else { "permissive" });
        map.insert("type", setting("SELINUXTYPE"));
    } else {
        map.insert("status", "disabled");
    }
    g.facts.insert("selinux", map);
}

pub(super) fn chroot(g: &mut Gather<'_, '_>) {
    g.facts.insert("is_chroot", is_chroot());
}

/// Whether this is not the root folder that process 1 has.
pub fn is_chroot() -> bool {
    let node = |path: &str| fs::metadata(path).ok().map(|m| (m.dev(), m.ino()));
    std::env::var_os("debian_chroot").is_some_and(|name| !name.is_empty())
        || match (node("/"), node("/proc/1/root/.")) {
            (Some(root), Some(first)) => root != first,
            // Not allowed to look at process 1: the root folder of a file system has a fixed number.
            (Some((_, inode)), None) => inode != number_of_root(),
            _ => false,
        }
}

/// The inode of a file system's own root folder, for the kind that is at `/`.
fn number_of_root() -> u64 {
    const BTRFS: i128 = 0x9123_683e;
    const XFS: i128 = 0x5846_5342;
    match rustix::fs::statfs("/").map(|s| i128::from(s.f_type)) {
        Ok(BTRFS) => 256,
        Ok(XFS) => 128,
        _ => 2,
    }
}
