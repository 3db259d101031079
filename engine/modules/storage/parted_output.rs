//! What `parted -m … print` prints.

use kdo_value::{Map, Value};

/// A partition.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) number: i64,
    pub(super) name: String,
    pub(super) flags: Vec<String>,
    /// Where it ends, in the disk's unit; `None` for cylinder, head and sector.
    pub(super) end: Option<f64>,
    facts: Map,
}

/// A disk with its table of partitions.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) facts: Map,
    pub(super) table: String,
    pub(super) size: Option<f64>,
    pub(super) partitions: Vec<Partition>,
}

/// A number with the unit after it, or cylinder, head and sector; `None` for what is neither.
pub(super) fn size(text: &str) -> Option<(Value, String)> {
    let places: Vec<i64> = text.split(',').map_while(|n| n.parse().ok()).collect();
    if let [cylinder, head, sector] = places[..]
        && text.matches(',').count() == 2
    {
        let place = Map::from_iter([("cylinder", cylinder), ("head", head), ("sector", sector)]);
        return Some((place.into(), "chs".into()));
    }
    let end = text
        .char_indices()
        .find(|(at, c)| !c.is_ascii_digit() && *c != '.' && !(*at == 0 && *c == '-'))
        .map_or(text.len(), |(at, _)| at);
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_start();
    if !unit.chars().all(|c| c.is_alphanumeric() || c == '%') {
        return None;
    }
    Some((Value::Float(number.parse().ok()?), unit.to_owned()))
}

impl Disk {
    /// Reads what was printed; `unit` is what was asked for. `None` where it cannot be understood.
    pub(super) fn parse(text: &str, unit: &str) -> Option<Self> {
        let lines: Vec<Vec<&str>> = text
            .lines()
            .map(|l| l.trim().trim_end_matches(';').split(':').collect())
            .filter(|fields: &Vec<&str>| fields.iter().any(|f| !f.is_empty()))
            .collect();
        let field = |line: usize, at: usize| lines.get(line)?.get(at).copied();
        let (whole, printed) = size(field(1, 1)?)?;
        let unit = if printed.is_empty() {
            unit.to_owned()
        } else {
            printed
        };
        let lower = unit.to_lowercase();
        let facts = Map::new();
        facts.insert("dev", field(1, 0)?);
        facts.insert("size", whole.clone());
        facts.insert("unit", lower.as_str());
        facts.insert("table", field(1, 5)?);
        facts.insert("model", field(1, 6)?);
        facts.insert("logical_block", field(1, 3)?.parse::<i64>().ok()?);
        facts.insert("physical_block", field(1, 4)?.parse::<i64>().ok()?);
        let mut first = 2;
        if matches!(unit.as_str(), "cyl" | "chs") {
            first = 3;
            let (cylinder, cylinder_unit) = size(field(2, 3)?)?;
            let counts = Map::new();
            for (at, name) in ["cylinders", "heads", "sectors"].into_iter().enumerate() {
                counts.insert(name, field(2, at)?.parse::<i64>().ok()?);
            }
            counts.insert("cyl_size", cylinder);
            counts.insert("cyl_size_unit", cylinder_unit.to_lowercase());
            facts.insert("chs_info", counts);
        }
        let partitions = lines
            .iter()
            .skip(first)
            .map(|fields| Partition::parse(fields, &lower))
            .collect::<Option<_>>()?;
        Some(Self {
            table: field(1, 5)?.to_owned(),
            size: whole.as_float(),
            facts,
            partitions,
        })
    }

    /// The partition of that number.
    pub(super) fn partition(&self, number: i64) -> Option<&Partition> {
        self.partitions.iter().find(|p| p.number == number)
    }

    /// What results say of all partitions.
    pub(super) fn partition_facts(&self) -> Value {
        Value::list(self.partitions.iter().map(|p| Value::Map(p.facts.clone())))
    }
}

impl Partition {
    fn parse(fields: &[&str], unit: &str) -> Option<Self> {
        // With cylinder, head and sector there is no size.
        let sized = unit != "chs";
        let field = |at: usize| fields.get(at + usize::from(sized)).copied();
        let (begin, _) = size(fields.get(1)?)?;
        let (end, _) = size(fields.get(2)?)?;
        let flags: Vec<String> = field(5)?
            .split(',')
            .map(|f| f.trim().to_owned())
            .filter(|f| !f.is_empty())
            .collect();
        let (number, name) = (fields.first()?.parse::<i64>().ok()?, field(4)?);
        let facts = Map::new();
        facts.insert("num", number);
        facts.insert("begin", begin);
        facts.insert("end", end.clone());
        facts.insert(
            "size",
            if sized {
                size(fields.get(3)?)?.0
            } else {
                Value::str("")
            },
        );
        facts.insert("fstype", field(3)?);
        facts.insert("name", name);
        facts.insert("flags", Value::list(flags.iter().map(Value::from)));
        facts.insert("unit", unit);
        Some(Self {
            number,
            name: name.to_owned(),
            end: end.as_float(),
            flags,
            facts,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Disk, size};

    #[test]
    fn machine_readable_output_is_understood() {
        let text = "BYT;\n/dev/sdb:65536kiB:scsi:512:4096:gpt:QEMU DISK:;\n1:1024kiB:64512kiB:63488kiB:ext4:data:boot, esp;\n";
        let disk = Disk::parse(text, "KiB").unwrap();
        assert_eq!((disk.table.as_str(), disk.size), ("gpt", Some(65536.0)));
        let p = disk.partition(1).unwrap();
        assert_eq!((p.name.as_str(), p.end), ("data", Some(64512.0)));
        assert_eq!(p.flags, ["boot", "esp"]);
    }

    #[test]
    fn cylinders_heads_and_sectors_are_understood() {
        let text =
            "CHS;\n/t/disk:1023,3,31:file:512:512:gpt::;\n1024:4:32:65.5kB;\n1:0,1,2:255,3,31::boot part:;\n";
        let disk = Disk::parse(text, "chs").unwrap();
        assert_eq!(disk.size, None);
        assert_eq!(disk.partition(1).unwrap().name, "boot part");
    }

    #[test]
    fn odd_output_is_told() {
        for text in [
            "",
            "BYT;\n",
            "BYT;\n/dev/sdb:x:scsi:512:4096:gpt:m;\n",
            "BYT;\n/dev/sdb:1kiB:scsi:512:4096:gpt:m;\n1:2\n",
        ] {
            assert!(Disk::parse(text, "KiB").is_none(), "{text}");
        }
        assert!(size("10 GiB").is_some() && size("x").is_none() && size("1-2").is_none());
    }
}
