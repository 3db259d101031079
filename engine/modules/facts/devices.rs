//! Block devices.

use super::{Gather, source};
use crate::host::Command;
use kdo_value::{Map, Value};
use std::{collections::BTreeMap, fs, path::Path};

type Links = BTreeMap<String, Vec<String>>;

/// Names below `/dev/disk/<folder>` by the device they lead to.
fn links(folder: &str) -> Links {
    let mut out = Links::new();
    for name in source::names(format!("/dev/disk/{folder}")) {
        if let Some(device) = source::link_name(format!("/dev/disk/{folder}/{name}")) {
            out.entry(device).or_default().push(name);
        }
    }
    out
}

/// For each device, those built on it.
fn masters() -> Links {
    let mut out = Links::new();
    for master in source::names("/sys/block") {
        for part in source::names(format!("/sys/block/{master}/slaves")) {
            out.entry(part).or_default().push(master.clone());
        }
    }
    out
}

fn of(links: &Links, device: &str) -> Value {
    Value::list(links.get(device).into_iter().flatten().map(Value::from))
}

fn map(links: &Links) -> Map {
    links.keys().map(|k| (k.as_str(), of(links, k))).collect()
}

/// A size as Ansible writes it, `256.00 GB` (of 1024).
fn human(bytes: f64) -> String {
    let units = ["YB", "ZB", "EB", "PB", "TB", "GB", "MB", "KB"];
    for (i, unit) in units.iter().enumerate() {
        let size = 1024_f64.powi(i32::try_from(units.len() - i).unwrap_or(0));
        if bytes >= size {
            return format!("{:.2} {unit}", bytes / size);
        }
    }
    format!("{bytes:.2} Bytes")
}

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let all = [
        ("ids", links("by-id")),
        ("labels", links("by-label")),
        ("masters", masters()),
        ("uuids", links("by-uuid")),
    ];
    g.facts.insert(
        "device_links",
        all.iter().map(|(k, l)| (*k, map(l))).collect::<Map>(),
    );
    let cards = Cards::look(g);
    let serial_program = g.host.find_program("sg_inq");
    let devices = Map::new();
    for name in source::names("/sys/block") {
        let base = format!("/sys/block/{name}");
        let links = |device: &str| all.iter().map(|(k, l)| (*k, of(l, device))).collect::<Map>();
        let read = |file: &str| source::word(format!("{base}/{file}"));
        let optional = |file: &str| read(file).map_or(Value::None, Value::from);
        let facts = Map::new();
        // Older kernels had no links there, by which Ansible told real devices.
        facts.insert("virtual", 1_i64);
        facts.insert("links", links(&name));
        // Virtual devices have no such folder: most of the reading is saved.
        let real = Path::new(&base).join("device").exists();
        for key in ["vendor", "model", "sas_address", "sas_device_handle"] {
            let value = if real {
                optional(&format!("device/{key}"))
            } else {
                Value::None
            };
            facts.insert(key, value);
        }
        let serial = match &serial_program {
            Some(program) => asked_serial(g, program, &name),
            None if real => read("device/serial"),
            None => None,
        };
        if let Some(serial) = serial {
            facts.insert("serial", serial);
        }
        let ids = all.first().and_then(|(_, ids)| ids.get(&name));
        if let Some(wwn) = ids.into_iter().flatten().find_map(|i| i.strip_prefix("wwn-")) {
            facts.insert("wwn", wwn);
        }
        facts.insert("removable", optional("removable"));
        let never = read("queue/discard_max_hw_bytes").as_deref() == Some("0");
        facts.insert(
            "support_discard",
            if never {
                Value::str("0")
            } else {
                optional("queue/discard_granularity")
            },
        );
        let partitions = Map::new();
        for part in source::names(&base) {
            let number = part
                .strip_prefix(name.as_str())
                .map(|n| n.trim_start_matches('p'));
            if number.is_some_and(|n| n.starts_with(|c: char| c.is_ascii_digit())) {
                partitions.insert(part.as_str(), partition(&format!("{base}/{part}"), links(&part)));
            }
        }
        facts.insert("partitions", partitions);
        facts.insert("rotational", optional("queue/rotational"));
        let schedulers = read("queue/scheduler").unwrap_or_default();
        let chosen = schedulers
            .split_once('[')
            .and_then(|(_, r)| r.rsplit_once(']'))
            .map_or("", |(s, _)| s);
        facts.insert("scheduler_mode", chosen);
        let sectors = extent(&base, &facts);
        facts.insert("sectors", sectors);
        facts.insert("host", cards.of(&base));
        facts.insert("holders", holders(&base));
        devices.insert(name.as_str(), facts);
    }
    g.facts.insert("devices", devices);
}

/// The serial number by a program that asks the device itself.
fn asked_serial(g: &mut Gather<'_, '_>, program: &Path, name: &str) -> Option<String> {
    let command = Command::new(program).arg(format!("/dev/{name}")).timeout(g.limit);
    let answer = g.host.query(command).ok().filter(|a| a.rc == 0)?.stdout_text();
    let line = ["Unit serial number:", "Serial number:"]
        .iter()
        .find_map(|label| answer.split_once(label));
    let word: String = line?
        .1
        .trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    Some(word).filter(|w| !w.is_empty())
}

/// The cards that devices are on, as `lspci` calls them.
struct Cards(String);

impl Cards {
    /// Asks, if the program is there and a device is on the bus.
    fn look(g: &mut Gather<'_, '_>) -> Self {
        let on_bus = source::names("/sys/block")
            .iter()
            .any(|d| Self::address(&format!("/sys/block/{d}")).is_some());
        let program = on_bus.then(|| g.host.find_program("lspci")).flatten();
        let command = program.map(|p| Command::new(p).arg("-D").timeout(g.limit));
        let answer = command.and_then(|c| g.host.query(c).ok());
        Self(answer.map(|a| a.stdout_text()).unwrap_or_default())
    }

    /// The last address of the bus on the way to a device: `0000:00:1f.2`.
    fn address(base: &str) -> Option<String> {
        let path = fs::read_link(base).ok()?;
        let hex = |text: &str, length: usize| {
            text.len() == length
                && text
                    .chars()
                    .all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
        };
        let is_address = |part: &str| {
            let parts: Vec<_> = part.split([':', '.']).collect();
            matches!(parts[..], [domain, bus, slot, function]
                if hex(domain, 4) && hex(bus, 2) && hex(slot, 2) && slot.starts_with(['0', '1']) && hex(function, 1))
        };
        let parts: Vec<_> = path.iter().map(|p| p.to_string_lossy().into_owned()).collect();
        let (_, above) = parts.split_last()?;
        above.iter().rev().find(|p| is_address(p)).cloned()
    }

    fn of(&self, base: &str) -> &str {
        let line = Self::address(base).filter(|_| !self.0.is_empty()).and_then(|a| {
            self.0
                .lines()
                .find_map(|l| l.strip_prefix(a.as_str())?.strip_prefix(' '))
        });
        line.unwrap_or("")
    }
}

/// Adds the size of a device or partition and of its sectors; gives the number of sectors.
fn extent(base: &str, facts: &Map) -> i64 {
    let sector = ["logical_block_size", "hw_sector_size"]
        .iter()
        .find_map(|f| source::word(format!("{base}/queue/{f}")));
    let bytes = sector.as_ref().and_then(|s| s.parse::<i64>().ok()).unwrap_or(512);
    facts.insert("sectorsize", sector.map_or(Value::Int(512), Value::from));
    // The kernel counts in units of 512.
    let size = source::word(format!("{base}/size")).and_then(|s| s.parse::<i64>().ok());
    let sectors = size.unwrap_or(0) * 512 / bytes.max(1);
    facts.insert("size", human(sectors as f64 * bytes as f64));
    sectors
}

/// Devices made by the device mapper on this one.
fn holders(base: &str) -> Value {
    let names = source::names(format!("{base}/holders"));
    let mapped = names.iter().filter(|h| h.starts_with("dm-"));
    Value::list(mapped.map(|h| Value::str(holder(h))))
}

/// A device mapper's own name instead of `dm-0`.
fn holder(device: &str) -> String {
    source::word(format!("/sys/block/{device}/dm/name")).unwrap_or_else(|| device.to_owned())
}

fn partition(base: &str, links: Map) -> Map {
    let facts = Map::new();
    facts.insert("links", links);
    facts.insert(
        "start",
        source::word(format!("{base}/start")).map_or(Value::Int(0), Value::from),
    );
    let sectors = extent(base, &facts);
    facts.insert("sectors", sectors);
    let uuids = facts
        .get("links")
        .and_then(|l| l.get("uuids"))
        .and_then(|u| u.as_list().and_then(|l| l.get(0)));
    facts.insert("uuid", uuids.unwrap_or(Value::None));
    facts.insert("holders", holders(base));
    facts
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn sizes_are_written_with_two_decimals() {
        for (bytes, text) in [
            (0.0, "0.00 Bytes"),
            (67_108_864.0, "64.00 MB"),
            (274_877_906_944.0, "256.00 GB"),
        ] {
            assert_eq!(human(bytes), text);
        }
    }
}
