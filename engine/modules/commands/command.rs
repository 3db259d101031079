//! `command` and `shell`: run a program on the host.

use super::{python, words};
use crate::{
    files::pattern::any_match,
    host::{self, enter, errno, expand_with},
    prelude::*,
    system::clock,
};
use std::{
    path::{Path, PathBuf},
    time::Instant,
};

/// Run a program without a shell
///
/// The program is started with the words as they are: no variables, pipes or redirections. `creates` and `removes`
/// make it run only where its effect is missing; only with them it takes part in check mode.
#[derive(Params)]
#[params(exclusive(_raw_params, cmd, argv))]
pub struct Command {
    /// The command line as free text.
    #[param(hidden)]
    _raw_params: Option<String>,
    /// Through a shell; set by the `shell` action.
    #[param(hidden, default = false)]
    _uses_shell: bool,
    /// The command line.
    cmd: Option<String>,
    /// The command as a list of words; needs no quoting.
    #[param(elements = "str")]
    argv: Vec<String>,
    /// Do nothing if a file matches this path or pattern.
    creates: Option<PathBuf>,
    /// Do nothing if no file matches this path or pattern.
    removes: Option<PathBuf>,
    /// Folder to run in.
    chdir: Option<PathBuf>,
    /// Shell to use (for `shell`).
    executable: Option<PathBuf>,
    /// What the program reads on its standard input.
    stdin: Option<String>,
    /// Add a newline to `stdin`.
    #[param(default = true)]
    stdin_add_newline: bool,
    /// Remove newlines from the end of the outputs.
    #[param(default = true)]
    strip_empty_ends: bool,
    /// Expand `~` and variables in the words of `argv` and the command line.
    #[param(default = true)]
    expand_argument_vars: bool,
}

pub(super) fn stamp((seconds, micros): (i64, u32)) -> String {
    let t = clock::local(seconds);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{micros:06}",
        t.year, t.month, t.day, t.hour, t.minute, t.second
    )
}

pub(super) fn delta(elapsed: std::time::Duration) -> String {
    let s = elapsed.as_secs();
    let days = match s / 86400 {
        0 => String::new(),
        1 => "1 day, ".into(),
        n => format!("{n} days, "),
    };
    format!(
        "{days}{}:{:02}:{:02}.{:06}",
        s / 3600 % 24,
        s / 60 % 60,
        s % 60,
        elapsed.subsec_micros()
    )
}

impl Command {
    /// What is started, and how the result tells it.
    fn program(&self, line: Option<String>, host: &Host<'_>) -> Result<(host::Command, Value), Failure> {
        if self._uses_shell {
            let shell = self.executable.clone().unwrap_or_else(|| "/bin/sh".into());
            let shell = host::Command::new(shell).arg("-c");
            return Ok(match line {
                Some(line) => (shell.arg(&line), Value::str(line)),
                None => {
                    let cmd = Value::list(self.argv.iter().map(Value::from));
                    (shell.arg(words::join(&self.argv)), cmd)
                }
            });
        }
        let argv = match line {
            Some(line) => words::split(&line)?,
            None => self.argv.clone(),
        };
        // The result tells the words as they were given.
        let cmd = Value::list(argv.iter().map(Value::from));
        let argv = if self.expand_argument_vars {
            let above = &host.context().environment;
            argv.iter().map(|w| expand_with(w, above)).collect()
        } else {
            argv
        };
        Ok((host::Command::argv(argv), cmd))
    }

    fn skipped(message: String, cmd: Value, stdout: String) -> Outcome {
        Outcome::new()
            .with("cmd", cmd)
            .with("stdout", stdout)
            .with("stderr", "")
            .with("rc", 0_i64)
            .with("start", Value::None)
            .with("end", Value::None)
            .with("delta", Value::None)
            .with("msg", message)
            .changed(false)
    }
}

impl Module for Command {
    const META: Meta = Meta {
        name: "ansible.builtin.command",
        aliases: &["ansible.builtin.shell"],
        check: Support::Partial,
        diff: Support::None,
        returns: &[
            Return {
                name: "cmd",
                doc: "What was run: a list of words, or the text given to the shell.",
            },
            Return {
                name: "delta",
                doc: "How long it took.",
            },
            Return {
                name: "end",
                doc: "When it ended.",
            },
            Return {
                name: "msg",
                doc: "Why nothing was run, or what went wrong.",
            },
            Return {
                name: "rc",
                doc: "Exit status; negative for the number of a signal.",
            },
            Return {
                name: "start",
                doc: "When it was started.",
            },
            Return {
                name: "stderr",
                doc: "Standard error.",
            },
            Return {
                name: "stderr_lines",
                doc: "Standard error, split at line ends.",
            },
            Return {
                name: "stdout",
                doc: "Standard output.",
            },
            Return {
                name: "stdout_lines",
                doc: "Standard output, split at line ends.",
            },
        ],
        examples: &[Example {
            title: "Make a file once",
            args: r#"{"cmd": "touch {dir}/made", "creates": "{dir}/made"}"#,
            given: &[],
            then: &[("made", "")],
            changed: true,
            runs: true,
        }],
    };

    fn run(mut self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        // Roles give empty texts where they have nothing to give.
        let given = |path: &PathBuf| !path.as_os_str().is_empty();
        self.chdir = self.chdir.filter(given);
        self.creates = self.creates.filter(given);
        self.removes = self.removes.filter(given);
        let line = self
            ._raw_params
            .clone()
            .or_else(|| self.cmd.clone())
            .filter(|l| !l.trim().is_empty());
        if line.is_none() && self.argv.is_empty() {
            return Err("one of the following is required: _raw_params, cmd, argv".into());
        }
        if let (false, Some(program)) = (self._uses_shell, self.executable.as_ref().filter(|e| given(e))) {
            host.warn(format!(
                "As of Ansible 2.4, the parameter 'executable' is no longer supported with the 'command' module. \
                 Not using '{}'.",
                program.display()
            ));
        }
        let (program, cmd) = self.program(line, host)?;
        if let Some(directory) = &self.chdir
            && let Err(e) = enter(directory)
        {
            let reason = errno(&e, &directory.to_string_lossy());
            let message = format!("Unable to change directory before execution: {reason}");
            let failure = Failure::new(message).with("cmd", cmd).with("rc", Value::None);
            return Err(failure.with("stdout", "").with("stderr", ""));
        }
        let base = self.chdir.clone().unwrap_or_default();
        let skip = |path: &Path, verb: &str| {
            let path = path.display();
            let dry = if host.check() { "Would" } else { "Did" };
            Self::skipped(
                format!("{dry} not run command since '{path}' {verb}"),
                cmd.clone(),
                format!("skipped, since {path} {verb}"),
            )
        };
        if let Some(path) = self.creates.as_ref().filter(|p| any_match(&base.join(p))) {
            return Ok(skip(path, "exists"));
        }
        if let Some(path) = self.removes.as_ref().filter(|p| !any_match(&base.join(p))) {
            return Ok(skip(path, "does not exist"));
        }
        if host.check() {
            let outcome = Self::skipped(
                "Command would have run if not in check mode".into(),
                cmd,
                String::new(),
            );
            if self.creates.is_none() && self.removes.is_none() {
                return Ok(outcome.with("skipped", true));
            }
            return Ok(outcome.changed(true));
        }
        let mut program = program.streamed();
        if let Some(directory) = &self.chdir {
            program = program.directory(directory);
        }
        if let Some(text) = self.stdin.as_ref().filter(|t| !t.is_empty()) {
            let newline = if self.stdin_add_newline { "\n" } else { "" };
            program = program.stdin(format!("{text}{newline}"));
        }
        let (start, clock) = (clock::now(), Instant::now());
        let words = program.argv_text();
        let not_started =
            |f: Failure, line: String| f.with("cmd", line).with("stdout", "").with("stderr", "");
        if self.executable.as_deref() == Some(Path::new("")) {
            let own = if self._uses_shell { 2 } else { 0 };
            let line = words::join(words.get(own..).unwrap_or_default());
            let failure = Failure::new("Error executing command.").with("rc", 13_i64);
            return Err(not_started(failure, line));
        }
        let out = host.query(program).map_err(|f| {
            let mut message = "Error executing command.".to_owned();
            if let Some(hint) = python::not_started(host, self.chdir.as_deref(), &words) {
                message = format!("{message} {hint}");
            }
            not_started(Failure { message, ..f }, words::join(&words))
        })?;
        let (elapsed, end) = (clock.elapsed(), clock::now());
        let strip = |text: String| {
            if self.strip_empty_ends {
                text.trim_end_matches(['\r', '\n']).to_owned()
            } else {
                text
            }
        };
        let failed = out.rc != 0;
        let message = match python::missing(host, &words.join(" "), out.rc, &out.stderr_text()) {
            Some(hint) => format!("non-zero return code: {hint}"),
            None if failed => "non-zero return code".into(),
            None => String::new(),
        };
        let outcome = Outcome::new()
            .with("cmd", cmd)
            .with("stdout", strip(out.stdout_text()))
            .with("stderr", strip(out.stderr_text()))
            .with("rc", out.rc)
            .with("start", stamp(start))
            .with("end", stamp(end))
            .with("delta", delta(elapsed))
            .with("msg", message)
            .changed(true);
        let outcome = if out.dropped > 0 {
            outcome.with("stdout_truncated", true)
        } else {
            outcome
        };
        Ok(if failed {
            outcome.with("failed", true)
        } else {
            outcome
        })
    }
}

#[cfg(test)]
mod tests {
    use super::delta;
    use crate::{Host, NoLink, host::Context, registry};
    use kdo_value::{Map, Value, json};
    use std::time::Duration;

    fn run(args: &str) -> Map {
        let mut link = NoLink;
        let mut host = Host::new(Context::default(), &mut link);
        let args = json::read(args).unwrap();
        let result = (registry::find("command").unwrap().run)(args.as_map().unwrap(), &mut host);
        host.finish(result)
    }

    #[test]
    fn an_executable_is_used_by_a_shell_only_and_the_command_says_so() {
        let plain = run(r#"{"_raw_params": "echo a", "executable": "/bogus"}"#);
        assert_eq!(plain.get("stdout"), Some(Value::str("a")));
        let warnings = plain.get("warnings").unwrap();
        assert!(
            warnings.to_text().contains("no longer supported"),
            "{}",
            warnings.to_text()
        );
        let shell = run(r#"{"_raw_params": "echo a", "executable": "/bin/sh", "_uses_shell": true}"#);
        assert!(!shell.contains("warnings"));
    }

    #[test]
    fn durations_are_written_as_python_writes_them() {
        assert_eq!(delta(Duration::from_micros(3_661_000_042)), "1:01:01.000042");
        assert_eq!(delta(Duration::from_secs(90_000)), "1 day, 1:00:00.000000");
    }
}
