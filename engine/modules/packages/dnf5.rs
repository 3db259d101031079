//! `dnf5`: packages of Fedora since 41.

use super::{
    dnf_options::{Options, Wanted, is_pattern, missing, newer_installed},
    rpm::{self, Package},
};
use crate::{host::Scratch, prelude::*};

/// Install, upgrade and remove packages with dnf 5
///
/// rpm tells what is installed; dnf5 is started only where something is to be done. Its runs are read from recorded
/// output in the tests, as Debian has no dnf5.
#[derive(Params)]
pub struct Dnf5 {
    #[param(flatten)]
    options: Options,
    /// No effect: no Python is needed.
    #[param(default = true, name = "auto_install_module_deps")]
    _auto_install_module_deps: bool,
}

impl Module for Dnf5 {
    const META: Meta = Meta {
        name: "ansible.builtin.dnf5",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "results",
                doc: "What was installed and removed; with `list`, the packages.",
            },
            Return {
                name: "rc",
                doc: "0, or 1 when it failed.",
            },
            Return {
                name: "failures",
                doc: "What could not be done, when it failed.",
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
        run(self.options.checked()?, host)
    }
}

/// What dnf5 says that it will do.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    installed: Vec<String>,
    removed: Vec<String>,
    failures: Vec<String>,
}

/// `name arch evr …` of a line as `name-evr.arch`.
fn nevra(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let (name, arch, evr) = (words.next()?, words.next()?, words.next()?);
    Some(format!("{name}-{evr}.{arch}"))
}

impl Plan {
    /// Reads the table that comes before the question whether it is all right, or why there is none.
    fn read(out: &str, errors: &str) -> Self {
        let mut plan = Self::default();
        let mut removing = None;
        for line in out.lines() {
            let blanks = line.len() - line.trim_start().len();
            let text = line.trim();
            if text.starts_with("Transaction Summary") {
                break;
            } else if blanks == 0 {
                removing = text.strip_suffix(':').and_then(|title| match title {
                    "Removing" | "Removing dependent packages" | "Removing unused dependencies" => Some(true),
                    "Upgrading" | "Downgrading" | "Reinstalling" => Some(false),
                    _ if title.starts_with("Installing") && !title.ends_with("groups") => Some(false),
                    _ => None,
                });
            } else if let Some(removing) = removing
                && let Some(package) = nevra(text.strip_prefix("replacing ").unwrap_or(text))
            {
                if removing || text.starts_with("replacing ") {
                    plan.removed.push(package);
                } else {
                    plan.installed.push(package);
                }
            }
        }
        let mut reasons = errors
            .lines()
            .skip_while(|l| !l.starts_with("Failed to resolve"))
            .skip(1);
        plan.failures = reasons
            .by_ref()
            .map(str::trim)
            .filter(|l| !l.is_empty() && !l.starts_with("You can try"))
            .map(|l| match l.strip_prefix("No match for argument: ") {
                Some(spec) => format!("No package {spec} available."),
                None => l.to_owned(),
            })
            .collect();
        plan
    }
}

/// dnf5 with the options of the task.
fn program(o: &Options, host: &Host<'_>) -> Result<Command, Failure> {
    let mut c = Command::new(host.need_program("dnf5", "dnf5")?).env("LC_ALL", "C.UTF-8");
    for (on, word) in [
        (o.cacheonly, "--cacheonly"),
        (o.disable_gpg_check, "--no-gpgchecks"),
        (!o.disable_gpg_check, "--setopt=localpkg_gpgcheck=True"),
        (
            o.nobest == Some(false) || o.nobest.is_none() && o.best == Some(true),
            "--best",
        ),
        (
            o.nobest == Some(true) || o.nobest.is_none() && o.best == Some(false),
            "--no-best",
        ),
        (!o.install_weak_deps, "--setopt=install_weak_deps=False"),
        (!o.sslverify, "--setopt=sslverify=False"),
        (!o.autoremove, "--setopt=clean_requirements_on_remove=False"),
    ] {
        if on {
            c = c.arg(word);
        }
    }
    let destination = o.download_dir.as_ref().map(|d| format!("destdir={d}"));
    let excludes = o
        .disable_excludes
        .as_ref()
        .map(|d| if d == "all" { "*".to_owned() } else { d.clone() });
    let root = Some(o.installroot.clone()).filter(|r| r != "/");
    for (word, value) in [
        ("--config=", &o.conf_file),
        ("--installroot=", &root),
        ("--releasever=", &o.releasever),
        ("--setopt=", &destination),
        ("--setopt=disable_excludes=", &excludes),
    ] {
        if let Some(value) = value {
            c = c.arg(format!("{word}{value}"));
        }
    }
    for (word, list) in [
        ("--disable-plugin=", &o.disable_plugin),
        ("--enable-plugin=", &o.enable_plugin),
        ("--disable-repo=", &o.disablerepo),
        ("--enable-repo=", &o.enablerepo),
        ("--exclude=", &o.exclude),
    ] {
        c = c.args(list.iter().map(|value| format!("{word}{value}")));
    }
    Ok(c)
}

fn failure(message: impl Into<String>, failures: &[String]) -> Failure {
    Failure::new(message)
        .with(
            "failures",
            Value::list(failures.iter().map(|f| Value::str(f.as_str()))),
        )
        .with("rc", 1_i64)
}

/// A run that only tells.
fn told(host: &mut Host<'_>, command: Command) -> Result<String, Failure> {
    let out = host.query(command)?;
    if out.rc != 0 {
        return Err(failure(out.stderr_text().trim(), &[]));
    }
    Ok(out.stdout_text())
}

fn repoquery(o: &Options, host: &mut Host<'_>, words: &[&str]) -> Result<Vec<(Package, String)>, Failure> {
    let format = r"%{name}\t%{epoch}\t%{version}\t%{release}\t%{arch}\t%{repoid}\n";
    let command = program(o, host)?
        .args(["--quiet", "repoquery", "--queryformat", format])
        .args(words);
    let text = told(host, command)?;
    let read = |line: &str| Some((Package::read(line)?, line.rsplit('\t').next()?.to_owned()));
    Ok(text.lines().filter_map(read).collect())
}

fn list(o: &Options, host: &mut Host<'_>, what: &str) -> Result<Outcome, Failure> {
    let entry = |package: &Package, repo: &str| {
        let nevra = package.to_string();
        let state = if repo == "@System" {
            "installed"
        } else {
            "available"
        };
        Value::Map(Map::from_iter([
            ("arch", package.arch.as_str()),
            ("envra", nevra.as_str()),
            ("epoch", package.epoch.as_str()),
            ("name", package.name.as_str()),
            ("nevra", nevra.as_str()),
            ("release", package.release.as_str()),
            ("repo", repo),
            ("version", package.version.as_str()),
            ("yumstate", state),
        ]))
    };
    let packages: Vec<(Package, String)> = match what {
        "repos" | "repositories" => {
            let text = told(
                host,
                program(o, host)?.args(["--quiet", "repo", "list", "--enabled"]),
            )?;
            let names = text.lines().skip(1).filter_map(|l| l.split_whitespace().next());
            let results = names.map(|id| Value::Map(Map::from_iter([("repoid", id), ("state", "enabled")])));
            return Ok(Outcome::new()
                .with("msg", "")
                .with("results", Value::list(results))
                .with("rc", 0_i64));
        }
        "installed" => rpm::all(host, &o.installroot)?
            .into_iter()
            .map(|p| (p, "@System".into()))
            .collect(),
        "updates" | "upgrades" => repoquery(o, host, &["--upgrades"])?,
        "available" => repoquery(o, host, &["--available"])?,
        name => {
            let mut there: Vec<(Package, String)> = repoquery(o, host, &["--installed", "--", name])?;
            there.iter_mut().for_each(|(_, repo)| "@System".clone_into(repo));
            there.extend(repoquery(o, host, &["--available", "--", name])?);
            there
        }
    };
    let results = packages.iter().map(|(p, repo)| entry(p, repo));
    Ok(Outcome::new()
        .with("msg", "")
        .with("results", Value::list(results))
        .with("rc", 0_i64))
}

/// The runs of dnf5, each a verb with its options and names, and what is said of names that need none.
fn runs(o: &Options, host: &mut Host<'_>, results: &mut Vec<String>) -> Result<Vec<Vec<String>>, Failure> {
    let mut options: Vec<&str> = Vec::new();
    for (on, word) in [
        (o.allowerasing && o.wanted() != Wanted::Absent, "--allowerasing"),
        (o.download_only, "--downloadonly"),
        (o.skip_broken, "--skip-broken"),
        (o.bugfix, "--bugfix"),
        (o.security, "--security"),
        (o.bugfix || o.security, "--skip-unavailable"),
    ] {
        if on {
            options.push(word);
        }
    }
    let run = |verb: &str, names: Vec<String>| -> Vec<String> {
        let words = [verb].into_iter().chain(options.iter().copied());
        words.map(str::to_owned).chain(names).collect()
    };
    if o.everything() {
        return Ok(vec![run("upgrade", Vec::new())]);
    }
    let plain: Vec<_> = o.name.iter().filter(|n| !is_pattern(n)).cloned().collect();
    let absent = missing(host, &o.installroot, &plain)?;
    let (mut install, mut upgrade, mut remove) = (Vec::new(), Vec::new(), Vec::new());
    let latest = o.wanted() == Wanted::Latest;
    for spec in &o.name {
        if o.wanted() == Wanted::Absent {
            if !absent.contains(spec) {
                remove.push(spec.clone());
            }
        } else if is_pattern(spec) {
            if latest {
                upgrade.push(spec.clone());
            }
            if !o.update_only {
                install.push(spec.clone());
            }
        } else if !absent.contains(spec) {
            if latest {
                upgrade.push(spec.clone());
            }
        } else if !o.allow_downgrade && newer_there(o, host, spec)? {
            // A newer one is as good.
        } else if o.update_only {
            results.push(format!(
                "Packages providing {spec} not installed due to update_only specified"
            ));
        } else {
            install.push(spec.clone());
        }
    }
    let mut out = Vec::new();
    for (verb, names) in [("upgrade", upgrade), ("install", install), ("remove", remove)] {
        if !names.is_empty() {
            out.push(run(verb, names));
        }
    }
    if o.autoremove {
        out.push(vec!["autoremove".into()]);
    }
    Ok(out)
}

fn newer_there(o: &Options, host: &mut Host<'_>, spec: &str) -> Result<bool, Failure> {
    if spec.ends_with(".rpm") {
        let Some(package) = rpm::in_file(host, spec)? else {
            return Ok(false);
        };
        let installed = rpm::named(host, &o.installroot, &package.name)?;
        return Ok(installed.iter().any(|p| p.compare(&package).is_gt()));
    }
    newer_installed(host, &o.installroot, spec, |host| {
        Ok(repoquery(o, host, &["--available", "--", spec])?
            .into_iter()
            .next()
            .map(|(p, _)| p))
    })
}

/// Does what the task wants.
pub(super) fn run(mut o: Options, host: &mut Host<'_>) -> Result<Outcome, Failure> {
    o.need_root()?;
    if let Some(what) = &o.list {
        return list(&o, host, what);
    }
    if o.update_cache {
        told(
            host,
            program(&o, host)?.args(["--quiet", "--refresh", "makecache"]),
        )?;
        if o.name.is_empty() {
            return Ok(Outcome::new()
                .with("msg", "Cache updated")
                .with("results", Value::list([]))
                .with("rc", 0_i64));
        }
    }
    let scratch = Scratch::new()?;
    o.fetch(host, &scratch)?;
    let mut results = Vec::new();
    for words in runs(&o, host, &mut results)? {
        let out = host.query(program(&o, host)?.arg("--assumeno").args(&words))?;
        let plan = Plan::read(&out.stdout_text(), &out.stderr_text());
        let nothing = plan.installed.is_empty() && plan.removed.is_empty();
        let told_no = out.stdout_text().contains("Operation aborted")
            || out.stderr_text().contains("Operation aborted");
        if !plan.failures.is_empty() || nothing && out.rc != 0 && !told_no {
            let message = if plan.failures.iter().any(|f| f.starts_with("Problem")) {
                "Depsolve Error occurred".to_owned()
            } else if plan.failures.is_empty() {
                out.stderr_text().trim().to_owned()
            } else {
                "Failed to install some of the specified packages".to_owned()
            };
            return Err(failure(message, &plan.failures));
        }
        if nothing {
            continue;
        }
        let verb = if o.download_only {
            "Downloaded"
        } else {
            "Installed"
        };
        results.extend(plan.installed.iter().map(|p| format!("{verb}: {p}")));
        results.extend(plan.removed.iter().map(|p| format!("Removed: {p}")));
        if let Some(out) = host.execute(program(&o, host)?.arg("--assumeyes").args(&words))?
            && out.rc != 0
        {
            let reason = out.stderr_text().trim().to_owned();
            return Err(failure(
                "Failed to install some of the specified packages",
                &[reason],
            ));
        }
    }
    let message = match (host.check(), results.is_empty()) {
        (_, true) => "Nothing to do",
        (true, false) => "Check mode: No changes made, but would have if not in check mode",
        (false, false) => "",
    };
    Ok(Outcome::new()
        .with("msg", message)
        .with("results", Value::list(results.into_iter().map(Value::str)))
        .with("rc", 0_i64))
}

#[cfg(test)]
mod tests {
    use super::Plan;

    #[test]
    fn the_table_tells_what_comes_and_goes() {
        let text = "Updating and loading repositories:\n Fedora 42 - x86_64\nRepositories loaded.\n\
                    Package          Arch   Version       Repository      Size\n\
                    Upgrading:\n foo             x86_64 1:2.0-1.fc42  updates    1.2 MiB\n   replacing foo    x86_64 1:1.0-1.fc42  fedora     1.1 MiB\n\
                    Installing dependencies:\n bar             noarch 1.0-1.fc42    fedora    12.0 KiB\n\
                    Removing:\n old             noarch 3-1           @System   1.0 KiB\n\n\
                    Transaction Summary:\n Installing:         1 package\n Upgrading:          1 package\n\nIs this ok [y/N]: Operation aborted by the user.\n";
        let plan = Plan::read(text, "");
        assert_eq!(
            plan.installed,
            ["foo-1:2.0-1.fc42.x86_64", "bar-1.0-1.fc42.noarch"]
        );
        assert_eq!(plan.removed, ["foo-1:1.0-1.fc42.x86_64", "old-3-1.noarch"]);
    }

    #[test]
    fn what_no_repository_has_is_named() {
        let errors = "Failed to resolve the transaction:\nNo match for argument: nope\nYou can try to add to command line:\n  --skip-unavailable to skip unavailable packages\n";
        let plan = Plan::read("Repositories loaded.\n", errors);
        assert_eq!(
            plan.failures.first().map(String::as_str),
            Some("No package nope available.")
        );
        assert_eq!(Plan::read("Nothing to do.\n", ""), Plan::default());
    }
}
