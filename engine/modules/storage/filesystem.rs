//! `filesystem`: file systems on devices.

use super::filesystem_kinds::{Kind, MakeUuid};
use crate::{
    facts::unescape,
    files::{file_text as text, followed},
    host::Command,
    prelude::*,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Make, grow or wipe a file system
#[derive(Params)]
#[params(required_if(state = "present", fstype), exclusive(resizefs, uuid))]
pub struct Filesystem {
    /// Device, or a regular file.
    #[param(required, alias = "device")]
    dev: PathBuf,
    /// Make it although there is another one: what was on it is lost.
    #[param(default = false)]
    force: bool,
    /// Kind of the file system.
    #[param(
        alias = "type",
        choices(
            "bcachefs", "btrfs", "ext2", "ext3", "ext4", "ext4dev", "f2fs", "lvm", "ocfs2", "reiserfs",
            "xfs", "vfat", "swap", "ufs"
        )
    )]
    fstype: Option<String>,
    /// Options for the program that makes it.
    opts: Option<String>,
    /// Grow it to the size of the device.
    #[param(default = false)]
    resizefs: bool,
    /// Whether there must be a file system, or no trace of one.
    #[param(default = "present", choices("present", "absent"))]
    state: String,
    /// UUID it gets.
    uuid: Option<String>,
}

impl Filesystem {
    /// Runs a program that changes the device, or only shows how; nothing in check mode.
    fn run_program(
        &self,
        host: &mut Host<'_>,
        program: &[&str],
        args: Vec<String>,
        package: &str,
        changes: bool,
    ) -> Result<String, Failure> {
        let (name, options) = program.split_first().ok_or("no program is known for this")?;
        let path = host.need_program(name, package)?;
        let command = Command::new(path)
            .env("LC_ALL", "C")
            .args(options.iter().copied())
            .args(args);
        let words = command.argv_text().join(" ");
        let out = if changes {
            host.execute(command)?
        } else {
            Some(host.query(command)?)
        };
        match out {
            None => Ok(String::new()),
            Some(out) if out.rc == 0 => Ok(out.stdout_text()),
            Some(out) => Err(Failure::new(out.stderr_text().trim_end().to_owned())
                .with("cmd", words)
                .with("rc", out.rc)
                .with("stdout", out.stdout_text())
                .with("stderr", out.stderr_text())),
        }
    }

    /// What `blkid` finds on the device.
    fn tag(&self, host: &mut Host<'_>, tag: &str) -> Result<Output, Failure> {
        let program = host.need_program("blkid", "util-linux")?;
        let command = Command::new(program).args(["-c", "/dev/null", "-o", "value", "-s", tag]);
        host.query(command.path(&self.dev))
    }

    fn device(&self) -> String {
        text(&self.dev)
    }

    fn make(&self, host: &mut Host<'_>, kind: &Kind) -> Result<(), Failure> {
        let mut args: Vec<String> = self
            .opts
            .iter()
            .flat_map(|o| o.split_whitespace())
            .map(str::to_owned)
            .collect();
        if let (Some(uuid), MakeUuid::Option(options, more)) = (&self.uuid, kind.make_uuid)
            && !args.iter().any(|a| options.contains(&a.as_str()))
        {
            args.extend(options.first().map(|o| (*o).to_owned()));
            args.push(uuid.clone());
            args.extend(more.iter().map(|m| (*m).to_owned()));
        }
        args.push(self.device());
        self.run_program(host, kind.make, args, kind.package, true)?;
        if self.uuid.is_some() && kind.make_uuid == MakeUuid::Afterwards {
            self.change_uuid(host, kind)?;
        }
        Ok(())
    }

    fn change_uuid(&self, host: &mut Host<'_>, kind: &Kind) -> Result<String, Failure> {
        // LVM chooses the new one itself.
        let given = self.uuid.iter().filter(|_| kind.title != "LVM").cloned();
        let args = given.chain([self.device()]).collect();
        self.run_program(host, kind.change_uuid, args, kind.package, true)
    }

    /// Bytes of the device.
    fn device_size(&self, host: &mut Host<'_>) -> Result<u64, Failure> {
        let real = followed(&self.dev);
        if let Some(meta) = host.stat(&real)?.filter(|m| m.is_file()) {
            return Ok(meta.len());
        }
        let name = real
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let file = format!("/sys/class/block/{name}/size");
        let sectors = host.read(Path::new(&file)).ok();
        let sectors = sectors.and_then(|s| String::from_utf8_lossy(&s).trim().parse::<u64>().ok());
        match sectors {
            Some(sectors) => Ok(sectors * 512),
            None => Err(Failure::new(format!(
                "Target device not supported: {}",
                self.device()
            ))),
        }
    }

    /// Where the device is mounted.
    fn mount_point(&self) -> Option<String> {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let device = followed(&self.dev);
        let mut words = mounts.lines().map(|l| l.split(' ').map(unescape));
        words.find_map(|mut words| {
            let source = words.next()?;
            (source.starts_with('/') && followed(Path::new(&source)) == device).then(|| words.next())?
        })
    }

    fn grow(&self, host: &mut Host<'_>, kind: &Kind) -> Result<Outcome, Failure> {
        let (device, title) = (self.device(), kind.title);
        if kind.grow.is_empty() {
            return Err(Failure::new(format!(
                "module does not support resizing {title} filesystem yet."
            )));
        }
        let whole = self.device_size(host)?;
        let mounted = self.mount_point();
        let unmounted = || Failure::new(format!("{device} needs to be mounted for {title} operations"));
        // btrfs tells its size only there.
        let target = match &mounted {
            Some(point) if kind.grow_mounted => point.clone(),
            None if title == "Btrfs" => return Err(unmounted()),
            _ => device.clone(),
        };
        let info = self.run_program(host, kind.info, vec![target.clone()], kind.package, false)?;
        let size = kind.size(&info).ok_or_else(|| {
            let program = kind.info.first().copied().unwrap_or_default();
            Failure::new(format!("unable to process {program} output for {device}"))
        })?;
        if size + kind.slack >= whole {
            let words = format!("{title} filesystem is using the whole device {device}");
            return Ok(Outcome::new().with("msg", words));
        }
        if host.check() {
            let words = format!("resizing filesystem {title} on device {device}");
            return Ok(Outcome::new().with("msg", words).changed(true));
        }
        if kind.grow_mounted && mounted.is_none() {
            return Err(unmounted());
        }
        let out = self.run_program(host, kind.grow, vec![target], kind.package, true)?;
        Ok(Outcome::new().with("msg", out))
    }
}

impl Module for Filesystem {
    const META: Meta = Meta {
        name: "community.general.filesystem",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[],
        examples: &[Example {
            title: "An ext4 file system",
            args: r#"{"dev": "/dev/sdb1", "fstype": "ext4", "opts": "-L data"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let device = self.device();
        let present = self.state == "present";
        if !self.dev.exists() {
            let words = format!("Device {device} not found.");
            if present {
                return Err(Failure::new(words));
            }
            return Ok(Outcome::new().with("msg", words));
        }
        let found = self.tag(host, "TYPE")?;
        let now = found.stdout_text().trim().to_owned();
        if !present {
            if !now.is_empty() {
                self.run_program(host, &["wipefs", "--all"], vec![device], "util-linux", true)?;
            }
            return Ok(Outcome::new());
        }
        let kind = self.fstype.as_deref().and_then(Kind::named);
        let kind = kind.ok_or("this kind of file system is not known")?;
        if self.uuid.is_some() && kind.make_uuid == MakeUuid::Never {
            return Err(Failure::new(format!(
                "module does not support UUID option for this filesystem ({}) yet.",
                self.fstype.as_deref().unwrap_or_default()
            )));
        }
        if kind.names.contains(&now.as_str()) {
            if self.resizefs {
                return self.grow(host, kind);
            }
            if let Some(uuid) = &self.uuid {
                let out = if self.tag(host, "UUID")?.stdout_text().trim() == uuid {
                    String::new()
                } else {
                    self.change_uuid(host, kind)?
                };
                return Ok(Outcome::new().with("msg", out));
            }
            if !self.force {
                return Ok(Outcome::new());
            }
        } else if !now.is_empty() && !self.force {
            let words = format!("'{device}' is already used as {now}, use force=true to overwrite");
            return Err(Failure::new(words)
                .with("rc", found.rc)
                .with("err", found.stderr_text()));
        }
        self.make(host, kind)?;
        Ok(Outcome::new())
    }
}
