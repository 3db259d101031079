//! `make`: targets of a Makefile.

use crate::{
    commands::words,
    host::{enter, errno},
    params::AnyDict,
    prelude::*,
};
use std::path::PathBuf;

/// Make targets of a Makefile
///
/// `make -q` first tells whether there is something to do.
#[derive(Params)]
#[params(exclusive(target, targets))]
pub struct Make {
    /// Folder to make in.
    #[param(required)]
    chdir: PathBuf,
    /// Makefile, if it has another name.
    file: Option<PathBuf>,
    /// How many jobs at once.
    jobs: Option<i64>,
    /// The program, if not `gmake` or `make`.
    make: Option<PathBuf>,
    /// Variables; without a value only the name is given.
    params: Option<AnyDict>,
    /// Target.
    target: Option<String>,
    /// Several targets.
    targets: Option<Vec<String>>,
}

impl Module for Make {
    const META: Meta = Meta {
        name: "community.general.make",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "chdir",
                doc: "The folder.",
            },
            Return {
                name: "command",
                doc: "What was run.",
            },
            Return {
                name: "file",
                doc: "The Makefile, if it was named.",
            },
            Return {
                name: "jobs",
                doc: "How many jobs at once, if it was said.",
            },
            Return {
                name: "params",
                doc: "The variables.",
            },
            Return {
                name: "stdout",
                doc: "What make said.",
            },
            Return {
                name: "stderr",
                doc: "What make complained about.",
            },
            Return {
                name: "target",
                doc: "The target.",
            },
            Return {
                name: "targets",
                doc: "The targets.",
            },
        ],
        examples: &[Example {
            title: "Make a target with a variable",
            args: r#"{"chdir": "/usr/src/linux", "target": "install", "params": {"V": 1}, "jobs": 4}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if let Err(e) = enter(&self.chdir) {
            return Err(errno(&e, &self.chdir.to_string_lossy()).into());
        }
        let program = match &self.make {
            Some(path) => path.clone(),
            None => match host.find_program("gmake") {
                Some(path) => path,
                None => host.need_program("make", "make")?,
            },
        };
        let mut argv = vec![program.to_string_lossy().into_owned()];
        if let Some(jobs) = self.jobs {
            argv.extend(["-j".to_owned(), jobs.to_string()]);
        }
        if let Some(file) = &self.file {
            argv.extend(["-f".to_owned(), file.to_string_lossy().into_owned()]);
        }
        argv.extend(self.target.clone());
        argv.extend(self.targets.iter().flatten().cloned());
        for (key, value) in self.params.iter().flat_map(|p| p.0.text_entries()) {
            argv.push(if value.is_none() {
                key
            } else {
                format!("{key}={}", value.to_text())
            });
        }
        let line = words::join(&argv);
        let asked = host.query(Command::argv(&argv).arg("-q").directory(&self.chdir))?;
        let (mut stdout, mut stderr) = (asked.stdout_text(), asked.stderr_text());
        if asked.rc != 0
            && let Some(out) = host.execute(Command::argv(&argv).directory(&self.chdir).streamed())?
        {
            (stdout, stderr) = (out.stdout_text(), out.stderr_text());
            if out.rc != 0 {
                let words = if stderr.trim().is_empty() {
                    &stdout
                } else {
                    &stderr
                };
                return Err(Failure::new(words.trim_end())
                    .with("changed", false)
                    .with("cmd", line)
                    .with("rc", out.rc)
                    .with("stdout", stdout)
                    .with("stderr", stderr));
            }
        }
        Ok(Outcome::new()
            .with("stdout", stdout.trim_end())
            .with("stderr", stderr.trim_end())
            .with("target", self.target)
            .with(
                "targets",
                self.targets
                    .map(|t| Value::list(t.into_iter().map(Value::str)))
                    .unwrap_or(Value::None),
            )
            .with(
                "params",
                self.params.map(|p| Value::Map(p.0)).unwrap_or(Value::None),
            )
            .with("chdir", self.chdir.to_string_lossy().into_owned())
            .with("file", self.file.map(|f| f.to_string_lossy().into_owned()))
            .with("jobs", self.jobs.map_or(Value::None, Value::Int))
            .with("command", line))
    }
}
