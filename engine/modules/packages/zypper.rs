//! `zypper`: packages of openSUSE and SLES.

use super::zypper_xml::Answer;
use crate::prelude::*;
use std::{fs, path::Path};

/// Install, upgrade and remove packages with zypper
#[derive(Params)]
pub struct Zypper {
    /// Let `dist-upgrade` take packages of other vendors.
    #[param(default = false)]
    allow_vendor_change: bool,
    /// Accept new keys of repositories.
    #[param(default = false)]
    auto_import_keys: bool,
    /// Remove packages that are not needed any more, too.
    #[param(default = false)]
    clean_deps: bool,
    /// Do not check signatures.
    #[param(default = false)]
    disable_gpg_check: bool,
    /// Do not install recommended packages.
    #[param(default = true)]
    disable_recommends: bool,
    /// Further options of the command.
    extra_args: Option<String>,
    /// Further options before the command.
    extra_args_precommand: Option<String>,
    /// Install even over a newer version.
    #[param(default = false)]
    force: bool,
    /// Let the solver choose.
    #[param(default = false)]
    force_resolution: bool,
    /// Packages, with versions (`name=1.0`, `name>3`), or addresses; `*` means all; `-` or `~` before a name removes it.
    #[param(required, alias = "pkg")]
    name: Vec<String>,
    /// Let an older version replace a newer one.
    #[param(default = false)]
    oldpackage: bool,
    /// Keep zypper quiet.
    #[param(default = true)]
    quiet: bool,
    /// Let packages replace files of others.
    #[param(default = false)]
    replacefiles: bool,
    /// Tell errors only by zypper's messages.
    #[param(default = false)]
    simple_errors: bool,
    /// Do not fail for scripts that failed after the installation.
    #[param(default = false)]
    skip_post_errors: bool,
    /// The wanted state.
    #[param(
        default = "present",
        choices("present", "latest", "absent", "dist-upgrade", "installed", "removed")
    )]
    state: String,
    /// What is named.
    #[param(
        name = "type",
        default = "package",
        choices("package", "patch", "pattern", "product", "srcpackage", "application")
    )]
    kind: String,
    /// Fetch the lists of packages first; not in check mode.
    #[param(default = false, alias = "refresh")]
    update_cache: bool,
}

/// What is to be done with a package.
struct Wish {
    install: bool,
    name: String,
    /// A condition on the version, with its operator.
    version: String,
}

/// A name as the user wrote it: `-` or `~` before it removes, `+` installs, a condition on the version may follow.
fn wish(text: &str, remove: bool) -> (Option<char>, Wish) {
    let (prefix, rest) = match text.strip_prefix(['-', '~', '+']) {
        Some(rest) => (text.chars().next(), rest),
        None => (None, text),
    };
    let at = rest.find(['<', '>', '=']).unwrap_or(rest.len());
    let (name, version) = rest.split_at_checked(at).unwrap_or((rest, ""));
    let plain = version
        .trim_start_matches(['<', '>', '='])
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | '-'));
    let (name, version) = if plain { (name, version) } else { (rest, "") };
    let install = match prefix {
        Some(c) => c == '+',
        None => !remove,
    };
    let wish = Wish {
        install,
        name: name.to_owned(),
        version: version.to_owned(),
    };
    (prefix, wish)
}

/// Whether the root file system is a read-only snapshot that is changed by new snapshots.
fn transactional() -> bool {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    Path::new("/usr/sbin/transactional-update").exists()
        && mounts.lines().any(|line| {
            let fields: Vec<_> = line.split(' ').collect();
            matches!(fields[..], [_, "/", "btrfs", options, ..] if options.split(',').any(|o| o == "ro"))
        })
}

/// What a run of zypper gave.
struct Run {
    cmd: Vec<String>,
    rc: i64,
    stdout: String,
    stderr: String,
    answer: Answer,
}

impl Run {
    fn add_to(&self, values: &Map) {
        values.insert(
            "cmd",
            Value::list(self.cmd.iter().map(|w| Value::str(w.as_str()))),
        );
        values.insert("rc", self.rc);
        values.insert("stdout", self.stdout.as_str());
        values.insert("stderr", self.stderr.as_str());
    }

    fn failure(&self, message: impl Into<String>) -> Failure {
        let failure = Failure::new(message);
        self.add_to(&failure.values);
        failure
    }

    /// What comes and goes, as text.
    fn difference(&self) -> String {
        let of = |group: &str| {
            self.answer
                .solvables
                .iter()
                .filter(|s| s.group == group)
                .collect::<Vec<_>>()
        };
        let mut out = String::new();
        for (title, group) in [
            ("installed", "to-install"),
            ("removed", "to-remove"),
            ("upgraded", "to-upgrade"),
        ] {
            let names: Vec<_> = of(group)
                .iter()
                .map(|s| match group {
                    "to-upgrade" => format!("{} ({} => {})", s.name, s.old_edition, s.edition),
                    _ => s.name.clone(),
                })
                .collect();
            if !names.is_empty() {
                out += &format!("{title}: {}\n", names.join(", "));
            }
        }
        out
    }
}

impl Zypper {
    fn words(text: Option<&str>) -> impl Iterator<Item = String> {
        text.unwrap_or_default().split_whitespace().map(str::to_owned)
    }

    fn command(&self, host: &Host<'_>, verb: &str) -> Result<Vec<String>, Failure> {
        let installs = matches!(verb, "install" | "update" | "patch" | "dist-upgrade");
        let refresh = verb == "refresh";
        let mut out: Vec<String> = Vec::new();
        if transactional() {
            let program = host.need_program("transactional-update", "transactional-update")?;
            out.push(program.to_string_lossy().into_owned());
            out.extend(["--continue", "--drop-if-no-change", "--quiet", "run"].map(str::to_owned));
        }
        out.push(
            host.need_program("zypper", "zypper")?
                .to_string_lossy()
                .into_owned(),
        );
        out.extend(["--non-interactive", "--xmlout"].map(str::to_owned));
        let mut add = |on: bool, word: &str| {
            if on {
                out.push(word.to_owned());
            }
        };
        add(self.quiet, "--quiet");
        for word in Self::words(self.extra_args_precommand.as_deref()) {
            add(true, &word);
        }
        add((installs || refresh) && self.disable_gpg_check, "--no-gpg-checks");
        add(installs && self.auto_import_keys, "--gpg-auto-import-keys");
        add(verb == "search", "--disable-repositories");
        add(true, verb);
        let typed = !refresh && !matches!(verb, "patch" | "dist-upgrade");
        add(typed, "--type");
        add(typed, &self.kind);
        add(host.check() && verb != "search", "--dry-run");
        add(installs, "--auto-agree-with-licenses");
        for (on, word) in [
            (self.disable_recommends, "--no-recommends"),
            (self.force, "--force"),
            (self.force_resolution, "--force-resolution"),
            (self.oldpackage, "--oldpackage"),
            (self.replacefiles, "--replacefiles"),
        ] {
            add(installs && on, word);
        }
        add(verb == "remove" && self.clean_deps, "--clean-deps");
        add(
            verb == "dist-upgrade" && self.allow_vendor_change,
            "--allow-vendor-change",
        );
        for word in Self::words(self.extra_args.as_deref()) {
            add(true, &word);
        }
        Ok(out)
    }

    /// Runs zypper; a search may find nothing. Exit statuses beside 0 that are no failures: 102 (a reboot is needed),
    /// 103 (zypper itself was upgraded: run it again), 106 (a repository was skipped) and 107 (a script failed).
    fn start(&self, host: &mut Host<'_>, cmd: Vec<String>, search: bool) -> Result<Run, Failure> {
        let mut answer = Answer::default();
        let mut again = false;
        loop {
            let out = host.query(Command::argv(&cmd).env("LC_ALL", "C").env("LANG", "C"))?;
            let mut run = Run {
                cmd: cmd.clone(),
                rc: out.rc,
                stdout: out.stdout_text(),
                stderr: out.stderr_text(),
                answer: Answer::default(),
            };
            let Some(mut told) = Answer::read(&run.stdout) else {
                return Err(run.failure("Failed to parse zypper xml output"));
            };
            if out.rc == 104 {
                // Nothing of that name.
                let message = told.messages.pop().unwrap_or_default();
                return if search {
                    Ok(run)
                } else {
                    Err(run.failure(message))
                };
            }
            let repeat = out.rc == 103 || out.rc == 107 && self.skip_post_errors;
            if repeat && !again {
                (answer, again) = (told, true);
                continue;
            }
            if self.simple_errors && !told.messages.is_empty() {
                run.stdout = told.messages.join(" \n");
            }
            if !matches!(out.rc, 0 | 102 | 103 | 106 | 107) {
                return Err(run.failure(format!("Zypper run command failed with return code {}.", out.rc)));
            }
            answer
                .solvables
                .retain(|old| told.solvables.iter().all(|s| s.name != old.name));
            answer.solvables.append(&mut told.solvables);
            run.answer = answer;
            return Ok(run);
        }
    }

    /// Which of the names are installed.
    fn installed(&self, host: &mut Host<'_>, names: &[&str]) -> Result<Vec<String>, Failure> {
        let mut cmd = self.command(host, "search")?;
        cmd.extend(["--match-exact", "--details", "--installed-only"].map(str::to_owned));
        cmd.extend(names.iter().map(|n| (*n).to_owned()));
        let run = self.start(host, cmd, true)?;
        Ok(run.answer.solvables.into_iter().map(|s| s.name).collect())
    }

    fn present(&mut self, host: &mut Host<'_>, names: &[String]) -> Result<Option<Run>, Failure> {
        let is_file = |name: &&String| name.contains("://") || name.ends_with(".rpm");
        let (files, names): (Vec<&String>, Vec<&String>) = names.iter().partition(is_file);
        let mut wishes: Vec<Wish> = names.iter().map(|n| wish(n, false).1).collect();
        self.oldpackage |= wishes.iter().any(|w| !w.version.is_empty());
        if self.state != "latest" {
            // Whether a version fits is zypper's to say.
            let plain: Vec<&str> = wishes
                .iter()
                .filter(|w| w.version.is_empty())
                .map(|w| w.name.as_str())
                .collect();
            let there = if plain.is_empty() {
                Vec::new()
            } else {
                self.installed(host, &plain)?
            };
            wishes.retain(|w| w.install != there.contains(&w.name));
        }
        if wishes.is_empty() && files.is_empty() {
            return Ok(None);
        }
        let mut cmd = self.command(host, "install")?;
        cmd.push("--".into());
        cmd.extend(files.into_iter().cloned());
        let sign = |w: &Wish| if w.install { "+" } else { "-" };
        cmd.extend(
            wishes
                .iter()
                .map(|w| format!("{}{}{}", sign(w), w.name, w.version)),
        );
        self.start(host, cmd, false).map(Some)
    }

    fn absent(&self, host: &mut Host<'_>, names: &[String]) -> Result<Option<Run>, Failure> {
        if names.iter().any(|n| n.contains("://") || n.ends_with(".rpm")) {
            return Err(Failure::new("Can not remove via URL."));
        }
        let wishes: Vec<_> = names.iter().map(|n| wish(n, true)).collect();
        if wishes.iter().any(|(prefix, _)| *prefix == Some('+')) {
            return Err(Failure::new(
                "Can not combine '+' prefix with state=remove/absent.",
            ));
        }
        if self.kind == "patch" {
            return Err(Failure::new("Can not remove patches."));
        }
        let all: Vec<&str> = wishes.iter().map(|(_, w)| w.name.as_str()).collect();
        let there = self.installed(host, &all)?;
        let gone = wishes.iter().map(|(_, w)| w).filter(|w| there.contains(&w.name));
        let gone: Vec<String> = gone.map(|w| format!("{}{}", w.name, w.version)).collect();
        if gone.is_empty() {
            return Ok(None);
        }
        let mut cmd = self.command(host, "remove")?;
        cmd.extend(gone);
        self.start(host, cmd, false).map(Some)
    }

    fn everything(&self, host: &mut Host<'_>) -> Result<Run, Failure> {
        let verb = match (self.kind.as_str(), self.state.as_str()) {
            ("patch", _) => "patch",
            (_, "dist-upgrade") => "dist-upgrade",
            _ => "update",
        };
        let cmd = self.command(host, verb)?;
        self.start(host, cmd, false)
    }
}

impl Module for Zypper {
    const META: Meta = Meta {
        name: "community.general.zypper",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "name",
                doc: "What was named.",
            },
            Return {
                name: "state",
                doc: "The state that was wanted.",
            },
            Return {
                name: "update_cache",
                doc: "Whether the lists of packages were to be fetched.",
            },
            Return {
                name: "cmd",
                doc: "What was run, if anything.",
            },
            Return {
                name: "rc",
                doc: "Exit status of zypper.",
            },
            Return {
                name: "stdout",
                doc: "What zypper said, when something was changed.",
            },
            Return {
                name: "stderr",
                doc: "What zypper complained about, when something was changed.",
            },
        ],
        examples: &[
            Example {
                title: "Install packages",
                args: r#"{"name": ["git", "bc"], "state": "present"}"#,
                given: &[],
                then: &[],
                changed: true,
                runs: false,
            },
            Example {
                title: "Upgrade all packages",
                args: r#"{"name": "*", "state": "latest"}"#,
                given: &[],
                then: &[],
                changed: true,
                runs: false,
            },
        ],
    };

    fn run(mut self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let names: Vec<String> = self.name.iter().filter(|n| !n.is_empty()).cloned().collect();
        if self.update_cache && !host.check() {
            let cmd = self.command(host, "refresh")?;
            let run = self.start(host, cmd, false)?;
            if run.rc != 0 {
                return Err(run.failure("Zypper refresh run failed."));
            }
        }
        let all = names == ["*"];
        let run = match self.state.as_str() {
            "latest" | "dist-upgrade" if all => Some(self.everything(host)?),
            "dist-upgrade" => return Err(Failure::new("Can not dist-upgrade specific packages.")),
            "absent" | "removed" => self.absent(host, &names)?,
            _ => self.present(host, &names)?,
        };
        let values = Map::new();
        let changed = match &run {
            Some(run) => {
                run.add_to(&values);
                matches!(run.rc, 0 | 102) && !run.answer.solvables.is_empty()
            }
            None => {
                values.insert("rc", 0_i64);
                false
            }
        };
        values.insert("changed", changed);
        if host.wants_diff() {
            let prepared = run.as_ref().map(Run::difference).unwrap_or_default();
            values.insert("diff", Map::from_iter([("prepared", prepared)]));
        }
        if let Some(run) = run.as_ref().filter(|r| !matches!(r.rc, 0 | 102)) {
            let failure = run.failure("Zypper run failed.");
            failure.values.insert("changed", changed);
            return Err(failure);
        }
        if !changed {
            values.remove("stdout");
            values.remove("stderr");
        }
        Ok(Outcome::from(values)
            .with("name", Value::list(names.into_iter().map(Value::str)))
            .with("state", self.state)
            .with("update_cache", self.update_cache))
    }
}

#[cfg(test)]
mod tests {
    use super::wish;

    #[test]
    fn signs_and_conditions_are_told_from_names() {
        let read = |text: &str, remove| {
            let (_, w) = wish(text, remove);
            (w.install, w.name, w.version)
        };
        assert_eq!(
            read("docker>=1.10", false),
            (true, "docker".into(), ">=1.10".into())
        );
        assert_eq!(read("~exim", false), (false, "exim".into(), String::new()));
        assert_eq!(read("+a", true), (true, "a".into(), String::new()));
        assert_eq!(read("a", true), (false, "a".into(), String::new()));
        assert_eq!(read("a=1.0rc1", false), (true, "a=1.0rc1".into(), String::new()));
    }
}
