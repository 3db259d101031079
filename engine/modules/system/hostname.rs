//! `hostname`: the host's own name.

use crate::{
    facts::{self, service_mgr},
    host::{Command, Save},
    prelude::*,
};
use std::{fs, path::Path, time::Duration};

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

impl Hostname {
    /// The file that keeps the name, and the line it has in it.
    fn file(&self) -> (&'static str, fn(&str) -> String) {
        let plain: fn(&str) -> String = |n| format!("{n}\n");
        match self.strategy.as_deref() {
            Some("openrc") => ("/etc/conf.d/hostname", |n| format!("hostname=\"{n}\"\n")),
            Some("sles") => ("/etc/HOSTNAME", plain),
            Some("redhat") if Path::new("/etc/sysconfig/network").exists() => {
                ("/etc/sysconfig/network", |n| format!("HOSTNAME={n}\n"))
            }
            _ => ("/etc/hostname", plain),
        }
    }

    /// The kept content with the new name: the line replaced, others as they are.
    fn content(&self, old: &str) -> String {
        let (path, line) = self.file();
        let new = line(&self.name);
        if path == "/etc/hostname" || path == "/etc/HOSTNAME" {
            return if old.trim() == self.name {
                old.to_owned()
            } else {
                new
            };
        }
        let key = new.split('=').next().unwrap_or("").to_owned() + "=";
        let mut lines: Vec<String> = old.lines().map(str::to_owned).collect();
        match lines.iter_mut().find(|l| l.trim_start().starts_with(&key)) {
            Some(l) => *l = new.trim_end().to_owned(),
            None => lines.push(new.trim_end().to_owned()),
        }
        lines.join("\n") + "\n"
    }
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
        if self.name.is_empty() || self.name.len() > 64 {
            return Err(Failure::new("name must have 1 to 64 characters"));
        }
        let current = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let systemd = match self.strategy.as_deref() {
            Some(s) => s == "systemd",
            None => service_mgr::systemd_runs() && host.find_program("hostnamectl").is_some(),
        };
        let (path, _) = self.file();
        let old = fs::read_to_string(path).unwrap_or_default();
        let content = self.content(&old);
        if current != self.name {
            host.mark_changed();
            if !host.check() {
                if systemd {
                    let program = host.need_program("hostnamectl", "systemd")?;
                    let c = Command::new(program)
                        .args(["--transient", "set-hostname"])
                        .arg(&self.name);
                    host.query(c)?.success("Command failed")?;
                } else {
                    rustix::system::sethostname(self.name.as_bytes())
                        .map_err(|e| Failure::new(format!("could not set the host's name: {e}")))?;
                }
            }
        }
        if content != old {
            host.mark_changed();
            if systemd && !host.check() {
                let program = host.need_program("hostnamectl", "systemd")?;
                for kind in ["--pretty", "--static"] {
                    let c = Command::new(&program)
                        .args([kind, "set-hostname"])
                        .arg(&self.name);
                    host.query(c)?.success("Command failed")?;
                }
            } else if !systemd && !host.check() {
                let content = content.as_bytes();
                host.replace(
                    Path::new(path),
                    &mut &*content,
                    &Save::default(),
                    &FileAttrs::default(),
                )?;
            }
        }
        if host.changed() {
            let was = if current == self.name {
                old.trim()
            } else {
                &current
            };
            host.record_diff(
                "",
                format!("hostname = {was}\n"),
                "",
                format!("hostname = {}\n", self.name),
            );
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
        Ok(Outcome::new()
            .with("name", self.name)
            .with("ansible_facts", facts))
    }
}
