//! `filesystem`: file systems on devices.

use crate::{host::Command, prelude::*};
use std::path::{Path, PathBuf};

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

/// The program that makes a kind, and the option that forces it.
fn maker(kind: &str) -> (String, Vec<&'static str>) {
    match kind {
        "lvm" => ("pvcreate".into(), vec!["-f", "-y"]),
        "swap" => ("mkswap".into(), vec!["-f"]),
        "ext2" | "ext3" | "ext4" | "ext4dev" => (format!("mkfs.{kind}"), vec!["-F"]),
        "ocfs2" => ("mkfs.ocfs2".into(), vec!["-Fx"]),
        "reiserfs" => ("mkfs.reiserfs".into(), vec!["-q"]),
        "vfat" => ("mkfs.vfat".into(), vec![]),
        "bcachefs" => ("mkfs.bcachefs".into(), vec!["--force"]),
        "f2fs" => ("mkfs.f2fs".into(), vec!["-f"]),
        other => (format!("mkfs.{other}"), vec!["-f"]),
    }
}

impl Filesystem {
    fn kind_now(&self, host: &mut Host<'_>) -> Result<String, Failure> {
        let program = host.need_program("blkid", "util-linux")?;
        let c = Command::new(program).args(["-c", "/dev/null", "-o", "value", "-s", "TYPE"]);
        let out = host.query(c.path(&self.dev))?;
        let kind = out.stdout_text().trim().to_owned();
        Ok(if kind == "LVM2_member" { "lvm".into() } else { kind })
    }

    fn make(&self, host: &mut Host<'_>, kind: &str) -> Result<(), Failure> {
        let (program, mut args) = maker(kind);
        if matches!(kind, "ext2" | "ext3" | "ext4" | "ext4dev")
            || self.force
            || kind == "swap"
            || kind == "lvm"
        {
            // These ask back for regular files and whole disks.
        } else {
            args.clear();
        }
        let mut c = Command::new(host.need_program(&program, package(kind))?).args(args);
        c = c.args(crate::commands::words::split(self.opts.as_deref().unwrap_or(""))?);
        if let Some(uuid) = &self.uuid {
            c = match kind {
                "xfs" => c.arg("-m").arg(format!("uuid={uuid}")),
                "vfat" => c.arg("-i").arg(uuid.replace('-', "")),
                "lvm" => c.arg("--uuid").arg(uuid).arg("--norestorefile"),
                _ => c.arg("-U").arg(uuid),
            };
        }
        if let Some(out) = host.execute(c.path(&self.dev))? {
            out.success("making the file system failed")?;
        }
        Ok(())
    }

    /// Bytes of the device.
    fn device_size(&self, host: &mut Host<'_>) -> Result<u64, Failure> {
        let real = std::fs::canonicalize(&self.dev).unwrap_or_else(|_| self.dev.clone());
        let meta = host.stat(&real)?;
        if let Some(meta) = meta.filter(|m| m.is_file()) {
            return Ok(meta.len());
        }
        let name = real
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let sectors = host.read(Path::new(&format!("/sys/class/block/{name}/size")))?;
        let sectors: u64 = String::from_utf8_lossy(&sectors).trim().parse().unwrap_or(0);
        Ok(sectors * 512)
    }

    /// Bytes of the file system, where a program tells it without mounting.
    fn size(&self, host: &mut Host<'_>, kind: &str) -> Result<Option<u64>, Failure> {
        let number = |text: &str, key: &str| -> Option<u64> {
            let line = text.lines().find(|l| l.trim_start().starts_with(key))?;
            let value = line.split([':', '=']).next_back()?;
            value.split_whitespace().next()?.parse().ok()
        };
        Ok(match kind {
            "ext2" | "ext3" | "ext4" | "ext4dev" => {
                let c = Command::new(host.need_program("tune2fs", "e2fsprogs")?)
                    .arg("-l")
                    .path(&self.dev);
                let text = host.query(c)?.stdout_text();
                number(&text, "Block count:")
                    .zip(number(&text, "Block size:"))
                    .map(|(n, s)| n * s)
            }
            "swap" => {
                let bytes = self.device_size(host)?;
                Some(bytes)
            }
            _ => None,
        })
    }

    fn mount_point(&self) -> Option<String> {
        let text = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
        let device = self.dev.to_string_lossy().into_owned();
        let line = text.lines().find(|l| l.split(' ').next() == Some(&device))?;
        line.split(' ').nth(1).map(str::to_owned)
    }

    fn grow(&self, host: &mut Host<'_>, kind: &str) -> Result<Option<String>, Failure> {
        let slack = 1 << 16;
        let device = self.device_size(host)?;
        if let Some(size) = self.size(host, kind)?
            && size + slack > device
        {
            return Ok(Some(format!(
                "{kind} filesystem is using the whole device {}",
                self.dev.display()
            )));
        }
        let mount = self.mount_point();
        let need_mount = || {
            mount.clone().ok_or_else(|| {
                Failure::new(format!(
                    "{} needs to be mounted for {kind} operations",
                    self.dev.display()
                ))
            })
        };
        let c = match kind {
            "ext2" | "ext3" | "ext4" | "ext4dev" => {
                Command::new(host.need_program("resize2fs", "e2fsprogs")?).path(&self.dev)
            }
            "xfs" => {
                let point = need_mount()?;
                let info = Command::new(host.need_program("xfs_growfs", "xfsprogs")?)
                    .arg("-n")
                    .arg(&point);
                let text = host.query(info)?.stdout_text();
                let line = text
                    .lines()
                    .find(|l| l.starts_with("data"))
                    .unwrap_or("")
                    .replace(',', " ");
                let value = |key: &str| {
                    let word = line.split_whitespace().find_map(|w| w.strip_prefix(key));
                    word.and_then(|w| w.parse::<u64>().ok())
                };
                if let (Some(size), Some(blocks)) = (value("bsize="), value("blocks="))
                    && size * blocks + slack > device
                {
                    return Ok(Some(format!(
                        "{kind} filesystem is using the whole device {}",
                        self.dev.display()
                    )));
                }
                Command::new(host.need_program("xfs_growfs", "xfsprogs")?).arg(point)
            }
            "btrfs" => Command::new(host.need_program("btrfs", "btrfs-progs")?)
                .args(["filesystem", "resize", "max"])
                .arg(need_mount()?),
            "f2fs" => Command::new(host.need_program("resize.f2fs", "f2fs-tools")?).path(&self.dev),
            "lvm" => Command::new(host.need_program("pvresize", "lvm2")?).path(&self.dev),
            "vfat" => Command::new(host.need_program("fatresize", "fatresize")?)
                .args(["-s", "max"])
                .path(&self.dev),
            _ => {
                return Err(Failure::new(format!(
                    "module does not support resizing {kind} filesystem yet"
                )));
            }
        };
        let Some(out) = host.execute(c)? else {
            return Ok(None);
        };
        Ok(Some(out.success("growing the file system failed")?.stdout_text()))
    }
}

fn package(kind: &str) -> &'static str {
    match kind {
        "xfs" => "xfsprogs",
        "btrfs" => "btrfs-progs",
        "f2fs" => "f2fs-tools",
        "vfat" => "dosfstools",
        "lvm" => "lvm2",
        "swap" => "util-linux",
        "bcachefs" => "bcachefs-tools",
        "ocfs2" => "ocfs2-tools",
        "reiserfs" => "reiserfsprogs",
        _ => "e2fsprogs",
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
        if !self.dev.exists() {
            let words = format!("Device {} not found.", self.dev.display());
            if self.state == "present" {
                return Err(Failure::new(words));
            }
            return Ok(Outcome::new().with("msg", words));
        }
        let now = self.kind_now(host)?;
        if self.state == "absent" {
            if !now.is_empty() {
                let program = host.need_program("wipefs", "util-linux")?;
                if let Some(out) = host.execute(Command::new(program).arg("--all").path(&self.dev))? {
                    out.success("wiping the file system failed")?;
                }
            }
            return Ok(Outcome::new());
        }
        let wanted = self.fstype.clone().unwrap_or_default();
        let same = now == wanted;
        if same && !self.force {
            if self.resizefs
                && let Some(words) = self.grow(host, &wanted)?
            {
                return Ok(Outcome::new().with("msg", words));
            }
            return Ok(Outcome::new());
        }
        if !now.is_empty() && !self.force {
            return Err(Failure::new(format!(
                "'{}' is already used as {now}, use force=true to overwrite",
                self.dev.display()
            ))
            .with("rc", 0_i64)
            .with("err", ""));
        }
        self.make(host, &wanted)?;
        Ok(Outcome::new())
    }
}
