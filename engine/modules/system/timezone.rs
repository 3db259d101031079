//! `timezone`: the host's time zone.

use crate::{
    facts::service_mgr,
    host::{Command, Save},
    prelude::*,
};
use std::{fs, path::Path};

/// Set the time zone, and how the hardware clock is read
#[derive(Params)]
#[params(one_of(hwclock, name))]
pub struct Timezone {
    /// Whether the hardware clock runs in UTC or in local time.
    #[param(alias = "rtc", choices("local", "UTC"))]
    hwclock: Option<String>,
    /// Name of the zone, as in the zone database.
    name: Option<String>,
}

const ZONES: &str = "/usr/share/zoneinfo";

/// The zone by the link `/etc/localtime`, else by `/etc/timezone`.
fn current() -> String {
    let link = fs::read_link("/etc/localtime")
        .map(|p| p.to_string_lossy().into_owned())
        .unwrap_or_default();
    match link.split_once("zoneinfo/") {
        Some((_, zone)) => zone.to_owned(),
        None => fs::read_to_string("/etc/timezone")
            .unwrap_or_default()
            .trim()
            .to_owned(),
    }
}

fn clock() -> &'static str {
    let text = fs::read_to_string("/etc/adjtime").unwrap_or_default();
    if text.lines().nth(2).is_some_and(|l| l.trim() == "LOCAL") {
        "local"
    } else {
        "UTC"
    }
}

impl Timezone {
    fn set_zone(&self, host: &mut Host<'_>, zone: &str, systemd: bool) -> Result<(), Failure> {
        if systemd {
            let program = host.need_program("timedatectl", "systemd")?;
            if let Some(out) = host.execute(Command::new(program).args(["set-timezone", zone]))? {
                out.success("Error message")?;
            }
            return Ok(());
        }
        let target = Path::new(ZONES).join(zone);
        host.make_symlink(&target, Path::new("/etc/localtime"))?;
        let file = Path::new("/etc/timezone");
        // Debian keeps the name there too.
        if file.exists() || Path::new("/etc/debian_version").exists() {
            host.write(
                file,
                format!("{zone}\n").as_bytes(),
                &Save::default(),
                &FileAttrs::default(),
            )?;
        }
        Ok(())
    }

    fn set_clock(&self, host: &mut Host<'_>, wanted: &str, systemd: bool) -> Result<(), Failure> {
        let c = if systemd {
            let local = if wanted == "local" { "yes" } else { "no" };
            Command::new(host.need_program("timedatectl", "systemd")?).args(["set-local-rtc", local])
        } else {
            let option = if wanted == "local" { "--localtime" } else { "--utc" };
            Command::new(host.need_program("hwclock", "util-linux")?).args(["--systohc", option])
        };
        if let Some(out) = host.execute(c)? {
            out.success("Error message")?;
        }
        Ok(())
    }
}

impl Module for Timezone {
    const META: Meta = Meta {
        name: "community.general.timezone",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[],
        examples: &[Example {
            title: "Set the zone",
            args: r#"{"name": "Europe/Vienna"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let systemd = service_mgr::systemd_runs() && host.find_program("timedatectl").is_some();
        let (before, after) = (Map::new(), Map::new());
        if let Some(zone) = &self.name {
            let escapes = zone.starts_with('/') || zone.split('/').any(|p| p == "..");
            if escapes || !Path::new(ZONES).join(zone).is_file() {
                return Err(Failure::new(format!(
                    "given timezone \"{zone}\" is not available"
                )));
            }
            let is = current();
            before.insert("name", is.as_str());
            after.insert("name", zone.as_str());
            if is != *zone {
                self.set_zone(host, zone, systemd)?;
            }
        }
        if let Some(wanted) = &self.hwclock {
            before.insert("hwclock", clock());
            after.insert("hwclock", wanted.as_str());
            if clock() != wanted {
                self.set_clock(host, wanted, systemd)?;
            }
        }
        let changed = host.changed();
        let out = Outcome::new().changed(changed);
        if changed && host.wants_diff() {
            let diff = Map::from_iter([("before", before), ("after", after)]);
            return Ok(out.with("diff", diff));
        }
        Ok(out)
    }
}
