//! `apt`: packages of Debian and its relatives.

pub use super::apt_params::Apt;

use super::{
    apt_get::{Run, quiet},
    apt_lists::{self, Lists},
    apt_names::expand,
};
use crate::{host::Command, prelude::*};

/// What aptitude says when there was nothing to do.
const APTITUDE_NOTHING: &str = "\n0 packages upgraded, 0 newly installed, 0 to remove";

impl Apt {
    /// Empties the folder of fetched packages.
    fn clean(&self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let command = quiet(Command::new(host.need_program("apt-get", "apt")?)).arg("clean");
        host.mark_changed();
        let (stdout, stderr) = if host.check() {
            (String::new(), String::new())
        } else {
            let out = host.query(command)?;
            let (stdout, stderr) = (out.stdout_text(), out.stderr_text());
            if out.rc != 0 || !stderr.is_empty() {
                return Err(Failure::new(format!("apt-get clean failed: {stderr}"))
                    .with("stdout", stdout)
                    .with("rc", out.rc));
            }
            (stdout, stderr)
        };
        let run = Run {
            rc: 0,
            stdout,
            stderr,
        };
        let words = run.stdout.clone();
        Ok(run.outcome(host, true).with("msg", words))
    }

    /// Fetches the lists of packages if that is wanted and they are too old.
    fn update(&self, host: &mut Host<'_>) -> Result<Lists, Failure> {
        let before = apt_lists::time();
        let mut lists = Lists {
            updated: false,
            time: before,
        };
        if self.wants_lists() && !apt_lists::younger(self.cache_valid_time) {
            apt_lists::fetch(
                host,
                self.update_cache_retries,
                self.update_cache_retry_max_delay,
                self.lock_timeout,
            )?;
            lists.time = apt_lists::time();
            lists.updated = host.check() || lists.time != before;
        }
        Ok(lists)
    }

    fn wants_lists(&self) -> bool {
        self.update_cache == Some(true) || self.cache_valid_time != 0
    }

    fn upgrade(&self, host: &mut Host<'_>, mode: &str) -> Result<Outcome, Failure> {
        let aptitude = host
            .find_program("aptitude")
            .filter(|_| !self.force_apt_get && mode != "dist");
        let mut c = match &aptitude {
            Some(program) => {
                let c = self.dpkg_options(quiet(Command::new(program).arg("-y")));
                for (given, name, word) in [
                    (self.fail_on_autoremove, "fail_on_autoremove", "--no-remove"),
                    (self.allow_downgrade, "allow_downgrade", "--allow-downgrades"),
                ] {
                    if given {
                        host.warn(format!(
                            "APTITUDE does not support '{word}', ignoring the '{name}' parameter."
                        ));
                    }
                }
                let c = if self.force {
                    c.args(["--assume-yes", "--allow-untrusted"])
                } else {
                    c
                };
                let c = if self.allow_unauthenticated {
                    c.arg("--allow-unauthenticated")
                } else {
                    c
                };
                c.arg(if mode == "full" {
                    "full-upgrade"
                } else {
                    "safe-upgrade"
                })
            }
            None => {
                let mut c = self.forced(self.program(host)?);
                for (given, word) in [
                    (self.fail_on_autoremove, "--no-remove"),
                    (self.allow_unauthenticated, "--allow-unauthenticated"),
                    (self.allow_downgrade, "--allow-downgrades"),
                    (self.autoremove, "--auto-remove"),
                ] {
                    if given {
                        c = c.arg(word);
                    }
                }
                match mode {
                    "dist" | "full" => c.arg("dist-upgrade"),
                    _ => c.args(["upgrade", "--with-new-pkgs"]),
                }
            }
        };
        if let Some(release) = &self.default_release {
            c = c.arg("-t").arg(release);
        }
        let line = c.argv_text().join(" ");
        let run = self.start(host, c)?;
        if run.rc != 0 {
            return Err(run.failure(&line));
        }
        let nothing = if aptitude.is_some() {
            APTITUDE_NOTHING
        } else {
            super::apt_get::NOTHING
        };
        let words = run.stdout.clone();
        if words.contains(nothing) {
            return Ok(Outcome::new()
                .changed(false)
                .with("msg", words)
                .with("stdout", run.stdout)
                .with("stderr", run.stderr));
        }
        Ok(run.outcome(host, true).with("msg", words))
    }

    /// `autoremove` or `autoclean`.
    fn tidy(&self, host: &mut Host<'_>, verb: &str, change: &str) -> Result<Outcome, Failure> {
        let mut c = self.program(host)?;
        if self.purge {
            c = c.arg("--purge");
        }
        let run = self.start(host, self.forced(c).arg(verb))?;
        if run.rc != 0 {
            return Err(run.failure(&format!("apt-get {verb}")));
        }
        let changed = run.stdout.contains(change);
        Ok(run.outcome(host, changed))
    }

    /// What the names ask for.
    fn names(&self, host: &mut Host<'_>, names: &[String], lists: &Lists) -> Result<Outcome, Failure> {
        match self.state.as_str() {
            "absent" => {
                let wanted = expand(host, names, true)?;
                self.remove(host, &wanted)
            }
            "build-dep" => lists.tell(self.build_dependencies(host, names)),
            _ => {
                let wanted = expand(host, names, false)?;
                let statuses = self.statuses(host, &wanted)?;
                lists.tell(self.install(host, &wanted, &statuses))
            }
        }
    }

    /// Where several things are asked for of which ansible-core does the first only, so do we, and tell it.
    fn warn_ignored(&self, host: &mut Host<'_>, what: &[(bool, &str)], because: &str) {
        for (_, name) in what.iter().filter(|(given, _)| *given) {
            host.warn(format!(
                "{name} is ignored because of {because}; give it a task of its own"
            ));
        }
    }
}

impl Module for Apt {
    const META: Meta = Meta {
        name: "ansible.builtin.apt",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "cache_updated",
                doc: "Whether the lists of packages were fetched; if packages are installed or only the lists wanted.",
            },
            Return {
                name: "cache_update_time",
                doc: "When they were fetched, in seconds since 1970; likewise.",
            },
            Return {
                name: "stdout",
                doc: "What apt-get said, if it was started.",
            },
            Return {
                name: "stderr",
                doc: "What apt-get complained about.",
            },
        ],
        examples: &[
            Example {
                title: "Install packages",
                args: r#"{"name": ["git", "bc"], "update_cache": true, "cache_valid_time": 3600}"#,
                given: &[],
                then: &[],
                changed: true,
                runs: false,
            },
            Example {
                title: "Upgrade all packages",
                args: r#"{"upgrade": "dist", "update_cache": true}"#,
                given: &[],
                then: &[],
                changed: true,
                runs: false,
            },
        ],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let names = self.name.clone().unwrap_or_default();
        let upgrade = self.upgrade.clone().filter(|m| m != "no");
        let alone = names.is_empty() && upgrade.is_none() && self.deb.is_none();
        if self.clean {
            let outcome = self.clean(host)?;
            if alone {
                let others = [
                    (self.wants_lists(), "update_cache"),
                    (self.autoclean, "autoclean"),
                    (self.autoremove, "autoremove"),
                ];
                self.warn_ignored(host, &others, "clean");
                return Ok(outcome);
            }
        }
        let lists = self.update(host)?;
        if alone && self.wants_lists() {
            let others = [(self.autoclean, "autoclean"), (self.autoremove, "autoremove")];
            self.warn_ignored(host, &others, "update_cache");
            return lists.tell(Ok(Outcome::new().changed(lists.updated)));
        }
        if let Some(mode) = &upgrade {
            return self.upgrade(host, mode);
        }
        if let Some(deb) = &self.deb {
            if self.state != "present" {
                return Err(Failure::new("deb only supports state=present"));
            }
            return self.install_files(host, &deb.to_string_lossy());
        }
        let packages: Vec<String> = names
            .iter()
            .filter(|n| *n != "*")
            .map(|n| n.trim().to_owned())
            .collect();
        if self.state == "latest" && packages.len() < names.len() {
            if !packages.is_empty() {
                return Err(Failure::new(
                    "unable to install additional packages when upgrading all installed packages",
                ));
            }
            return self.upgrade(host, "yes");
        }
        if packages.is_empty() {
            if self.autoclean {
                self.warn_ignored(host, &[(self.autoremove, "autoremove")], "autoclean");
                return self.tidy(host, "autoclean", "Del ");
            }
            if self.autoremove {
                return self.tidy(host, "autoremove", "The following packages will be REMOVED");
            }
        }
        self.names(host, &packages, &lists)
    }
}
