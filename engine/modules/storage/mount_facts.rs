//! `mount_facts`: what is mounted and what tables say of it.

use super::mount_sources::{Found, read_printed, read_table};
use crate::{
    facts::sizes,
    files::{file_text as text, pattern::matches},
    host::Command,
    params::Raw,
    prelude::*,
};
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum Late {
    Error,
    Warn,
    Ignore,
}

/// Gather facts about mounted file systems and those in tables
///
/// `ansible_facts.mount_points` has the first definition that is found of each mount point.
#[derive(Params)]
pub struct MountFacts {
    /// Shell patterns; only file systems whose device matches one.
    #[param(elements = "str")]
    devices: Option<Vec<String>>,
    /// Shell patterns; only file systems whose kind matches one.
    #[param(elements = "str")]
    fstypes: Option<Vec<String>>,
    /// Files to read, in this order; `dynamic` stands for those that tell what is mounted, `static` for tables, `all` for
    /// both, and `mount` for the program `mount_binary`.
    #[param(elements = "str")]
    sources: Option<Vec<String>>,
    /// The program that tells what is mounted, also where no file does; null for none.
    #[param(default = "mount")]
    mount_binary: Option<Raw>,
    /// Seconds to wait for a file system or program; without, for ever.
    timeout: Option<f64>,
    /// What to do when that time is over.
    #[param(default = "error")]
    on_timeout: Late,
    /// Also give all definitions, `aggregate_mounts`. Without, they are not given, but repeated mount points are warned of.
    include_aggregate_mounts: Option<bool>,
}

/// Tables that tell what should be mounted.
const STATIC: &[&str] = &["/etc/fstab", "/etc/vfstab", "/etc/filesystems"];
/// Tables that tell what is mounted.
const DYNAMIC: &[&str] = &["/etc/mtab", "/proc/mounts", "/etc/mnttab"];

/// A file system and the source that told of it.
struct Sourced {
    source: String,
    found: Found,
}

/// UUIDs of devices, read when they are first asked for.
#[derive(Default)]
struct Uuids(Option<Vec<(String, String)>>);

impl MountFacts {
    fn limit(&self) -> Option<Duration> {
        self.timeout.and_then(|t| Duration::try_from_secs_f64(t).ok())
    }

    fn seconds(&self) -> String {
        Value::Float(self.timeout.unwrap_or_default()).to_text()
    }

    /// Fails, warns or goes on, as the user says.
    fn late(&self, message: String, host: &mut Host<'_>) -> Result<(), Failure> {
        match self.on_timeout {
            Late::Error => return Err(Failure::new(message)),
            Late::Warn => host.warn(message),
            Late::Ignore => {}
        }
        Ok(())
    }

    fn binary(&self) -> Result<Option<String>, Failure> {
        match &self.mount_binary {
            None => Ok(None),
            Some(Raw(Value::Str(name))) => Ok(Some(name.as_str().to_owned()).filter(|n| !n.is_empty())),
            Some(Raw(other)) => Err(Failure::new(format!(
                "argument 'mount_binary' must be a string or null, not {}",
                other.repr()
            ))),
        }
    }

    fn sources(&self) -> Result<Vec<String>, Failure> {
        let all = ["all".to_owned()];
        let asked = self.sources.as_deref().filter(|s| !s.is_empty()).unwrap_or(&all);
        let mut out: Vec<String> = Vec::new();
        let mut add = |list: &[&str]| out.extend(list.iter().map(|s| (*s).to_owned()));
        for source in asked {
            match source.as_str() {
                "" => return Err("sources contains an empty string".into()),
                "all" => {
                    add(DYNAMIC);
                    add(STATIC);
                }
                "dynamic" => add(DYNAMIC),
                "static" => add(STATIC),
                other => add(&[other]),
            }
        }
        Ok(out)
    }

    /// What the program prints.
    fn run_binary(&self, binary: Option<&str>, host: &mut Host<'_>) -> Result<Vec<Found>, Failure> {
        let name = binary.ok_or("the source `mount` needs a mount_binary")?;
        let program = if name.starts_with('/') {
            PathBuf::from(name)
        } else {
            host.need_program(name, "mount")?
        };
        let mut command = Command::new(&program);
        if let Some(limit) = self.limit() {
            command = command.timeout(limit);
        }
        let failed =
            |words: String| Failure::new(format!("Failed to execute {}: {words}", program.display()));
        match host.start(&command) {
            Ok(out) if out.rc == 0 => Ok(read_printed(&out.stdout_text())?),
            Ok(out) => Err(failed(format!(
                "Command '{}' returned non-zero exit status {}.",
                program.display(),
                out.rc
            ))),
            Err(e) if e.kind() == ErrorKind::TimedOut && self.timeout.is_some() => {
                let words = format!(
                    "Command '{}' timed out after {} seconds",
                    program.display(),
                    self.seconds()
                );
                self.late(words, host).map(|()| Vec::new())
            }
            Err(e) => Err(failed(e.to_string())),
        }
    }

    fn gather(&self, host: &mut Host<'_>) -> Result<Vec<Sourced>, Failure> {
        let (binary, sources) = (self.binary()?, self.sources()?);
        let repeated = sources
            .iter()
            .enumerate()
            .any(|(n, s)| sources.iter().take(n).any(|t| t == s));
        if repeated {
            let shown = Value::list(sources.iter().map(Value::from)).repr();
            host.warn(format!(
                "mount_facts option 'sources' contains duplicate entries, repeat sources will be ignored: {shown}"
            ));
        }
        let dynamic = |source: &str| DYNAMIC.contains(&source);
        let mut ask = binary.is_some() && sources.iter().any(|s| dynamic(s));
        let (mut seen, mut out) = (Vec::new(), Vec::new());
        for source in sources {
            let real = if source == "mount" {
                PathBuf::from(&source)
            } else {
                fs::canonicalize(&source).unwrap_or_else(|_| PathBuf::from(&source))
            };
            if seen.contains(&real) {
                continue;
            }
            seen.push(real);
            let found = if source == "mount" {
                self.run_binary(binary.as_deref(), host)?
            } else {
                read_table(&String::from_utf8_lossy(&fs::read(&source).unwrap_or_default()))
            };
            if !found.is_empty() && (source == "mount" || dynamic(&source)) {
                ask = false;
            }
            out.extend(found.into_iter().map(|found| Sourced {
                source: source.clone(),
                found,
            }));
        }
        if ask {
            let found = self.run_binary(binary.as_deref(), host)?;
            out.extend(found.into_iter().map(|found| Sourced {
                source: "mount".to_owned(),
                found,
            }));
        }
        Ok(out)
    }

    /// Adds sizes; a file system that does not answer is not waited for longer than the limit.
    fn add_sizes(&self, found: &Found, host: &mut Host<'_>) -> Result<(), Failure> {
        let mount = found.text("mount");
        let stat = match self.limit() {
            None => rustix::fs::statvfs(mount.as_str()),
            Some(limit) => {
                let (sender, receiver) = mpsc::channel();
                let path = mount.clone();
                std::thread::spawn(move || {
                    let _ = sender.send(rustix::fs::statvfs(path.as_str()));
                });
                match receiver.recv_timeout(limit) {
                    Ok(stat) => stat,
                    Err(_) => {
                        let words = format!(
                            "Timed out getting mount size for mount {mount} (type {}) after {} seconds",
                            found.text("fstype"),
                            self.seconds()
                        );
                        return self.late(words, host);
                    }
                }
            }
        };
        if let Ok(stat) = stat {
            sizes(&stat, &found.fields);
        }
        Ok(())
    }

    fn wants(&self, device: &str, kind: &str) -> bool {
        let fits = |patterns: &Option<Vec<String>>, text: &str| match patterns.as_deref() {
            None | Some([]) => true,
            Some(patterns) => patterns.iter().any(|p| matches(p, text)),
        };
        fits(&self.devices, device) && fits(&self.fstypes, kind)
    }

    /// All wanted file systems with their sizes and UUIDs.
    fn mounts(&self, host: &mut Host<'_>) -> Result<Vec<Sourced>, Failure> {
        let (mut out, mut uuids) = (Vec::new(), Uuids::default());
        for mount in self.gather(host)? {
            let mut device = mount.found.text("device");
            let uuid = device.strip_prefix("UUID=").map(str::to_owned);
            if let Some(uuid) = &uuid
                && self.devices.is_some()
                && let Some(name) = uuids.device(uuid, host)
            {
                device = name;
            }
            if !self.wants(&device, &mount.found.text("fstype")) {
                continue;
            }
            self.add_sizes(&mount.found, host)?;
            let uuid = uuid.or_else(|| uuids.of(&device, host));
            let context = Map::from_iter([
                ("source", mount.source.as_str()),
                ("source_data", mount.found.line.as_str()),
            ]);
            mount.found.fields.insert("ansible_context", context);
            mount
                .found
                .fields
                .insert("uuid", uuid.map_or(Value::None, Value::str));
            out.push(mount);
        }
        Ok(out)
    }
}

impl Uuids {
    /// Devices with their UUIDs, as udev knows them, and where it does not run, as `lsblk` finds them.
    fn list(&mut self, host: &mut Host<'_>) -> &[(String, String)] {
        self.0.get_or_insert_with(|| {
            let linked = fs::read_dir("/dev/disk/by-uuid").into_iter().flatten().flatten();
            let mut list: Vec<_> = linked
                .filter_map(|entry| {
                    let device = fs::canonicalize(entry.path()).ok()?;
                    Some((text(&device), entry.file_name().to_string_lossy().into_owned()))
                })
                .collect();
            if let Some(program) = host.find_program("lsblk") {
                let command = Command::new(program).args(["-lnpo", "NAME,UUID", "-e", "2"]);
                let printed = host
                    .query(command)
                    .map(|out| out.stdout_text())
                    .unwrap_or_default();
                list.extend(printed.lines().filter_map(|line| {
                    let (device, uuid) = line.split_once(' ')?;
                    let uuid = uuid.trim();
                    (!uuid.is_empty()).then(|| (device.to_owned(), uuid.to_owned()))
                }));
            }
            list
        })
    }

    fn of(&mut self, device: &str, host: &mut Host<'_>) -> Option<String> {
        if !Path::new(device).starts_with("/dev") {
            return None;
        }
        let found = self.list(host).iter().find(|(d, _)| d == device);
        found.map(|(_, uuid)| uuid.clone())
    }

    fn device(&mut self, uuid: &str, host: &mut Host<'_>) -> Option<String> {
        let found = self.list(host).iter().find(|(_, u)| u == uuid);
        found.map(|(device, _)| device.clone())
    }
}

impl Module for MountFacts {
    const META: Meta = Meta {
        name: "ansible.builtin.mount_facts",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[Return {
            name: "ansible_facts",
            doc: "`mount_points` by path and, if asked for, `aggregate_mounts`.",
        }],
        examples: &[Example {
            title: "File systems of the network, those that hang left out",
            args: r#"{"fstypes": ["nfs*", "cifs"], "timeout": 5, "on_timeout": "ignore"}"#,
            given: &[],
            then: &[],
            changed: false,
            runs: true,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if self.timeout.is_some_and(|t| t <= 0.0) {
            return Err(Failure::new(format!(
                "argument 'timeout' must be a positive number or null, not {}",
                self.seconds()
            )));
        }
        let mounts = self.mounts(host)?;
        let (points, mut by_source): (Map, Vec<(&str, Vec<String>)>) = (Map::new(), Vec::new());
        for mount in &mounts {
            let point = mount.found.text("mount");
            if !points.contains(&point) {
                points.insert(point.as_str(), mount.found.fields.clone());
            }
            match by_source.iter_mut().find(|(source, _)| *source == mount.source) {
                Some((_, list)) => list.push(point),
                None => by_source.push((&mount.source, vec![point])),
            }
        }
        let repeats =
            |list: &[String]| (1..list.len()).any(|n| list.iter().take(n).any(|p| list.get(n) == Some(p)));
        by_source.retain(|(_, list)| repeats(list));
        if self.include_aggregate_mounts.is_none() && !by_source.is_empty() {
            let shown: Vec<_> = by_source
                .iter()
                .map(|(source, list)| {
                    format!("{source} ({})", Value::list(list.iter().map(Value::from)).repr())
                })
                .collect();
            host.warn(format!(
                "mount_facts: ignoring repeat mounts in the following sources: {}. You can disable this warning by configuring the 'include_aggregate_mounts' option as True or False.",
                shown.join(", ")
            ));
        }
        let all = if self.include_aggregate_mounts == Some(true) {
            Value::list(mounts.into_iter().map(|m| Value::Map(m.found.fields)))
        } else {
            Value::list([])
        };
        let facts = Map::from_iter([("mount_points", Value::Map(points)), ("aggregate_mounts", all)]);
        Ok(Outcome::new().with("ansible_facts", facts).changed(false))
    }
}
