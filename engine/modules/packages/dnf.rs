//! `dnf`, `yum`: packages of Fedora and its relatives.

use super::rpm;
use crate::{
    host::{Command, Output},
    prelude::*,
};

/// Install, upgrade and remove packages with dnf
///
/// rpm tells what is installed; dnf is started only where something is to be done, and what it did is told by comparing.
#[derive(Params)]
#[params(one_of(autoremove, list, name, update_cache))]
pub struct Dnf {
    /// Let an older version replace a newer one.
    #[param(default = false)]
    allow_downgrade: bool,
    /// Remove packages that stand in the way.
    #[param(default = false)]
    allowerasing: bool,
    /// Remove packages that were installed for others and are not needed any more.
    #[param(default = false)]
    autoremove: bool,
    /// Take the newest version or fail.
    best: Option<bool>,
    /// With `latest`, only updates that mend something.
    #[param(default = false)]
    bugfix: bool,
    /// Use only what is fetched already.
    #[param(default = false)]
    cacheonly: bool,
    /// Configuration file.
    conf_file: Option<String>,
    /// Whose excludes not to heed: `all`, `main` or a repository.
    disable_excludes: Option<String>,
    /// Do not check signatures.
    #[param(default = false)]
    disable_gpg_check: bool,
    /// Plugins to leave out.
    #[param(default = [])]
    disable_plugin: Vec<String>,
    /// Repositories to leave out.
    #[param(default = [])]
    disablerepo: Vec<String>,
    /// Folder for downloaded packages.
    download_dir: Option<String>,
    /// Only download.
    #[param(default = false)]
    download_only: bool,
    /// Plugins to use.
    #[param(default = [])]
    enable_plugin: Vec<String>,
    /// Repositories to use.
    #[param(default = [])]
    enablerepo: Vec<String>,
    /// Packages to leave as they are.
    #[param(default = [])]
    exclude: Vec<String>,
    /// No effect.
    #[param(default = true, name = "install_repoquery")]
    _install_repoquery: bool,
    /// Whether weakly required packages are installed too.
    #[param(default = true)]
    install_weak_deps: bool,
    /// Root folder of the installation.
    #[param(default = "/")]
    installroot: String,
    /// Tell of packages instead: `installed`, `updates`, `available`, `repos` or a name.
    list: Option<String>,
    /// Seconds to wait for another program that uses dnf's database.
    #[param(default = 30)]
    lock_timeout: i64,
    /// Packages, `@groups`, files or addresses; `*` with `latest` means all.
    #[param(default = [], alias = "pkg")]
    name: Vec<String>,
    /// The contrary of `best`.
    nobest: Option<bool>,
    /// Release to install from.
    releasever: Option<String>,
    /// With `latest`, only updates that close holes.
    #[param(default = false)]
    security: bool,
    /// Leave out packages that cannot be installed.
    #[param(default = false)]
    skip_broken: bool,
    /// Whether servers' certificates are checked.
    #[param(default = true)]
    sslverify: bool,
    /// The wanted state; without, `present`.
    #[param(choices("absent", "present", "installed", "removed", "latest"))]
    state: Option<String>,
    /// Fetch the lists of packages if they are too old.
    #[param(default = false, alias = "expire-cache")]
    update_cache: bool,
    /// With `latest`, only upgrade what is installed.
    #[param(default = false)]
    update_only: bool,
    /// Which program: found out unless named.
    #[param(default = "auto", choices("auto", "dnf", "dnf4", "dnf5", "yum", "yum4"))]
    use_backend: String,
    /// Whether certificates are checked for packages given by address.
    #[param(default = true)]
    validate_certs: bool,
}

impl Dnf {
    fn program(&self, host: &Host<'_>) -> Result<Command, Failure> {
        let names: &[&str] = match self.use_backend.as_str() {
            "dnf5" => &["dnf5"],
            "dnf" | "dnf4" | "yum4" => &["dnf-3", "dnf"],
            _ => &["dnf5", "dnf", "yum", "microdnf"],
        };
        let found = names.iter().find_map(|n| host.find_program(n));
        let path = found.map_or_else(|| host.need_program("dnf", "dnf"), Ok)?;
        let mut c = Command::new(path).arg("-y").env("LC_ALL", "C.UTF-8");
        let mut option = |on: bool, word: &str| {
            if on {
                let now = std::mem::replace(&mut c, Command::new(""));
                c = now.arg(word);
            }
        };
        option(self.allowerasing, "--allowerasing");
        option(self.cacheonly, "-C");
        option(self.disable_gpg_check, "--nogpgcheck");
        option(self.download_only, "--downloadonly");
        option(self.skip_broken, "--skip-broken");
        option(self.best == Some(true) || self.nobest == Some(false), "--best");
        option(self.nobest == Some(true) || self.best == Some(false), "--nobest");
        option(!self.install_weak_deps, "--setopt=install_weak_deps=False");
        option(
            !self.sslverify || !self.validate_certs,
            "--setopt=sslverify=False",
        );
        option(self.update_cache, "--refresh");
        let texts = [
            ("--config=", &self.conf_file),
            ("--disableexcludes=", &self.disable_excludes),
            ("--downloaddir=", &self.download_dir),
            ("--releasever=", &self.releasever),
        ];
        for (word, value) in texts {
            if let Some(value) = value {
                c = c.arg(format!("{word}{value}"));
            }
        }
        if self.installroot != "/" {
            c = c.arg(format!("--installroot={}", self.installroot));
        }
        for (word, list) in [
            ("--disableplugin=", &self.disable_plugin),
            ("--enableplugin=", &self.enable_plugin),
            ("--disablerepo=", &self.disablerepo),
            ("--enablerepo=", &self.enablerepo),
            ("--exclude=", &self.exclude),
        ] {
            for value in list.iter().filter(|v| !v.is_empty()) {
                c = c.arg(format!("{word}{value}"));
            }
        }
        Ok(c)
    }

    /// Runs dnf; in check mode it only tells what it would do.
    fn start(&self, host: &mut Host<'_>, words: &[String]) -> Result<Output, Failure> {
        let mut c = self.program(host)?;
        if host.check() {
            c = c.arg("--assumeno");
        }
        let deadline = std::time::Instant::now()
            + std::time::Duration::from_secs(u64::try_from(self.lock_timeout).unwrap_or(0));
        loop {
            let out = host.query(c.clone().args(words))?;
            let locked =
                out.rc != 0 && out.stderr_text().contains("lock") && out.stderr_text().contains("pid");
            if !locked || std::time::Instant::now() >= deadline {
                return Ok(out);
            }
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
    }

    fn names(&self) -> Vec<String> {
        let split = self.name.iter().flat_map(|n| {
            let parts: Vec<&str> = if n.starts_with('@') || n.contains("://") {
                vec![n]
            } else {
                n.split(',').collect()
            };
            parts.into_iter().map(|p| p.trim().to_owned()).collect::<Vec<_>>()
        });
        split.filter(|n| !n.is_empty()).collect()
    }

    fn there(&self, host: &mut Host<'_>, name: &str) -> Result<bool, Failure> {
        if name.starts_with('@') || name.contains("://") {
            return Ok(false);
        }
        if name.ends_with(".rpm") && name.starts_with('/') {
            return match rpm::name_of_file(host, name)? {
                Some(name) => rpm::installed(host, &self.installroot, &name),
                None => Ok(false),
            };
        }
        rpm::installed(host, &self.installroot, name)
    }

    /// The runs of dnf that bring about the wanted state.
    fn plan(&self, host: &mut Host<'_>) -> Result<Vec<Vec<String>>, Failure> {
        let mut runs = Vec::new();
        let names = self.names();
        let run = |verb: &str, names: &[String]| {
            let mut words: Vec<String> = verb.split(' ').map(str::to_owned).collect();
            words.extend(names.iter().cloned());
            words
        };
        let (mut there, mut missing) = (Vec::new(), Vec::new());
        for name in names.iter().filter(|n| *n != "*") {
            if self.there(host, name)? {
                there.push(name.clone());
            } else {
                missing.push(name.clone());
            }
        }
        match self.state.as_deref() {
            Some("absent" | "removed") => {
                there.extend(
                    missing
                        .into_iter()
                        .filter(|n| n.starts_with('@') || n.contains('*')),
                );
                if !there.is_empty() {
                    runs.push(run("remove", &there));
                }
            }
            Some("latest") => {
                let minimal = if self.security || self.bugfix {
                    "upgrade-minimal"
                } else {
                    "upgrade"
                };
                let mut verb = minimal.to_owned();
                if self.security {
                    verb += " --security";
                }
                if self.bugfix {
                    verb += " --bugfix";
                }
                if names.iter().any(|n| n == "*") {
                    runs.push(run(&verb, &[]));
                }
                if !missing.is_empty() && !self.update_only {
                    runs.push(run("install", &missing));
                }
                if !there.is_empty() {
                    runs.push(run(&verb, &there));
                }
            }
            _ if !missing.is_empty() => {
                // With an exact older version dnf itself turns this into a downgrade.
                runs.push(run(
                    if self.allow_downgrade {
                        "install --allowerasing"
                    } else {
                        "install"
                    },
                    &missing,
                ));
            }
            _ => {}
        }
        if self.autoremove {
            runs.push(run("autoremove", &[]));
        }
        Ok(runs)
    }

    fn tell(&self, host: &mut Host<'_>, what: &str) -> Result<Outcome, Failure> {
        let format = "%{name}\\t%{version}\\t%{release}\\t%{epoch}\\t%{arch}\\t%{reponame}\\n";
        let mut c = self.program(host)?;
        c = match what {
            "repos" => c.args(["repolist", "--enabled"]),
            "installed" => c.args(["repoquery", "--installed", "--qf", format]),
            "updates" => c.args(["repoquery", "--upgrades", "--qf", format]),
            "available" => c.args(["repoquery", "--available", "--qf", format]),
            name => c.args(["repoquery", "--qf", format, name]),
        };
        let text = host.query(c)?.success("dnf failed")?.stdout_text();
        let mut results = Vec::new();
        for line in text.lines() {
            if what == "repos" {
                let id = line.split_whitespace().next().unwrap_or("");
                if !id.is_empty() && id != "repo" {
                    results.push(Value::Map(Map::from_iter([("repoid", id), ("state", "enabled")])));
                }
                continue;
            }
            let f: Vec<_> = line.split('\t').collect();
            if let [name, version, release, epoch, arch, repo] = f[..] {
                let state = if repo == "@System" {
                    "installed"
                } else {
                    "available"
                };
                results.push(Value::Map(Map::from_iter([
                    ("arch", arch.to_owned()),
                    ("envra", format!("{epoch}:{name}-{version}-{release}.{arch}")),
                    ("epoch", epoch.to_owned()),
                    ("name", name.to_owned()),
                    ("nevra", format!("{name}-{epoch}:{version}-{release}.{arch}")),
                    ("release", release.to_owned()),
                    ("repo", repo.to_owned()),
                    ("version", version.to_owned()),
                    ("yumstate", state.to_owned()),
                ])));
            }
        }
        Ok(Outcome::new()
            .with("msg", "")
            .with("results", Value::list(results)))
    }
}

impl Module for Dnf {
    const META: Meta = Meta {
        name: "ansible.builtin.dnf",
        aliases: &["ansible.builtin.yum", "ansible.builtin.dnf5"],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "results",
                doc: "What was installed and removed.",
            },
            Return {
                name: "rc",
                doc: "Exit status of dnf.",
            },
        ],
        examples: &[Example {
            title: "Install packages",
            args: r#"{"name": ["git", "bc"], "state": "present"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if let Some(what) = &self.list {
            return self.tell(host, what);
        }
        if self.names().is_empty() && self.update_cache && !self.autoremove {
            if !host.check() {
                host.query(self.program(host)?.arg("makecache"))?
                    .success("Failed to update the cache")?;
            }
            return Ok(Outcome::new()
                .with("msg", "Cache updated")
                .with("results", Value::list([]))
                .with("rc", 0_i64));
        }
        let runs = self.plan(host)?;
        let mut results = Vec::new();
        let before = if runs.is_empty() {
            Default::default()
        } else {
            rpm::all(host, &self.installroot)?
        };
        for words in &runs {
            let out = self.start(host, words)?;
            let text = out.stdout_text();
            let idle = text.contains("Nothing to do");
            if host.check() {
                // It says no to its own question, so its exit status tells nothing; what it lists does.
                let plans = text.contains("Transaction Summary");
                if plans {
                    host.mark_changed();
                    results.push(Value::str(text));
                } else if !idle && out.rc != 0 {
                    return Err(self.failed(&out));
                }
                continue;
            }
            if out.rc != 0 {
                return Err(self.failed(&out));
            }
        }
        if !host.check() && !runs.is_empty() {
            let after = rpm::all(host, &self.installroot)?;
            results.extend(
                after
                    .difference(&before)
                    .map(|p| Value::str(format!("Installed: {p}"))),
            );
            results.extend(
                before
                    .difference(&after)
                    .map(|p| Value::str(format!("Removed: {p}"))),
            );
            if !results.is_empty() || self.download_only {
                host.mark_changed();
            }
        }
        let words = if host.changed() { "" } else { "Nothing to do" };
        Ok(Outcome::new()
            .with("msg", words)
            .with("rc", 0_i64)
            .with("results", Value::list(results)))
    }
}

impl Dnf {
    fn failed(&self, out: &Output) -> Failure {
        let (stdout, stderr) = (out.stdout_text(), out.stderr_text());
        let missing = stdout.lines().chain(stderr.lines()).filter_map(|l| {
            let name = l.split("No match for argument: ").nth(1)?;
            Some(Value::str(format!("No package {} available.", name.trim())))
        });
        let missing: Vec<_> = missing.collect();
        let message = if missing.is_empty() {
            stderr.trim().to_owned()
        } else {
            "Failed to install some of the specified packages".to_owned()
        };
        Failure::new(message)
            .with("rc", 1_i64)
            .with("results", Value::list([]))
            .with("failures", Value::list(missing))
    }
}
