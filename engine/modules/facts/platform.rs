//! Kernel, machine and the host's names.

use super::{Gather, source};
use crate::host::Command;
use std::{fs, io::Read, net::IpAddr, time::Duration};

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let uname = rustix::system::uname();
    let text = |s: &std::ffi::CStr| s.to_string_lossy().into_owned();
    let (machine, node) = (text(uname.machine()), text(uname.nodename()));
    g.facts.insert("system", text(uname.sysname()));
    g.facts.insert("kernel", text(uname.release()));
    g.facts.insert("kernel_version", text(uname.version()));
    g.facts.insert("machine", machine.as_str());
    let fqdn = full_name(g, &node);
    let domain = fqdn.split_once('.').map_or("", |(_, d)| d);
    g.facts.insert("domain", domain);
    g.facts.insert("fqdn", fqdn.as_str());
    g.facts.insert("hostname", node.split('.').next().unwrap_or(""));
    g.facts.insert("nodename", node.as_str());
    let bits = userspace_bits();
    g.facts.insert("userspace_bits", bits);
    if machine == "x86_64" {
        g.facts.insert("architecture", machine.as_str());
        g.facts.insert(
            "userspace_architecture",
            if bits == "64" { "x86_64" } else { "i386" },
        );
    } else if matches!(machine.as_str(), "i386" | "i486" | "i586" | "i686") {
        g.facts.insert("architecture", "i386");
        g.facts.insert(
            "userspace_architecture",
            if bits == "64" { "x86_64" } else { "i386" },
        );
    } else {
        g.facts.insert("architecture", machine.as_str());
    }
    let id = source::word("/var/lib/dbus/machine-id").or_else(|| source::word("/etc/machine-id"));
    if let Some(id) = id {
        g.facts.insert("machine_id", id.lines().next().unwrap_or(""));
    }
}

/// The width of the host's programs (the agent's own may differ).
fn userspace_bits() -> &'static str {
    let mut head = [0_u8; 5];
    let class = fs::File::open("/bin/sh")
        .and_then(|mut f| f.read_exact(&mut head))
        .map(|()| head[4]);
    match class {
        Ok(1) => "32",
        Ok(2) => "64",
        _ if usize::BITS == 32 => "32",
        _ => "64",
    }
}

/// The names that the hosts file gives the address of `name`: canonical name first.
fn from_hosts(hosts: &str, name: &str) -> Option<Vec<String>> {
    let mut entries = hosts.lines().filter_map(|l| {
        let mut words = l.split('#').next()?.split_whitespace();
        let address: IpAddr = words.next()?.parse().ok()?;
        Some((address, words.map(str::to_owned).collect::<Vec<_>>()))
    });
    let entries: Vec<_> = entries.by_ref().collect();
    let of = |v4: bool| {
        entries
            .iter()
            .find(|(a, names)| a.is_ipv4() == v4 && names.iter().any(|n| n.eq_ignore_ascii_case(name)))
            .map(|(a, _)| *a)
    };
    let address = of(true).or_else(|| of(false))?;
    entries
        .into_iter()
        .find(|(a, _)| *a == address)
        .map(|(_, names)| names)
}

/// The full name as resolvers give it: the first name with a dot of the host's own address.
fn full_name(g: &mut Gather<'_, '_>, node: &str) -> String {
    let hosts = source::text("/etc/hosts").unwrap_or_default();
    if let Some(names) = from_hosts(&hosts, node) {
        let dotted = names.iter().find(|n| n.contains('.'));
        return dotted
            .or(names.first())
            .map_or_else(|| node.to_owned(), Clone::clone);
    }
    // Not in the file: ask the host's resolver, but only if it has more than the file to look into.
    let switch = source::text("/etc/nsswitch.conf").unwrap_or_default();
    let line = switch
        .lines()
        .find(|l| l.starts_with("hosts:"))
        .unwrap_or("hosts: files dns");
    let asks = line
        .split_whitespace()
        .any(|w| matches!(w, "dns" | "resolve" | "sss" | "ldap" | "winbind"));
    let servers =
        source::text("/etc/resolv.conf").is_some_and(|t| t.lines().any(|l| l.starts_with("nameserver")));
    if !(asks && servers) || line.contains("myhostname") && !node.contains('.') {
        return node.to_owned();
    }
    let Some(getent) = g.host.find_program("getent") else {
        return node.to_owned();
    };
    let limit = g.limit.min(Duration::from_secs(5));
    let mut ask = |key: &str| {
        let out = g
            .host
            .query(Command::new(&getent).args(["hosts", key]).timeout(limit))
            .ok()?;
        let text = out.stdout_text();
        let mut words = text.lines().next()?.split_whitespace().map(str::to_owned);
        Some((words.next()?, words.collect::<Vec<_>>()))
    };
    let Some((address, names)) = ask(node) else {
        return node.to_owned();
    };
    let names = ask(&address).map_or(names, |(_, reverse)| reverse);
    let dotted = names.iter().find(|n| n.contains('.'));
    dotted
        .or(names.first())
        .map_or_else(|| node.to_owned(), Clone::clone)
}

#[cfg(test)]
mod tests {
    use super::from_hosts;

    #[test]
    fn the_first_line_of_the_address_names_the_host() {
        let hosts = "127.0.0.1 localhost\n127.0.1.1 web1.example.org web1 # self\n127.0.0.1 vm\n::1 web1\n";
        assert_eq!(from_hosts(hosts, "web1").unwrap(), ["web1.example.org", "web1"]);
        assert_eq!(from_hosts(hosts, "vm").unwrap(), ["localhost"]);
        assert!(from_hosts(hosts, "other").is_none());
    }
}
