//! `zypper`: packages of openSUSE and SLES.

use super::rpm;
use crate::{
    host::{Command, Output},
    prelude::*,
};

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

/// The name before a version condition.
fn bare(spec: &str) -> &str {
    let end = spec.find(['=', '<', '>']).unwrap_or(spec.len());
    spec.get(..end).unwrap_or(spec).trim()
}

impl Zypper {
    fn program(&self, host: &Host<'_>) -> Result<Command, Failure> {
        let mut c = Command::new(host.need_program("zypper", "zypper")?);
        c = c.args(["--non-interactive", "--xmlout"]).env("LC_ALL", "C.UTF-8");
        if self.quiet {
            c = c.arg("--quiet");
        }
        if self.auto_import_keys {
            c = c.arg("--gpg-auto-import-keys");
        }
        if self.disable_gpg_check {
            c = c.arg("--no-gpg-checks");
        }
        Ok(c.args(crate::commands::words::split(
            self.extra_args_precommand.as_deref().unwrap_or(""),
        )?))
    }

    fn command(&self, host: &Host<'_>, verb: &str) -> Result<Command, Failure> {
        let mut c = self.program(host)?.arg(verb);
        if !matches!(verb, "dist-upgrade") {
            c = c.arg("--type").arg(&self.kind);
        }
        if host.check() {
            c = c.arg("--dry-run");
        }
        if verb == "remove" {
            if self.clean_deps {
                c = c.arg("--clean-deps");
            }
        } else {
            c = c.arg("--auto-agree-with-licenses");
            for (on, word) in [
                (self.disable_recommends, "--no-recommends"),
                (self.force && verb == "install", "--force"),
                (self.replacefiles, "--replacefiles"),
                (
                    self.allow_vendor_change && verb == "dist-upgrade",
                    "--allow-vendor-change",
                ),
                (
                    self.oldpackage || verb == "install" && self.name.iter().any(|n| n.contains('=')),
                    "--oldpackage",
                ),
            ] {
                if on {
                    c = c.arg(word);
                }
            }
        }
        if self.force_resolution {
            c = c.arg("--force-resolution");
        }
        Ok(c.args(crate::commands::words::split(
            self.extra_args.as_deref().unwrap_or(""),
        )?))
    }

    fn check_result(&self, out: Output) -> Result<Output, Failure> {
        // 102, 103: reboot or restart of zypper is advised; 106: a repository was skipped; 107: a script failed after the installation.
        if matches!(out.rc, 0 | 102 | 103 | 106) || out.rc == 107 && self.skip_post_errors {
            return Ok(out);
        }
        let text = out.stdout_text();
        let messages: Vec<_> = text
            .split("<message type=\"error\">")
            .skip(1)
            .filter_map(|m| m.split("</message>").next())
            .collect();
        let message = if self.simple_errors && !messages.is_empty() {
            messages.join("; ")
        } else {
            format!("Zypper run command failed with return code {}.", out.rc)
        };
        Err(Failure::new(message)
            .with("rc", out.rc)
            .with("stdout", text)
            .with("stderr", out.stderr_text()))
    }
}

impl Module for Zypper {
    const META: Meta = Meta {
        name: "community.general.zypper",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "rc",
                doc: "Exit status of zypper.",
            },
            Return {
                name: "stdout",
                doc: "What zypper said.",
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
        if self.update_cache && !host.check() {
            let out = host.query(self.program(host)?.arg("refresh"))?;
            self.check_result(out)?;
        }
        let mut runs: Vec<Command> = Vec::new();
        let all = self.name.iter().any(|n| n == "*");
        let absent = matches!(self.state.as_str(), "absent" | "removed");
        if self.state == "dist-upgrade" {
            runs.push(self.command(host, "dist-upgrade")?);
        } else if all && self.state == "latest" {
            let verb = if self.kind == "patch" { "patch" } else { "update" };
            runs.push(self.command(host, verb)?);
        } else {
            let (mut install, mut update, mut remove) = (Vec::new(), Vec::new(), Vec::new());
            for spec in self.name.iter().map(|n| n.trim()).filter(|n| !n.is_empty()) {
                let (minus, spec) = match spec.strip_prefix(['-', '~', '!']) {
                    Some(rest) => (true, rest),
                    None => (false, spec.trim_start_matches('+')),
                };
                let plain = self.kind == "package" && !spec.contains("://") && !spec.starts_with('/');
                let there = if plain {
                    rpm::installed(host, "/", bare(spec))?
                } else {
                    absent
                };
                let exact = spec.split_once('=').filter(|(n, _)| !n.ends_with(['<', '>']));
                let fits = match exact {
                    Some((name, version)) => {
                        there && rpm::installed(host, "/", &format!("{name}-{version}"))?
                    }
                    None => there && bare(spec) == spec,
                };
                if minus || absent {
                    if there {
                        remove.push(spec.to_owned());
                    }
                } else if !fits || self.force {
                    install.push(spec.to_owned());
                } else if self.state == "latest" {
                    update.push(spec.to_owned());
                }
            }
            for (verb, names) in [("remove", remove), ("install", install), ("update", update)] {
                if !names.is_empty() {
                    runs.push(self.command(host, verb)?.arg("--").args(names));
                }
            }
        }
        let before = if runs.is_empty() {
            Default::default()
        } else {
            rpm::all(host, "/")?
        };
        let (mut rc, mut stdout, mut stderr) = (0, String::new(), String::new());
        for c in runs {
            let out = host.query(c)?;
            let out = self.check_result(out)?;
            if host.check() && out.stdout_text().contains("<to-") {
                host.mark_changed();
            }
            rc = out.rc;
            stdout += &out.stdout_text();
            stderr += &out.stderr_text();
        }
        if !before.is_empty() && !host.check() && rpm::all(host, "/")? != before {
            host.mark_changed();
        }
        Ok(Outcome::new()
            .with("name", Value::list(self.name.into_iter().map(Value::str)))
            .with("state", self.state)
            .with("update_cache", self.update_cache)
            .with("rc", rc)
            .with("stdout", stdout)
            .with("stderr", stderr))
    }
}
