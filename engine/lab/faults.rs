use std::process::{Command, Stdio};

use clap::ValueEnum;

use crate::control::tell_supervisor;
use crate::machine::{self, ip_batch};
use crate::{Lab, LabError, State};

/// How a host is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Cut {
    /// Packets vanish without a sign: connections hang
    Drop,
    /// The link is down: after some seconds the host is said to be unreachable
    Unreachable,
}

impl Cut {
    /// As the command line and the state file have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Unreachable => "unreachable",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Drop, Self::Unreachable]
            .into_iter()
            .find(|cut| cut.name() == name)
    }
}

/// Cuts hosts off the network.
pub(crate) fn partition(lab: &Lab, names: &[String], mode: Cut) -> Result<(), LabError> {
    set(lab, names, Some(mode))
}

/// Ends the partition of these hosts, or of all if none is named.
pub(crate) fn heal(lab: &Lab, names: &[String]) -> Result<(), LabError> {
    if !names.is_empty() {
        return set(lab, names, None);
    }
    let cut: Vec<String> = State::load(lab)?
        .hosts
        .into_iter()
        .filter(|host| host.cut.is_some())
        .map(|host| host.name)
        .collect();
    if cut.is_empty() {
        Ok(())
    } else {
        set(lab, &cut, None)
    }
}

fn set(lab: &Lab, names: &[String], cut: Option<Cut>) -> Result<(), LabError> {
    let bridge = lab.bridge();
    let mut lines = Vec::new();
    let mut notes = Vec::new();
    for host in State::load(lab)?.pick(names)? {
        let (port, address) = (lab.port(host.index), host.address);
        if cut != Some(Cut::Drop) {
            // forget the fixed entry of a former `drop`, and what the kernel has learnt
            lines.push(format!("neigh del {address} dev {bridge}"));
        }
        match cut {
            Some(Cut::Drop) => {
                // without a fixed entry the kernel would soon say that nobody answers for the address
                lines.push(format!(
                    "neigh replace {address} lladdr {} dev {bridge} nud permanent",
                    lab.mac(host.index)
                ));
                lines.push(format!("link set {port} up"));
                lines.push(format!("link set {port} nomaster"));
            }
            Some(Cut::Unreachable) => lines.push(format!("link set {port} down")),
            None => {
                lines.push(format!("link set {port} master {bridge}"));
                lines.push(format!("link set {port} up"));
            }
        }
        notes.push(format!("{}\t{}", host.name, cut.map_or("no", Cut::name)));
    }
    ip_batch(&lines, true)?;
    tell_supervisor(lab, "cut", &notes)
}

/// Limits the bandwidth towards hosts with a token bucket.
pub(crate) fn slow(lab: &Lab, rate: &str, names: &[String]) -> Result<(), LabError> {
    for host in State::load(lab)?.pick(names)? {
        let port = lab.port(host.index);
        let _ = Command::new("tc")
            .args(["qdisc", "del", "dev", &port, "root"])
            .stderr(Stdio::null())
            .status();
        if rate != "off" {
            machine::run(
                Command::new("tc")
                    .args(["qdisc", "add", "dev", &port, "root", "tbf", "rate", rate])
                    .args(["burst", "16k", "latency", "200ms"]),
            )?;
        }
    }
    Ok(())
}
