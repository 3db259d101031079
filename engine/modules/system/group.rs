//! `group`: groups of users.

use crate::{host::Command, prelude::*};

/// Make, change or remove a group
#[derive(Params)]
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

impl Group {
    fn existing(&self, host: &mut Host<'_>) -> Option<u32> {
        if !self.local {
            return host.accounts().group(&self.name).map(|g| g.gid);
        }
        let text = std::fs::read_to_string("/etc/group").unwrap_or_default();
        let line = text.lines().find(|l| l.split(':').next() == Some(&self.name))?;
        line.split(':').nth(2)?.parse().ok()
    }

    fn add(&self, host: &Host<'_>) -> Result<Command, Failure> {
        let program = if self.local { "lgroupadd" } else { "groupadd" };
        if let Some(path) = host.find_program(program) {
            let mut c = Command::new(path);
            if let Some(gid) = self.gid {
                c = c.arg("-g").arg(gid.to_string());
                if self.non_unique {
                    c = c.arg("-o");
                }
            }
            if self.system {
                c = c.arg("-r");
            }
            if !self.local {
                for (name, value) in [("GID_MIN", self.gid_min), ("GID_MAX", self.gid_max)] {
                    if let Some(value) = value {
                        c = c.arg("-K").arg(format!("{name}={value}"));
                    }
                }
            }
            return Ok(c.arg(&self.name));
        }
        let mut c = Command::new(host.need_program("addgroup", "passwd")?);
        if let Some(gid) = self.gid {
            c = c.arg("-g").arg(gid.to_string());
        }
        if self.system {
            c = c.arg("-S");
        }
        Ok(c.arg(&self.name))
    }

    fn remove(&self, host: &Host<'_>) -> Result<Command, Failure> {
        let program = if self.local { "lgroupdel" } else { "groupdel" };
        match host.find_program(program) {
            Some(path) => {
                let c = Command::new(path);
                let c = if self.force && !self.local { c.arg("-f") } else { c };
                Ok(c.arg(&self.name))
            }
            None => Ok(Command::new(host.need_program("delgroup", "passwd")?).arg(&self.name)),
        }
    }

    fn execute(&self, host: &mut Host<'_>, command: Command) -> Result<(), Failure> {
        if let Some(out) = host.execute(command)?
            && out.rc != 0
        {
            let words = if out.stderr.is_empty() {
                out.stdout_text()
            } else {
                out.stderr_text()
            };
            return Err(Failure::new(words).with("name", self.name.as_str()));
        }
        host.accounts().forget();
        Ok(())
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
        if self.non_unique && self.gid.is_none() {
            return Err(Failure::new(
                "non_unique is True but all of the following are missing: gid",
            ));
        }
        if self.local && (self.gid_min.is_some() || self.gid_max.is_some()) {
            return Err(Failure::new(
                "parameters are mutually exclusive: local|gid_min, local|gid_max",
            ));
        }
        let now = self.existing(host);
        if self.state == "absent" {
            if now.is_some() {
                let command = self.remove(host)?;
                self.execute(host, command)?;
                if host.check() {
                    return Ok(Outcome::new());
                }
            }
        } else if now.is_none() {
            let command = self.add(host)?;
            self.execute(host, command)?;
            if host.check() {
                return Ok(Outcome::new());
            }
        } else if let (Some(is), Some(wanted)) = (now, self.gid)
            && i64::from(is) != wanted
        {
            let program = if self.local { "lgroupmod" } else { "groupmod" };
            let mut c = Command::new(host.need_program(program, "passwd")?)
                .arg("-g")
                .arg(wanted.to_string());
            if self.non_unique {
                c = c.arg("-o");
            }
            self.execute(host, c.arg(&self.name))?;
        }
        let out = Outcome::new()
            .with("name", self.name.as_str())
            .with("state", self.state.as_str());
        Ok(match self.existing(host) {
            Some(gid) if self.state == "present" => out.with("system", self.system).with("gid", gid),
            _ => out,
        })
    }
}
