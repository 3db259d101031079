//! `group`: groups of users.

use crate::{host::Command, prelude::*};
use std::path::Path;

/// Where groups are.
const FILE: &str = "/etc/group";

/// Make, change or remove a group
#[derive(Params)]
#[params(required_if(non_unique = true, gid))]
pub struct Group {
    /// Remove it although it is some user's primary group, where the host's program can do that.
    #[param(default = false)]
    force: bool,
    /// Number of the group.
    gid: Option<i64>,
    /// Greatest number for a new group, instead of the host's setting.
    gid_max: Option<i64>,
    /// Smallest number for a new group, instead of the host's setting.
    gid_min: Option<i64>,
    /// Manage it in the local files even if the host knows groups from elsewhere (`lgroupadd` and relatives).
    #[param(default = false)]
    local: bool,
    /// Name of the group.
    #[param(required)]
    name: String,
    /// Let `gid` be one that another group has.
    #[param(default = false)]
    non_unique: bool,
    /// Whether it must be there.
    #[param(default = "present", choices("absent", "present"))]
    state: String,
    /// Take a number from those of the system.
    #[param(default = false)]
    system: bool,
}

/// Outputs of the program that ran.
#[derive(Default)]
struct Said(Option<Output>);

impl Group {
    fn existing(&self, host: &mut Host<'_>) -> Option<u32> {
        if !self.local {
            return host.accounts().group(&self.name).map(|g| g.gid);
        }
        let text = std::fs::read_to_string(FILE).unwrap_or_default();
        let line = text.lines().find(|l| l.split(':').next() == Some(&self.name))?;
        line.split(':').nth(2)?.parse().ok()
    }

    fn look_over(&self) -> Result<(), Failure> {
        if !self.local {
            return Ok(());
        }
        for (name, given) in [
            ("gid_min", self.gid_min.is_some()),
            ("gid_max", self.gid_max.is_some()),
        ] {
            if given {
                return Err(Failure::new(format!("'{name}' can not be used with 'local'")));
            }
        }
        if self.force {
            return Err(Failure::new("parameters are mutually exclusive: force|local"));
        }
        Ok(())
    }

    /// The programs of libuser do not mind two groups with one number.
    fn number_is_free(&self, host: &mut Host<'_>) -> Result<(), Failure> {
        let number = self.gid.filter(|_| self.local).and_then(|n| n.try_into().ok());
        match number.and_then(|n| host.accounts().group_by_id(n)) {
            Some(other) if other.name != self.name => Err(Failure::new(format!(
                "GID '{}' already exists with group '{}'",
                other.gid, other.name
            ))),
            _ => Ok(()),
        }
    }

    /// The program of that name, with an `l` before it for local files; `None`: only busybox is there.
    fn program(&self, host: &Host<'_>, name: &str) -> Result<Option<Command>, Failure> {
        if self.local {
            let path = host.need_program(&format!("l{name}"), "libuser")?;
            return Ok(Some(Command::new(path)));
        }
        Ok(host.find_program(name).map(Command::new))
    }

    fn limits(&self) -> Vec<String> {
        let limits = [("GID_MIN", self.gid_min), ("GID_MAX", self.gid_max)];
        let given = limits.into_iter().filter_map(|(name, n)| Some((name, n?)));
        given
            .flat_map(|(name, n)| ["-K".to_owned(), format!("{name}={n}")])
            .collect()
    }

    fn add(&self, host: &mut Host<'_>) -> Result<Said, Failure> {
        self.number_is_free(host)?;
        let (mut c, system) = match self.program(host, "groupadd")? {
            Some(c) => (c, "-r"),
            None => (Command::new(host.need_program("addgroup", "passwd")?), "-S"),
        };
        if let Some(gid) = self.gid {
            c = c.arg("-g").arg(gid.to_string());
            if self.non_unique {
                c = c.arg("-o");
            }
        }
        if self.system {
            c = c.arg(system);
        }
        c = c.args(self.limits());
        self.execute(host, c.arg(&self.name))
    }

    fn renumber(&self, host: &mut Host<'_>, wanted: i64) -> Result<Said, Failure> {
        self.number_is_free(host)?;
        let Some(mut c) = self.program(host, "groupmod")? else {
            return self.renumber_by_hand(host, wanted);
        };
        c = c.arg("-g").arg(wanted.to_string());
        if self.non_unique {
            c = c.arg("-o");
        }
        self.execute(host, c.arg(&self.name))
    }

    /// busybox has no program for that.
    fn renumber_by_hand(&self, host: &mut Host<'_>, wanted: i64) -> Result<Said, Failure> {
        let text = String::from_utf8_lossy(&host.read(Path::new(FILE))?).into_owned();
        if text
            .lines()
            .any(|l| l.split(':').nth(2) == Some(&wanted.to_string()))
        {
            return Err(Failure::new(format!("gid '{wanted}' in use")));
        }
        let line = |l: &str| {
            let mut fields: Vec<String> = l.split(':').map(str::to_owned).collect();
            if fields.first() == Some(&self.name)
                && let Some(number) = fields.get_mut(2)
            {
                *number = wanted.to_string();
            }
            fields.join(":") + "\n"
        };
        let new: String = text.lines().map(line).collect();
        host.mark_changed();
        if !host.check() {
            let (save, attrs) = (Save::default(), FileAttrs::default());
            host.replace(Path::new(FILE), &mut new.as_bytes(), &save, &attrs)?;
            host.accounts().forget();
        }
        Ok(Said::default())
    }

    fn remove(&self, host: &mut Host<'_>) -> Result<Said, Failure> {
        let c = match self.program(host, "groupdel")? {
            Some(c) if self.force => c.arg("-f"),
            Some(c) => c,
            None => Command::new(host.need_program("delgroup", "passwd")?),
        };
        self.execute(host, c.arg(&self.name))
    }

    fn execute(&self, host: &mut Host<'_>, command: Command) -> Result<Said, Failure> {
        let out = host.execute(command)?;
        if let Some(out) = out.as_ref().filter(|o| o.rc != 0) {
            return Err(Failure::new(out.stderr_text()).with("name", self.name.as_str()));
        }
        host.accounts().forget();
        Ok(Said(out))
    }
}

impl Module for Group {
    const META: Meta = Meta {
        name: "ansible.builtin.group",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "gid",
                doc: "Number of the group, if it is there.",
            },
            Return {
                name: "name",
                doc: "Name of the group.",
            },
            Return {
                name: "state",
                doc: "The wanted state.",
            },
            Return {
                name: "system",
                doc: "Whether a system group was asked for.",
            },
        ],
        examples: &[Example {
            title: "The group of the superuser is there",
            args: r#"{"name": "root", "gid": 0}"#,
            given: &[],
            then: &[],
            changed: false,
            runs: true,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        self.look_over()?;
        let now = self.existing(host);
        let (said, whole) = match (self.state.as_str(), now) {
            ("absent", Some(_)) => (self.remove(host)?, true),
            ("present", None) => (self.add(host)?, true),
            ("present", Some(is)) => match self.gid.filter(|wanted| *wanted != i64::from(is)) {
                Some(wanted) => (self.renumber(host, wanted)?, false),
                None => (Said::default(), false),
            },
            _ => (Said::default(), false),
        };
        if whole && host.check() {
            return Ok(Outcome::new());
        }
        let out = Outcome::new()
            .with("name", self.name.as_str())
            .with("state", self.state.as_str());
        if let Some(said) = said.0 {
            for (key, text) in [("stdout", said.stdout_text()), ("stderr", said.stderr_text())] {
                if !text.is_empty() {
                    out.values.insert(key, text);
                }
            }
        }
        Ok(match self.existing(host) {
            Some(gid) => out.with("system", self.system).with("gid", gid),
            None => out,
        })
    }
}
