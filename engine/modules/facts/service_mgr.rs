//! What starts the host's services.

use super::{Gather, source};
use crate::{Host, host::Command};
use kdo_value::Map;
use std::{fs, path::Path, time::Duration};

/// Whether systemd is the running system manager.
pub fn systemd_runs() -> bool {
    let run = ["/run/systemd/system", "/dev/.run/systemd", "/dev/.systemd"];
    run.iter().any(|p| Path::new(p).exists())
}

/// The service manager by Ansible's names: `systemd`, `openrc`, `sysvinit`, … or the name of process 1.
pub fn detect(host: &Host<'_>) -> String {
    let first = source::word("/proc/1/comm").unwrap_or_default();
    let first = match first.as_str() {
        "procd" => "openwrt_init",
        "runit-init" => "runit",
        "svscan" => "svc",
        "openrc-init" => "openrc",
        "init" | "" => "",
        shell if shell.ends_with("sh") => "",
        other => other,
    };
    if !first.is_empty() {
        return first.to_owned();
    }
    let exists = |p: &str| Path::new(p).exists();
    let systemctl = host.find_program("systemctl").is_some();
    let init = fs::read_link("/sbin/init").unwrap_or_default();
    let name = if systemctl && systemd_runs() {
        "systemd"
    } else if host.find_program("initctl").is_some() && exists("/etc/init/") {
        "upstart"
    } else if exists("/sbin/openrc") {
        "openrc"
    } else if systemctl && init.file_name().is_some_and(|n| n == "systemd") {
        "systemd"
    } else if exists("/etc/init.d/") {
        "sysvinit"
    } else if exists("/etc/dinit.d/") {
        "dinit"
    } else {
        "service"
    };
    name.to_owned()
}

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    g.facts.insert("service_mgr", detect(g.host));
}

/// Version and features of a running systemd; the one fact that only a program tells.
pub(super) fn collect_systemd(g: &mut Gather<'_, '_>) {
    if !systemd_runs() {
        return;
    }
    let Some(program) = g.host.find_program("systemctl") else {
        return;
    };
    let Ok(out) = g.host.query(
        Command::new(program)
            .arg("--version")
            .timeout(Duration::from_secs(5)),
    ) else {
        return;
    };
    let text = out.stdout_text();
    let mut lines = text.lines();
    let version = lines
        .next()
        .and_then(|l| l.split_whitespace().nth(1)?.parse::<i64>().ok());
    if let Some(version) = version {
        let map = Map::new();
        map.insert("features", lines.next().unwrap_or("").trim());
        map.insert("version", version);
        g.facts.insert("systemd", map);
    }
}
