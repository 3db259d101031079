use std::fs;
use std::path::Path;

use crate::lab::PREFIX;
use crate::machine::ip_batch;
use crate::{Host, Lab, LabError};

/// Makes the bridge of the lab if it is not there.
pub(crate) fn up(lab: &Lab) -> Result<(), LabError> {
    let bridge = lab.bridge();
    if Path::new("/sys/class/net").join(&bridge).exists() {
        return Ok(());
    }
    let mac = lab.mac(u16::MAX);
    ip_batch(
        &[
            format!(
                "link add {bridge} address {mac} type bridge forward_delay 0 stp_state 0 mcast_snooping 0"
            ),
            format!("link set {bridge} addrgenmode none"),
            format!("addr add {}/{PREFIX} dev {bridge}", lab.gateway()),
            format!("link set {bridge} up"),
        ],
        false,
    )
}

/// The `ip` commands that join a host's namespace to the bridge.
pub(crate) fn join(lab: &Lab, host: &Host, pid: i32) -> [String; 2] {
    let port = lab.port(host.index);
    [
        format!(
            "link add {port} type veth peer name eth0 address {} netns {pid}",
            lab.mac(host.index)
        ),
        format!("link set {port} addrgenmode none master {} up", lab.bridge()),
    ]
}

/// The `ip` command that takes away what is left of a host's port: the kernel ends namespaces in its own time.
pub(crate) fn leave(lab: &Lab, host: &Host) -> Option<String> {
    let port = lab.port(host.index);
    let there = Path::new("/sys/class/net").join(&port).exists();
    there.then(|| format!("link del {port}"))
}

/// Makes the tap device of a virtual machine.
pub(crate) fn tap(lab: &Lab, host: &Host) -> Result<(), LabError> {
    let port = lab.port(host.index);
    ip_batch(&[format!("link del {port}")], true)?;
    ip_batch(
        &[
            format!("tuntap add dev {port} mode tap"),
            format!("link set {port} addrgenmode none master {} up", lab.bridge()),
        ],
        false,
    )
}

/// Takes the bridge and all ports of the lab away.
pub(crate) fn down(lab: &Lab) -> Result<(), LabError> {
    let ports = format!("kl{}p", lab.number());
    let mut lines: Vec<String> = fs::read_dir("/sys/class/net")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with(&ports))
        .map(|name| format!("link del {name}"))
        .collect();
    if Path::new("/sys/class/net").join(lab.bridge()).exists() {
        lines.push(format!("link del {}", lab.bridge()));
    }
    ip_batch(&lines, true)
}
