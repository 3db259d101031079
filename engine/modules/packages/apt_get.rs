//! Starting apt-get with the options that Ansible gives it.

use super::{
    apt::Apt,
    apt_lists::pause,
    apt_names::{Status, Wanted, statuses},
    dpkg::{Database, automatic},
};
use crate::{
    host::{Command, Output},
    prelude::*,
};
use std::{
    fmt::Display,
    path::Path,
    time::{Duration, Instant},
};

/// What apt-get says when there was nothing to do.
pub(super) const NOTHING: &str = "\n0 upgraded, 0 newly installed, 0 to remove";

/// A finished program, as texts.
pub(super) struct Run {
    pub(super) rc: i64,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Run {
    /// As result.
    pub(super) fn outcome(self, host: &mut Host<'_>, changed: bool) -> Outcome {
        if changed {
            host.mark_changed();
        }
        let diff = Map::new();
        if host.wants_diff() {
            diff.insert("prepared", prepared(&self.stdout));
        }
        Outcome::new()
            .changed(changed)
            .with("stdout", self.stdout)
            .with("stderr", self.stderr)
            .with("diff", diff)
    }

    /// As failure of that command.
    pub(super) fn failure(self, line: &str) -> Failure {
        Failure::new(format!("'{line}' failed: {}", self.stderr))
            .with("stdout", self.stdout)
            .with("stderr", self.stderr)
            .with("rc", self.rc)
    }
}

impl Apt {
    /// The program with its dpkg options and environment.
    pub(super) fn program(&self, host: &Host<'_>) -> Result<Command, Failure> {
        let c = Command::new(host.need_program("apt-get", "apt")?).arg("-y");
        Ok(self.dpkg_options(quiet(c)))
    }

    /// Options for dpkg and for waiting.
    pub(super) fn dpkg_options(&self, mut c: Command) -> Command {
        for option in self.dpkg_options.split(',').filter(|o| !o.is_empty()) {
            c = c.arg("-o").arg(format!("Dpkg::Options::=--{option}"));
        }
        c.arg("-o")
            .arg(format!("DPkg::Lock::Timeout={}", self.lock_timeout))
    }

    pub(super) fn forced(&self, c: Command) -> Command {
        if self.force { c.arg("--force-yes") } else { c }
    }

    /// Runs apt-get; in check mode with `--simulate`. Waits for other programs' locks up to the limit.
    pub(super) fn start(&self, host: &mut Host<'_>, mut command: Command) -> Result<Run, Failure> {
        if host.check() {
            command = command.arg("--simulate");
        }
        let out = self.with_policy(host, |host| {
            let deadline =
                Instant::now() + Duration::from_secs(u64::try_from(self.lock_timeout).unwrap_or(0));
            loop {
                let out = host.query(command.clone())?;
                if !locked(&out) || Instant::now() >= deadline {
                    return Ok(out);
                }
                pause(host, 1)?;
            }
        })?;
        Ok(Run {
            rc: out.rc,
            stdout: out.stdout_text(),
            stderr: out.stderr_text(),
        })
    }

    /// Runs something while `policy-rc.d` answers as wanted.
    pub(super) fn with_policy<T>(
        &self,
        host: &mut Host<'_>,
        run: impl FnOnce(&mut Host<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Some(code) = self.policy_rc_d.filter(|_| !host.check()) else {
            return run(host);
        };
        host.unchanged(|host| set_policy(host, code))?;
        let result = run(host);
        host.unchanged(restore_policy)?;
        result
    }

    /// Options about what may be done, for installations.
    fn permissions(&self, mut c: Command) -> Command {
        if let Some(release) = &self.default_release {
            c = c.arg("-t").arg(release);
        }
        if let Some(recommends) = self.install_recommends {
            let word = if recommends { "yes" } else { "no" };
            c = c.arg("-o").arg(format!("APT::Install-Recommends={word}"));
        }
        for (given, word) in [
            (self.fail_on_autoremove, "--no-remove"),
            (self.allow_unauthenticated, "--allow-unauthenticated"),
            (self.allow_downgrade, "--allow-downgrades"),
            (self.allow_change_held_packages, "--allow-change-held-packages"),
        ] {
            if given {
                c = c.arg(word);
            }
        }
        c
    }

    /// How things stand with the packages.
    pub(super) fn statuses(&self, host: &mut Host<'_>, wanted: &[Wanted]) -> Result<Vec<Status>, Failure> {
        let latest = self.state == "latest";
        let release = self.default_release.as_deref();
        statuses(host, &Database::read(), wanted, release, latest)
    }

    /// Installs what is missing or not in the wanted version.
    pub(super) fn install(
        &self,
        host: &mut Host<'_>,
        wanted: &[Wanted],
        statuses: &[Status],
    ) -> Result<Outcome, Failure> {
        let mut words = Vec::new();
        for (w, status) in wanted.iter().zip(statuses) {
            let skipped = self.only_upgrade && !status.installed;
            if !skipped && !status.matches && status.best.is_none() {
                return Err(Failure::new(format!(
                    "no available installation candidate for {}",
                    w.text()
                )));
            }
            words.extend(self.word(w, status));
        }
        let repair = self.state == "fixed";
        let outcome = if words.is_empty() && !repair {
            Outcome::new().changed(false)
        } else {
            let mut c = self.program(host)?;
            if self.only_upgrade {
                c = c.arg("--only-upgrade");
            }
            if repair {
                c = c.arg("--fix-broken");
            }
            if self.autoremove {
                c = c.arg("--auto-remove");
            }
            let c = self.permissions(self.forced(c)).arg("install").args(&words);
            let line = c.argv_text().join(" ");
            let run = self.start(host, c)?;
            if run.rc != 0 {
                return Err(run.failure(&line));
            }
            if words.is_empty() && run.stdout.contains(NOTHING) {
                Outcome::new().changed(false)
            } else {
                run.outcome(host, true)
            }
        };
        if !host.check() {
            self.mark_manual(host, wanted)?;
        }
        Ok(outcome)
    }

    /// The word for apt-get, if something is to be done.
    fn word(&self, w: &Wanted, status: &Status) -> Option<String> {
        let latest = self.state == "latest";
        if !status.installed && self.only_upgrade {
            return None;
        }
        let best = status.best.as_ref()?;
        if !status.installed || latest || !status.matches {
            return Some(match (best, &w.version) {
                (Some(version), _) => format!("{}={version}", w.name),
                (None, Some((_, version))) => format!("{}={version}", w.name),
                (None, None) => w.name.clone(),
            });
        }
        // A pattern takes the newest version that it fits, even without `latest`.
        w.pattern().map(|pattern| format!("{}={pattern}", w.name))
    }

    /// Packages that were installed for others, but are named now, are kept for their own sake.
    fn mark_manual(&self, host: &mut Host<'_>, wanted: &[Wanted]) -> Result<(), Failure> {
        let automatic = automatic();
        if automatic.is_empty() {
            return Ok(());
        }
        let db = Database::read();
        let marked: Vec<_> = wanted
            .iter()
            .filter(|w| {
                let package = db.find(&w.name).or_else(|| db.provider(&w.name));
                package.is_some_and(|p| p.installed() && db.is_automatic(p, &automatic))
            })
            .map(|w| w.name.as_str())
            .collect();
        if marked.is_empty() {
            return Ok(());
        }
        let c = Command::new(host.need_program("apt-mark", "apt")?).arg("manual");
        host.query(quiet(c.args(&marked)))?
            .success(&format!("'apt-mark manual {}' failed", marked.join(" ")))?;
        Ok(())
    }

    /// Installs what building those source packages needs.
    pub(super) fn build_dependencies(
        &self,
        host: &mut Host<'_>,
        names: &[String],
    ) -> Result<Outcome, Failure> {
        if names.is_empty() {
            return Ok(Outcome::new().changed(false));
        }
        let mut c = self.program(host)?;
        if self.only_upgrade {
            c = c.arg("--only-upgrade");
        }
        let c = self.permissions(self.forced(c)).arg("build-dep").args(names);
        let line = c.argv_text().join(" ");
        let run = self.start(host, c)?;
        if run.rc != 0 {
            return Err(run.failure(&line));
        }
        let changed = !run.stdout.contains(NOTHING);
        Ok(run.outcome(host, changed))
    }

    pub(super) fn remove(&self, host: &mut Host<'_>, wanted: &[Wanted]) -> Result<Outcome, Failure> {
        let db = Database::read();
        let there = |w: &&Wanted| {
            db.find(&w.name)
                .is_some_and(|p| p.installed() && w.accepts(&p.version) || self.purge && p.has_files())
        };
        let words: Vec<_> = wanted.iter().filter(there).map(Wanted::text).collect();
        if words.is_empty() {
            return Ok(Outcome::new().changed(false));
        }
        let mut c = self.program(host)?.arg("-q");
        for (given, word) in [
            (self.purge, "--purge"),
            (self.autoremove, "--auto-remove"),
            (self.allow_change_held_packages, "--allow-change-held-packages"),
        ] {
            if given {
                c = c.arg(word);
            }
        }
        let run = self.start(host, self.forced(c).arg("remove").args(&words))?;
        if run.rc != 0 {
            return Err(run.failure(&format!("apt-get remove '{}'", words.join("' '"))));
        }
        Ok(run.outcome(host, true))
    }
}

/// Whether a program failed because another one has the lock.
pub(super) fn locked(out: &Output) -> bool {
    let words = out.stderr_text();
    out.rc != 0 && (words.contains("Could not get lock") || words.contains("Unable to lock"))
}

/// No questions, no translation, no pager.
pub(super) fn quiet(c: Command) -> Command {
    let c = c
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("DEBIAN_PRIORITY", "critical")
        .env("APT_LISTCHANGES_FRONTEND", "none");
    ["LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LC_CTYPE"]
        .iter()
        .fold(c, |c, name| c.env(name, "C.UTF-8"))
}

/// The part of the output that tells what changes.
pub(super) fn prepared(stdout: &str) -> String {
    let lines: Vec<_> = stdout.split(['\n', '\r']).collect();
    let begin = ["Resolving dependencies...", "Reading state information..."]
        .iter()
        .find_map(|mark| lines.iter().position(|l| l == mark))
        .map_or(0, |at| at + 1);
    let sum = |line: &&str| {
        let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.len() < line.len() && (rest.starts_with(" upgraded") || rest.starts_with(" packages upgraded"))
    };
    let end = lines.iter().position(sum).map_or_else(
        || lines.len() - usize::from(lines.last() == Some(&"")),
        |at| at + 1,
    );
    lines.get(begin..end).unwrap_or_default().join("\n")
}

const POLICY: &str = "/usr/sbin/policy-rc.d";
/// Where the host's own waits meanwhile. If it is there already, a run was killed: then it comes back now.
const OWN: &str = "/usr/sbin/policy-rc.d.kdo-own";

/// Lets `policy-rc.d` answer with this code until [`restore_policy`].
fn set_policy(host: &mut Host<'_>, code: i64) -> Result<(), Failure> {
    let failed = |e: &dyn Display| Failure::new(format!("Failed to create or chmod {POLICY}: {e}"));
    let (place, own) = (Path::new(POLICY), Path::new(OWN));
    if place.exists() && !own.exists() {
        host.rename(place, own).map_err(|e| failed(&e))?;
    }
    let attrs = FileAttrs::of_mode(0o770);
    let text = format!("#!/bin/sh\nexit {code}\n");
    let set = host.replace(place, &mut text.as_bytes(), &Save::default(), &attrs);
    set.or_else(|e| {
        restore_policy(host)?;
        Err(failed(&e.message))
    })
}

fn restore_policy(host: &mut Host<'_>) -> Result<(), Failure> {
    let (place, own) = (Path::new(POLICY), Path::new(OWN));
    if own.exists() {
        host.rename(own, place)
            .map_err(|e| Failure::new(format!("Failed to restore {POLICY}: {e}")))
    } else {
        host.remove(place).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::prepared;

    #[test]
    fn diffs_are_what_apt_prepares() {
        let text = "Reading package lists...\nReading state information...\nThe following NEW packages will be installed:\n  foo\n0 upgraded, 1 newly installed, 0 to remove and 0 not upgraded.\nInst foo\n";
        assert_eq!(
            prepared(text),
            "The following NEW packages will be installed:\n  foo\n0 upgraded, 1 newly installed, 0 to remove and 0 not upgraded."
        );
        assert_eq!(
            prepared("Selecting foo.\nUnpacking foo ...\n"),
            "Selecting foo.\nUnpacking foo ..."
        );
        assert_eq!(prepared("Reading state information...\n"), "");
        assert_eq!(prepared(""), "");
    }
}
