//! Starting apt-get with the options that Ansible gives it.

use super::apt::Apt;
use crate::{
    host::{Command, Output},
    prelude::*,
};
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

/// What apt-get says when there was nothing to do.
pub(super) const NOTHING: &str = "\n0 upgraded, 0 newly installed, 0 to remove";

const POLICY: &str = "/usr/sbin/policy-rc.d";

impl Apt {
    /// The program with its dpkg options and environment.
    pub(super) fn program(&self, host: &Host<'_>) -> Result<Command, Failure> {
        let mut c = Command::new(host.need_program("apt-get", "apt")?).arg("-y");
        for option in self.dpkg_options.split(',').filter(|o| !o.is_empty()) {
            c = c
                .arg("-o")
                .arg(format!("Dpkg::Options::=--{}", option.trim_start_matches('-')));
        }
        c = c
            .arg("-o")
            .arg(format!("DPkg::Lock::Timeout={}", self.lock_timeout.max(0)));
        Ok(quiet(c))
    }

    /// The options about what may be done to packages.
    pub(super) fn permissions(&self, mut c: Command) -> Command {
        if self.force {
            c = c.arg("--force-yes");
        }
        if self.allow_unauthenticated {
            c = c.arg("--allow-unauthenticated");
        }
        if self.allow_downgrade {
            c = c.arg("--allow-downgrades");
        }
        if self.allow_change_held_packages {
            c = c.arg("--allow-change-held-packages");
        }
        if self.fail_on_autoremove {
            c = c.arg("--no-remove");
        }
        c
    }

    /// Runs apt-get; in check mode with `--simulate`. Waits for other programs' locks up to the limit.
    pub(super) fn start(
        &self,
        host: &mut Host<'_>,
        command: Command,
        simulate: &str,
    ) -> Result<Output, Failure> {
        let command = if host.check() {
            command.arg(simulate)
        } else {
            command
        };
        let policy = match self.policy_rc_d {
            Some(code) if !host.check() => Some(Policy::set(code)?),
            _ => None,
        };
        let deadline = Instant::now() + Duration::from_secs(u64::try_from(self.lock_timeout).unwrap_or(0));
        let result = loop {
            let out = host.query(command.clone());
            let locked = |o: &Output| {
                o.rc != 0
                    && (o.stderr_text().contains("Could not get lock")
                        || o.stderr_text().contains("Unable to lock"))
            };
            match out {
                Ok(o) if locked(&o) && Instant::now() < deadline && !host.link().cancelled() => {
                    std::thread::sleep(Duration::from_secs(1));
                }
                other => break other,
            }
        };
        if let Some(policy) = policy {
            policy.restore();
        }
        result
    }
}

/// No questions, no translation, no pager.
pub(super) fn quiet(c: Command) -> Command {
    c.env("DEBIAN_FRONTEND", "noninteractive")
        .env("DEBIAN_PRIORITY", "critical")
        .env("APT_LISTCHANGES_FRONTEND", "none")
        .env("LANG", "C.UTF-8")
        .env("LC_ALL", "C.UTF-8")
        .env("LC_MESSAGES", "C.UTF-8")
}

/// The result of a run of apt-get.
pub(super) fn outcome(host: &mut Host<'_>, out: &Output, changed: bool) -> Outcome {
    if changed {
        host.mark_changed();
    }
    let (stdout, stderr) = (out.stdout_text(), out.stderr_text());
    let result = Outcome::new()
        .changed(changed)
        .with("stdout", stdout.as_str())
        .with("stderr", stderr);
    if host.wants_diff() {
        let map = Map::new();
        if changed {
            map.insert("prepared", prepared(&stdout));
        }
        return result.with("diff", map);
    }
    result
}

/// A failed run as a failure.
pub(super) fn failure(what: &str, out: &Output) -> Failure {
    Failure::new(format!("'{what}' failed: {}", out.stderr_text()))
        .with("rc", out.rc)
        .with("stdout", out.stdout_text())
        .with("stderr", out.stderr_text())
}

/// The part of the output that tells what changes.
fn prepared(stdout: &str) -> String {
    let begin = stdout
        .find("The following")
        .or_else(|| stdout.find("Reading state information..."));
    let text = begin.and_then(|b| stdout.get(b..)).unwrap_or("");
    let lines = text
        .lines()
        .filter(|l| !l.starts_with("Reading state information"));
    let mut out = Vec::new();
    for line in lines {
        out.push(line);
        if line.contains(" upgraded, ") {
            break;
        }
    }
    out.join("\n")
}

/// The host's `policy-rc.d`, replaced for a while.
struct Policy(Option<Vec<u8>>);

impl Policy {
    fn set(code: i64) -> Result<Self, Failure> {
        let old = fs::read(POLICY).ok();
        let write = || {
            fs::write(POLICY, format!("#!/bin/sh\nexit {code}\n"))?;
            fs::set_permissions(POLICY, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        };
        write().map_err(|e| Failure::new(format!("Failed to create {POLICY}: {e}")))?;
        Ok(Self(old))
    }

    fn restore(self) {
        // Nothing better can be done if it fails: the packages are what matters.
        let _ = match self.0 {
            Some(old) => fs::write(POLICY, old),
            None => fs::remove_file(Path::new(POLICY)),
        };
    }
}
