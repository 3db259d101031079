//! dnf 4 by its shell: all that is wanted of packages, groups and files is one transaction, which is resolved first and
//! run only if each part of it can be done.

use super::{
    dnf_options::{Options, Wanted, is_pattern, missing, newer_installed},
    dnf4_plan::Plan,
    rpm::{self, Package},
};
use crate::{host::Scratch, prelude::*};

/// A word for dnf's shell.
fn quoted(word: &str) -> String {
    if word
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "@%+=:,./-_~^*?[]".contains(c))
    {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\"'\"'"))
    }
}

/// dnf with the options of the task.
fn program(o: &Options, host: &Host<'_>) -> Result<Command, Failure> {
    let path = match host.find_program("dnf-3") {
        Some(path) => path,
        None => host.need_program("dnf", "dnf")?,
    };
    if let Some(file) = &o.conf_file
        && std::fs::File::open(file).is_err()
    {
        return Err(Failure::new("cannot read configuration file")
            .with("conf_file", file.as_str())
            .with("results", Value::list([])));
    }
    let mut c = Command::new(path).arg("--color=never").env("LC_ALL", "C.UTF-8");
    for (on, word) in [
        (o.allowerasing || o.wanted() == Wanted::Absent, "--allowerasing"),
        (o.cacheonly, "--cacheonly"),
        (o.disable_gpg_check, "--nogpgcheck"),
        // Unlike dnf, Ansible wants signatures of local files too.
        (!o.disable_gpg_check, "--setopt=gpgcheck=True"),
        (!o.disable_gpg_check, "--setopt=localpkg_gpgcheck=True"),
        (o.download_only, "--downloadonly"),
        (o.skip_broken, "--setopt=strict=False"),
        (
            o.nobest == Some(false) || o.nobest.is_none() && o.best == Some(true),
            "--best",
        ),
        (
            o.nobest == Some(true) || o.nobest.is_none() && o.best == Some(false),
            "--nobest",
        ),
        (!o.install_weak_deps, "--setopt=install_weak_deps=False"),
        (!o.sslverify, "--setopt=sslverify=False"),
        (!o.autoremove, "--setopt=clean_requirements_on_remove=False"),
    ] {
        if on {
            c = c.arg(word);
        }
    }
    let download_dir = o.download_dir.clone().filter(|_| o.download_only);
    let root = Some(o.installroot.clone()).filter(|r| r != "/");
    for (word, value) in [
        ("--config=", &o.conf_file),
        ("--disableexcludes=", &o.disable_excludes),
        ("--downloaddir=", &download_dir),
        ("--installroot=", &root),
        ("--releasever=", &o.releasever),
    ] {
        if let Some(value) = value {
            c = c.arg(format!("{word}{value}"));
        }
    }
    for (word, list) in [
        ("--disableplugin=", &o.disable_plugin),
        ("--enableplugin=", &o.enable_plugin),
        ("--disablerepo=", &o.disablerepo),
        ("--enablerepo=", &o.enablerepo),
        ("--exclude=", &o.exclude),
    ] {
        c = c.args(list.iter().map(|value| format!("{word}{value}")));
    }
    Ok(c)
}

/// A failure in the form that all failures of dnf have.
fn failure(message: impl Into<String>, failures: Vec<Value>) -> Failure {
    Failure::new(message)
        .with("failures", Value::list(failures))
        .with("results", Value::list([]))
        .with("rc", 1_i64)
}

/// What dnf said when it could not even begin, without its `Error:`.
fn complaint(out: &Output) -> String {
    let (errors, text) = (out.stderr_text(), out.stdout_text());
    let words = if errors.trim().is_empty() { text } else { errors };
    let from = words.find("Error:").map_or(0, |at| at + "Error:".len());
    words.get(from..).unwrap_or_default().trim().to_owned()
}

/// A program that only tells; a failure is that of a repository.
fn told(host: &mut Host<'_>, command: Command) -> Result<String, Failure> {
    let out = host.query(command)?;
    if out.rc != 0 {
        return Err(Failure::new(complaint(&out))
            .with("results", Value::list([]))
            .with("rc", 1_i64));
    }
    Ok(out.stdout_text())
}

/// What a repository has for a specification.
fn repoquery(o: &Options, host: &mut Host<'_>, words: &[&str]) -> Result<Vec<(Package, String)>, Failure> {
    let format = r"%{name}\t%{epoch}\t%{version}\t%{release}\t%{arch}\t%{reponame}";
    let command = program(o, host)?
        .args(["--quiet", "repoquery", "--qf", format])
        .args(words);
    let text = told(host, command)?;
    let read = |line: &str| {
        let package = Package::read(line)?;
        Some((package, line.rsplit('\t').next()?.to_owned()))
    };
    Ok(text.lines().filter_map(read).collect())
}

/// One package in the result of `list`.
fn entry(package: &Package, repo: &str) -> Value {
    let Package {
        name,
        epoch,
        version,
        release,
        arch,
    } = package;
    let envra = format!("{epoch}:{name}-{version}-{release}.{arch}");
    let state = if repo == "@System" {
        "installed"
    } else {
        "available"
    };
    Value::Map(Map::from_iter([
        ("arch", arch.as_str()),
        ("envra", envra.as_str()),
        ("epoch", epoch.as_str()),
        ("name", name.as_str()),
        ("nevra", envra.as_str()),
        ("release", release.as_str()),
        ("repo", repo),
        ("version", version.as_str()),
        ("yumstate", state),
    ]))
}

fn list(o: &Options, host: &mut Host<'_>, what: &str) -> Result<Outcome, Failure> {
    let offered = |host: &mut Host<'_>, words: &[&str]| -> Result<Vec<Value>, Failure> {
        let found = repoquery(o, host, words)?;
        Ok(found.iter().map(|(package, repo)| entry(package, repo)).collect())
    };
    let installed = |packages: Vec<Package>| packages.iter().map(|p| entry(p, "@System")).collect::<Vec<_>>();
    let results = match what {
        "repos" | "repositories" => {
            let text = told(host, program(o, host)?.args(["--quiet", "repolist", "--enabled"]))?;
            let names = text.lines().skip(1).filter_map(|l| l.split_whitespace().next());
            names
                .map(|id| Value::Map(Map::from_iter([("repoid", id), ("state", "enabled")])))
                .collect()
        }
        "installed" => installed(rpm::all(host, &o.installroot)?),
        "updates" | "upgrades" => offered(host, &["--upgrades"])?,
        "available" => offered(host, &["--available"])?,
        name => {
            let there: Vec<_> = repoquery(o, host, &["--installed", "--", name])?
                .into_iter()
                .map(|(p, _)| p)
                .collect();
            let mut results = installed(there);
            results.extend(offered(host, &["--available", "--", name])?);
            results
        }
    };
    Ok(Outcome::new()
        .with("msg", "")
        .with("results", Value::list(results)))
}

/// The lines for dnf's shell, and what is said of parts that need none.
#[derive(Default)]
struct Job {
    lines: Vec<String>,
    results: Vec<String>,
    /// What is to be installed.
    installs: Vec<String>,
    /// Groups that are to be upgraded.
    groups: Vec<String>,
}

impl Job {
    fn add(&mut self, verb: &str, spec: &str) {
        if verb.starts_with("install") {
            self.installs.push(spec.to_owned());
        }
        self.lines.push(format!("{verb} {}", quoted(spec)));
    }

    /// What is to be done for packages, files and groups that shall be there.
    fn install(&mut self, o: &Options, host: &mut Host<'_>) -> Result<(), Failure> {
        let latest = o.wanted() == Wanted::Latest;
        let mut only = String::new();
        for (on, word) in [(o.bugfix, " --bugfix"), (o.security, " --security")] {
            if on {
                only += word;
            }
        }
        let (install, upgrade) = (format!("install{only}"), format!("upgrade{only}"));
        if o.everything() {
            self.lines.push(upgrade);
            return Ok(());
        }
        let (groups, others): (Vec<_>, Vec<_>) = o.name.iter().cloned().partition(|n| n.starts_with('@'));
        let (files, specs): (Vec<_>, Vec<_>) = others.into_iter().partition(|n| n.ends_with(".rpm"));
        for file in files {
            self.file(o, host, &file)?;
            self.results.push(format!("Installed {file}"));
        }
        for group in groups {
            if latest {
                self.add("upgrade", &group);
                self.groups.push(group.trim_start_matches('@').to_owned());
            } else if !o.update_only {
                self.add("install", &group);
            }
        }
        let absent = missing(host, &o.installroot, &specs)?;
        for spec in specs {
            let pattern = is_pattern(&spec);
            let there = !absent.contains(&spec);
            if o.update_only {
                if there {
                    self.add(&upgrade, &spec);
                } else {
                    self.results.push(format!(
                        "Packages providing {spec} not installed due to update_only specified"
                    ));
                }
            } else if pattern {
                if latest {
                    self.add(&upgrade, &spec);
                }
                self.add(&install, &spec);
            } else if there {
                if latest {
                    self.add(&upgrade, &spec);
                }
            } else if o.allow_downgrade || !self.newer_there(o, host, &spec)? {
                self.add(&install, &spec);
            }
        }
        Ok(())
    }

    /// Installs those groups instead of upgrading them; says whether there are any.
    fn install_groups(&mut self, names: &[String]) -> bool {
        for name in names {
            let spec = quoted(&format!("@{name}"));
            self.lines.retain(|line| *line != format!("upgrade {spec}"));
            self.lines.push(format!("install {spec}"));
            self.groups.retain(|group| group != name);
        }
        !names.is_empty()
    }

    fn newer_there(&self, o: &Options, host: &mut Host<'_>, spec: &str) -> Result<bool, Failure> {
        newer_installed(host, &o.installroot, spec, |host| {
            Ok(repoquery(o, host, &["--available", "--", spec])?
                .into_iter()
                .next()
                .map(|(p, _)| p))
        })
    }

    fn file(&mut self, o: &Options, host: &mut Host<'_>, file: &str) -> Result<(), Failure> {
        let Some(package) = rpm::in_file(host, file)? else {
            let message = format!(
                "Error occurred attempting remote rpm operation: {file} is no package that can be read"
            );
            return Err(Failure::new(message)
                .with("results", Value::list([]))
                .with("rc", 1_i64));
        };
        let installed = rpm::named(host, &o.installroot, &package.name)?;
        if o.update_only {
            if !installed.is_empty() {
                self.add("upgrade", file);
            }
        } else if o.allow_downgrade || !installed.iter().any(|p| p.compare(&package).is_gt()) {
            self.add("install", file);
        }
        Ok(())
    }

    /// What is to be done for packages and groups that shall not be there.
    fn remove(&mut self, o: &Options, host: &mut Host<'_>) -> Result<(), Failure> {
        if o.name.iter().any(|n| n.ends_with(".rpm") || n.contains("://")) {
            let message = "Cannot remove paths -- please specify package name.";
            return Err(Failure::new(message).with("results", Value::list([])));
        }
        let (groups, specs): (Vec<_>, Vec<_>) = o.name.iter().cloned().partition(|n| n.starts_with('@'));
        for group in groups {
            self.add("remove", &group);
        }
        let plain: Vec<_> = specs.iter().filter(|s| !is_pattern(s)).cloned().collect();
        let absent = missing(host, &o.installroot, &plain)?;
        for spec in specs {
            if absent.contains(&spec) {
                self.results.push(no_match(&spec));
            } else {
                self.add("remove", &spec);
            }
        }
        if o.autoremove {
            self.lines.push("autoremove".into());
        }
        Ok(())
    }
}

fn no_match(spec: &str) -> String {
    format!("No match for argument: {spec}")
}

/// Runs the lines in dnf's shell.
fn shell(o: &Options, host: &mut Host<'_>, lines: &[String], run: bool) -> Result<Output, Failure> {
    let mut text = lines.join("\n");
    // Without `exit` the shell runs at its end what is resolved.
    text += if run {
        "\nrun\nexit\n"
    } else {
        "\nresolvedep\nexit\n"
    };
    let agree = if run { "--assumeyes" } else { "--assumeno" };
    let command = program(o, host)?
        .args(["--verbose", agree, "shell", "/dev/stdin"])
        .stdin(text);
    let out = host.query(command)?;
    if out.rc != 0 {
        return Err(Failure::new(complaint(&out))
            .with("results", Value::list([]))
            .with("rc", 1_i64));
    }
    Ok(out)
}

/// Leaves out repositories that are to be enabled but are not known: for dnf they are an error, for Ansible they are not.
fn drop_unknown(o: &mut Options, host: &mut Host<'_>) -> Result<(), Failure> {
    if o.enablerepo.is_empty() {
        return Ok(());
    }
    let wanted = std::mem::take(&mut o.enablerepo);
    let text = told(host, program(o, host)?.args(["--quiet", "repolist", "--all"]))?;
    let known: Vec<&str> = text
        .lines()
        .skip(1)
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    for pattern in wanted {
        if known
            .iter()
            .any(|id| crate::files::pattern::matches(&pattern, id))
        {
            o.enablerepo.push(pattern);
        } else {
            host.warn(format!(
                "no repository is called {pattern}, which enablerepo names"
            ));
        }
    }
    Ok(())
}

/// Does what the task wants.
pub(super) fn run(mut o: Options, host: &mut Host<'_>) -> Result<Outcome, Failure> {
    o.need_root()?;
    drop_unknown(&mut o, host)?;
    if let Some(what) = &o.list {
        return list(&o, host, what);
    }
    if o.update_cache {
        told(host, program(&o, host)?.args(["--quiet", "makecache"]))?;
        if o.name.is_empty() {
            return Ok(Outcome::new()
                .with("msg", "Cache updated")
                .with("results", Value::list([]))
                .with("rc", 0_i64));
        }
    }
    let mut job = Job::default();
    let scratch;
    if o.wanted() == Wanted::Absent {
        job.remove(&o, host)?;
    } else {
        scratch = Scratch::new()?;
        o.fetch(host, &scratch)?;
        job.install(&o, host)?;
    }
    let message = apply(&o, host, &mut job)?;
    Ok(Outcome::new()
        .with("msg", message)
        .with("results", Value::list(job.results.into_iter().map(Value::str)))
        .with("rc", 0_i64))
}

fn resolve(o: &Options, host: &mut Host<'_>, lines: &[String]) -> Result<Plan, Failure> {
    let out = shell(o, host, lines, false)?;
    let mut plan = Plan::read(&out.stdout_text(), &out.stderr_text());
    for name in &plan.downgraded {
        let there = rpm::named(host, &o.installroot, name)?;
        plan.removed.extend(there.iter().map(Package::to_string));
    }
    Ok(plan)
}

/// Resolves the job and, outside of check mode, runs it; gives the result's message.
fn apply(o: &Options, host: &mut Host<'_>, job: &mut Job) -> Result<&'static str, Failure> {
    if job.lines.is_empty() {
        return Ok("Nothing to do");
    }
    let mut plan = resolve(o, host, &job.lines)?;
    if o.wanted() == Wanted::Latest {
        if job.install_groups(&plan.new_groups) {
            plan = resolve(o, host, &job.lines)?;
        }
        for group in &job.groups {
            if !plan.no_groups.contains(group) && !plan.groups.contains(group) {
                job.results.push(format!("Group {group} upgraded."));
            }
        }
    }
    if let Some(group) = plan.no_groups.first() {
        let message = format!("No group {group} available.");
        return Err(Failure::new(message).with("results", Value::list([])));
    }
    for group in &plan.groups {
        job.results.push(format!("Group {group} installed."));
    }
    let mut failures = Vec::new();
    for error in plan.errors {
        if error.starts_with("There are no enabled repositories") {
            plan.unmatched.extend(job.installs.iter().cloned());
        } else {
            failures.push(Value::str(error));
        }
    }
    for spec in &plan.unmatched {
        let unavailable = format!("No package {spec} available.");
        if o.wanted() == Wanted::Absent {
            job.results.push(no_match(spec));
        } else if o.skip_broken {
            job.results.push(unavailable);
        } else {
            failures.push(Value::str(unavailable));
        }
    }
    let verb = if o.download_only {
        "Downloaded"
    } else {
        "Installed"
    };
    job.results
        .extend(plan.installed.iter().map(|p| format!("{verb}: {p}")));
    job.results
        .extend(plan.removed.iter().map(|p| format!("Removed: {p}")));
    if let Some(problem) = plan.problem {
        return Err(failure(
            format!("Depsolve Error occurred: \n{problem}"),
            Vec::new(),
        ));
    }
    if !failures.is_empty() {
        return Err(failure(
            "Failed to install some of the specified packages",
            failures,
        ));
    }
    if !plan.something {
        return Ok("Nothing to do");
    }
    host.mark_changed();
    if host.check() {
        return Ok("Check mode: No changes made, but would have if not in check mode");
    }
    let out = shell(o, host, &job.lines, true)?;
    let errors = out.stderr_text();
    if let Some((_, words)) = errors.split_once("Error:") {
        let said = out.stdout_text();
        let unsigned = said
            .lines()
            .chain(errors.lines())
            .find(|l| l.ends_with("is not signed"));
        return Err(match unsigned {
            Some(reason) => Failure::new(format!("Failed to validate GPG signature: {reason}")),
            None => failure(words.trim(), Vec::new()),
        });
    }
    Ok("")
}

#[cfg(test)]
mod tests {
    use super::{complaint, quoted};
    use crate::host::Output;

    #[test]
    fn words_for_the_shell_are_quoted_where_needed() {
        assert_eq!(quoted("foo-1.0*"), "foo-1.0*");
        assert_eq!(quoted("@Test Tools"), "'@Test Tools'");
        assert_eq!(quoted("foo >= 1"), "'foo >= 1'");
        assert_eq!(quoted("a'b"), "'a'\"'\"'b'");
    }

    #[test]
    fn complaints_lose_what_comes_before_the_error() {
        let out = Output {
            rc: 1,
            stdout: Vec::new(),
            stderr: b"Unable to detect release version\nError: Unknown repo: 'x'\n".to_vec(),
            dropped: 0,
        };
        assert_eq!(complaint(&out), "Unknown repo: 'x'");
    }
}
