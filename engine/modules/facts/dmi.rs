//! What the firmware says of the machine.

use super::{Gather, source};
use crate::host::Command;

/// Facts, the kernel's files and the keywords of dmidecode.
const FACTS: &[(&str, &str, &str)] = &[
    ("bios_date", "bios_date", "bios-release-date"),
    ("bios_vendor", "bios_vendor", "bios-vendor"),
    ("bios_version", "bios_version", "bios-version"),
    ("board_asset_tag", "board_asset_tag", "baseboard-asset-tag"),
    ("board_name", "board_name", "baseboard-product-name"),
    ("board_serial", "board_serial", "baseboard-serial-number"),
    ("board_vendor", "board_vendor", "baseboard-manufacturer"),
    ("board_version", "board_version", "baseboard-version"),
    ("chassis_asset_tag", "chassis_asset_tag", "chassis-asset-tag"),
    ("chassis_serial", "chassis_serial", "chassis-serial-number"),
    ("chassis_vendor", "chassis_vendor", "chassis-manufacturer"),
    ("chassis_version", "chassis_version", "chassis-version"),
    ("form_factor", "chassis_type", "chassis-type"),
    ("product_name", "product_name", "system-product-name"),
    ("product_serial", "product_serial", "system-serial-number"),
    ("product_uuid", "product_uuid", "system-uuid"),
    ("product_version", "product_version", "system-version"),
    ("system_vendor", "sys_vendor", "system-manufacturer"),
];

/// Names of the chassis types, by their number in the SMBIOS specification.
const CHASSIS: &[&str] = &[
    "Unknown",
    "Other",
    "Unknown",
    "Desktop",
    "Low Profile Desktop",
    "Pizza Box",
    "Mini Tower",
    "Tower",
    "Portable",
    "Laptop",
    "Notebook",
    "Hand Held",
    "Docking Station",
    "All In One",
    "Sub Notebook",
    "Space-saving",
    "Lunch Box",
    "Main Server Chassis",
    "Expansion Chassis",
    "Sub Chassis",
    "Bus Expansion Chassis",
    "Peripheral Chassis",
    "RAID Chassis",
    "Rack Mount Chassis",
    "Sealed-case PC",
    "Multi-system",
    "CompactPCI",
    "AdvancedTCA",
    "Blade",
    "Blade Enclosure",
    "Tablet",
    "Convertible",
    "Detachable",
    "IoT Gateway",
    "Embedded PC",
    "Mini PC",
    "Stick PC",
];

const FOLDER: &str = "/sys/devices/virtual/dmi/id";

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    if std::path::Path::new(FOLDER).join("product_name").exists() {
        for (fact, file, _) in FACTS {
            let value = match source::word(format!("{FOLDER}/{file}")) {
                Some(v) if *fact == "form_factor" => {
                    let name = v.parse().ok().and_then(|n: usize| CHASSIS.get(n));
                    name.map_or_else(|| format!("unknown ({v})"), |n| (*n).to_owned())
                }
                Some(v) => v,
                None => "NA".to_owned(),
            };
            g.facts.insert(*fact, value);
        }
    } else {
        // The kernel has no such files: the program may read the tables from memory.
        let program = g.host.find_program("dmidecode");
        for (fact, _, keyword) in FACTS {
            let ask = program.as_ref().map(|p| Command::new(p).args(["-s", keyword]));
            let answer = ask.and_then(|c| g.host.query(c.timeout(g.limit)).ok());
            let value = answer.filter(|a| a.rc == 0).map(|a| {
                let text = a.stdout_text();
                text.lines().filter(|l| !l.starts_with('#')).collect::<String>()
            });
            g.facts.insert(*fact, value.unwrap_or_else(|| "NA".to_owned()));
        }
    }
    if let Some(text) = source::text("/proc/sysinfo") {
        mainframe(&text, g);
    }
}

/// What IBM Z says of itself.
fn mainframe(text: &str, g: &mut Gather<'_, '_>) {
    for name in [
        "system_vendor",
        "product_version",
        "product_serial",
        "product_name",
        "product_uuid",
    ] {
        g.facts.insert(name, "NA");
    }
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim_start();
        let (fact, value) = match key {
            "Manufacturer" => ("system_vendor", value),
            "Type" => ("product_name", value),
            "Sequence Code" => ("product_serial", value.trim_start_matches('0')),
            _ => continue,
        };
        g.facts.insert(fact, value);
    }
}
