//! The host's names in storage networks.

use super::{Gather, source};
use kdo_value::Value;

pub(super) fn fibre_channel(g: &mut Gather<'_, '_>) {
    let hosts = source::names("/sys/class/fc_host");
    let ports = hosts
        .iter()
        .filter_map(|h| source::word(format!("/sys/class/fc_host/{h}/port_name")));
    let names = ports.map(|p| Value::str(p.trim_start_matches("0x")));
    g.facts.insert("fibre_channel_wwn", Value::list(names));
}

pub(super) fn iscsi(g: &mut Gather<'_, '_>) {
    let text = source::text("/etc/iscsi/initiatorname.iscsi").unwrap_or_default();
    let name = text.lines().find_map(|l| l.strip_prefix("InitiatorName="));
    g.facts.insert("iscsi_iqn", name.unwrap_or("").trim());
}

pub(super) fn nvme(g: &mut Gather<'_, '_>) {
    let text = source::text("/etc/nvme/hostnqn").unwrap_or_default();
    let name = text.lines().find(|l| l.starts_with("nqn."));
    g.facts.insert("hostnqn", name.unwrap_or("").trim());
}
