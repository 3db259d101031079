//! `pip`: Python packages.

use crate::{host::Command, prelude::*};
use std::path::{Path, PathBuf};

/// Install or remove Python packages with pip
#[derive(Params)]
#[params(
    one_of(name, requirements),
    exclusive(name, requirements),
    exclusive(executable, virtualenv)
)]
pub struct Pip {
    /// Change a Python installation that the distribution manages.
    #[param(default = false)]
    break_system_packages: bool,
    /// Folder to run in.
    chdir: Option<PathBuf>,
    /// Install for development, from a checkout.
    #[param(default = false)]
    editable: bool,
    /// The pip to use, by name or path.
    executable: Option<PathBuf>,
    /// Further arguments for pip.
    extra_args: Option<String>,
    /// Packages, with version conditions, or addresses.
    name: Option<Vec<String>>,
    /// File with requirements.
    requirements: Option<String>,
    /// The wanted state.
    #[param(default = "present", choices("absent", "forcereinstall", "latest", "present"))]
    state: String,
    /// Permissions that installed files do not get.
    umask: Option<String>,
    /// Version of the one package.
    version: Option<String>,
    /// Virtual environment to work in; made if it is missing.
    virtualenv: Option<PathBuf>,
    /// The command that makes it.
    #[param(default = "virtualenv")]
    virtualenv_command: PathBuf,
    /// Python of the new environment.
    virtualenv_python: Option<String>,
    /// Whether it sees the system's packages.
    #[param(default = false)]
    virtualenv_site_packages: bool,
}

/// A project's name in its canonical form.
fn canonical(name: &str) -> String {
    let mut out = String::new();
    for c in name.trim().to_lowercase().chars() {
        if matches!(c, '-' | '_' | '.') {
            if !out.ends_with('-') {
                out.push('-');
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// The project's name of a requirement, and the exact version it asks for.
fn requirement(spec: &str) -> (String, Option<String>, bool) {
    let bare = spec.split(';').next().unwrap_or(spec);
    let end = bare
        .find(['=', '<', '>', '!', '~', ' ', '[', '@'])
        .unwrap_or(bare.len());
    let (name, rest) = bare.split_at(end);
    let rest = rest.split(']').next_back().unwrap_or(rest).trim();
    let exact = rest.strip_prefix("==").map(|v| v.trim().to_owned());
    (
        canonical(name),
        exact,
        !rest.is_empty() && !rest.starts_with("=="),
    )
}

impl Pip {
    /// The program with its first arguments.
    fn program(&self, host: &mut Host<'_>) -> Result<Vec<String>, Failure> {
        let text = |p: PathBuf| p.to_string_lossy().into_owned();
        if let Some(path) = &self.executable {
            if path.components().count() > 1 {
                return Ok(vec![text(path.clone())]);
            }
            return Ok(vec![text(
                host.need_program(&path.to_string_lossy(), "python3-pip")?,
            )]);
        }
        if let Some(env) = &self.virtualenv {
            let found = ["pip3", "pip"]
                .iter()
                .map(|n| env.join("bin").join(n))
                .find(|p| p.exists());
            return match found {
                Some(path) => Ok(vec![text(path)]),
                // In check mode the environment may not be there yet.
                None if host.check() => Ok(vec![text(env.join("bin/pip3"))]),
                None => Err(Failure::new(format!(
                    "Unable to find pip in the virtualenv, {}, under any of these names: pip3, pip. Make sure pip is present in the virtualenv.",
                    env.display()
                ))),
            };
        }
        if let Some(path) = host.find_program("pip3").or_else(|| host.find_program("pip")) {
            return Ok(vec![text(path)]);
        }
        let python = host.need_program("python3", "python3-pip")?;
        Ok(vec![text(python), "-m".into(), "pip".into()])
    }

    fn make_environment(&self, host: &mut Host<'_>, env: &Path) -> Result<bool, Failure> {
        if env.join("bin/activate").exists() {
            return Ok(false);
        }
        let mut words = crate::commands::words::split(&self.virtualenv_command.to_string_lossy())?;
        let venv = words.iter().any(|w| w == "venv" || w.ends_with("pyvenv"));
        if self.virtualenv_site_packages {
            words.push("--system-site-packages".into());
        }
        if let Some(python) = self.virtualenv_python.as_ref().filter(|_| !venv) {
            words.push(format!("-p{python}"));
        } else if venv && self.virtualenv_python.is_some() {
            return Err(Failure::new(
                "virtualenv_python should not be used when using the venv module or pyvenv as virtualenv_command",
            ));
        }
        words.push(env.to_string_lossy().into_owned());
        if let Some(out) = host.execute(self.command(words))? {
            self.succeeded(out)?;
        }
        Ok(true)
    }

    fn command(&self, argv: Vec<String>) -> Command {
        let argv = match &self.umask {
            // The umask belongs to this one program: its own small shell sets it.
            Some(umask) => {
                let mut words = vec![
                    "/bin/sh".into(),
                    "-c".into(),
                    "umask \"$1\"; shift; exec \"$@\"".into(),
                    "sh".into(),
                    umask.clone(),
                ];
                words.extend(argv);
                words
            }
            None => argv,
        };
        let c = Command::argv(argv);
        match self.chdir.as_ref() {
            Some(dir) => c.directory(dir),
            None => c.directory(std::env::temp_dir()),
        }
    }

    fn succeeded(&self, out: crate::host::Output) -> Result<crate::host::Output, Failure> {
        if out.rc == 0 {
            return Ok(out);
        }
        let words = format!("{}{}", out.stdout_text(), out.stderr_text());
        Err(Failure::new(format!("\n:stderr: {}", words.trim_end())).with("rc", out.rc))
    }

    fn wanted(&self) -> Result<Vec<String>, Failure> {
        let names = self.name.clone().unwrap_or_default();
        let names: Vec<_> = names
            .into_iter()
            .map(|n| n.trim().to_owned())
            .filter(|n| !n.is_empty())
            .collect();
        match &self.version {
            Some(_) if names.len() > 1 => Err(Failure::new(
                "'version' argument is ambiguous when installing multiple package distributions. Please specify version restrictions next to each package in 'name' argument.",
            )),
            Some(version) => {
                let operator = if version.starts_with(['=', '<', '>', '!', '~']) {
                    ""
                } else {
                    "=="
                };
                Ok(names.iter().map(|n| format!("{n}{operator}{version}")).collect())
            }
            None => Ok(names),
        }
    }

    /// Whether everything wanted is there, as far as names and exact versions tell.
    fn all_there(&self, host: &mut Host<'_>, pip: &[String], wanted: &[String]) -> Result<bool, Failure> {
        let mut argv = pip.to_vec();
        argv.extend(["list".to_owned(), "--format=freeze".to_owned()]);
        let Ok(out) = host.query(self.command(argv)) else {
            return Ok(false);
        };
        let list: Vec<(String, String)> = out
            .stdout_text()
            .lines()
            .filter_map(|l| {
                l.split_once("==")
                    .map(|(n, v)| (canonical(n), v.trim().to_owned()))
            })
            .collect();
        let there = |spec: &String| {
            let (name, exact, ranged) = requirement(spec);
            let is = list.iter().find(|(n, _)| *n == name);
            is.is_some_and(|(_, v)| exact.as_ref().is_none_or(|e| e == v)) && !ranged
        };
        Ok(if self.state == "absent" {
            !wanted
                .iter()
                .any(|s| list.iter().any(|(n, _)| *n == requirement(s).0))
        } else {
            self.state == "present" && !wanted.is_empty() && wanted.iter().all(there)
        })
    }
}

impl Module for Pip {
    const META: Meta = Meta {
        name: "ansible.builtin.pip",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "cmd",
                doc: "What was run.",
            },
            Return {
                name: "name",
                doc: "The packages.",
            },
            Return {
                name: "virtualenv",
                doc: "The virtual environment.",
            },
        ],
        examples: &[Example {
            title: "Packages into an environment of their own",
            args: r#"{"name": ["six==1.16.0"], "virtualenv": "/opt/tool", "virtualenv_command": "python3 -m venv"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if self.state == "latest" && self.version.is_some() {
            return Err(Failure::new("version is incompatible with state=latest"));
        }
        let made = match self.virtualenv.clone() {
            Some(env) => self.make_environment(host, &env)?,
            None => false,
        };
        let pip = self.program(host)?;
        let wanted = self.wanted()?;
        let mut argv = pip.clone();
        let verb: &[&str] = match self.state.as_str() {
            "absent" => &["uninstall", "-y"],
            "latest" => &["install", "-U"],
            "forcereinstall" => &["install", "-U", "--force-reinstall"],
            _ => &["install"],
        };
        argv.extend(verb.iter().map(|w| (*w).to_owned()));
        if self.break_system_packages {
            argv.push("--break-system-packages".into());
        }
        argv.extend(crate::commands::words::split(
            self.extra_args.as_deref().unwrap_or(""),
        )?);
        for name in &wanted {
            if self.editable || name.starts_with("-e ") {
                argv.push("-e".into());
            }
            argv.push(name.trim_start_matches("-e ").to_owned());
        }
        if let Some(file) = &self.requirements {
            argv.extend(["-r".to_owned(), file.clone()]);
        }
        let (mut stdout, mut stderr) = (String::new(), String::new());
        let settled = !(host.check() && made) && self.all_there(host, &pip, &wanted)?;
        if !settled {
            if host.check() {
                host.mark_changed();
            } else {
                let out = self.succeeded(host.query(self.command(argv.clone()))?)?;
                (stdout, stderr) = (out.stdout_text(), out.stderr_text());
                let word = if self.state == "absent" {
                    "Successfully uninstalled"
                } else {
                    "Successfully installed"
                };
                if stdout.contains(word) {
                    host.mark_changed();
                }
            }
        }
        Ok(Outcome::new()
            .with("cmd", Value::list(argv.into_iter().map(Value::str)))
            .with(
                "name",
                self.name
                    .map(|n| Value::list(n.into_iter().map(Value::str)))
                    .unwrap_or(Value::None),
            )
            .with("requirements", self.requirements)
            .with("state", self.state)
            .with("stderr", stderr)
            .with("stdout", stdout)
            .with("version", self.version)
            .with(
                "virtualenv",
                self.virtualenv.map(|v| v.to_string_lossy().into_owned()),
            ))
    }
}

#[cfg(test)]
mod tests {
    use super::requirement;

    #[test]
    fn requirements_are_taken_apart() {
        assert_eq!(
            requirement("Foo_Bar==1.2"),
            ("foo-bar".into(), Some("1.2".into()), false)
        );
        assert_eq!(requirement("six"), ("six".into(), None, false));
        assert_eq!(requirement("ansible[extra] >= 2"), ("ansible".into(), None, true));
    }
}
