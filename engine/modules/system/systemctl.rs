//! Talking to systemd through its own program.

use crate::{
    Host,
    facts::is_chroot,
    host::{Command, Output},
    prelude::*,
};
use std::path::PathBuf;

/// `systemctl` for one manager: the system's, the user's, or the settings of all users.
pub(super) struct Systemctl {
    program: PathBuf,
    options: Vec<String>,
    runtime: Option<String>,
}

impl Systemctl {
    pub(super) fn new(host: &Host<'_>, scope: &str, no_block: bool, force: bool) -> Result<Self, Failure> {
        let mut options = Vec::new();
        if scope != "system" {
            options.push(format!("--{scope}"));
        }
        if no_block {
            options.push("--no-block".into());
        }
        if force {
            options.push("--force".into());
        }
        let uid = rustix::process::geteuid().as_raw();
        Ok(Self {
            program: host.need_program("systemctl", "systemd")?,
            options,
            // A session without login has no such variable, and without it the user's manager is not found.
            runtime: host
                .variable("XDG_RUNTIME_DIR")
                .is_none()
                .then(|| format!("/run/user/{uid}")),
        })
    }

    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut c = Command::new(&self.program)
            .args(&self.options)
            .args(args)
            .env("LC_ALL", "C");
        if let Some(dir) = &self.runtime {
            c = c.env("XDG_RUNTIME_DIR", dir.as_str());
        }
        c
    }

    /// Asks something.
    pub(super) fn query(&self, host: &mut Host<'_>, args: &[&str]) -> Result<Output, Failure> {
        host.query(self.command(args))
    }

    /// Changes something; not in check mode.
    pub(super) fn execute(&self, host: &mut Host<'_>, args: &[&str]) -> Result<Option<Output>, Failure> {
        host.execute(self.command(args))
    }
}

/// Whether systemd cannot be asked by right: this is a chroot, or it was told to stay offline.
pub(super) fn offline(host: &Host<'_>) -> bool {
    is_chroot() || host.variable("SYSTEMD_OFFLINE").as_deref() == Some("1")
}

/// The properties that `systemctl show` prints; commands in braces may go over several lines.
pub(super) fn properties(text: &str) -> Map {
    let out = Map::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        if let Some((key, mut value)) = open.take() {
            value.push('\n');
            value.push_str(line);
            if line.trim_end().ends_with('}') {
                out.insert(key, value.trim());
            } else {
                open = Some((key, value));
            }
        } else if let Some((key, value)) = line.split_once('=') {
            if key.starts_with("Exec")
                && value.trim_start().starts_with('{')
                && !value.trim_end().ends_with('}')
            {
                open = Some((key.to_owned(), value.to_owned()));
            } else {
                out.insert(key, value.trim());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::properties;

    #[test]
    fn values_in_braces_go_over_lines() {
        let map = properties(
            "Id=a.service\nExecStart={ path=/bin/sh ; argv[]=sh -c 'a\nb' ; }\nActiveState=active\n",
        );
        assert_eq!(
            map.get("ExecStart").unwrap().to_text(),
            "{ path=/bin/sh ; argv[]=sh -c 'a\nb' ; }"
        );
        assert_eq!(map.get("ActiveState").unwrap().to_text(), "active");
        assert_eq!(map.len(), 3);
    }

    #[test]
    fn an_open_brace_in_another_property_is_a_value() {
        let map = properties("Description={ odd\nLoadState=loaded\n");
        assert_eq!(map.get("Description").unwrap().to_text(), "{ odd");
        assert_eq!(map.get("LoadState").unwrap().to_text(), "loaded");
    }
}
