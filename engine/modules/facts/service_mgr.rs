//! What starts the host's services.

use super::{Gather, source};
use crate::{Host, files::pattern, host::Command};
use kdo_value::Map;
use std::{fs, io::BufRead, path::Path, time::Duration};

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

/// Version and features of a running systemd.
pub(super) fn collect_systemd(g: &mut Gather<'_, '_>) {
    if !systemd_runs() || g.host.find_program("systemctl").is_none() {
        return;
    }
    if let Some((version, features)) = from_library().or_else(|| from_program(g)) {
        let map = Map::new();
        map.insert("features", features);
        map.insert("version", version);
        g.facts.insert("systemd", map);
    }
}

/// systemd's shared library has the version in its name and the features as a constant: quicker to read than
/// `systemctl` is to start.
fn from_library() -> Option<(i64, String)> {
    let patterns = [
        "/usr/lib/systemd",
        "/usr/lib64/systemd",
        "/usr/lib/*-linux-*/systemd",
    ];
    let mut found = Vec::new();
    for pattern in patterns {
        found.extend(pattern::expand(
            &Path::new(pattern).join("libsystemd-shared-*.so"),
        ));
    }
    // Several versions (an upgrade under way) cannot be told apart here.
    found.sort_by_key(|p| fs::canonicalize(p).ok());
    found.dedup_by_key(|p| fs::canonicalize(p).ok());
    let [path] = found.as_slice() else { return None };
    let name = path.file_name()?.to_string_lossy().into_owned();
    let number = name.strip_prefix("libsystemd-shared-")?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    Some((digits.parse().ok()?, features(&fs::read(path).ok()?)?))
}

/// The constant `+PAM +AUDIT …` that ends with a zero byte. (Built without PAM it is not found: ask the program then.)
fn features(library: &[u8]) -> Option<String> {
    let mut rest = library;
    // Standard library's own search for one byte: megabytes in a millisecond.
    while rest.skip_until(b'+').is_ok_and(|n| n > 0) {
        if !rest.starts_with(b"PAM +") && !rest.starts_with(b"PAM -") {
            continue;
        }
        let end = rest.iter().take(4096).position(|b| *b == 0)?;
        let text = std::str::from_utf8(rest.get(..end)?).ok()?;
        if text.contains("default-hierarchy=") {
            return Some(format!("+{text}"));
        }
    }
    None
}

fn from_program(g: &mut Gather<'_, '_>) -> Option<(i64, String)> {
    let program = g.host.find_program("systemctl")?;
    let c = Command::new(program)
        .arg("--version")
        .timeout(Duration::from_secs(5));
    let text = g.host.query(c).ok()?.stdout_text();
    let mut lines = text.lines();
    let version = lines.next()?.split_whitespace().nth(1)?.parse().ok()?;
    Some((version, lines.next().unwrap_or("").trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::features;

    #[test]
    fn the_features_constant_is_found_between_zero_bytes() {
        let library = b"\x7fELF+PAM no\0+PAM -AUDIT default-hierarchy=unified\0rest+";
        assert_eq!(
            features(library).unwrap(),
            "+PAM -AUDIT default-hierarchy=unified"
        );
        assert_eq!(features(b"\0+PAM +without an end"), None);
    }
}
