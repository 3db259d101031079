//! `parted`: partitions of disks.

use crate::{host::Command, prelude::*};

/// Make, change or remove partitions
///
/// Everything that is to be done to the disk goes to one run of parted.
#[derive(Params)]
#[params(required_if(state = "present", number))]
#[params(required_if(state = "absent", number))]
pub struct Parted {
    /// How new partitions are aligned.
    #[param(
        default = "optimal",
        choices("cylinder", "minimal", "none", "optimal", "undefined")
    )]
    align: String,
    /// The disk.
    #[param(required)]
    device: String,
    /// Flags that must be set; others are taken away.
    flags: Option<Vec<String>>,
    /// Kind of file system that a new partition is meant for.
    fs_type: Option<String>,
    /// Kind of the partition table; another one that is there is replaced, with all partitions.
    #[param(
        default = "msdos",
        choices("aix", "amiga", "bsd", "dvh", "gpt", "loop", "mac", "msdos", "pc98", "sun")
    )]
    label: String,
    /// Name of the partition, for tables that have names.
    name: Option<String>,
    /// Number of the partition.
    number: Option<i64>,
    /// Where it ends.
    #[param(default = "100%")]
    part_end: String,
    /// Where it begins.
    #[param(default = "0%")]
    part_start: String,
    /// Kind of partition, for msdos tables.
    #[param(default = "primary", choices("extended", "logical", "primary"))]
    part_type: String,
    /// Move the end of an existing partition to `part_end`.
    #[param(default = false)]
    resize: bool,
    /// Whether the partition must be there; `info` only tells.
    #[param(default = "info", choices("absent", "present", "info"))]
    state: String,
    /// Unit of sizes in arguments without one, and in the result.
    #[param(
        default = "KiB",
        choices(
            "s", "B", "KB", "KiB", "MB", "MiB", "GB", "GiB", "TB", "TiB", "%", "cyl", "chs", "compact"
        )
    )]
    unit: String,
}

/// A number and the unit after it.
fn size(text: &str) -> (f64, String) {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number.parse().unwrap_or(0.0), unit.to_lowercase())
}

#[derive(Debug)]
struct Partition {
    number: i64,
    facts: Map,
    name: String,
    end: String,
    flags: Vec<String>,
}

#[derive(Debug, Default)]
struct Disk {
    facts: Map,
    table: String,
    partitions: Vec<Partition>,
}

/// What `parted -m … print` prints.
fn parse(text: &str, unit: &str) -> Disk {
    let mut disk = Disk::default();
    for line in text.lines().map(|l| l.trim().trim_end_matches(';')) {
        let f: Vec<_> = line.split(':').collect();
        if line.starts_with('/') && f.len() >= 7 {
            let field = |i: usize| f.get(i).copied().unwrap_or("");
            disk.table = field(5).to_owned();
            disk.facts.insert("dev", field(0));
            disk.facts.insert("size", size(field(1)).0);
            disk.facts.insert("unit", unit.to_lowercase());
            disk.facts.insert("table", field(5));
            disk.facts.insert("model", field(6));
            disk.facts
                .insert("logical_block", field(3).parse::<i64>().unwrap_or(0));
            disk.facts
                .insert("physical_block", field(4).parse::<i64>().unwrap_or(0));
        } else if let Some(number) = f.first().and_then(|n| n.parse::<i64>().ok())
            && f.len() >= 7
        {
            let field = |i: usize| f.get(i).copied().unwrap_or("");
            let flags: Vec<_> = field(6)
                .split(',')
                .map(|w| w.trim().to_owned())
                .filter(|w| !w.is_empty())
                .collect();
            let facts = Map::new();
            facts.insert("num", number);
            facts.insert("begin", size(field(1)).0);
            facts.insert("end", size(field(2)).0);
            facts.insert("size", size(field(3)).0);
            facts.insert("fstype", field(4));
            facts.insert("name", field(5));
            facts.insert("flags", Value::list(flags.iter().map(Value::from)));
            facts.insert("unit", unit.to_lowercase());
            disk.partitions.push(Partition {
                number,
                facts,
                name: field(5).to_owned(),
                end: field(2).to_owned(),
                flags,
            });
        }
    }
    disk
}

impl Parted {
    fn program(&self, host: &Host<'_>) -> Result<Command, Failure> {
        let c = Command::new(host.need_program("parted", "parted")?)
            .args(["-s", "-m"])
            .env("LC_ALL", "C");
        let c = if self.align == "undefined" {
            c
        } else {
            c.arg("-a").arg(&self.align)
        };
        Ok(c.arg(&self.device).arg("--"))
    }

    fn look(&self, host: &mut Host<'_>) -> Result<Disk, Failure> {
        let out = host.query(self.program(host)?.args(["unit", &self.unit, "print"]))?;
        if out.rc != 0 && !out.stderr_text().contains("unrecognised disk label") {
            return Err(Failure::new(format!(
                "Error while getting device information with parted script: '{}'",
                out.stderr_text().trim()
            ))
            .with("rc", out.rc)
            .with("err", out.stderr_text())
            .with("out", out.stdout_text()));
        }
        Ok(parse(&out.stdout_text(), &self.unit))
    }

    /// The words for parted that make the disk as wanted.
    fn script(&self, disk: &Disk) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        let mut add = |words: &[&str]| out.extend(words.iter().map(|w| (*w).to_owned()));
        let number = self.number.unwrap_or(0).to_string();
        let relabel = disk.table != self.label;
        let now = disk
            .partitions
            .iter()
            .find(|p| Some(p.number) == self.number && !relabel);
        if self.state == "absent" {
            if disk.partitions.iter().any(|p| Some(p.number) == self.number) {
                add(&["rm", &number]);
            }
            return out;
        }
        if relabel {
            add(&["mklabel", &self.label]);
        }
        match now {
            None => {
                add(&["unit", &self.unit, "mkpart", &self.part_type]);
                if let Some(kind) = &self.fs_type {
                    add(&[kind]);
                }
                add(&[&self.part_start, &self.part_end]);
            }
            Some(p) if self.resize => {
                let (is, wanted) = (size(&p.end), size(&self.part_end));
                let whole = self.part_end == "100%";
                let disk_end = disk.facts.get("size").and_then(|s| s.as_float()).unwrap_or(0.0);
                // The last mebibyte may be the table's copy: an end there is the end.
                let full = whole && disk_end - is.0 <= 1100.0 && self.unit == "KiB";
                let same = is.0 == wanted.0 && (wanted.1.is_empty() || wanted.1 == is.1);
                if !full && !same {
                    add(&["unit", &self.unit, "resizepart", &number, &self.part_end]);
                }
            }
            Some(_) => {}
        }
        if let Some(name) = &self.name
            && now.is_none_or(|p| p.name != *name)
        {
            add(&["name", &number, name]);
        }
        if let Some(flags) = &self.flags {
            let is: &[String] = now.map_or(&[], |p| &p.flags);
            // On GPT these two are one flag: it has both names, and taking one away takes both.
            let twin = |flag: &str| match flag {
                "boot" if self.label == "gpt" => Some("esp"),
                "esp" if self.label == "gpt" => Some("boot"),
                _ => None,
            };
            for flag in flags.iter().filter(|f| !is.contains(f)) {
                add(&["set", &number, flag, "on"]);
            }
            let meant = |f: &&String| flags.iter().any(|w| w == *f || Some(w.as_str()) == twin(f));
            for flag in is.iter().filter(|f| !meant(f)) {
                add(&["set", &number, flag, "off"]);
            }
        }
        out
    }
}

impl Module for Parted {
    const META: Meta = Meta {
        name: "community.general.parted",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "disk",
                doc: "The disk and its table.",
            },
            Return {
                name: "partitions",
                doc: "The partitions afterwards.",
            },
            Return {
                name: "script",
                doc: "What was given to parted.",
            },
        ],
        examples: &[Example {
            title: "One partition over the whole disk",
            args: r#"{"device": "/dev/sdb", "number": 1, "label": "gpt", "state": "present"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if self.number.is_some_and(|n| n < 1) {
            return Err(Failure::new("The partition number must be greater then 0."));
        }
        let mut disk = self.look(host)?;
        let script = if self.state == "info" {
            Vec::new()
        } else {
            self.script(&disk)
        };
        if !script.is_empty()
            && let Some(out) = host.execute(self.program(host)?.args(&script))?
        {
            if out.rc != 0 {
                return Err(Failure::new(format!(
                    "Error while running parted script: {}",
                    out.stderr_text().trim()
                ))
                .with("rc", out.rc)
                .with("err", out.stderr_text())
                .with("out", out.stdout_text()));
            }
            disk = self.look(host)?;
        }
        Ok(Outcome::new()
            .with("disk", disk.facts)
            .with(
                "partitions",
                Value::list(disk.partitions.into_iter().map(|p| Value::Map(p.facts))),
            )
            .with("script", script.join(" ")))
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn machine_readable_output_is_understood() {
        let text = "BYT;\n/dev/sdb:65536kiB:scsi:512:4096:gpt:QEMU DISK:;\n1:1024kiB:64512kiB:63488kiB:ext4:data:boot, esp;\n";
        let disk = parse(text, "KiB");
        assert_eq!(disk.table, "gpt");
        assert_eq!(disk.facts.get("size").unwrap().as_float(), Some(65536.0));
        let p = &disk.partitions[0];
        assert_eq!((p.number, p.name.as_str()), (1, "data"));
        assert_eq!(p.flags, ["boot", "esp"]);
    }
}
