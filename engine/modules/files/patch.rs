//! `patch`: changes of files by the program `patch`.

use super::copy::bytes;
use crate::{params::Raw, prelude::*};
use std::path::PathBuf;

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Present,
}

/// Apply a patch to files, or take it back
#[derive(Params)]
#[params(one_of(dest, basedir))]
pub struct Patch {
    /// Folder that the patch is for.
    basedir: Option<PathBuf>,
    /// The file that the patch is for; without, the patch names them.
    #[param(alias = "originalfile")]
    dest: Option<PathBuf>,
    /// The patch: on the controller, or on the host with `remote_src`.
    #[param(required, alias = "patchfile")]
    src: PathBuf,
    /// Whether the patch should be applied.
    #[param(default = "present")]
    state: State,
    /// `src` is on the host.
    #[param(default = false)]
    remote_src: bool,
    /// Folders that are cut from the names in the patch.
    #[param(default = 0)]
    strip: i64,
    /// Keep numbered copies of the old files.
    #[param(default = false)]
    backup: bool,
    /// Do not change line ends.
    #[param(default = false)]
    binary: bool,
    /// Blanks need not match.
    #[param(default = false)]
    ignore_whitespace: bool,
    #[param(hidden)]
    _kdo_content: Option<Raw>,
    #[param(hidden)]
    _kdo_size: Option<u64>,
}

impl Patch {
    fn command(&self, host: &Host<'_>, content: &[u8], extra: &[&str]) -> Result<Command, Failure> {
        let program = host
            .find_program("gpatch")
            .map_or_else(|| host.need_program("patch", "patch"), Ok)?;
        let folder = match (&self.basedir, &self.dest) {
            (Some(folder), _) => folder.clone(),
            (None, Some(dest)) => dest.parent().map(PathBuf::from).unwrap_or_default(),
            (None, None) => PathBuf::from("."),
        };
        let mut command = Command::new(program)
            .args(["--quiet", "--forward", "--batch", "--reject-file=-"])
            .args(extra)
            .arg(format!("--strip={}", self.strip))
            .arg(format!("--directory={}", folder.display()))
            .stdin(content);
        if self.binary {
            command = command.arg("--binary");
        }
        if self.ignore_whitespace {
            command = command.arg("--ignore-whitespace");
        }
        Ok(match &self.dest {
            Some(dest) => command.path(dest),
            None => command,
        })
    }
}

impl Module for Patch {
    const META: Meta = Meta {
        name: "ansible.posix.patch",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[],
        examples: &[Example {
            title: "A patch on the host",
            args: r#"{"src": "/tmp/fix.patch", "basedir": "/opt/app", "strip": 1, "remote_src": true}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let content = match (&self._kdo_content, self._kdo_size) {
            (Some(Raw(content)), _) => bytes(content),
            (None, Some(_)) => {
                let mut content = Vec::new();
                let fetched = host.link().fetch("content", &mut content);
                fetched.map_err(|e| Failure::new(format!("could not fetch the patch: {e}")))?;
                content
            }
            _ if self.remote_src => host.read(&self.src).map_err(|_| {
                Failure::new(format!(
                    "src {} doesn't exist or not readable",
                    self.src.display()
                ))
            })?,
            _ => return Err("the patch was not sent by the controller".into()),
        };
        if let Some(dest) = self.dest.as_ref().filter(|d| !d.exists()) {
            return Err(Failure::new(format!(
                "dest {} doesn't exist or not writable",
                dest.display()
            )));
        }
        if let Some(folder) = self.basedir.as_ref().filter(|d| !d.exists()) {
            return Err(Failure::new(format!(
                "basedir {} doesn't exist",
                folder.display()
            )));
        }
        let present = self.state == State::Present;
        // It is applied if it could be taken back, and the other way round.
        let opposite: &[&str] = if present {
            &["--dry-run", "--reverse"]
        } else {
            &["--dry-run"]
        };
        if host.query(self.command(host, &content, opposite)?)?.rc == 0 {
            return Ok(Outcome::new().changed(false));
        }
        let mut args: Vec<&str> = Vec::new();
        if !present {
            args.push("--reverse");
        }
        if self.backup {
            args.extend(["--backup", "--version-control=numbered"]);
        }
        let dry = host.check();
        if dry {
            args.push("--dry-run");
        }
        let out = host.query(self.command(host, &content, &args)?)?;
        if out.rc != 0 {
            let words = if out.stderr.is_empty() {
                out.stdout_text()
            } else {
                out.stderr_text()
            };
            return Err(Failure::new(words));
        }
        host.mark_changed();
        Ok(Outcome::new().changed(true))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Host, NoLink, host::Context, registry};
    use kdo_value::{Map, Value};

    #[test]
    fn a_patch_is_applied_once_and_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        std::fs::write(&file, "a\n").unwrap();
        let run = |state: &str, check: bool| {
            let args = Map::from_iter([
                ("src", Value::str("x")),
                ("_kdo_content", Value::str("--- f\n+++ f\n@@ -1 +1 @@\n-a\n+b\n")),
                ("basedir", Value::str(dir.path().to_string_lossy())),
                ("state", Value::str(state)),
            ]);
            let mut link = NoLink;
            let mut host = Host::new(
                Context {
                    check,
                    ..Context::default()
                },
                &mut link,
            );
            let result = (registry::find("ansible.posix.patch").unwrap().run)(&args, &mut host);
            let result = host.finish(result);
            (result, std::fs::read_to_string(&file).unwrap())
        };
        let (result, text) = run("present", true);
        if result
            .get("msg")
            .is_some_and(|m| m.to_text().contains("required executable"))
        {
            return;
        }
        assert_eq!(
            (result.get("changed"), text.as_str()),
            (Some(Value::Bool(true)), "a\n")
        );
        let (result, text) = run("present", false);
        assert_eq!(
            (result.get("changed"), text.as_str()),
            (Some(Value::Bool(true)), "b\n")
        );
        assert_eq!(run("present", false).0.get("changed"), Some(Value::Bool(false)));
        assert_eq!(run("absent", false).1, "a\n");
        assert_eq!(run("absent", false).0.get("changed"), Some(Value::Bool(false)));
    }
}
