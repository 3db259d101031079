//! `apt`: packages of Debian and its relatives.

pub use super::apt_params::Apt;

use super::{
    apt_get::{NOTHING, failure, outcome, quiet},
    apt_names::{Wanted, available, expand},
    debian_version,
    dpkg::Database,
};
use crate::{host::Command, prelude::*, system::clock};
use std::{
    cmp::Ordering,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

/// When the lists of packages were last fetched.
fn cache_time() -> i64 {
    let time = |p: &str| fs::metadata(p).ok().map(|m| m.mtime());
    time("/var/lib/apt/periodic/update-success-stamp")
        .or_else(|| time("/var/lib/apt/lists"))
        .unwrap_or(0)
}

impl Apt {
    /// Fetches the lists if they are too old; says whether that was (would be) done.
    fn update(&self, host: &mut Host<'_>) -> Result<bool, Failure> {
        if self.update_cache == Some(false) || self.update_cache.is_none() && self.cache_valid_time == 0 {
            return Ok(false);
        }
        let before = cache_time();
        if before + self.cache_valid_time >= clock::now().0 && self.cache_valid_time > 0 {
            return Ok(false);
        }
        if host.check() {
            return Ok(true);
        }
        let c = Command::new(host.need_program("apt-get", "apt")?);
        let c = quiet(c.args(["-q", "-o", "APT::Update::Error-Mode=any", "update"]));
        let mut words = String::new();
        for attempt in 0..self.update_cache_retries.max(1) {
            let out = self.start(host, c.clone(), "")?;
            if out.rc == 0 {
                return Ok(
                    cache_time() != before || !out.stdout_text().lines().all(|l| l.starts_with("Hit:"))
                );
            }
            words = out.stderr_text();
            let delay = 2_i64.saturating_pow(u32::try_from(attempt).unwrap_or(8).min(8));
            let delay = delay.min(self.update_cache_retry_max_delay).max(0);
            if attempt + 1 < self.update_cache_retries {
                host.warn(format!(
                    "Failed to update cache after {} tries: {}",
                    attempt + 1,
                    words.trim()
                ));
                std::thread::sleep(Duration::from_secs(u64::try_from(delay).unwrap_or(0)));
            }
        }
        Err(Failure::new(format!(
            "Failed to update apt cache after {} retries: {}",
            self.update_cache_retries,
            words.trim()
        )))
    }

    /// The words for `apt-get install`: what is missing or not in the wanted version.
    fn to_install(&self, host: &mut Host<'_>, wanted: &[Wanted]) -> Result<Vec<String>, Failure> {
        let latest = self.state == "latest";
        let db = Database::read();
        let current = |w: &Wanted| {
            db.find(&w.name)
                .filter(|p| p.installed())
                .map(|p| p.version.clone())
        };
        // Apt is asked only about packages that the database does not settle.
        let open: Vec<_> = wanted
            .iter()
            .filter(|w| match current(w) {
                Some(version) => latest || !w.accepts(&version),
                None => latest || w.version.is_some() || db.provider(&w.name).is_none(),
            })
            .filter(|w| !(self.only_upgrade && current(w).is_none()))
            .collect();
        let names: Vec<_> = open.iter().map(|w| w.name.clone()).collect();
        let known = available(host, &names, self.default_release.as_deref())?;
        let mut out = Vec::new();
        for w in open {
            let Some(apt) = known.get(&w.name) else {
                if current(w).is_some() && w.version.is_none() {
                    continue;
                }
                return Err(Failure::new(format!(
                    "No package matching '{}' is available",
                    w.name
                )));
            };
            let installed = current(w);
            if w.version.is_none() {
                match (&installed, &apt.candidate) {
                    (Some(is), Some(best)) if is == best => {}
                    (Some(_), None) => {}
                    (None, None) if db.provider(&w.name).is_some() => {}
                    _ => out.push(w.name.clone()),
                }
                continue;
            }
            let candidate = apt.candidate.iter().filter(|v| w.accepts(v));
            let best = candidate
                .chain(apt.versions.iter().filter(|v| w.accepts(v)))
                .next();
            match (best, &installed) {
                (Some(best), Some(is)) if is == best => {}
                // Without `latest` any accepted version will do.
                (_, Some(is)) if w.accepts(is) && !latest => {}
                (Some(best), _) => out.push(format!("{}={best}", w.name)),
                (None, Some(is)) if w.accepts(is) => {}
                (None, _) => {
                    let version = w.version.as_ref().map(|(_, v)| v.clone()).unwrap_or_default();
                    return Err(Failure::new(format!(
                        "no available installation candidate for {}={version}",
                        w.name
                    )));
                }
            }
        }
        Ok(out)
    }

    fn install(&self, host: &mut Host<'_>, words: &[String]) -> Result<Outcome, Failure> {
        let build = self.state == "build-dep";
        let mut c = self.program(host)?;
        if self.only_upgrade {
            c = c.arg("--only-upgrade");
        }
        if self.state == "fixed" {
            c = c.arg("--fix-broken");
        }
        if self.autoremove && !build {
            c = c.arg("--auto-remove");
        }
        c = self
            .permissions(c)
            .arg(if build { "build-dep" } else { "install" })
            .args(words);
        if let Some(release) = &self.default_release {
            c = c.arg("-t").arg(release);
        }
        if let Some(recommends) = self.install_recommends {
            let word = if recommends { "yes" } else { "no" };
            c = c.arg("-o").arg(format!("APT::Install-Recommends={word}"));
        }
        let line = c.argv_text().join(" ");
        let out = self.start(host, c, "--simulate")?;
        if out.rc != 0 {
            return Err(failure(&line, &out));
        }
        let changed = !out.stdout_text().contains(NOTHING);
        Ok(outcome(host, &out, changed))
    }

    fn remove(&self, host: &mut Host<'_>, wanted: &[Wanted]) -> Result<Outcome, Failure> {
        let db = Database::read();
        let there = |w: &&Wanted| {
            db.find(&w.name).is_some_and(|p| {
                (p.installed() || self.purge && p.state != "not-installed")
                    && (!p.installed() || w.accepts(&p.version))
            })
        };
        let names: Vec<_> = wanted.iter().filter(there).map(|w| w.name.as_str()).collect();
        if names.is_empty() {
            return Ok(Outcome::new().changed(false));
        }
        let mut c = self.program(host)?.arg("-q");
        if self.purge {
            c = c.arg("--purge");
        }
        if self.force {
            c = c.arg("--force-yes");
        }
        if self.autoremove {
            c = c.arg("--auto-remove");
        }
        if self.allow_change_held_packages {
            c = c.arg("--allow-change-held-packages");
        }
        let out = self.start(host, c.arg("remove").args(&names), "--simulate")?;
        if out.rc != 0 {
            return Err(failure(&format!("apt-get remove '{}'", names.join("' '")), &out));
        }
        Ok(outcome(host, &out, true))
    }

    fn upgrade(&self, host: &mut Host<'_>, mode: &str) -> Result<Outcome, Failure> {
        let aptitude = host
            .find_program("aptitude")
            .filter(|_| !self.force_apt_get && mode != "dist");
        let nothing_of_aptitude = "\nNo packages will be installed, upgraded, or removed.";
        let mut c = match &aptitude {
            Some(program) => {
                let c = quiet(Command::new(program).arg("-y"));
                c.arg(if mode == "full" {
                    "full-upgrade"
                } else {
                    "safe-upgrade"
                })
            }
            None => {
                let c = self.permissions(self.program(host)?);
                match mode {
                    "dist" | "full" => c.arg("dist-upgrade"),
                    _ => c.args(["upgrade", "--with-new-pkgs"]),
                }
            }
        };
        if self.autoremove && aptitude.is_none() {
            c = c.arg("--auto-remove");
        }
        if let Some(release) = &self.default_release {
            c = c.arg("-t").arg(release);
        }
        let line = c.argv_text().join(" ");
        let out = self.start(host, c, "--simulate")?;
        if out.rc != 0 {
            return Err(failure(&line, &out));
        }
        let text = out.stdout_text();
        let changed = !text.contains(NOTHING) && !text.contains(nothing_of_aptitude);
        Ok(outcome(host, &out, changed).with("msg", text))
    }

    fn tidy(&self, host: &mut Host<'_>, verb: &str) -> Result<Outcome, Failure> {
        let mut c = self.program(host)?;
        if verb == "autoremove" && self.purge {
            c = c.arg("--purge");
        }
        let c = if verb == "autoremove" {
            self.permissions(c)
        } else {
            c
        };
        let out = self.start(host, c.arg(verb), "--simulate")?;
        if out.rc != 0 {
            return Err(failure(&format!("apt-get {verb}"), &out));
        }
        let text = out.stdout_text();
        let changed = match verb {
            "autoremove" => !text.contains(NOTHING),
            "autoclean" => text.lines().any(|l| l.starts_with("Del ")),
            _ => true,
        };
        let result = outcome(host, &out, changed);
        Ok(if verb == "clean" {
            result.with("msg", text)
        } else {
            result
        })
    }

    /// Fetches a package by address with apt's own program for that.
    fn download(&self, host: &mut Host<'_>, url: &str) -> Result<PathBuf, Failure> {
        let name = url
            .rsplit('/')
            .next()
            .and_then(|n| n.split(['?', '#']).next())
            .filter(|n| !n.is_empty());
        let folder = std::env::temp_dir().join(format!("kdo-apt-{}", std::process::id()));
        let failed = |e: std::io::Error| Failure::new(format!("could not make {}: {e}", folder.display()));
        fs::create_dir_all(&folder).map_err(failed)?;
        let file = folder.join(name.unwrap_or("package.deb"));
        let helper = "/usr/lib/apt/apt-helper";
        if !Path::new(helper).exists() {
            return Err(Failure::new(format!("{helper} is missing on this host")));
        }
        let c = Command::new(helper).arg("download-file").arg(url).path(&file);
        host.query(c)?.success(&format!("Failure downloading {url}"))?;
        Ok(file)
    }

    fn install_file(&self, host: &mut Host<'_>, given: &Path) -> Result<Outcome, Failure> {
        let text = given.to_string_lossy().into_owned();
        let fetched = if text.contains("://") {
            Some(self.download(host, &text)?)
        } else {
            None
        };
        let result = self.install_local(host, fetched.as_deref().unwrap_or(given));
        if let Some(folder) = fetched.as_ref().and_then(|f| f.parent()) {
            let _ = fs::remove_dir_all(folder);
        }
        result
    }

    fn install_local(&self, host: &mut Host<'_>, file: &Path) -> Result<Outcome, Failure> {
        if !file.exists() {
            return Err(Failure::new(format!(
                "Unable to install package: E:Could not open file {} - open (2: No such file or directory)",
                file.display()
            )));
        }
        let c = Command::new(host.need_program("dpkg-deb", "dpkg")?)
            .args(["-f"])
            .path(file);
        let answer = host.query(c.args(["Package", "Version", "Architecture"]).env("LC_ALL", "C"))?;
        let text = answer.success("Unable to install package")?.stdout_text();
        let field = |key: &str| {
            text.lines()
                .find_map(|l| l.strip_prefix(key))
                .map(|v| v.trim().to_owned())
                .unwrap_or_default()
        };
        let (name, version, architecture) = (field("Package:"), field("Version:"), field("Architecture:"));
        let db = Database::read();
        let found = db
            .find(&format!("{name}:{architecture}"))
            .or_else(|| db.find(&name))
            .filter(|p| p.installed());
        if let Some(is) = found {
            let order = debian_version::compare(&version, &is.version);
            if order == Ordering::Equal && !self.force
                || order == Ordering::Less && !self.allow_downgrade && !self.force
            {
                return Ok(Outcome::new()
                    .changed(false)
                    .with("stdout", "")
                    .with("stderr", ""));
            }
        }
        let path = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        self.install(host, &[path.to_string_lossy().into_owned()])
    }

    fn act(&self, host: &mut Host<'_>) -> Result<Option<Outcome>, Failure> {
        let mut outcomes = Vec::new();
        if self.clean {
            outcomes.push(self.tidy(host, "clean")?);
        }
        let names = self.name.clone().unwrap_or_default();
        let names: Vec<_> = names
            .iter()
            .map(|n| n.trim().to_owned())
            .filter(|n| !n.is_empty())
            .collect();
        if let Some(mode) = self.upgrade.as_deref().filter(|m| *m != "no") {
            outcomes.push(self.upgrade(host, mode)?);
        } else if let Some(deb) = &self.deb {
            if self.state != "present" {
                return Err(Failure::new("deb only supports state=present"));
            }
            outcomes.push(self.install_file(host, deb)?);
        } else if names.iter().any(|n| n == "*") && self.state == "latest" {
            if names.len() > 1 {
                return Err(Failure::new(
                    "unable to install additional packages when upgrading all installed packages",
                ));
            }
            outcomes.push(self.upgrade(host, "yes")?);
        } else if !names.is_empty() {
            let wanted = expand(host, &names, self.state == "absent")?;
            outcomes.push(match self.state.as_str() {
                "absent" => self.remove(host, &wanted)?,
                "build-dep" => {
                    let words: Vec<_> = wanted.iter().map(|w| w.name.clone()).collect();
                    self.install(host, &words)?
                }
                _ => {
                    let words = self.to_install(host, &wanted)?;
                    if words.is_empty() && self.state != "fixed" {
                        Outcome::new().changed(false)
                    } else {
                        self.install(host, &words)?
                    }
                }
            });
        } else if self.state == "fixed" {
            outcomes.push(self.install(host, &[])?);
        }
        if outcomes.len() == usize::from(self.clean) || names.is_empty() && self.deb.is_none() {
            for (wanted, verb) in [(self.autoclean, "autoclean"), (self.autoremove, "autoremove")] {
                if wanted {
                    outcomes.push(self.tidy(host, verb)?);
                }
            }
        }
        // The last step tells its output; any of them may have changed something.
        let changed = outcomes
            .iter()
            .any(|o| o.values.get("changed").is_some_and(|c| c.truthy()));
        Ok(outcomes.pop().map(|o| o.changed(changed)))
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
                doc: "Whether the lists of packages were fetched.",
            },
            Return {
                name: "cache_update_time",
                doc: "When they were fetched, in seconds since 1970.",
            },
            Return {
                name: "stdout",
                doc: "What apt-get said.",
            },
            Return {
                name: "stderr",
                doc: "What apt-get complained about.",
            },
        ],
        examples: &[Example {
            title: "Install packages",
            args: r#"{"name": ["git", "bc"], "update_cache": true, "cache_valid_time": 3600}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if self.cache_valid_time > 0 && self.update_cache == Some(false) {
            host.warn("cache_valid_time has no effect with update_cache: false");
        }
        let updated = self.update(host)?;
        let outcome = match self.act(host)? {
            Some(outcome) => outcome,
            None => Outcome::new().changed(updated),
        };
        Ok(outcome
            .with("cache_updated", updated)
            .with("cache_update_time", cache_time()))
    }
}
