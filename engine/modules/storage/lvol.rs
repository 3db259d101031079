//! `lvol`: logical volumes.

use super::{
    lvm::{attribute, change, command, failure, report},
    lvol_size::{Size, Whole},
};
use crate::{commands::words::split, prelude::*};

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Present,
}

/// Make, resize and remove logical volumes (LVM)
#[derive(Params)]
#[params(one_of(lv, thinpool))]
pub struct Lvol {
    /// The group of volumes.
    #[param(required)]
    vg: String,
    /// Name of the volume.
    lv: Option<String>,
    /// Its size: a number of megabytes, with a unit (`10g`), or a share (`50%FREE`, of `VG`, `PVS`, `FREE` or `ORIGIN`);
    /// with `+` or `-` to grow or shrink by that.
    size: Option<String>,
    /// More options for `lvcreate`.
    opts: Option<String>,
    /// Whether the volume should be there.
    #[param(default = "present")]
    state: State,
    /// Remove or shrink it although what is on it is lost.
    #[param(default = false)]
    force: bool,
    /// Shrink it if it is larger.
    #[param(default = true)]
    shrink: bool,
    /// Whether it should be active.
    #[param(default = true)]
    active: bool,
    /// Name of a snapshot of the volume; the snapshot is what is made or removed.
    snapshot: Option<String>,
    /// Devices to put it on.
    #[param(elements = "str")]
    pvs: Option<Vec<String>>,
    /// Resize the file system on it too.
    #[param(default = false)]
    resizefs: bool,
    /// The pool of a thin volume; alone, the pool itself.
    thinpool: Option<String>,
}

/// A volume that is there.
#[derive(Clone, Debug)]
struct Volume {
    name: String,
    size: f64,
    active: bool,
    pool: bool,
    thin: bool,
}

/// What the group has, in the unit that is asked for.
struct Group {
    size: f64,
    free: f64,
    extent: f64,
}

fn number(field: Option<&String>) -> Option<f64> {
    field?.parse().ok()
}

fn volume(fields: &[String]) -> Option<Volume> {
    let attributes = fields.get(2)?;
    Some(Volume {
        name: fields.first()?.replace(['[', ']'], ""),
        size: number(fields.get(1))?,
        active: attribute(attributes, 4, 'a'),
        pool: attribute(attributes, 0, 't'),
        thin: attribute(attributes, 0, 'V'),
    })
}

/// A program and its options that bring a volume to its size.
struct Resize {
    program: &'static str,
    options: Vec<String>,
}

impl Lvol {
    fn no_group(&self) -> String {
        format!("Volume group {} does not exist.", self.vg)
    }

    fn group(&self, host: &mut Host<'_>, unit: &str) -> Result<Result<Group, Output>, Failure> {
        let fields = "size,free,vg_extent_size";
        let args = ["--nosuffix", "-o", fields, "--units", unit, &self.vg];
        Ok(match report(host, "vgs", &args)? {
            Err(out) => Err(out),
            Ok(lines) => {
                let fields = lines.into_iter().next().unwrap_or_default();
                let read = || {
                    Some(Group {
                        size: number(fields.first())?,
                        free: number(fields.get(1))?,
                        extent: number(fields.get(2))?,
                    })
                };
                Ok(read().ok_or("vgs prints something unknown")?)
            }
        })
    }

    /// The volume that is meant: snapshot, thin volume, pool or plain.
    fn meant<'s>(&'s self, all: &[Volume]) -> Result<&'s str, Failure> {
        let (lv, pool) = (self.lv.as_deref(), self.thinpool.as_deref());
        let find = |name: Option<&str>| all.iter().find(|v| Some(v.name.as_str()) == name);
        if let Some(snapshot) = &self.snapshot {
            return match find(lv).or_else(|| find(pool)) {
                Some(origin) if !origin.pool && pool.is_none() => Ok(snapshot),
                Some(_) => Err("Snapshots of thin pool LVs are not supported.".into()),
                None => Err(Failure::new(format!(
                    "Snapshot origin LV {} does not exist in volume group {}.",
                    lv.unwrap_or_default(),
                    self.vg
                ))),
            };
        }
        match (lv, pool) {
            (Some(_), Some(pool)) if find(Some(pool)).is_none() => Err(Failure::new(format!(
                "Thin pool LV {pool} does not exist in volume group {}.",
                self.vg
            ))),
            (Some(name), _) | (None, Some(name)) => Ok(name),
            (None, None) => Err("one of the following is required: lv, thinpool".into()),
        }
    }

    fn create(&self, host: &mut Host<'_>, size: Option<&Size>, all: &[Volume]) -> Result<(), Failure> {
        let lv = self.lv.as_deref().unwrap_or_default();
        if let Some(size) = size
            && (size.operator == Some('-') || size.operator.is_some() && size.whole.is_none())
        {
            let [_, text] = size.relative();
            return Err(Failure::new(format!(
                "Bad size specification of '{text}' for creating LV"
            )));
        }
        let thin_origin = self.snapshot.is_some() && all.iter().any(|v| v.name == lv && v.thin);
        if size.is_none() && !thin_origin {
            return Err("No size given.".into());
        }
        let sized = size.map(Size::plain);
        let mut args = vec!["--yes".to_owned()];
        let options = split(self.opts.as_deref().unwrap_or_default())?;
        match (&self.snapshot, &self.thinpool) {
            (Some(snapshot), _) => {
                args.extend(sized.into_iter().flatten());
                args.extend(["-s".to_owned(), "-n".to_owned(), snapshot.clone()]);
                args.extend(options);
                args.push(format!("{}/{lv}", self.vg));
            }
            (None, Some(pool)) => {
                if self.lv.is_some() {
                    if size.is_some_and(|s| s.whole.is_some()) {
                        return Err("Thin volume sizing with percentage not supported.".into());
                    }
                    args.extend(["-n".to_owned(), lv.to_owned(), "-V".to_owned()]);
                    args.extend(size.map(Size::text));
                } else {
                    args.extend(sized.into_iter().flatten());
                }
                args.extend(options);
                args.extend(["-T".to_owned(), format!("{}/{pool}", self.vg)]);
            }
            (None, None) => {
                args.extend(["-n".to_owned(), lv.to_owned()]);
                args.extend(sized.into_iter().flatten());
                args.extend(options);
                args.push(self.vg.clone());
                args.extend(self.pvs.iter().flatten().cloned());
            }
        }
        self.tried(
            host,
            "lvcreate",
            args,
            &format!("Creating logical volume '{lv}' failed"),
        )
    }

    /// Runs a program; in check mode it only tests whether it could.
    fn tried(
        &self,
        host: &mut Host<'_>,
        program: &str,
        mut args: Vec<String>,
        message: &str,
    ) -> Result<(), Failure> {
        if host.check() {
            args.insert(0, "--test".to_owned());
        }
        let out = host.query(command(host, program, args)?)?;
        if out.rc != 0 {
            return Err(failure(message, &out));
        }
        host.mark_changed();
        Ok(())
    }

    fn resize(&self, size: &Size, volume: &Volume, group: &Group) -> Result<Option<Resize>, Failure> {
        let to_nothing = || Failure::new(format!("Sorry, no shrinking of {} to 0 permitted.", volume.name));
        let forced = || {
            if self.force {
                Ok(Some(Resize {
                    program: "lvreduce",
                    options: vec!["--force".to_owned()],
                }))
            } else {
                let words = format!("Sorry, no shrinking of {} without force=true.", volume.name);
                Err(Failure::new(words))
            }
        };
        let extended = Some(Resize {
            program: "lvextend",
            options: Vec::new(),
        });
        let Some(whole) = size.whole else {
            return if size.value > volume.size || size.operator == Some('+') {
                Ok(extended)
            } else if self.shrink && size.value < volume.size || size.operator == Some('-') {
                if size.value == 0.0 {
                    return Err(to_nothing());
                }
                forced()
            } else {
                Ok(None)
            };
        };
        let all = match whole {
            Whole::Group | Whole::Devices => group.size,
            Whole::Free | Whole::Origin => group.free,
        };
        let share = size.value * all / 100.0;
        let wanted = match size.operator {
            Some('+') => volume.size + share,
            Some(_) => volume.size - share,
            None => share,
        };
        // LVM rounds down to whole extents.
        let wanted = wanted - wanted.rem_euclid(group.extent);
        let more = wanted - volume.size;
        if more > 0.0 {
            if group.free > 0.0 && group.free >= more {
                return Ok(extended);
            }
            return Err(Failure::new(format!(
                "Logical Volume {} could not be extended. Not enough free space left ({more}m required / {}m available)",
                volume.name, group.free
            )));
        }
        if self.shrink && volume.size > wanted + group.extent {
            if wanted < 1.0 {
                return Err(to_nothing());
            }
            return forced();
        }
        Ok(None)
    }

    /// Runs what resizes; a result if nothing is left to do.
    fn run_resize(
        &self,
        host: &mut Host<'_>,
        resize: Resize,
        size: &Size,
        volume: &Volume,
    ) -> Result<Option<Outcome>, Failure> {
        let mut args = resize.options;
        if self.resizefs {
            args.push("--resizefs".to_owned());
        }
        if host.check() {
            args.push("--test".to_owned());
        }
        args.extend(size.relative());
        args.push(format!("{}/{}", self.vg, volume.name));
        args.extend(self.pvs.iter().flatten().cloned());
        let out = host.query(command(host, resize.program, args)?)?;
        let (said, err) = (out.stdout_text(), out.stderr_text());
        let has = |words: &str| said.contains(words) || err.contains(words);
        if said.contains("Reached maximum COW size") || out.rc != 0 && !has("existing size") {
            let name = self.lv.as_deref().unwrap_or(&volume.name);
            let message = format!("Unable to resize {name} to {}", size.text());
            return Err(failure(message, &out).with("out", said));
        }
        if out.rc == 0 {
            host.mark_changed();
            return Ok(None);
        }
        let outcome = self.described(volume);
        Ok(Some(if has("not larger than existing size") {
            outcome
                .with("msg", "Original size is larger than requested size")
                .with("err", err)
        } else {
            outcome
        }))
    }

    fn described(&self, volume: &Volume) -> Outcome {
        Outcome::new()
            .with("vg", self.vg.as_str())
            .with("lv", volume.name.as_str())
            .with("size", volume.size)
    }

    fn remove(&self, host: &mut Host<'_>, volume: &Volume) -> Result<(), Failure> {
        if !self.force {
            return Err(Failure::new(format!(
                "Sorry, no removal of logical volume {} without force=true.",
                volume.name
            )));
        }
        let args = vec!["--force".to_owned(), format!("{}/{}", self.vg, volume.name)];
        let message = format!("Failed to remove logical volume {}", volume.name);
        self.tried(host, "lvremove", args, &message)
    }
}

impl Module for Lvol {
    const META: Meta = Meta {
        name: "community.general.lvol",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "vg",
                doc: "The group, for a volume that was there.",
            },
            Return {
                name: "lv",
                doc: "The volume that was there.",
            },
            Return {
                name: "size",
                doc: "Its size before, in the unit of `size`.",
            },
        ],
        examples: &[Example {
            title: "A volume of all that is free",
            args: r#"{"vg": "data", "lv": "home", "size": "100%FREE"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let size = self.size.as_deref().filter(|s| !s.is_empty());
        let size = size
            .map(|s| Size::parse(s, self.snapshot.is_some()))
            .transpose()?;
        let unit = size.as_ref().map_or_else(|| "m".to_owned(), Size::report_unit);
        let group = match self.group(host, &unit)? {
            Ok(group) => group,
            Err(_) if self.state == State::Absent => {
                return Ok(Outcome::new().with("stdout", self.no_group()).changed(false));
            }
            Err(out) => return Err(failure(self.no_group(), &out)),
        };
        let fields = "lv_name,size,lv_attr";
        let args = ["-a", "--nosuffix", "-o", fields, "--units", &unit, &self.vg];
        let all = report(host, "lvs", &args)?.map_err(|out| failure(self.no_group(), &out))?;
        let all: Vec<Volume> = all.iter().filter_map(|fields| volume(fields)).collect();
        let meant = self.meant(&all)?;
        let short = meant.rsplit('/').next().unwrap_or(meant);
        let Some(volume) = all.iter().find(|v| v.name == meant || v.name == short) else {
            if self.state == State::Present {
                self.create(host, size.as_ref(), &all)?;
            }
            return Ok(Outcome::new().with("msg", ""));
        };
        if self.state == State::Absent {
            self.remove(host, volume)?;
            return Ok(Outcome::new());
        }
        if let Some(size) = &size
            && let Some(resize) = self.resize(size, volume, &group)?
            && let Some(outcome) = self.run_resize(host, resize, size, volume)?
        {
            return Ok(outcome);
        }
        if volume.active != self.active {
            let (option, word) = if self.active {
                ("-ay", "activate")
            } else {
                ("-an", "deactivate")
            };
            let args = [option.to_owned(), format!("{}/{}", self.vg, volume.name)];
            let message = format!("Failed to {word} logical volume {}", volume.name);
            change(host, "lvchange", &args, &message)?;
        }
        Ok(self.described(volume))
    }
}
