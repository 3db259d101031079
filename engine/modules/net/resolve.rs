//! Names to addresses without the C library's name service.

use crate::{Host, host::Command};
use std::{fs, net::IpAddr, time::Duration};

/// The addresses of a host given by name or address: from the hosts file, else from the host's own `getent`.
pub(super) fn resolve(host: &mut Host<'_>, name: &str) -> Vec<IpAddr> {
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse() {
        return vec![address];
    }
    let hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
    let mut out = Vec::new();
    for line in hosts.lines() {
        let mut words = line.split('#').next().unwrap_or("").split_whitespace();
        if let Some(address) = words.next().and_then(|w| w.parse().ok())
            && words.any(|w| w.eq_ignore_ascii_case(name))
        {
            out.push(address);
        }
    }
    if out.is_empty() && name == "localhost" {
        out.extend([IpAddr::from([127, 0, 0, 1])]);
    }
    if out.is_empty()
        && let Some(program) = host.find_program("getent")
        && let Ok(answer) = host.query(
            Command::new(program)
                .args(["ahosts", name])
                .timeout(Duration::from_secs(10)),
        )
    {
        for line in answer.stdout_text().lines() {
            if let Some(address) = line.split_whitespace().next().and_then(|w| w.parse().ok())
                && !out.contains(&address)
            {
                out.push(address);
            }
        }
    }
    out
}
