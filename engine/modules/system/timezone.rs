//! `timezone`: the host's time zone.

use crate::{
    facts::service_mgr,
    host::{Command, Save},
    prelude::*,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

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

/// The zone that the link `/etc/localtime` leads to.
fn linked() -> Option<String> {
    let link = fs::read_link("/etc/localtime").ok()?;
    let (_, zone) = link.to_str()?.split_once("zoneinfo/")?;
    Some(zone.to_owned())
}

/// What the hardware clock is read as, by `/etc/adjtime`.
fn clock() -> &'static str {
    let text = fs::read_to_string("/etc/adjtime").unwrap_or_default();
    if text.lines().any(|l| l == "LOCAL") {
        "local"
    } else {
        "UTC"
    }
}

/// Whether that line gives the key a value.
fn gives<'l>(line: &'l str, key: &str) -> Option<&'l str> {
    let value = line.strip_prefix(key)?.trim_start().strip_prefix('=')?;
    value.split_whitespace().next()
}

/// How zone and clock are kept: by systemd, or in files.
enum Keeper {
    Systemd(PathBuf),
    Files {
        /// Where the zone's name is, and the key it has there if there are others.
        zone: (&'static str, Option<&'static str>),
        /// Where `UTC=yes` is.
        clock: &'static str,
    },
}

impl Keeper {
    fn of(host: &Host<'_>) -> Self {
        if let Some(program) = host
            .find_program("timedatectl")
            .filter(|_| service_mgr::systemd_runs())
        {
            return Self::Systemd(program);
        }
        let own = ("/etc/timezone", None);
        if host.find_program("dpkg-reconfigure").is_some() {
            let clock = "/etc/default/rcS";
            return Self::Files { zone: own, clock };
        }
        if host.find_program("setup-timezone").is_some() || Path::new("/etc/gentoo-release").exists() {
            let clock = "/etc/conf.d/hwclock";
            return Self::Files { zone: own, clock };
        }
        let clock = "/etc/sysconfig/clock";
        let text = fs::read_to_string(clock).unwrap_or_default();
        let suse =
            Path::new("/etc/SuSE-release").exists() || text.lines().any(|l| gives(l, "TIMEZONE").is_some());
        let key = if suse { "TIMEZONE" } else { "ZONE" };
        Self::Files {
            zone: (clock, Some(key)),
            clock,
        }
    }

    /// The zone as it is, seen by one that wants that one.
    fn zone(&self, wanted: &str) -> String {
        let none = || "n/a".to_owned();
        let Self::Files {
            zone: (file, key), ..
        } = self
        else {
            return linked().unwrap_or_else(|| "UTC".to_owned());
        };
        let text = fs::read_to_string(file).unwrap_or_default();
        let named = match key {
            None => text
                .lines()
                .find_map(|l| l.split_whitespace().next().filter(|_| !l.starts_with(' '))),
            Some(key) => text.lines().find_map(|l| gives(l, key)),
        };
        match named.map(|n| n.trim_matches('"')) {
            None => none(),
            Some(named) if named != wanted => named.to_owned(),
            Some(named) => {
                let (local, zone) = (Path::new("/etc/localtime"), Path::new(ZONES).join(wanted));
                let copied = || fs::read(local).is_ok_and(|l| fs::read(zone).is_ok_and(|z| l == z));
                match linked() {
                    Some(linked) if local.exists() => linked,
                    None if !local.is_symlink() && copied() => named.to_owned(),
                    _ => none(),
                }
            }
        }
    }

    /// What the clock is read as, seen by one that wants that.
    fn clock(&self, wanted: &str) -> &'static str {
        let Self::Files { clock: file, .. } = self else {
            return clock();
        };
        let text = fs::read_to_string(file).unwrap_or_default();
        let named = match text.lines().find_map(|l| gives(l, "UTC")) {
            None => return "n/a",
            Some("yes" | "true" | "1" | "on") => "UTC",
            Some(_) => "local",
        };
        if named == wanted { clock() } else { named }
    }

    /// Sets the zone: what was done.
    fn set_zone(&self, host: &mut Host<'_>, zone: &str) -> Result<String, Failure> {
        let (file, key) = match self {
            Self::Systemd(program) => {
                return done(host, Command::new(program).args(["set-timezone", zone]));
            }
            Self::Files { zone, .. } => *zone,
        };
        let said = match key {
            None => put(host, file, &|l| !l.trim().is_empty() && !l.starts_with(' '), zone)?,
            Some(key) => put(
                host,
                file,
                &|l| gives(l, key).is_some(),
                &format!("{key}=\"{zone}\""),
            )?,
        };
        host.make_symlink(&Path::new(ZONES).join(zone), Path::new("/etc/localtime"))?;
        Ok(said)
    }

    /// Sets how the hardware clock is read: what was done.
    fn set_clock(&self, host: &mut Host<'_>, wanted: &str) -> Result<String, Failure> {
        let local = wanted == "local";
        let file = match self {
            Self::Systemd(program) => {
                let local = if local { "yes" } else { "no" };
                return done(host, Command::new(program).args(["set-local-rtc", local]));
            }
            Self::Files { clock, .. } => clock,
        };
        let program = host.need_program("hwclock", "util-linux-extra")?;
        let utc = if local { "UTC=no" } else { "UTC=yes" };
        let said = put(host, file, &|l| gives(l, "UTC").is_some(), utc)?;
        let option = if local { "--localtime" } else { "--utc" };
        let ran = done(host, Command::new(program).args(["--systohc", option]))?;
        Ok(format!("{said}\n{ran}"))
    }
}

/// Runs a program and says so.
fn done(host: &mut Host<'_>, command: Command) -> Result<String, Failure> {
    let words = command.argv_text().join(" ");
    if let Some(out) = host.execute(command)? {
        out.success("Error message")?;
    }
    Ok(format!("executed `{words}`"))
}

/// Puts the line where the first that it replaces is, else at the top, and says so.
fn put(
    host: &mut Host<'_>,
    file: &str,
    replaces: &dyn Fn(&str) -> bool,
    line: &str,
) -> Result<String, Failure> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let mut lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|l| replaces(l)).unwrap_or(0);
    let before = lines.len();
    lines.retain(|l| !replaces(l));
    let gone = before - lines.len();
    lines.insert(at, line);
    let content = lines.join("\n") + "\n";
    host.write(
        Path::new(file),
        content.as_bytes(),
        &Save::default(),
        &FileAttrs::default(),
    )?;
    Ok(format!("Added 1 line and deleted {gone} line(s) on {file}"))
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
        let (before, after) = (Map::new(), Map::new());
        let mut said = Vec::new();
        if let Some(zone) = &self.name {
            let escapes = zone.starts_with('/') || zone.split('/').any(|p| p == "..");
            if escapes || !Path::new(ZONES).join(zone).is_file() {
                return Err(Failure::new(format!(
                    "Error message:\ngiven timezone \"{zone}\" is not available; the package tzdata has the zones"
                )));
            }
        }
        let keeper = Keeper::of(host);
        if let Some(wanted) = &self.hwclock {
            let is = keeper.clock(wanted);
            before.insert("hwclock", is);
            after.insert("hwclock", wanted.as_str());
            if is != wanted {
                said.push(host.quietly(|host| keeper.set_clock(host, wanted))?);
            }
        }
        if let Some(zone) = &self.name {
            let is = keeper.zone(zone);
            before.insert("name", is.as_str());
            after.insert("name", zone.as_str());
            if is != *zone {
                said.push(host.quietly(|host| keeper.set_zone(host, zone))?);
            }
        }
        let out = Outcome::new()
            .changed(!said.is_empty())
            .with("diff", Map::from_iter([("before", before), ("after", after)]));
        if said.is_empty() || host.check() {
            return Ok(out);
        }
        Ok(out.with("msg", said.join("\n")))
    }
}

#[cfg(test)]
mod tests {
    use super::gives;

    #[test]
    fn a_key_is_known_by_its_whole_name() {
        assert_eq!(gives("UTC=yes", "UTC"), Some("yes"));
        assert_eq!(gives("ZONE = \"Asia/Tokyo\"", "ZONE"), Some("\"Asia/Tokyo\""));
        assert_eq!(gives("UTCX=yes", "UTC"), None);
        assert_eq!(gives("#UTC=yes", "UTC"), None);
    }
}
