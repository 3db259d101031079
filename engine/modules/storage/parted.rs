//! `parted`: partitions of disks.

use super::parted_output::{Disk, Partition, size};
use crate::{host::Command, prelude::*};

/// Make, change or remove partitions
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

/// What sizes may be written in.
const UNITS: &[&str] = &[
    "B", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB", "s", "%", "cyl", "chs", "compact",
];

/// An end that is this near to the disk's end is the end: tables like GPT have a copy there.
const NEAR: f64 = 1100.0 * 1024.0;

/// Bytes of a size in that unit; those that have no fixed size count as one, as results do.
fn bytes(number: f64, unit: &str) -> f64 {
    let power = |letters: &[&str], base: f64| {
        let at = letters.iter().position(|l| unit.eq_ignore_ascii_case(l))?;
        Some(base.powi(i32::try_from(at).unwrap_or(0)))
    };
    let factor = power(&["B", "KB", "MB", "GB", "TB"], 1000.0)
        .or_else(|| power(&["", "KiB", "MiB", "GiB", "TiB"], 1024.0).filter(|_| !unit.is_empty()))
        .unwrap_or(match unit {
            "" | "compact" | "cyl" | "chs" => 1e6,
            _ => 1.0,
        });
    (number * factor).trunc()
}

impl Parted {
    fn command(host: &Host<'_>) -> Result<Command, Failure> {
        Ok(Command::new(host.need_program("parted", "parted")?).env("LC_ALL", "C"))
    }

    fn failure(words: &str, out: &Output) -> Failure {
        Failure::new(words)
            .with("rc", out.rc)
            .with("err", out.stderr_text())
            .with("out", out.stdout_text())
    }

    fn look(&self, host: &mut Host<'_>) -> Result<Disk, Failure> {
        let command = Self::command(host)?
            .args(["-s", "-m", &self.device, "--"])
            .args(["unit", &self.unit, "print"]);
        let out = host.query(command)?;
        if out.rc != 0 && !out.stderr_text().contains("unrecognised disk label") {
            let words = format!(
                "Error while getting device information with parted: {}",
                out.stderr_text().trim()
            );
            return Err(Self::failure(&words, &out));
        }
        Disk::parse(&out.stdout_text(), &self.unit)
            .ok_or_else(|| Self::failure("parted prints something unknown", &out))
    }

    /// Whether parted can be asked to mend a table that does not fit the disk: since 3.4.64.
    fn mends(host: &mut Host<'_>) -> Result<bool, Failure> {
        let out = host.query(Self::command(host)?.arg("--version"))?;
        let text = out.stdout_text();
        let version = text.lines().next().and_then(|l| l.split_whitespace().next_back());
        let numbers = version
            .unwrap_or_default()
            .split(['.', '-'])
            .map_while(|n| n.parse::<u32>().ok());
        Ok(numbers.collect::<Vec<_>>() >= vec![3, 4, 64])
    }

    fn apply(&self, host: &mut Host<'_>, script: &[String]) -> Result<(), Failure> {
        let mut command = Self::command(host)?.arg("-s");
        if Self::mends(host)? {
            command = command.arg("-f");
        }
        command = command.arg("-m");
        if self.align != "undefined" {
            command = command.arg("-a").arg(&self.align);
        }
        match host.execute(command.arg(&self.device).arg("--").args(script))? {
            Some(out) if out.rc != 0 => {
                let words = format!("Error while running parted script: {}", out.stderr_text().trim());
                Err(Self::failure(&words, &out))
            }
            _ => Ok(()),
        }
    }

    /// Words for parted, the unit before them if there are any.
    fn with_unit(&self, words: Vec<String>) -> Vec<String> {
        if words.is_empty() {
            return words;
        }
        [vec!["unit".to_owned(), self.unit.clone()], words].concat()
    }

    /// What makes or resizes the partition.
    fn make(&self, disk: &Disk, number: i64) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        let mut add = |words: &[&str]| out.extend(words.iter().map(|w| (*w).to_owned()));
        let relabel = disk.table != self.label;
        let now = disk.partition(number);
        if relabel {
            add(&["mklabel", &self.label]);
        }
        if relabel || now.is_none() {
            add(&["mkpart", &self.part_type]);
            if let Some(kind) = &self.fs_type {
                add(&[kind]);
            }
            add(&[&self.part_start, &self.part_end]);
        }
        let mut out = self.with_unit(out);
        if self.resize
            && let Some(now) = now
            && self.ends_elsewhere(disk, now)
        {
            out.extend(["resizepart".to_owned(), number.to_string(), self.part_end.clone()]);
        }
        out
    }

    fn ends_elsewhere(&self, disk: &Disk, now: &Partition) -> bool {
        let (Some(end), Some(whole)) = (now.end, disk.size) else {
            return true;
        };
        let is = bytes(end, &self.unit);
        let Some((Value::Float(wanted), unit)) = size(&self.part_end) else {
            return true;
        };
        if unit == "%" {
            let near = wanted == 100.0 && (bytes(whole, &self.unit) - is).abs() <= NEAR;
            return !near && is != bytes((whole.trunc() * wanted / 100.0).trunc(), &self.unit);
        }
        is != bytes(wanted, &unit)
    }

    /// What gives the partition its name and flags.
    fn describe(&self, now: Option<&Partition>, number: i64) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        let number = number.to_string();
        let mut add = |words: &[&str]| out.extend(words.iter().map(|w| (*w).to_owned()));
        if let Some(name) = &self.name
            && now.is_none_or(|p| p.name != *name)
        {
            // parted reads its arguments as one line again.
            add(&["name", &number, &format!("\"{name}\"")]);
        }
        if let Some(flags) = self.flags.as_ref().filter(|f| !f.is_empty()) {
            let mut flags = flags.clone();
            // One flag with two names: parted shows both.
            if flags.iter().any(|f| f == "esp") && !flags.iter().any(|f| f == "boot") {
                flags.push("boot".to_owned());
            }
            let is: &[String] = now.map_or(&[], |p| &p.flags);
            for flag in flags.iter().filter(|f| !is.contains(f)) {
                add(&["set", &number, flag, "on"]);
            }
            for flag in is.iter().filter(|f| !flags.contains(f)) {
                add(&["set", &number, flag, "off"]);
            }
        }
        self.with_unit(out)
    }

    /// Runs what is needed; gives the words that parted got.
    fn change(&self, host: &mut Host<'_>, disk: &Disk, number: i64) -> Result<Vec<String>, Failure> {
        if self.state == "absent" {
            if disk.partition(number).is_none() {
                return Ok(Vec::new());
            }
            let script = vec!["rm".to_owned(), number.to_string()];
            self.apply(host, &script)?;
            return Ok(script);
        }
        let made = self.make(disk, number);
        let mut now = None;
        if !made.is_empty() {
            self.apply(host, &made)?;
            if !host.check() {
                now = Some(self.look(host)?);
            }
        }
        let fresh = !made.is_empty() && host.check();
        let partition = now.as_ref().unwrap_or(disk).partition(number).filter(|_| !fresh);
        if partition.is_none() && !fresh {
            return Ok(made);
        }
        let described = self.describe(partition, number);
        if !described.is_empty() {
            self.apply(host, &described)?;
        }
        Ok([made, described].concat())
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
            return Err("The partition number must be greater then 0.".into());
        }
        for (name, value) in [("part_start", &self.part_start), ("part_end", &self.part_end)] {
            let read = size(value);
            if read
                .as_ref()
                .is_some_and(|(_, unit)| UNITS.contains(&unit.as_str()))
            {
                continue;
            }
            let failure = Failure::new(format!(
                "The argument '{name}' is not a number with one of the units {} (letters as here)",
                UNITS.join(", ")
            ));
            return Err(match read {
                Some((number, unit)) => failure.with("err", Value::list([number, Value::str(unit)])),
                None => failure,
            });
        }
        let mut disk = self.look(host)?;
        let script = match self.number {
            Some(number) if self.state != "info" => self.change(host, &disk, number)?,
            _ => ["unit", &self.unit, "print"].map(str::to_owned).to_vec(),
        };
        if host.changed() && !host.check() {
            disk = self.look(host)?;
        }
        Ok(Outcome::new()
            .with("partitions", disk.partition_facts())
            .with("disk", disk.facts)
            .with("script", Value::list(script.iter().map(Value::from))))
    }
}
