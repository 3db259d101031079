//! `hostname`: the host's own name.

use crate::{
    facts::{self, service_mgr},
    host::{Command, Save},
    prelude::*,
};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// Set the host's name, now and for the next boots
#[derive(Params)]
pub struct Hostname {
    /// The name.
    #[param(required)]
    name: String,
    /// How names are kept on this host; without, it is found out.
    #[param(
        name = "use",
        choices(
            "alpine", "debian", "freebsd", "generic", "macos", "macosx", "darwin", "openbsd", "openrc",
            "redhat", "sles", "solaris", "systemd"
        )
    )]
    strategy: Option<String>,
}

/// Where the name is kept.
enum Keeper {
    /// systemd's, which keeps it and sets it at once.
    Systemd(PathBuf),
    /// A file.
    File {
        path: &'static str,
        /// The key before the name and the quotes around it, in a file that has other lines too.
        key: Option<(&'static str, &'static str)>,
        /// Whether the kernel's name is another one, and set at once.
        live: bool,
    },
}

impl Keeper {
    fn of(host: &Host<'_>, strategy: Option<&str>) -> Result<Self, Failure> {
        let file = |path, key, live| Ok(Self::File { path, key, live });
        match strategy {
            Some("debian" | "systemd") => Ok(Self::Systemd(host.need_program("hostnamectl", "systemd")?)),
            Some("freebsd") => file("/etc/rc.conf.d/hostname", Some(("hostname=", "\"")), true),
            Some("openbsd") => file("/etc/myname", None, true),
            Some("openrc") => file("/etc/conf.d/hostname", Some(("hostname=", "\"")), false),
            Some("redhat") => file("/etc/sysconfig/network", Some(("HOSTNAME=", "")), false),
            Some("sles") => file("/etc/HOSTNAME", None, false),
            Some("macos" | "macosx" | "darwin") => Err(Failure::new(
                "Failed to find required executable \"scutil\" on this host; it is macOS's",
            )),
            Some(other @ ("generic" | "solaris")) => Err(Failure::new(format!(
                "use: {other} sets no name on this host; leave `use` away"
            ))),
            None if service_mgr::systemd_runs() && host.find_program("hostnamectl").is_some() => {
                Self::of(host, Some("systemd"))
            }
            _ => file("/etc/hostname", None, false),
        }
    }

    /// The name that is kept.
    fn kept(&self, strategy: Option<&str>) -> Result<String, Failure> {
        let Self::File {
            path,
            key: Some((key, quote)),
            ..
        } = self
        else {
            let path = match self {
                Self::Systemd(_) => "/etc/hostname",
                Self::File { path, .. } => path,
            };
            let text = fs::read_to_string(path).unwrap_or_default();
            return Ok(text.trim().to_owned());
        };
        let text = fs::read_to_string(path).unwrap_or_default();
        let value = text.lines().find_map(|l| l.trim().strip_prefix(key));
        match value {
            Some(value) => Ok(value.trim_matches(|c| quote.contains(c)).trim().to_owned()),
            // There the name must have been set by the installation.
            None if strategy == Some("redhat") => {
                Err(Failure::new(format!("Unable to locate HOSTNAME entry in {path}")))
            }
            None => Ok(String::new()),
        }
    }

    /// Keeps the name.
    fn keep(&self, host: &mut Host<'_>, name: &str) -> Result<(), Failure> {
        match self {
            Self::Systemd(program) => {
                let command = Command::new(program).args(["--pretty", "--static", "set-hostname", name]);
                host.query(command)?.success("Command failed")?;
            }
            Self::File { path, key, .. } => {
                let old = fs::read_to_string(path).unwrap_or_default();
                let content = content(&old, *key, name);
                host.write(
                    Path::new(path),
                    content.as_bytes(),
                    &Save::default(),
                    &FileAttrs::default(),
                )?;
            }
        }
        Ok(())
    }

    /// Gives the running kernel the name.
    fn set(&self, host: &mut Host<'_>, name: &str) -> Result<(), Failure> {
        match self {
            Self::Systemd(program) => {
                let command = Command::new(program).args(["--transient", "set-hostname", name]);
                host.query(command)?.success("Command failed")?;
            }
            Self::File { .. } => rustix::system::sethostname(name.as_bytes())
                .map_err(|e| Failure::new(format!("could not set the host's name: {e}")))?,
        }
        Ok(())
    }
}

/// The kept content with the new name: its line replaced, others as they are.
fn content(old: &str, key: Option<(&str, &str)>, name: &str) -> String {
    let Some((key, quote)) = key else {
        return format!("{name}\n");
    };
    let new = format!("{key}{quote}{name}{quote}");
    let mut lines: Vec<&str> = old.lines().collect();
    match lines.iter_mut().find(|l| l.trim_start().starts_with(key)) {
        Some(line) => *line = &new,
        None => lines.push(&new),
    }
    lines.join("\n") + "\n"
}

/// The name that the kernel has.
fn running() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

impl Module for Hostname {
    const META: Meta = Meta {
        name: "ansible.builtin.hostname",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "name",
                doc: "The name.",
            },
            Return {
                name: "ansible_facts",
                doc: "The facts that changed with it.",
            },
        ],
        examples: &[Example {
            title: "Name the host",
            args: r#"{"name": "web1"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let strategy = self.strategy.as_deref();
        let keeper = Keeper::of(host, strategy)?;
        // systemd takes no name for its own default.
        let shortest = usize::from(!matches!(keeper, Keeper::Systemd(_)));
        if !(shortest..=64).contains(&self.name.len()) {
            return Err(Failure::new(format!(
                "name must have {shortest} to 64 characters"
            )));
        }
        let kept = keeper.kept(strategy)?;
        let live = !matches!(keeper, Keeper::File { live: false, .. });
        let current = if live { running() } else { kept.clone() };
        let name = &self.name;
        let changed = kept != *name || current != *name;
        if kept != *name && !host.check() {
            host.quietly(|host| keeper.keep(host, name))?;
        }
        // systemd may have given it to the kernel already.
        if live && !host.check() && running() != *name {
            keeper.set(host, name)?;
        }
        let mut out = Outcome::new().changed(changed);
        if changed {
            let was = if current == *name { kept } else { current };
            let line = |name: &str| format!("hostname = {name}\n");
            let diff = Map::from_iter([("before", line(&was)), ("after", line(name))]);
            out = out.with("diff", diff);
        }
        let found = facts::gather(host, &["platform"], Duration::from_secs(5), Default::default())?;
        let facts = Map::new();
        for key in ["domain", "fqdn"] {
            let name = format!("ansible_{key}");
            let value = found.get(&name).unwrap_or(Value::str(""));
            facts.insert(name, value);
        }
        facts.insert("ansible_hostname", self.name.split('.').next().unwrap_or(""));
        facts.insert("ansible_nodename", self.name.as_str());
        Ok(out.with("name", self.name).with("ansible_facts", facts))
    }
}

#[cfg(test)]
mod tests {
    use super::content;

    #[test]
    fn other_lines_of_the_file_stay() {
        let key = Some(("hostname=", "\""));
        let old = "# name\nhostname=\"a\"\nrest\n";
        assert_eq!(content(old, key, "b"), "# name\nhostname=\"b\"\nrest\n");
        assert_eq!(content("", key, "b"), "hostname=\"b\"\n");
        assert_eq!(content("a\n", None, "b"), "b\n");
    }
}
