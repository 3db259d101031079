//! `modprobe`: modules of the kernel.

use crate::{
    host::{Command, Save},
    prelude::*,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Load or unload a module of the kernel
#[derive(Params)]
pub struct Modprobe {
    /// Name of the module.
    #[param(required)]
    name: String,
    /// Its parameters.
    #[param(default = "")]
    params: String,
    /// Whether it is loaded at each boot, with its parameters.
    #[param(default = "disabled", choices("disabled", "absent", "present"))]
    persistent: String,
    /// Whether it must be loaded.
    #[param(default = "present", choices("absent", "present"))]
    state: String,
}

const LOAD: &str = "/etc/modules-load.d";
const OPTIONS: &str = "/etc/modprobe.d";

impl Modprobe {
    fn loaded(&self) -> bool {
        let name = self.name.replace('-', "_");
        let first = |l: &str| l.split(' ').next() == Some(&name);
        if fs::read_to_string("/proc/modules")
            .unwrap_or_default()
            .lines()
            .any(first)
        {
            return true;
        }
        // Built into the kernel: there, but not listed.
        let release = rustix::system::uname().release().to_string_lossy().into_owned();
        let builtin =
            fs::read_to_string(format!("/lib/modules/{release}/modules.builtin")).unwrap_or_default();
        let file = format!("/{name}.ko");
        builtin.lines().any(|l| l.replace('-', "_").ends_with(&file))
    }

    fn run_modprobe(&self, host: &mut Host<'_>, args: Vec<String>) -> Result<(), Failure> {
        let program = host.need_program("modprobe", "kmod")?;
        if let Some(out) = host.execute(Command::new(program).args(args))?
            && out.rc != 0
        {
            return Err(self.failure(&out));
        }
        Ok(())
    }

    fn failure(&self, out: &Output) -> Failure {
        Failure::new(out.stderr_text())
            .with("rc", out.rc)
            .with("stdout", out.stdout_text())
            .with("stderr", out.stderr_text())
            .with("name", self.name.as_str())
            .with("params", self.params.as_str())
            .with("state", self.state.as_str())
            .with("changed", false)
    }

    /// Files of a folder with their lines.
    fn files(folder: &str) -> Vec<(PathBuf, Vec<String>)> {
        let read = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.path());
        let mut paths: Vec<_> = read
            .filter(|p| p.extension().is_some_and(|e| e == "conf"))
            .collect();
        paths.sort();
        let lines = |p: &Path| {
            fs::read_to_string(p)
                .unwrap_or_default()
                .lines()
                .map(str::to_owned)
                .collect()
        };
        paths.into_iter().map(|p| (p.clone(), lines(&p))).collect()
    }

    fn is_load_line(&self, line: &str) -> bool {
        line.split('#').next().unwrap_or("").trim() == self.name
    }

    /// The parameters that an `options` line gives the module.
    fn options_of<'a>(&self, line: &'a str) -> Option<&'a str> {
        let rest = line.trim().strip_prefix("options")?.trim_start();
        let rest = rest.strip_prefix(self.name.as_str())?;
        rest.starts_with([' ', '\t']).then(|| rest.trim())
    }

    fn save(host: &mut Host<'_>, path: &Path, lines: &[String]) -> Result<(), Failure> {
        let text = lines.join("\n") + "\n";
        host.write(path, text.as_bytes(), &Save::default(), &FileAttrs::default())
            .map(|_| ())
    }

    fn persist(&self, host: &mut Host<'_>) -> Result<(), Failure> {
        let (load, options) = (Self::files(LOAD), Self::files(OPTIONS));
        let wanted: Vec<_> = self.params.split_whitespace().collect();
        let mut given = Vec::new();
        for (_, lines) in &options {
            given.extend(
                lines
                    .iter()
                    .filter_map(|l| self.options_of(l))
                    .flat_map(str::split_whitespace),
            );
        }
        let loads = load
            .iter()
            .any(|(_, lines)| lines.iter().any(|l| self.is_load_line(l)));
        let mut same: (Vec<_>, Vec<_>) = (given.clone(), wanted.clone());
        same.0.sort_unstable();
        same.1.sort_unstable();
        if self.persistent == "present" {
            if !loads {
                host.make_directory(Path::new(LOAD))?;
                Self::save(
                    host,
                    &Path::new(LOAD).join(format!("{}.conf", self.name)),
                    std::slice::from_ref(&self.name),
                )?;
            }
            if same.0 != same.1 {
                self.comment_out(host, &options, |l| self.options_of(l).is_some())?;
                if !wanted.is_empty() {
                    let lines: Vec<_> = wanted
                        .iter()
                        .map(|p| format!("options {} {p}", self.name))
                        .collect();
                    host.make_directory(Path::new(OPTIONS))?;
                    Self::save(
                        host,
                        &Path::new(OPTIONS).join(format!("{}.conf", self.name)),
                        &lines,
                    )?;
                }
            }
        } else {
            self.comment_out(host, &load, |l| self.is_load_line(l))?;
            self.comment_out(host, &options, |l| self.options_of(l).is_some())?;
        }
        Ok(())
    }

    fn comment_out(
        &self,
        host: &mut Host<'_>,
        files: &[(PathBuf, Vec<String>)],
        hit: impl Fn(&str) -> bool,
    ) -> Result<(), Failure> {
        for (path, lines) in files {
            if lines.iter().any(|l| hit(l)) {
                let new: Vec<_> = lines
                    .iter()
                    .map(|l| if hit(l) { format!("#{l}") } else { l.clone() })
                    .collect();
                Self::save(host, path, &new)?;
            }
        }
        Ok(())
    }
}

impl Module for Modprobe {
    const META: Meta = Meta {
        name: "community.general.modprobe",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[],
        examples: &[Example {
            title: "Load a module now and at each boot",
            args: r#"{"name": "dummy", "params": "numdummies=2", "persistent": "present"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let loaded = self.loaded();
        if self.state == "present" && !loaded {
            let mut args = vec![self.name.clone()];
            args.extend(crate::commands::words::split(&self.params)?);
            if host.check() {
                // A module that is not there would fail: find out without loading it.
                let program = host.need_program("modprobe", "kmod")?;
                let out = host.query(Command::new(program).arg("-n").args(&args))?;
                if out.rc != 0 {
                    return Err(self.failure(&out));
                }
            }
            self.run_modprobe(host, args)?;
        } else if self.state == "absent" && loaded {
            self.run_modprobe(host, vec!["-r".into(), self.name.clone()])?;
        }
        if self.persistent != "disabled" {
            self.persist(host)?;
        }
        Ok(Outcome::new()
            .with("name", self.name)
            .with("params", self.params)
            .with("state", self.state))
    }
}
