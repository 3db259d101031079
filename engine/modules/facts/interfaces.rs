//! Network interfaces, their addresses, and the default routes.

use super::{
    Gather, ethtool,
    netlink::{Address, Netlink},
    source::{self, Folder},
};
use kdo_value::{List, Map, Value};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let netlink = Netlink::open();
    // Addresses on the way to which the default route shows; nothing is sent there.
    let (far4, far6) = (
        Ipv4Addr::new(8, 8, 8, 8),
        Ipv6Addr::new(0x2404, 0x6800, 0x400a, 0x800, 0, 0, 0, 0x1012),
    );
    let table = Map::new();
    let mut by_index = Vec::new();
    for name in source::names("/sys/class/net") {
        if let Some((index, facts)) = interface(&name) {
            by_index.push((index, name.clone()));
            table.insert(name, facts);
        }
    }
    let (all4, all6) = (Value::list([]), Value::list([]));
    let (default4, default6, reachable) = (Map::new(), Map::new(), Map::new());
    if let Ok(netlink) = &netlink {
        for (far, default) in [(IpAddr::from(far4), &default4), (IpAddr::from(far6), &default6)] {
            let Some(route) = netlink.route_to(far) else {
                continue;
            };
            let name = by_index
                .iter()
                .find(|(i, _)| Some(*i) == route.interface)
                .map(|(_, n)| n.clone());
            if let Some(name) = name.filter(|n| n != "lo") {
                default.insert("interface", name);
                if let Some(source) = route.source {
                    default.insert("address", source.to_string());
                }
                if let Some(gateway) = route.gateway {
                    default.insert("gateway", gateway.to_string());
                }
            }
        }
        for (family, all, default) in [(2, &all4, &default4), (10, &all6, &default6)] {
            for address in netlink.addresses(family).unwrap_or_default() {
                let device = by_index
                    .iter()
                    .find(|(i, _)| *i == address.index)
                    .map(|(_, n)| n.as_str());
                if let Some(device) = device {
                    add(device, &address, &table, all, default);
                }
            }
        }
        for (family, key) in [(2, "ipv4"), (10, "ipv6")] {
            let routes = netlink.local_table(family).unwrap_or_default();
            let full = if family == 2 { 32 } else { 128 };
            let mut list = Vec::new();
            for route in &routes {
                let Some(address) = route.destination else {
                    continue;
                };
                let text = if route.prefix == full {
                    address.to_string()
                } else {
                    format!("{address}/{}", route.prefix)
                };
                if !list.contains(&text) {
                    list.push(text);
                }
            }
            reachable.insert(key, Value::list(list.into_iter().map(Value::from)));
        }
    }
    let names = table.text_entries().into_iter().map(|(n, _)| n.replace(':', "_"));
    let names = Value::list(names.map(Value::from));
    ethtool::collect(g, &table);
    for (name, facts) in table.text_entries() {
        g.facts.insert(name.replace(':', "_"), facts);
    }
    g.facts.insert("interfaces", names);
    g.facts.insert("default_ipv4", default4);
    g.facts.insert("default_ipv6", default6);
    g.facts.insert("all_ipv4_addresses", all4);
    g.facts.insert("all_ipv6_addresses", all6);
    g.facts.insert("locally_reachable_ips", reachable);
}

fn push(list: &Value, item: impl Into<Value>) {
    if let Value::List(l) = list {
        l.change(|items| items.push(item.into()));
    }
}

fn add(device: &str, address: &Address, table: &Map, all: &Value, default: &Map) {
    let Some(Value::Map(main)) = table.get(device) else {
        return;
    };
    let text = address.address.to_string();
    let is_default = default.get("address").is_some_and(|a| a.to_text() == text);
    let common = |into: &Map| {
        for key in ["macaddress", "mtu"] {
            into.insert(key, main.get(key).unwrap_or(Value::None));
        }
        into.insert("type", main.get("type").unwrap_or(Value::str("unknown")));
    };
    match address.address {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(address.prefix)).unwrap_or(0);
            let facts = Map::from_iter([
                ("address", text.clone()),
                (
                    "broadcast",
                    address.broadcast.map(|b| b.to_string()).unwrap_or_default(),
                ),
                ("netmask", Ipv4Addr::from(mask).to_string()),
                ("network", Ipv4Addr::from(u32::from(ip) & mask).to_string()),
                ("prefix", address.prefix.to_string()),
            ]);
            let label = address.label.clone().unwrap_or_else(|| device.to_owned());
            let named = if label == device {
                main.clone()
            } else {
                // Of several addresses with one label the last is seen there.
                let alias = Map::new();
                table.insert(label.as_str(), alias.clone());
                alias
            };
            if !address.secondary && !named.contains("ipv4") {
                named.insert("ipv4", facts.clone());
            } else {
                append(&named, "ipv4_secondaries", &facts);
            }
            if address.secondary && label != device {
                append(&main, "ipv4_secondaries", &facts);
            }
            if is_default {
                for (key, value) in facts.entries() {
                    default.insert(key, value);
                }
                common(default);
                default.insert("alias", label);
            }
            if !text.starts_with("127.") {
                push(all, Value::str(text));
            }
        }
        IpAddr::V6(_) => {
            let scope = match address.scope {
                0 => "global",
                253 => "link",
                254 => "host",
                200 => "site",
                _ => "unknown",
            };
            let facts = Map::from_iter([
                ("address", text.clone()),
                ("prefix", address.prefix.to_string()),
                ("scope", scope.to_owned()),
            ]);
            append(&main, "ipv6", &facts);
            if is_default {
                for (key, value) in facts.entries() {
                    default.insert(key, value);
                }
                common(default);
            }
            if text != "::1" {
                push(all, Value::str(text));
            }
        }
    }
}

fn append(map: &Map, key: &str, item: &Map) {
    match map.get(key) {
        Some(list) => push(&list, item.clone()),
        None => {
            map.insert(key, List::new(vec![item.clone().into()]));
        }
    }
}

/// Index and facts of an interface, from `/sys`.
fn interface(name: &str) -> Option<(u32, Map)> {
    let base = Folder::open(&format!("/sys/class/net/{name}"))?;
    let read = |file: &str| base.word(file);
    let index = read("ifindex")?.parse().ok()?;
    let number = |file: &str| read(file).and_then(|t| t.parse::<i64>().ok());
    let facts = Map::new();
    facts.insert("device", name);
    if let Some(mac) = read("address").filter(|m| m != "00:00:00:00:00:00") {
        facts.insert("macaddress", mac);
    }
    if let Some(mtu) = number("mtu") {
        facts.insert("mtu", mtu);
    }
    if let Some(state) = read("operstate") {
        facts.insert("active", state != "down");
    }
    if let Some(module) = base.link_name("device/driver/module") {
        facts.insert("module", module);
    }
    if let Some(kind) = read("type") {
        let kind = match kind.as_str() {
            "1" => "ether",
            "32" => "infiniband",
            "512" => "ppp",
            "772" => "loopback",
            "65534" => "tunnel",
            _ => "unknown",
        };
        facts.insert("type", kind);
    }
    if base.has("bridge") {
        facts.insert("type", "bridge");
        let ports = base.names("brif");
        facts.insert("interfaces", Value::list(ports.into_iter().map(Value::str)));
        if let Some(id) = read("bridge/bridge_id") {
            facts.insert("id", id);
        }
        if let Some(stp) = read("bridge/stp_state") {
            facts.insert("stp", stp == "1");
        }
    }
    if base.has("bonding") {
        bonding(&facts, &read);
        if facts.contains("primary") {
            // Ansible looks for all that follows in another folder then.
            return Some((index, facts));
        }
    }
    if base.has("bonding_slave") {
        let address = read("bonding_slave/perm_hwaddr");
        facts.insert("perm_macaddress", address.unwrap_or_default());
    }
    if let Some(id) = base.link_name("device") {
        facts.insert("pciid", id);
    }
    if let Some(speed) = number("speed") {
        facts.insert("speed", speed);
    }
    if let Some(flags) = read("flags") {
        let flags = i64::from_str_radix(flags.trim_start_matches("0x"), 16).unwrap_or(0);
        facts.insert("promisc", flags & 0x100 != 0);
    }
    Some((index, facts))
}

fn bonding(facts: &Map, read: &dyn Fn(&str) -> Option<String>) {
    facts.insert("type", "bonding");
    let first = |file: &str| read(file).and_then(|t| t.split_whitespace().next().map(str::to_owned));
    let members = read("bonding/slaves").unwrap_or_default();
    facts.insert("slaves", Value::list(members.split_whitespace().map(Value::str)));
    facts.insert("mode", first("bonding/mode").unwrap_or_default());
    facts.insert("miimon", first("bonding/miimon").unwrap_or_default());
    facts.insert("lacp_rate", first("bonding/lacp_rate").unwrap_or_default());
    if let Some(primary) = read("bonding/primary") {
        facts.insert("primary", primary);
        if let Some(all) = read("bonding/all_slaves_active") {
            facts.insert("all_slaves_active", all == "1");
        }
    }
}
