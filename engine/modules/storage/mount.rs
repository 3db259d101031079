//! `mount`: file systems, mounted now and at boot.

use super::fstab::{Entry, decode, encode, set, unset};
use crate::{
    files::{file_text as text, followed as resolve},
    prelude::*,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

#[derive(Choice, Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Absent,
    AbsentFromFstab,
    Mounted,
    Present,
    Unmounted,
    Remounted,
    Ephemeral,
}

/// Mount file systems and keep the table of them
///
/// `mounted` and `present` write the table, `ephemeral` does not; `unmounted` leaves it, `absent` also removes the folder.
#[derive(Params)]
#[params(
    required_if(state = "mounted", src, fstype),
    required_if(state = "present", src, fstype),
    required_if(state = "ephemeral", src, fstype)
)]
pub struct Mount {
    /// Where it is mounted.
    #[param(required, alias = "name")]
    path: PathBuf,
    /// The device, label or remote path.
    src: Option<PathBuf>,
    /// Kind of the file system.
    fstype: Option<String>,
    /// Mount options.
    opts: Option<String>,
    /// Hide the options in output.
    #[param(default = false)]
    opts_no_log: bool,
    /// Whether `dump` saves it.
    #[param(default = "0")]
    dump: String,
    /// When it is checked at boot.
    #[param(default = "0")]
    passno: String,
    /// What should be: in the table (`present`), mounted too (`mounted`), mounted only now (`ephemeral`), mounted anew
    /// (`remounted`), not mounted (`unmounted`), not in the table (`absent_from_fstab`), nothing of it (`absent`).
    #[param(required)]
    state: State,
    /// The table.
    fstab: Option<String>,
    /// Mount it at boot.
    #[param(default = true)]
    boot: bool,
    /// Keep a copy of the old table.
    #[param(default = false)]
    backup: bool,
}

/// A mounted file system.
struct Mounted {
    source: String,
    root: String,
    kind: String,
}

/// The topmost file system that is mounted at a folder.
fn mounted_at(path: &Path) -> Option<Mounted> {
    let table = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let real = resolve(path);
    table.lines().rev().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let words: Vec<&str> = left.split_whitespace().collect();
        let place = decode(words.get(4)?);
        if Path::new(&place) != real {
            return None;
        }
        let mut kind = right.split_whitespace();
        Some(Mounted {
            root: decode(words.get(3)?),
            kind: kind.next()?.to_owned(),
            source: decode(kind.next()?),
        })
    })
}

impl Mount {
    fn entry(&self) -> Entry {
        let mut options = self.opts.clone().unwrap_or_else(|| "defaults".into());
        if !self.boot && !options.split(',').any(|o| o == "noauto") {
            options.push_str(",noauto");
        }
        Entry {
            source: encode(&self.source()),
            path: encode(&text(&self.path)),
            kind: self.fstype.clone().unwrap_or_default(),
            options: encode(&options),
            dump: self.dump.clone(),
            pass: self.passno.clone(),
        }
    }

    fn source(&self) -> String {
        self.src.as_deref().map(text).unwrap_or_default()
    }

    fn table(&self) -> PathBuf {
        resolve(Path::new(self.fstab.as_deref().unwrap_or("/etc/fstab")))
    }

    /// Writes the table; says whether it was different, and where the copy is.
    fn write(&self, host: &mut Host<'_>, edit: impl Fn(&str) -> String) -> Result<(bool, String), Failure> {
        let table = self.table();
        let old = match host.stat(&table)? {
            Some(_) => String::from_utf8_lossy(&host.read(&table)?).into_owned(),
            None => String::new(),
        };
        let new = edit(&old);
        if new == old {
            return Ok((false, String::new()));
        }
        let save = Save {
            backup: self.backup,
            ..Save::default()
        };
        if let Some(folder) = table.parent() {
            host.make_directory(folder)?;
        }
        let done = host.write(&table, new.as_bytes(), &save, &FileAttrs::default())?;
        Ok((true, done.backup_file.map(|b| text(&b)).unwrap_or_default()))
    }

    fn call(&self, host: &mut Host<'_>, program: &str, args: &[String], what: &str) -> Result<(), Failure> {
        let path = host.need_program(program, "mount")?;
        if let Some(out) = host.execute(Command::new(path).args(args))?
            && out.rc != 0
        {
            let words = out.stdout_text() + &out.stderr_text();
            return Err(Failure::new(format!(
                "Error {what} {}: {words}",
                self.path.display()
            )));
        }
        Ok(())
    }

    fn mount(&self, host: &mut Host<'_>) -> Result<(), Failure> {
        let mut args = Vec::new();
        match (&self.fstab, self.state) {
            (_, State::Ephemeral) => {
                args.extend(["-t".into(), self.fstype.clone().unwrap_or_default()]);
                if let Some(options) = &self.opts {
                    args.extend(["-o".into(), options.clone()]);
                }
                args.push(self.source());
            }
            (Some(table), _) if table != "/etc/fstab" => args.extend(["-T".into(), table.clone()]),
            _ => {}
        }
        args.push(text(&self.path));
        self.call(host, "mount", &args, "mounting")
    }

    fn unmount(&self, host: &mut Host<'_>) -> Result<(), Failure> {
        self.call(host, "umount", &[text(&self.path)], "unmounting")
    }

    /// Mounts anew with the options; what cannot be changed in place is unmounted and mounted again.
    fn remount(&self, host: &mut Host<'_>, now: &Mounted) -> Result<(), Failure> {
        let program = host.need_program("mount", "mount")?;
        let options = match self.opts.as_deref() {
            Some(o) if o != "defaults" => format!("remount,{o}"),
            _ => "remount".into(),
        };
        let mut command = Command::new(program);
        if let Some(table) = self.fstab.as_ref().filter(|t| t.as_str() != "/etc/fstab") {
            command = command.arg("-T").arg(table);
        }
        let command = command.args(["-o", &options]).path(&self.path);
        let fine = now.kind.starts_with("nfs") || host.execute(command)?.is_none_or(|o| o.rc == 0);
        if !fine && self.state == State::Remounted && options != "remount" {
            return Err(Failure::new(format!(
                "{} could not be remounted with the options {}; it is left as it was. Unmount it and mount it with all its options instead",
                self.path.display(),
                self.opts.as_deref().unwrap_or_default()
            )));
        }
        if !fine || now.kind.starts_with("nfs") && !host.check() {
            self.unmount(host)?;
            self.mount(host)?;
        }
        host.mark_changed();
        Ok(())
    }

    /// Whether what is mounted is what is wanted.
    fn is_wanted(&self, now: &Mounted) -> bool {
        let source = self.source();
        let source = source.as_str();
        let options = self.opts.as_deref().unwrap_or_default();
        if options.split(',').any(|o| o == "bind" || o == "rbind") {
            return now.source == source
                || source.ends_with(&now.root)
                || resolve(Path::new(source)) == Path::new(&now.root);
        }
        // Labels and the like are not compared: the kernel shows the device.
        if !source.starts_with('/') || now.source == source {
            return self.fstype.as_deref() == Some(now.kind.as_str()) && now.source == source
                || source.contains('=');
        }
        resolve(Path::new(source)) == resolve(Path::new(&now.source))
            || options.split(',').any(|o| o == "loop")
    }

    fn ensure_mounted(&self, host: &mut Host<'_>, table_changed: bool) -> Result<bool, Failure> {
        let now = mounted_at(&self.path);
        let missing: Vec<&Path> = self.path.ancestors().take_while(|p| !p.exists()).collect();
        host.make_directory(&self.path)?;
        let result = match &now {
            None => self.mount(host).map(|()| true),
            Some(now) if table_changed => self.remount(host, now).map(|()| true),
            Some(now) if self.state == State::Ephemeral && !self.is_wanted(now) => {
                return Err(Failure::new(format!(
                    "Ephemeral mount point is already mounted with a different source than the specified one. Failing in order to prevent an unwanted unmount or override operation. Try replacing this command with a \"state: unmounted\" followed by a \"state: ephemeral\", or use a different destination path. {}",
                    now.source
                )));
            }
            Some(now) if self.state == State::Ephemeral => self.remount(host, now).map(|()| true),
            Some(_) => Ok(false),
        };
        if result.is_err() && !host.check() {
            // Folders made for nothing.
            for folder in missing {
                let _ = host.remove_empty_directory(folder);
            }
        }
        result
    }
}

impl Module for Mount {
    const META: Meta = Meta {
        name: "ansible.posix.mount",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "name",
                doc: "Where it is mounted.",
            },
            Return {
                name: "backup_file",
                doc: "The copy of the old table, or empty.",
            },
        ],
        examples: &[Example {
            title: "An entry in a table",
            args: r#"{"path": "/data", "src": "/dev/vdb", "fstype": "xfs", "state": "present", "fstab": "{dir}/fstab"}"#,
            given: &[("fstab", "# table\n/dev/vda / ext4 defaults 0 1\n")],
            then: &[(
                "fstab",
                "# table\n/dev/vda / ext4 defaults 0 1\n/dev/vdb /data xfs defaults 0 0\n",
            )],
            changed: true,
            runs: true,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let entry = self.entry();
        let swap = self.path == Path::new("none") || self.path == Path::new("swap");
        let (mut changed, mut backup) = (false, String::new());
        if self.boot && entry.options.split(',').any(|o| o == "noauto") {
            host.warn("Ignore the 'boot' due to 'opts' contains 'noauto'.");
        }
        match self.state {
            State::Present => (changed, backup) = self.write(host, |t| set(t, &entry))?,
            State::AbsentFromFstab | State::Absent => {
                let source = self.src.as_deref().map(|s| encode(&text(s)));
                changed = self.write(host, |t| unset(t, &entry.path, source.as_deref()))?.0;
                if self.state == State::Absent && changed && !swap {
                    if mounted_at(&self.path).is_some() {
                        self.unmount(host)?;
                        changed = true;
                    }
                    if self.path.is_dir() {
                        host.remove_empty_directory(&self.path).map_err(|f| {
                            Failure::new(format!("Error rmdir {}: {}", self.path.display(), f.message))
                        })?;
                        changed = true;
                    }
                }
            }
            State::Unmounted => {
                if mounted_at(&self.path).is_some() {
                    self.unmount(host)?;
                    changed = true;
                }
            }
            State::Mounted => {
                let table = fs::read_to_string(self.table()).unwrap_or_default();
                (changed, backup) = self.write(host, |t| set(t, &entry))?;
                if !swap {
                    match self.ensure_mounted(host, changed) {
                        Ok(mounted) => changed |= mounted,
                        Err(failure) => {
                            // An entry that cannot be mounted would stop the next boot.
                            self.write(host, |_| table.clone())?;
                            return Err(failure);
                        }
                    }
                }
            }
            State::Ephemeral => changed = self.ensure_mounted(host, false)?,
            State::Remounted => {
                let Some(now) = mounted_at(&self.path) else {
                    return Err(Failure::new(format!(
                        "Mount point {} is not mounted and cannot be remounted",
                        self.path.display()
                    )));
                };
                self.remount(host, &now)?;
                changed = true;
            }
        }
        let options = if self.opts_no_log && self.opts.is_some() {
            "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER".to_owned()
        } else {
            decode(&entry.options)
        };
        let mut outcome = Outcome::new().with("name", text(&self.path));
        for (name, value) in [("src", &self.src.as_deref().map(text)), ("fstype", &self.fstype)] {
            if let Some(value) = value {
                outcome = outcome.with(name, value.as_str());
            }
        }
        Ok(outcome
            .with("opts", options)
            .with("dump", self.dump.clone())
            .with("passno", self.passno.clone())
            .with("fstab", self.fstab.as_deref().unwrap_or("/etc/fstab"))
            .with("boot", if self.boot { "yes" } else { "no" })
            .with("backup_file", backup)
            .changed(changed))
    }
}
