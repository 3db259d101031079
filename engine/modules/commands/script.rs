//! `script`: a script of the controller runs on the host.

use super::words;
use crate::{files::pattern, params::Raw, prelude::*};
use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
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
    /// Folder to run in.
    chdir: Option<String>,
    /// Do nothing if a file matches this path or pattern.
    creates: Option<String>,
    /// Do nothing if no file matches this path or pattern.
    removes: Option<String>,
    /// Program that runs the script.
    executable: Option<String>,
    /// Decrypt a script that is encrypted with a vault password.
    #[param(default = true)]
    decrypt: bool,
    #[param(hidden)]
    _kdo_content: Option<Raw>,
    #[param(hidden)]
    _kdo_name: Option<String>,
    #[param(hidden)]
    _kdo_args: Option<String>,
}

/// A folder that is removed when it is no longer needed.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn lines(text: &str) -> Value {
    Value::list(text.lines().map(Value::str))
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
                name: "stderr",
                doc: "Standard error.",
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
        let at = |path: &str| Path::new(self.chdir.as_deref().unwrap_or("")).join(crate::host::expand(path));
        let skipped = |message: String| {
            Ok(Outcome::new()
                .with("skipped", true)
                .with("msg", message)
                .changed(false))
        };
        if let Some(path) = self.creates.as_deref().filter(|p| pattern::any_match(&at(p))) {
            return skipped(format!("{path} exists, matching creates option"));
        }
        if let Some(path) = self.removes.as_deref().filter(|p| !pattern::any_match(&at(p))) {
            return skipped(format!("{path} does not exist, matching removes option"));
        }
        if host.check() {
            if self.creates.is_some() || self.removes.is_some() {
                return Ok(Outcome::new().changed(true));
            }
            return skipped("Check mode is not supported for this task.".into());
        }
        let Some(Raw(content)) = &self._kdo_content else {
            return Err("the script was not sent by the controller".into());
        };
        let folder = crate::files::tempfile::make_folder(&std::env::temp_dir(), "kdo.", "")?;
        let scratch = Scratch(folder);
        let name = self._kdo_name.as_deref().and_then(|n| Path::new(n).file_name());
        let path = scratch.0.join(name.unwrap_or("script".as_ref()));
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o700)
            .open(&path)
            .and_then(|mut f| f.write_all(&crate::files::copy_bytes(content)))
            .map_err(|e| Failure::new(format!("could not write the script: {e}")))?;
        // The arguments are a piece of shell by definition of the module.
        let quoted = words::quote(&path.to_string_lossy());
        let line = match &self.executable {
            Some(program) => format!("{program} {quoted} {}", self._kdo_args.as_deref().unwrap_or("")),
            None => format!("{quoted} {}", self._kdo_args.as_deref().unwrap_or("")),
        };
        let mut command = Command::new("/bin/sh").arg("-c").arg(line.trim_end()).streamed();
        if let Some(directory) = &self.chdir {
            command = command.directory(crate::host::expand(directory));
        }
        let out = host.query(command)?;
        let (stdout, stderr) = (out.stdout_text(), out.stderr_text());
        let outcome = Outcome::new()
            .with("rc", out.rc)
            .with("stdout_lines", lines(&stdout))
            .with("stderr_lines", lines(&stderr))
            .with("stdout", stdout)
            .with("stderr", stderr)
            .changed(true);
        Ok(if out.rc == 0 {
            outcome
        } else {
            outcome.with("failed", true).with("msg", "non-zero return code")
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
