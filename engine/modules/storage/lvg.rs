//! `lvg`: groups of volumes.

use super::lvm::{attribute, change, command, failure, report};
use crate::{files::file_text as text, prelude::*};
use std::{fs, path::Path};

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Present,
    Active,
    Inactive,
}

/// Make, change and remove groups of logical volumes (LVM)
#[derive(Params)]
#[params(required_if(reset_pv_uuid = "True", pvs))]
pub struct Lvg {
    /// Name of the group.
    #[param(required)]
    vg: String,
    /// Devices it consists of; they become physical volumes if they are not.
    #[param(elements = "str")]
    pvs: Option<Vec<String>>,
    /// Size of an extent, in megabytes or with a unit; only for a new group.
    #[param(default = "4")]
    pesize: String,
    /// More options for `pvcreate`.
    #[param(default = "")]
    pv_options: String,
    /// Grow physical volumes to the size of their devices.
    #[param(default = false)]
    pvresize: bool,
    /// More options for `vgcreate`.
    #[param(default = "")]
    vg_options: String,
    /// Whether the group should be there; and whether its volumes are active.
    #[param(default = "present")]
    state: State,
    /// Remove a group that has volumes: what is on them is lost.
    #[param(default = false)]
    force: bool,
    /// Give the group a new UUID, each time.
    #[param(default = false)]
    reset_vg_uuid: bool,
    /// Give the physical volumes new UUIDs, each time.
    #[param(default = false)]
    reset_pv_uuid: bool,
    /// Take devices out of the group that are not in `pvs`.
    #[param(default = true)]
    remove_extra_pvs: bool,
}

const AUTOACTIVATION: &str = "--setautoactivation";

/// A physical volume and the group it is in, if any.
struct Physical {
    device: String,
    group: String,
}

fn real(device: &str) -> String {
    fs::canonicalize(device).map_or_else(|_| device.to_owned(), |path| text(&path))
}

fn words(list: &str) -> impl Iterator<Item = String> {
    list.split_whitespace().map(str::to_owned)
}

/// Whether that program knows of volumes that are not activated at boot.
fn knows_autoactivation(host: &mut Host<'_>, program: &str) -> Result<bool, Failure> {
    let command = command(host, program, ["--help"])?;
    Ok(host.query(command)?.stdout_text().contains(AUTOACTIVATION))
}

impl Lvg {
    /// How many volumes the group has; `None` if there is no such group.
    fn volumes(&self, host: &mut Host<'_>) -> Result<Option<u64>, Failure> {
        match report(host, "vgs", &["-o", "vg_name,lv_count"])? {
            Ok(groups) => Ok(groups
                .iter()
                .find(|g| g.first() == Some(&self.vg))
                .and_then(|g| g.get(1)?.parse().ok())),
            Err(out) => Err(failure("the groups of volumes cannot be listed", &out)),
        }
    }

    fn physical(&self, host: &mut Host<'_>) -> Result<Vec<Physical>, Failure> {
        match report(host, "pvs", &["-o", "pv_name,vg_name"])? {
            Ok(list) => Ok(list
                .into_iter()
                .map(|fields| Physical {
                    device: real(fields.first().map_or("", String::as_str)),
                    group: fields.get(1).cloned().unwrap_or_default(),
                })
                .collect()),
            Err(out) => Err(failure("Failed executing pvs command.", &out)),
        }
    }

    fn make_physical(&self, host: &mut Host<'_>, devices: &[String]) -> Result<(), Failure> {
        for device in devices {
            let mut args: Vec<_> = words(&self.pv_options).collect();
            args.extend(["-f".to_owned(), device.clone()]);
            change(
                host,
                "pvcreate",
                &args,
                &format!("Creating physical volume '{device}' failed"),
            )?;
        }
        Ok(())
    }

    fn create(&self, host: &mut Host<'_>, devices: &[String]) -> Result<(), Failure> {
        let mut args: Vec<_> = words(&self.vg_options).collect();
        let active = match self.state {
            State::Active => Some("y"),
            State::Inactive => Some("n"),
            _ => None,
        };
        if let Some(active) = active
            && !args.iter().any(|a| a == AUTOACTIVATION)
            && knows_autoactivation(host, "vgcreate")?
        {
            args.extend([AUTOACTIVATION.to_owned(), active.to_owned()]);
        }
        args.extend(["-s".to_owned(), self.pesize.clone(), self.vg.clone()]);
        args.extend_from_slice(devices);
        self.make_physical(host, devices)?;
        let message = format!("Creating volume group '{}' failed", self.vg);
        change(host, "vgcreate", &args, &message)
    }

    /// Activates all volumes of the group or none, now and at boot.
    fn activate(&self, host: &mut Host<'_>, active: bool) -> Result<(), Failure> {
        let known = knows_autoactivation(host, "vgchange")?;
        let fields = if known {
            "lv_attr,autoactivation"
        } else {
            "lv_attr"
        };
        let volumes = report(host, "vgs", &["-o", fields, &self.vg])?
            .map_err(|out| failure(format!("the volumes of {} cannot be listed", self.vg), &out))?;
        let wanted = if active { "y" } else { "n" };
        let at_boot = volumes.iter().any(|v| v.get(1).is_some_and(|a| a == "enabled"));
        let message = format!("the volumes of {} cannot be changed", self.vg);
        let args = |option: &str| [option.to_owned(), wanted.to_owned(), self.vg.clone()];
        if known && at_boot != active {
            change(host, "vgchange", &args(AUTOACTIVATION), &message)?;
        }
        let mut attributes = volumes.iter().filter_map(|v| v.first()).filter(|a| !a.is_empty());
        if attributes.any(|a| attribute(a, 4, 'a') != active) {
            change(host, "vgchange", &args("--activate"), &message)?;
        }
        Ok(())
    }

    /// Size of the device, of the physical volume, its start, and size of an extent, in bytes.
    fn sizes(&self, host: &mut Host<'_>, device: &str) -> Result<[u64; 4], Failure> {
        let fields = "dev_size,pv_size,pe_start,vg_extent_size";
        let args = ["--units", "b", "--nosuffix", "-o", fields, device];
        let line = report(host, "pvs", &args)?
            .map_err(|out| failure(format!("{device} cannot be examined"), &out))?;
        let numbers: Vec<u64> = line.iter().flatten().filter_map(|n| n.parse().ok()).collect();
        numbers
            .try_into()
            .map_err(|_| Failure::new(format!("pvs prints something unknown of {device}")))
    }

    fn grow(&self, host: &mut Host<'_>, device: &str) -> Result<(), Failure> {
        let [whole, size, start, extent] = self.sizes(host, device)?;
        if whole.saturating_sub(start + size) <= extent {
            return Ok(());
        }
        let command = command(host, "pvresize", [device])?;
        if let Some(out) = host.execute(command)? {
            // With a missing device in the group, it says failure although it has grown this one.
            let [_, now, ..] = self.sizes(host, device)?;
            if now == size {
                return Err(
                    failure("Failed executing pvresize command.", &out).with("out", out.stdout_text())
                );
            }
        }
        Ok(())
    }

    fn change_devices(
        &self,
        host: &mut Host<'_>,
        wanted: &[String],
        now: &[Physical],
    ) -> Result<(), Failure> {
        let current: Vec<&String> = now
            .iter()
            .filter(|p| p.group == self.vg)
            .map(|p| &p.device)
            .collect();
        for device in &current {
            if self.pvresize {
                self.grow(host, device)?;
            }
            if self.reset_pv_uuid {
                let args = ["-u".to_owned(), (*device).clone()];
                change(
                    host,
                    "pvchange",
                    &args,
                    &format!("PV ({device}) UUID change failed"),
                )?;
            }
        }
        let new: Vec<String> = wanted.iter().filter(|d| !current.contains(d)).cloned().collect();
        let old: Vec<String> = current
            .into_iter()
            .filter(|d| self.remove_extra_pvs && !wanted.contains(d))
            .cloned()
            .collect();
        if !new.is_empty() {
            self.make_physical(host, &new)?;
            let message = format!("Unable to extend {} by {}.", self.vg, new.join(" "));
            change(host, "vgextend", &[vec![self.vg.clone()], new].concat(), &message)?;
        }
        if !old.is_empty() {
            let message = format!("Unable to reduce {} by {}.", self.vg, old.join(" "));
            let args = vec!["--force".to_owned(), self.vg.clone()];
            change(host, "vgreduce", &[args, old].concat(), &message)?;
        }
        Ok(())
    }

    fn remove(&self, host: &mut Host<'_>, volumes: u64) -> Result<(), Failure> {
        if volumes > 0 && !self.force && !host.check() {
            return Err(Failure::new(format!(
                "Refuse to remove non-empty volume group {} without force=true",
                self.vg
            )));
        }
        let args = ["--force".to_owned(), self.vg.clone()];
        let message = format!("Failed to remove volume group {}", self.vg);
        change(host, "vgremove", &args, &message)
    }
}

impl Module for Lvg {
    const META: Meta = Meta {
        name: "community.general.lvg",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[],
        examples: &[Example {
            title: "A group of two disks",
            args: r#"{"vg": "data", "pvs": ["/dev/sdb", "/dev/sdc"]}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let group = self.volumes(host)?;
        let devices: Vec<String> = self.pvs.iter().flatten().map(|d| real(d)).collect();
        if self.state == State::Absent {
            if let Some(volumes) = group {
                self.remove(host, volumes)?;
            }
            return Ok(Outcome::new());
        }
        if group.is_none() && devices.is_empty() {
            return Err("No physical volumes given.".into());
        }
        if let Some(missing) = devices.iter().find(|d| !Path::new(d).exists()) {
            return Err(Failure::new(format!("Device {missing} not found.")));
        }
        let physical = self.physical(host)?;
        let taken = |p: &&Physical| devices.contains(&p.device) && !p.group.is_empty() && p.group != self.vg;
        if let Some(other) = physical.iter().find(taken) {
            return Err(Failure::new(format!(
                "Device {} is already in {} volume group.",
                other.device, other.group
            )));
        }
        if group.is_none() {
            self.create(host, &devices)?;
            return Ok(Outcome::new());
        }
        match self.state {
            State::Active => self.activate(host, true)?,
            State::Inactive => self.activate(host, false)?,
            State::Present | State::Absent => {}
        }
        if self.reset_vg_uuid {
            let args = ["-u".to_owned(), self.vg.clone()];
            let message = format!("the UUID of {} cannot be changed", self.vg);
            change(host, "vgchange", &args, &message)?;
        }
        if !devices.is_empty() {
            self.change_devices(host, &devices, &physical)?;
        }
        Ok(Outcome::new())
    }
}
