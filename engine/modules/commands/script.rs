//! `script`: a script of the controller runs on the host.

use super::{python, words::quote};
use crate::{
    files::copy_bytes,
    host::{Scratch, expand},
    params::Raw,
    prelude::*,
};
use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

/// Run a script of the controller on the host
///
/// The script is copied to the host, run, and removed. What follows its name are its arguments.
#[derive(Params)]
pub struct Script {
    #[param(hidden)]
    _raw_params: Option<String>,
    /// Name of the script on the controller, and its arguments.
    cmd: Option<String>,
    /// Folder to run in, an absolute path.
    chdir: Option<String>,
    /// Do nothing if this is there.
    creates: Option<String>,
    /// Do nothing if this is not there.
    removes: Option<String>,
    /// Program that runs the script.
    executable: Option<String>,
    /// Decrypt a script that is encrypted with a vault password.
    #[param(default = true)]
    decrypt: bool,
    #[param(hidden)]
    _kdo_content: Option<Raw>,
    #[param(hidden)]
    _kdo_size: Option<u64>,
    #[param(hidden)]
    _kdo_name: Option<String>,
    #[param(hidden)]
    _kdo_mode: Option<i64>,
    #[param(hidden)]
    _kdo_original: Option<String>,
    #[param(hidden)]
    _kdo_checksum: Option<String>,
    #[param(hidden)]
    _kdo_args: Option<String>,
    /// Why there is no script; told only if it would be run.
    #[param(hidden)]
    _kdo_missing: Option<String>,
}

impl Script {
    fn write(&self, host: &mut Host<'_>, file: &mut File) -> io::Result<()> {
        match &self._kdo_content {
            Some(Raw(content)) => file.write_all(&copy_bytes(content)),
            None => host.link().fetch("content", file).map(|_| ()),
        }
    }

    /// The line for the shell: the arguments and the program are pieces of shell by definition of the module.
    fn line(&self, path: &Path) -> String {
        let mut line = String::new();
        if let Some(directory) = &self.chdir {
            line += &format!("cd {} && ", quote(&expand(directory)));
        }
        if let Some(program) = &self.executable {
            line += &format!("{program} ");
        }
        line += &quote(&path.to_string_lossy());
        if let Some(args) = self._kdo_args.as_ref().filter(|a| !a.is_empty()) {
            line += &format!(" {args}");
        }
        line
    }
}

impl Module for Script {
    const META: Meta = Meta {
        name: "ansible.builtin.script",
        aliases: &[],
        check: Support::Partial,
        diff: Support::None,
        returns: &[
            Return {
                name: "rc",
                doc: "Exit status.",
            },
            Return {
                name: "stdout",
                doc: "Standard output.",
            },
            Return {
                name: "stdout_lines",
                doc: "Standard output, split at line ends.",
            },
            Return {
                name: "stderr",
                doc: "Standard error.",
            },
            Return {
                name: "stderr_lines",
                doc: "Standard error, split at line ends.",
            },
        ],
        examples: &[Example {
            title: "Run a script once",
            args: r#"{"cmd": "setup.sh --all", "creates": "/var/lib/setup.done"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let _ = (self.decrypt, &self._raw_params, &self.cmd);
        let skipped = |message: String| {
            let outcome = Outcome::new().with("skipped", true).with("msg", message);
            Ok(outcome.changed(false))
        };
        let there = |path: &&String| Path::new(&expand(path)).exists();
        if let Some(path) = self.creates.as_ref().filter(there) {
            return skipped(format!("{path} exists, matching creates option"));
        }
        if let Some(path) = self.removes.as_ref().filter(|p| !there(p)) {
            return skipped(format!("{path} does not exist, matching removes option"));
        }
        if let Some(directory) = self.chdir.as_ref().filter(|d| !d.starts_with('/')) {
            let message = format!("chdir {directory} must be an absolute path for a Unix-aware remote node");
            return Err(message.into());
        }
        if let Some(message) = self._kdo_missing {
            return Err(message.into());
        }
        if host.check() {
            if self.creates.is_some() || self.removes.is_some() {
                return Ok(Outcome::new().changed(true));
            }
            return skipped("Check mode is not supported for this task.".into());
        }
        let scratch = Scratch::for_programs()?;
        let name = self._kdo_name.as_deref().and_then(|n| Path::new(n).file_name());
        let path = scratch
            .program(name.unwrap_or("script".as_ref()), |file| self.write(host, file))
            .map_err(|e| Failure::new(format!("could not write the script: {e}")))?;
        let command = Command::new("/bin/sh").arg("-c").arg(self.line(&path));
        let out = host.query(command.streamed())?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let hint = python::missing(host, &name, out.rc, &out.stderr_text());
        let outcome = Outcome::new()
            .with("rc", out.rc)
            .with("stdout", out.stdout_text())
            .with("stderr", out.stderr_text())
            .changed(true);
        Ok(if out.rc == 0 {
            outcome
        } else {
            let hint = hint.map_or_else(String::new, |h| format!(": {h}"));
            let message = format!("non-zero return code{hint}");
            outcome.with("failed", true).with("msg", message)
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::{Host, NoLink, host::Context, registry};
    use kdo_value::{Map, Value};

    fn run(args: Map, check: bool) -> Map {
        let mut link = NoLink;
        let mut host = Host::new(
            Context {
                check,
                ..Context::default()
            },
            &mut link,
        );
        let result = (registry::find("script").unwrap().run)(&args, &mut host);
        host.finish(result)
    }

    #[test]
    fn a_script_runs_with_its_arguments_and_creates_stops_it() {
        let dir = tempfile::tempdir().unwrap();
        let made = dir.path().join("made").display().to_string();
        let args = Map::from_iter([
            (
                "_kdo_content",
                Value::str("#!/bin/sh\necho \"$1-$2\"; touch \"$3\"; exit 3\n"),
            ),
            ("_kdo_name", Value::str("x.sh")),
            ("_kdo_args", Value::str(format!("'a b' c {made}"))),
            ("creates", Value::str(made)),
        ]);
        assert_eq!(run(args.clone(), true).get("changed"), Some(Value::Bool(true)));
        let first = run(args.clone(), false);
        assert_eq!(first.get("stdout"), Some(Value::str("a b-c\n")));
        assert_eq!(first.get("rc"), Some(Value::Int(3)));
        assert_eq!(first.get("failed"), Some(Value::Bool(true)));
        assert_eq!(run(args, false).get("skipped"), Some(Value::Bool(true)));
    }
}
