//! Block devices.

use super::{Gather, source};
use kdo_value::{Map, Value};
use std::{collections::BTreeMap, fs};

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
    let devices = Map::new();
    for name in source::names("/sys/block") {
        let base = format!("/sys/block/{name}");
        let real = fs::canonicalize(&base).unwrap_or_default();
        if name.starts_with("ram") {
            continue;
        }
        let links = |device: &str| all.iter().map(|(k, l)| (*k, of(l, device))).collect::<Map>();
        let read = |file: &str| source::text(format!("{base}/{file}"));
        let optional = |file: &str| {
            read(file)
                .filter(|t| !t.is_empty())
                .map_or(Value::None, Value::str)
        };
        let facts = Map::new();
        facts.insert("links", links(&name));
        for (key, file) in [
            ("vendor", "vendor"),
            ("model", "model"),
            ("sas_address", "sas_address"),
            ("sas_device_handle", "sas_device_handle"),
        ] {
            facts.insert(key, optional(&format!("device/{file}")));
        }
        if let Some(serial) = read("device/serial")
            .or_else(|| read("serial"))
            .filter(|s| !s.is_empty())
        {
            facts.insert("serial", serial);
        }
        let ids = all.first().and_then(|(_, ids)| ids.get(&name));
        if let Some(wwn) = ids.into_iter().flatten().find_map(|i| i.strip_prefix("wwn-")) {
            facts.insert("wwn", wwn);
        }
        facts.insert("removable", read("removable").unwrap_or_default());
        facts.insert(
            "support_discard",
            read("queue/discard_granularity").unwrap_or_default(),
        );
        let partitions = Map::new();
        for part in source::names(&base) {
            if part.starts_with(&name) && source::text(format!("{base}/{part}/partition")).is_some() {
                partitions.insert(
                    part.as_str(),
                    partition(&format!("{base}/{part}"), &part, links(&part)),
                );
            }
        }
        facts.insert("partitions", partitions);
        facts.insert("rotational", read("queue/rotational").unwrap_or_default());
        let schedulers = read("queue/scheduler").unwrap_or_default();
        let chosen = schedulers
            .split_once('[')
            .and_then(|(_, r)| r.split_once(']'))
            .map(|(s, _)| s.to_owned());
        // Devices with only one scheduler name it without brackets.
        facts.insert("scheduler_mode", chosen.unwrap_or(schedulers));
        let sectors = read("size").and_then(|s| s.parse::<i64>().ok()).unwrap_or(0);
        facts.insert("sectors", sectors);
        facts.insert(
            "sectorsize",
            read("queue/logical_block_size").unwrap_or_else(|| "512".into()),
        );
        facts.insert("size", human(sectors as f64 * 512.0));
        facts.insert("virtual", i64::from(!real.to_string_lossy().contains("/pci")));
        facts.insert("host", "");
        let holders = source::names(format!("{base}/holders"));
        let holders = holders.iter().map(|h| holder(h));
        facts.insert("holders", Value::list(holders.map(Value::str)));
        devices.insert(name.as_str(), facts);
    }
    g.facts.insert("devices", devices);
}

/// A device mapper's own name instead of `dm-0`.
fn holder(device: &str) -> String {
    source::word(format!("/sys/block/{device}/dm/name")).unwrap_or_else(|| device.to_owned())
}

fn partition(base: &str, name: &str, links: Map) -> Map {
    let facts = Map::new();
    facts.insert("links", links);
    facts.insert(
        "start",
        source::text(format!("{base}/start")).unwrap_or_else(|| "0".into()),
    );
    let sectors = source::text(format!("{base}/size"))
        .and_then(|s| s.parse::<i64>().ok())
        .unwrap_or(0);
    facts.insert("sectors", sectors.to_string());
    facts.insert(
        "sectorsize",
        source::text(format!("{base}/queue/logical_block_size")).map_or(Value::Int(512), Value::str),
    );
    facts.insert("size", human(sectors as f64 * 512.0));
    let uuids = facts
        .get("links")
        .and_then(|l| l.get("uuids"))
        .and_then(|u| u.as_list().and_then(|l| l.get(0)));
    facts.insert("uuid", uuids.unwrap_or(Value::None));
    let holders = source::names(format!("/sys/class/block/{name}/holders"));
    facts.insert(
        "holders",
        Value::list(holders.iter().map(|h| Value::str(holder(h)))),
    );
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
