//! Facts about the host, one collector per file. Nothing here starts a program on the usual path: the files of
//! `/proc`, `/sys`, `/etc` and one netlink socket say it all.

mod capabilities;
mod command_line;
mod cpu;
mod date_time;
pub(crate) use date_time::civil;
pub(crate) use mounts::{sizes, unescape};
mod devices;
mod distribution;
mod distribution_files;
#[cfg(test)]
mod distribution_tests;
mod dmi;
mod dns;
mod environment;
mod ethtool;
mod interfaces;
mod local;
mod lsb;
mod lvm;
mod memory;
mod mounts;
mod netlink;
mod os_release;
mod other_programs;
pub mod pkg_mgr;
mod platform;
mod python;
mod security;
pub use security::is_chroot;
pub mod service_mgr;
mod source;
mod ssh_keys;
mod storage_names;
mod subsets;
mod user;
mod virtualization;

pub use subsets::choose;

use crate::{Failure, Host};
use kdo_value::Map;
use std::{path::PathBuf, time::Duration};

/// What collectors work with.
pub struct Gather<'a, 'h> {
    /// The machine.
    pub host: &'a mut Host<'h>,
    /// What was found, by names without the prefix.
    pub facts: Map,
    /// Facts of other programs, by their full names.
    pub foreign: Map,
    /// Why nothing is to be told at all.
    pub failure: Option<Failure>,
    /// How long one slow source may take.
    pub limit: Duration,
    /// Where local facts are.
    pub fact_path: PathBuf,
}

/// A collector of facts.
pub struct Collector {
    /// The name of its subset.
    pub name: &'static str,
    /// Other names that choose it.
    pub ids: &'static [&'static str],
    /// Collectors that run with it.
    pub needs: &'static [&'static str],
    /// Whether it is part of the minimal set.
    pub minimal: bool,
    /// Finds out.
    pub collect: fn(&mut Gather<'_, '_>),
}

const fn collector(
    name: &'static str,
    minimal: bool,
    ids: &'static [&'static str],
    needs: &'static [&'static str],
    collect: fn(&mut Gather<'_, '_>),
) -> Collector {
    Collector {
        name,
        ids,
        needs,
        minimal,
        collect,
    }
}

fn hardware(g: &mut Gather<'_, '_>) {
    cpu::collect(g);
    memory::collect(g);
    dmi::collect(g);
    devices::collect(g);
    mounts::collect(g);
    lvm::collect(g);
}

fn local(g: &mut Gather<'_, '_>) {
    if let Err(failure) = local::collect(g) {
        g.failure = Some(failure);
    }
}

/// All collectors in the order in which they run.
pub const COLLECTORS: &[Collector] = &[
    collector(
        "platform",
        true,
        &[
            "architecture",
            "kernel",
            "kernel_version",
            "machine",
            "machine_id",
            "system",
        ],
        &[],
        platform::collect,
    ),
    collector(
        "distribution",
        true,
        &[
            "distribution_major_version",
            "distribution_release",
            "distribution_version",
            "os_family",
        ],
        &[],
        distribution::collect,
    ),
    collector("lsb", true, &[], &[], lsb::collect),
    collector("pkg_mgr", true, &[], &["distribution"], pkg_mgr::collect),
    collector(
        "service_mgr",
        true,
        &[],
        &["platform", "distribution"],
        service_mgr::collect,
    ),
    collector("systemd", false, &[], &[], service_mgr::collect_systemd),
    collector("apparmor", true, &[], &[], security::apparmor),
    collector(
        "caps",
        true,
        &["system_capabilities", "system_capabilities_enforced"],
        &[],
        capabilities::collect,
    ),
    collector("cmdline", true, &[], &[], command_line::collect),
    collector("date_time", true, &[], &[], date_time::collect),
    collector("dns", true, &[], &[], dns::collect),
    collector("env", true, &[], &[], environment::collect),
    collector("fips", true, &[], &[], security::fips),
    collector("local", true, &[], &[], local),
    collector("python", true, &["python_version"], &[], python::collect),
    collector("selinux", true, &[], &[], security::selinux),
    collector(
        "ssh_pub_keys",
        true,
        &[
            "ssh_host_key_dsa_public",
            "ssh_host_key_ecdsa_public",
            "ssh_host_key_ed25519_public",
            "ssh_host_key_rsa_public",
            "ssh_host_pub_keys",
        ],
        &[],
        ssh_keys::collect,
    ),
    collector(
        "user",
        true,
        &[
            "effective_group_ids",
            "effective_user_id",
            "real_user_id",
            "user_dir",
            "user_gecos",
            "user_gid",
            "user_id",
            "user_shell",
            "user_uid",
        ],
        &[],
        user::collect,
    ),
    collector("chroot", false, &["is_chroot"], &[], security::chroot),
    collector("fibre_channel_wwn", false, &[], &[], storage_names::fibre_channel),
    collector("iscsi", false, &[], &[], storage_names::iscsi),
    collector("nvme", false, &[], &[], storage_names::nvme),
    collector("loadavg", false, &[], &[], memory::loadavg),
    collector(
        "hardware",
        false,
        &[
            "devices",
            "mounts",
            "processor",
            "processor_cores",
            "processor_count",
        ],
        &["platform"],
        hardware,
    ),
    collector(
        "network",
        false,
        &[
            "all_ipv4_addresses",
            "all_ipv6_addresses",
            "default_ipv4",
            "default_ipv6",
            "interfaces",
        ],
        &["platform", "distribution"],
        interfaces::collect,
    ),
    collector(
        "virtual",
        false,
        &[
            "virtualization_role",
            "virtualization_tech_guest",
            "virtualization_tech_host",
            "virtualization_type",
        ],
        &[],
        virtualization::collect,
    ),
    collector("facter", false, &[], &[], other_programs::facter),
    collector("ohai", false, &[], &[], other_programs::ohai),
];

/// Runs the collectors of those names; the facts have their full names, `ansible_fqdn`.
pub fn gather(
    host: &mut Host<'_>,
    names: &[&str],
    limit: Duration,
    fact_path: PathBuf,
) -> Result<Map, Failure> {
    let mut g = Gather {
        host,
        facts: Map::new(),
        foreign: Map::new(),
        failure: None,
        limit,
        fact_path,
    };
    for c in COLLECTORS.iter().filter(|c| names.contains(&c.name)) {
        (c.collect)(&mut g);
    }
    if let Some(failure) = g.failure {
        return Err(failure);
    }
    let out = Map::new();
    for (name, value) in g.facts.text_entries() {
        out.insert(format!("ansible_{}", name.replace('-', "_")), value);
    }
    for (name, value) in g.foreign.entries() {
        out.insert(name, value);
    }
    Ok(out)
}
