//! Capabilities of the process, in libcap's text form.

use super::{Gather, source};
use kdo_value::Value;

const NAMES: &[&str] = &[
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    // Without the program that Ansible asks, roles see that nothing is known.
    if g.host.find_program("capsh").is_none() {
        g.facts.insert("system_capabilities", "N/A");
        g.facts.insert("system_capabilities_enforced", "N/A");
        return;
    }
    let status = source::text("/proc/self/status").unwrap_or_default();
    let set = |key: &str| {
        let line = status.lines().find_map(|l| l.strip_prefix(key));
        line.and_then(|l| u64::from_str_radix(l.trim(), 16).ok())
    };
    let (Some(effective), Some(permitted), Some(inheritable)) =
        (set("CapEff:"), set("CapPrm:"), set("CapInh:"))
    else {
        return;
    };
    let last = source::text("/proc/sys/kernel/cap_last_cap")
        .and_then(|t| t.parse().ok())
        .unwrap_or(40);
    let text = describe(effective, permitted, inheritable, last);
    let enforced = text != "=ep";
    let caps = match text.split('=').nth(1) {
        Some(list) if enforced => list.split(',').map(|c| Value::str(c.trim())).collect(),
        _ => Vec::new(),
    };
    g.facts.insert(
        "system_capabilities_enforced",
        if enforced { "True" } else { "False" },
    );
    g.facts.insert("system_capabilities", Value::list(caps));
}

fn flags(bits: u8) -> String {
    [(1, 'e'), (4, 'i'), (2, 'p')]
        .iter()
        .filter(|(b, _)| bits & b != 0)
        .map(|(_, c)| *c)
        .collect()
}

/// The most frequent combination of flags first, then what differs from it.
fn describe(effective: u64, permitted: u64, inheritable: u64, last: u32) -> String {
    let of = |cap: u32| {
        let bit = |set: u64| u8::from(set.checked_shr(cap).unwrap_or(0) & 1 == 1);
        bit(effective) | bit(permitted) << 1 | bit(inheritable) << 2
    };
    let count = |flags: u8| (0..=last).filter(|c| of(*c) == flags).count();
    let base = (0..8_u8)
        .rev()
        .fold(7, |best, f| if count(f) > count(best) { f } else { best });
    let mut parts = Vec::new();
    let others = (0..8_u8)
        .rev()
        .filter(|f| *f != base && count(*f) > 0)
        .collect::<Vec<_>>();
    if base != 0 || others.is_empty() {
        parts.push(format!("={}", flags(base)));
    }
    for f in others {
        let names: Vec<_> = (0..=last)
            .filter(|c| of(*c) == f)
            .map(|c| match NAMES.get(c as usize) {
                Some(name) => format!("cap_{name}"),
                None => c.to_string(),
            })
            .collect();
        let (plus, minus) = (flags(f & !base), flags(!f & base & 7));
        let sign = if base == 0 { "=" } else { "+" };
        let mut text = names.join(",");
        if !plus.is_empty() {
            text += &format!("{sign}{plus}");
        }
        if !minus.is_empty() {
            text += &format!("-{minus}");
        }
        parts.push(text);
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn sets_are_written_as_by_libcap() {
        let all = (1_u64 << 41) - 1;
        assert_eq!(describe(all, all, 0, 40), "=ep");
        assert_eq!(describe(0, 0, 0, 40), "=");
        assert_eq!(
            describe(0x1fffeffffff, 0x1fffeffffff, 0, 40),
            "=ep cap_sys_resource-ep"
        );
        assert_eq!(describe(0x3, 0x3, 0, 40), "cap_chown,cap_dac_override=ep");
    }
}
