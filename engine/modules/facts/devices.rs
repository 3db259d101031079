//! Block devices.

use super::{
    Gather,
    source::{self, Folder},
};
use crate::host::Command;
use kdo_value::{Map, Value};
use std::{collections::BTreeMap, path::Path};

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

/// Kinds of devices that are never built on others: there are dozens of them on many machines, so not looking saves time.
const SIMPLE: &[&str] = &["loop", "ram", "nbd", "zram", "sr", "fd"];

/// For each device, those built on it.
fn masters(devices: &[String]) -> Links {
    let mut out = Links::new();
    for master in devices
        .iter()
        .filter(|d| !SIMPLE.iter().any(|s| d.starts_with(s)))
    {
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
    let names = source::names("/sys/block");
    let all = [
        ("ids", links("by-id")),
        ("labels", links("by-label")),
        ("masters", masters(&names)),
        ("uuids", links("by-uuid")),
    ];
    g.facts.insert(
        "device_links",
        all.iter().map(|(k, l)| (*k, map(l))).collect::<Map>(),
    );
    let links = |device: &str| all.iter().map(|(k, l)| (*k, of(l, device))).collect::<Map>();
    let cards = Cards::look(g, &names);
    let serial_program = g.host.find_program("sg_inq");
    // Partitions stand beside the devices here: one reading instead of one for each device.
    let mut parts = source::names("/sys/class/block");
    parts.retain(|p| names.binary_search(p).is_err());
    let mapped = names.iter().any(|d| d.starts_with("dm-"));
    let devices = Map::new();
    for name in &names {
        let Some(folder) = Folder::open(&format!("/sys/block/{name}")) else {
            continue;
        };
        let queue = folder.folder("queue");
        let queue = |file: &str| queue.as_ref().and_then(|q| q.word(file));
        let facts = Map::new();
        // Older kernels had no links there, by which Ansible told real devices.
        facts.insert("virtual", 1_i64);
        facts.insert("links", links(name));
        // Virtual devices have no such folder: most of the reading is saved.
        let device = folder.folder("device");
        let device = |file: &str| device.as_ref().and_then(|d| d.word(file));
        for key in ["vendor", "model", "sas_address", "sas_device_handle"] {
            facts.insert(key, optional(device(key)));
        }
        let serial = match &serial_program {
            Some(program) => asked_serial(g, program, name),
            None => device("serial"),
        };
        if let Some(serial) = serial {
            facts.insert("serial", serial);
        }
        let ids = all.first().and_then(|(_, ids)| ids.get(name));
        if let Some(wwn) = ids.into_iter().flatten().find_map(|i| i.strip_prefix("wwn-")) {
            facts.insert("wwn", wwn);
        }
        facts.insert("removable", optional(folder.word("removable")));
        let never = queue("discard_max_hw_bytes").as_deref() == Some("0");
        facts.insert(
            "support_discard",
            if never {
                Value::str("0")
            } else {
                optional(queue("discard_granularity"))
            },
        );
        let partitions = Map::new();
        for part in &parts {
            let number = part
                .strip_prefix(name.as_str())
                .map(|n| n.trim_start_matches('p'));
            if number.is_some_and(|n| n.starts_with(|c: char| c.is_ascii_digit()))
                && let Some(folder) = folder.folder(part)
            {
                partitions.insert(part.as_str(), partition(&folder, links(part), mapped));
            }
        }
        facts.insert("partitions", partitions);
        facts.insert("rotational", optional(queue("rotational")));
        let schedulers = queue("scheduler").unwrap_or_default();
        let chosen = schedulers
            .split_once('[')
            .and_then(|(_, r)| r.rsplit_once(']'))
            .map_or("", |(s, _)| s);
        facts.insert("scheduler_mode", chosen);
        let sector = queue("logical_block_size").or_else(|| queue("hw_sector_size"));
        let sectors = extent(&folder, sector, &facts);
        facts.insert("sectors", sectors);
        facts.insert("host", cards.of(name));
        facts.insert("holders", holders(&folder, mapped));
        devices.insert(name.as_str(), facts);
    }
    g.facts.insert("devices", devices);
}

fn optional(text: Option<String>) -> Value {
    text.map_or(Value::None, Value::from)
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
struct Cards {
    addresses: BTreeMap<String, String>,
    listing: String,
}

impl Cards {
    /// Asks, if the program is there and a device is on the bus.
    fn look(g: &mut Gather<'_, '_>, devices: &[String]) -> Self {
        let folder = Folder::open("/sys/block");
        let address = |device: &String| {
            let target = folder.as_ref()?.link(device)?;
            Some((device.clone(), address(&target)?))
        };
        let addresses: BTreeMap<_, _> = devices.iter().filter_map(address).collect();
        let on_bus = !addresses.is_empty();
        let program = on_bus.then(|| g.host.find_program("lspci")).flatten();
        let command = program.map(|p| Command::new(p).arg("-D").timeout(g.limit));
        let answer = command.and_then(|c| g.host.query(c).ok());
        Self {
            addresses,
            listing: answer.map(|a| a.stdout_text()).unwrap_or_default(),
        }
    }

    fn of(&self, device: &str) -> &str {
        let line = self.addresses.get(device).and_then(|a| {
            self.listing
                .lines()
                .find_map(|l| l.strip_prefix(a.as_str())?.strip_prefix(' '))
        });
        line.unwrap_or("")
    }
}

/// The last address of the bus on the way to a device: `0000:00:1f.2`.
fn address(target: &str) -> Option<String> {
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
    let (above, _) = target.rsplit_once('/')?;
    above.rsplit('/').find(|p| is_address(p)).map(str::to_owned)
}

/// Adds the size of a device or partition and of its sectors; gives the number of sectors.
fn extent(folder: &Folder, sector: Option<String>, facts: &Map) -> i64 {
    let bytes = sector.as_ref().and_then(|s| s.parse::<i64>().ok()).unwrap_or(512);
    facts.insert("sectorsize", sector.map_or(Value::Int(512), Value::from));
    // The kernel counts in units of 512.
    let size = folder.word("size").and_then(|s| s.parse::<i64>().ok());
    let sectors = size.unwrap_or(0) * 512 / bytes.max(1);
    facts.insert("size", human(sectors as f64 * bytes as f64));
    sectors
}

/// Devices made by the device mapper on this one, by its own names instead of `dm-0`.
fn holders(folder: &Folder, mapped: bool) -> Value {
    let names = if mapped {
        folder.names("holders")
    } else {
        Vec::new()
    };
    let own = |device: &String| {
        source::word(format!("/sys/block/{device}/dm/name")).unwrap_or_else(|| device.clone())
    };
    let mapped = names.iter().filter(|h| h.starts_with("dm-"));
    Value::list(mapped.map(|h| Value::str(own(h))))
}

fn partition(folder: &Folder, links: Map, mapped: bool) -> Map {
    let facts = Map::new();
    facts.insert("links", links);
    facts.insert("start", folder.word("start").map_or(Value::Int(0), Value::from));
    // A partition's own folder has no queue: Ansible finds no sector size there.
    let sectors = extent(folder, None, &facts);
    facts.insert("sectors", sectors);
    let uuids = facts
        .get("links")
        .and_then(|l| l.get("uuids"))
        .and_then(|u| u.as_list().and_then(|l| l.get(0)));
    facts.insert("uuid", uuids.unwrap_or(Value::None));
    facts.insert("holders", holders(folder, mapped));
    facts
}

#[cfg(test)]
mod tests {
    use super::{address, human};

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

    #[test]
    fn the_last_bus_address_on_the_way_to_a_device_counts() {
        let disk = "../devices/pci0000:00/0000:00:1c.0/0000:01:00.0/nvme/nvme0/nvme0n1";
        assert_eq!(address(disk).as_deref(), Some("0000:01:00.0"));
        assert_eq!(address("../devices/virtual/block/loop0"), None);
        assert_eq!(address("../devices/pci0000:00/0000:00:zz.0/block/sda"), None);
    }
}
