//! `pip`: Python packages.

use super::pip_requirement::{Requirement, canonical, recovered};
use crate::{commands::words::split, host::Command, prelude::*};
use std::{
    fs,
    path::{Path, PathBuf},
};

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

/// Words at which an address of a version control system begins.
const SYSTEMS: &[&str] = &["svn+", "git+", "hg+", "bzr+"];

/// What programs said, one after the other.
#[derive(Default)]
struct Said {
    stdout: String,
    stderr: String,
}

impl Said {
    fn add(&mut self, out: &Output) {
        self.stdout += &out.stdout_text();
        self.stderr += &out.stderr_text();
    }

    /// As failure of that command.
    fn failure(&self, argv: &[String]) -> Failure {
        let mut words = String::new();
        if !self.stdout.is_empty() {
            words += &format!("stdout: {}", self.stdout);
        }
        if !self.stderr.is_empty() {
            words += &format!("\n:stderr: {}", self.stderr);
        }
        Failure::new(words).with("cmd", list(argv))
    }
}

fn list(argv: &[String]) -> Value {
    Value::list(argv.iter().map(|a| Value::str(a.as_str())))
}

/// Whether that command makes environments with Python's own `venv`.
fn is_venv(words: &[String]) -> bool {
    words.first().is_some_and(|w| w == "pyvenv")
        || words
            .windows(2)
            .any(|w| matches!(w, [m, v] if m == "-m" && v == "venv"))
        || words.iter().any(|w| w == "-mvenv")
}

/// Whether the host's Python has pip as a module.
fn has_module() -> bool {
    let folders = |base: &str| {
        let entries = fs::read_dir(base).into_iter().flatten().flatten();
        entries
            .map(|e| e.path())
            .filter(|p| {
                p.file_name()
                    .is_some_and(|n| n.as_encoded_bytes().starts_with(b"python3"))
            })
            .flat_map(|p| [p.join("dist-packages/pip"), p.join("site-packages/pip")])
            .collect::<Vec<_>>()
    };
    ["/usr/lib", "/usr/lib64", "/usr/local/lib"]
        .iter()
        .flat_map(|base| folders(base))
        .any(|p| p.exists())
}

/// A run of the module: what it works with.
struct Session {
    pip: Vec<String>,
    folder: PathBuf,
    environment: Option<PathBuf>,
    umask: Option<u32>,
    break_system: bool,
}

impl Session {
    fn command(&self, argv: &[String]) -> Command {
        let mut c = Command::argv(argv).directory(&self.folder).umask(self.umask);
        if self.break_system {
            c = c.env("PIP_BREAK_SYSTEM_PACKAGES", "1");
        }
        if let Some(environment) = &self.environment {
            let path = std::env::var("PATH").unwrap_or_default();
            c = c.env("PATH", format!("{}/bin:{path}", environment.display()));
        }
        c
    }

    /// The command that lists what is installed, and what it says.
    fn installed(&self, host: &mut Host<'_>) -> Result<(String, Output), Failure> {
        let words = |more: &[&str]| -> Vec<String> {
            let more = more.iter().map(|w| (*w).to_owned());
            self.pip.iter().cloned().chain(more).collect()
        };
        let mut argv = words(&["list", "--format=freeze"]);
        let mut out = host.query(self.command(&argv).env("LC_ALL", "C.UTF-8"))?;
        if out.rc != 0 {
            // Old versions have only this.
            argv = words(&["freeze"]);
            out = host.query(self.command(&argv))?;
            if out.rc != 0 {
                let mut said = Said::default();
                said.add(&out);
                return Err(said.failure(&argv));
            }
        }
        Ok((argv.join(" "), out))
    }
}

impl Pip {
    /// The program with its first arguments.
    fn program(&self, host: &Host<'_>, environment: Option<&Path>) -> Result<Vec<String>, Failure> {
        let text = |p: PathBuf| vec![p.to_string_lossy().into_owned()];
        if let Some(path) = &self.executable {
            return Ok(if path.is_absolute() {
                text(path.clone())
            } else {
                text(host.need_program(&path.to_string_lossy(), "python3-pip")?)
            });
        }
        if let Some(environment) = environment {
            let mut names = ["pip3", "pip"].iter().map(|n| environment.join("bin").join(n));
            return names.find(|p| p.is_file()).map(text).ok_or_else(|| {
                Failure::new(format!(
                    "Unable to find pip in the virtualenv, {}, under any of these names: pip3, pip. Make sure pip is present in the virtualenv.",
                    environment.display()
                ))
            });
        }
        if let Some(python) = host.find_program("python3").filter(|_| has_module()) {
            return Ok(vec![
                python.to_string_lossy().into_owned(),
                "-m".into(),
                "pip".into(),
            ]);
        }
        host.find_program("pip3").map(text).ok_or_else(|| {
            Failure::new(
                "Unable to find any of pip3 to use.  pip needs to be installed (Debian: package `python3-pip`).",
            )
        })
    }

    fn make_environment(
        &self,
        host: &mut Host<'_>,
        session: &Session,
        path: &Path,
        said: &mut Said,
    ) -> Result<(), Failure> {
        let mut words = split(&self.virtualenv_command.to_string_lossy())?;
        let venv = is_venv(&words);
        if let Some(program) = words.first_mut().filter(|w| !w.contains('/')) {
            *program = host
                .need_program(program, "virtualenv")?
                .to_string_lossy()
                .into_owned();
        }
        if self.virtualenv_site_packages {
            words.push("--system-site-packages".into());
        }
        match &self.virtualenv_python {
            Some(_) if venv => {
                return Err(Failure::new(
                    "virtualenv_python should not be used when using the venv module or pyvenv as virtualenv_command",
                ));
            }
            Some(python) => words.push(format!("-p{python}")),
            None if venv => {}
            None => {
                let python = host.need_program("python3", "python3")?;
                words.push(format!("-p{}", python.display()));
            }
        }
        words.push(path.to_string_lossy().into_owned());
        let out = host.query(session.command(&words))?;
        said.add(&out);
        if out.rc == 0 {
            Ok(())
        } else {
            Err(said.failure(&words))
        }
    }

    /// The packages that are named, with their versions.
    fn wanted(&self) -> Result<Vec<Requirement>, Failure> {
        let names = self.name.as_deref().unwrap_or_default();
        let mut wanted: Vec<_> = recovered(names).iter().map(|n| Requirement::parse(n)).collect();
        if let (Some(version), Some(first)) = (&self.version, wanted.first()) {
            if wanted.len() > 1 {
                return Err(Failure::new(
                    "'version' argument is ambiguous when installing multiple package distributions. Please specify version restrictions next to each package in 'name' argument.",
                ));
            }
            if first.has_conditions() {
                return Err(Failure::new(
                    "The 'version' argument conflicts with any version specifier provided along with a package name. Please keep the version specifier, but remove the 'version' argument.",
                ));
            }
            wanted = vec![first.with_version(version)];
        }
        Ok(wanted)
    }

    /// The arguments that are added as they are.
    fn extra(&self) -> Option<String> {
        let given = self.extra_args.as_deref().filter(|a| !a.is_empty());
        if self.editable && !given.is_some_and(|a| a.split(' ').any(|w| w == "-e")) {
            return Some(given.map_or_else(|| "-e".to_owned(), |a| format!("{a} -e")));
        }
        given.map(str::to_owned)
    }

    /// Whether a version that is listed as installed is wanted.
    fn is_there(wanted: &Requirement, listed: &str) -> bool {
        listed
            .lines()
            .filter_map(|l| l.split_once("=="))
            .any(|(name, version)| {
                wanted.project.as_ref().is_some_and(|p| *p == canonical(name))
                    && wanted.accepts(version.trim())
            })
    }

    /// What would change, as far as names tell.
    fn check(
        &self,
        host: &mut Host<'_>,
        session: &Session,
        wanted: &[Requirement],
    ) -> Result<Outcome, Failure> {
        if wanted.is_empty() || self.extra().is_some() || self.state == "latest" {
            return Ok(Outcome::new().changed(true));
        }
        let (cmd, out) = session.installed(host)?;
        let listed = out.stdout_text();
        let changed = wanted.iter().any(|w| match self.state.as_str() {
            "absent" => Self::is_there(w, &listed),
            "present" => !Self::is_there(w, &listed),
            _ => false,
        });
        Ok(Outcome::new()
            .changed(changed)
            .with("cmd", cmd)
            .with("stdout", listed)
            .with("stderr", out.stderr_text()))
    }

    /// The whole command.
    fn argv(&self, pip: &[String], wanted: &[Requirement]) -> Result<Vec<String>, Failure> {
        let verb: &[&str] = match self.state.as_str() {
            "absent" => &["uninstall", "-y"],
            "latest" => &["install", "-U"],
            "forcereinstall" => &["install", "-U", "--force-reinstall"],
            _ => &["install"],
        };
        let mut argv = pip.to_vec();
        argv.extend(verb.iter().map(|w| (*w).to_owned()));
        argv.extend(split(&self.extra().unwrap_or_default())?);
        argv.extend(wanted.iter().map(|w| w.text().to_owned()));
        if let Some(file) = self.requirements.as_ref().filter(|_| wanted.is_empty()) {
            argv.extend(["-r".to_owned(), file.clone()]);
        }
        Ok(argv)
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
                name: "requirements",
                doc: "The file with requirements.",
            },
            Return {
                name: "version",
                doc: "The version of the package.",
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
        let umask = match &self.umask {
            Some(text) => Some(
                u32::from_str_radix(text.trim_start_matches("0o"), 8).map_err(|_| {
                    let details = format!("invalid literal for int() with base 8: '{text}'");
                    Failure::new("umask must be an octal integer").with("details", details)
                })?,
            ),
            None => None,
        };
        if self.state == "latest" && self.version.is_some() {
            return Err(Failure::new("version is incompatible with state=latest"));
        }
        let environment = match (&self.virtualenv, &self.chdir) {
            (Some(environment), Some(folder)) => Some(folder.join(environment)),
            (environment, _) => environment.clone(),
        };
        let mut session = Session {
            pip: Vec::new(),
            folder: self.chdir.clone().unwrap_or_else(std::env::temp_dir),
            environment: None,
            umask,
            break_system: self.break_system_packages,
        };
        let mut said = Said::default();
        let missing = environment
            .as_ref()
            .filter(|e| !session.folder.join(e).join("bin/activate").exists());
        if let Some(path) = missing {
            if host.check() {
                return Ok(Outcome::new().changed(true));
            }
            self.make_environment(host, &session, path, &mut said)?;
        }
        session.pip = self.program(host, environment.as_deref())?;
        session.environment.clone_from(&environment);
        let wanted = self.wanted()?;
        if wanted.is_empty() && self.requirements.is_none() {
            host.warn("No valid name or requirements file found.");
            return Ok(Outcome::new().changed(false));
        }
        if host.check() {
            return self.check(host, &session, &wanted);
        }
        let argv = self.argv(&session.pip, &wanted)?;
        // Where the words of pip do not tell what happened, the lists before and after do.
        let names = self.name.as_deref().unwrap_or_default();
        let compared = wanted.is_empty() || names.iter().any(|n| SYSTEMS.iter().any(|s| n.starts_with(s)));
        let before = if compared {
            Some(session.installed(host)?.1.stdout)
        } else {
            None
        };
        let out = host.query(session.command(&argv))?;
        said.add(&out);
        let words = out.stdout_text();
        let absent = self.state == "absent";
        let gone = |text: &str| text.contains("not installed");
        let nothing = absent && out.rc == 1 && (gone(&words) || gone(&out.stderr_text()));
        if out.rc != 0 && !nothing {
            return Err(said.failure(&argv));
        }
        let changed = match before {
            _ if absent => words.contains("Successfully uninstalled"),
            Some(before) => before != session.installed(host)?.1.stdout,
            None => words.contains("Successfully installed"),
        };
        let changed = changed || missing.is_some();
        Ok(Outcome::new()
            .changed(changed)
            .with("cmd", list(&argv))
            .with("name", self.name.as_deref().map_or(Value::None, list))
            .with("requirements", self.requirements)
            .with("state", self.state)
            .with("stderr", said.stderr)
            .with("stdout", said.stdout)
            .with("version", self.version)
            .with(
                "virtualenv",
                environment.map(|v| v.to_string_lossy().into_owned()),
            ))
    }
}

#[cfg(test)]
mod tests {
    use super::is_venv;

    #[test]
    fn environments_are_made_by_venv_or_by_others() {
        let is = |text: &str| is_venv(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert!(is("pyvenv") && is("/usr/bin/python3 -m venv") && is("python3 -mvenv"));
        assert!(!is("virtualenv") && !is("python3 -m virtualenv"));
    }
}
