//! `expect`: run a program that asks questions, and answer them.

use super::{
    command::{delta, stamp},
    words,
};
use crate::{
    host::{Answers, Dialogue, Prompt, enter, errno},
    params::{AnyDict, Raw, convert},
    prelude::*,
    pyregex,
    system::clock,
};
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Run a program at a terminal and answer its questions
///
/// The program is started without a shell, at a terminal of its own. Whatever matches one of the patterns is answered
/// with the text beside it.
#[derive(Params)]
pub struct Expect {
    /// The command line.
    #[param(required)]
    command: String,
    /// Do nothing if this is there.
    creates: Option<PathBuf>,
    /// Do nothing if this is not there.
    removes: Option<PathBuf>,
    /// Folder to run in.
    chdir: Option<PathBuf>,
    /// Patterns of questions with their answers: a text for every time, or a list of texts for one time each.
    #[param(required)]
    responses: AnyDict,
    /// Seconds to wait for the next question or the end; null waits for ever.
    #[param(default = 30)]
    timeout: Option<Raw>,
    /// Whether the answers are shown in the output.
    #[param(default = false)]
    echo: bool,
}

fn prompts(responses: &Map) -> Result<Vec<Prompt>, Failure> {
    let flags = pyregex::Flags {
        dotall: true,
        ..pyregex::Flags::default()
    };
    let one = |(text, value): (String, Value)| {
        let pattern = pyregex::compile(&text, flags)?;
        let answers = match value.as_list() {
            Some(list) => Answers::InTurn(list.to_vec().iter().map(|v| v.to_text()).collect()),
            None => Answers::Always(value.to_text()),
        };
        Ok(Prompt {
            text,
            pattern,
            answers,
        })
    };
    responses.text_entries().into_iter().map(one).collect()
}

impl Expect {
    fn limit(&self) -> Result<Option<Duration>, Failure> {
        let Some(Raw(value)) = &self.timeout else {
            return Ok(None);
        };
        let seconds = convert(value, Kind::Int).map_err(|e| {
            Failure::new(format!(
                "argument 'timeout' is of type {} and we were unable to convert to int: {e}",
                value.type_name()
            ))
        })?;
        let seconds = seconds.to_text().parse().unwrap_or(0);
        Ok(Some(Duration::from_secs(seconds)))
    }

    fn skipped(&self, message: String) -> Outcome {
        Outcome::new()
            .with("cmd", self.command.as_str())
            .with("stdout", message)
            .with("rc", 0_i64)
            .changed(false)
    }

    /// The program's path, as a terminal's user would find it.
    fn program(&self, host: &Host<'_>, name: &str) -> Result<String, Failure> {
        let base = self.chdir.clone().unwrap_or_default();
        let path = if name.contains('/') {
            let path = base.join(name);
            let fits = path.is_file() && rustix::fs::access(&path, rustix::fs::Access::EXEC_OK).is_ok();
            fits.then_some(path)
        } else {
            host.find_program(name)
        };
        path.map(|p| p.to_string_lossy().into_owned()).ok_or_else(|| {
            Failure::new(format!(
                "The command was not found or was not executable: {name}."
            ))
        })
    }
}

impl Module for Expect {
    const META: Meta = Meta {
        name: "ansible.builtin.expect",
        aliases: &[],
        check: Support::None,
        diff: Support::None,
        returns: &[
            Return {
                name: "cmd",
                doc: "What was run.",
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
                name: "rc",
                doc: "Exit status; null when it took too long.",
            },
            Return {
                name: "start",
                doc: "When it was started.",
            },
            Return {
                name: "stdout",
                doc: "What the terminal showed.",
            },
        ],
        examples: &[Example {
            title: "Change a password",
            args: r#"{"command": "passwd ann", "responses": {"(?i)password": "s3cret"}}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if host.check() {
            return Ok(Outcome::new()
                .with("skipped", true)
                .with(
                    "msg",
                    "remote module (ansible.builtin.expect) does not support check mode",
                )
                .changed(false));
        }
        let timeout = self.limit()?;
        let prompts = prompts(&self.responses.0)?;
        if self.command.trim().is_empty() {
            return Err(Failure::new("no command given").with("rc", 256_i64));
        }
        if let Some(directory) = &self.chdir
            && let Err(e) = enter(directory)
        {
            return Err(errno(&e, &directory.to_string_lossy()).into());
        }
        let base = self.chdir.clone().unwrap_or_default();
        let there = |path: &Path| base.join(path).exists();
        if let Some(path) = self.creates.as_deref().filter(|p| there(p)) {
            return Ok(self.skipped(format!("skipped, since {} exists", path.display())));
        }
        if let Some(path) = self.removes.as_deref().filter(|p| !there(p)) {
            return Ok(self.skipped(format!("skipped, since {} does not exist", path.display())));
        }
        let mut argv = words::split(&self.command)?;
        if let Some(program) = argv.first_mut() {
            *program = self.program(host, program)?;
        }
        let dialogue = Dialogue {
            argv,
            directory: self.chdir.clone(),
            echo: self.echo,
            timeout,
            prompts,
        };
        let (start, clock) = (clock::now(), Instant::now());
        let said = host.converse(dialogue)?;
        let (elapsed, end) = (clock.elapsed(), clock::now());
        if said.invalid {
            return Err("Refusing to deserialize an invalid UTF8 string value: the command's output".into());
        }
        let outcome = Outcome::new()
            .with("cmd", self.command.as_str())
            .with("stdout", said.output.trim_end_matches(['\r', '\n']))
            .with("rc", said.rc.map_or(Value::None, Value::Int))
            .with("start", stamp(start))
            .with("end", stamp(end))
            .with("delta", delta(elapsed))
            .changed(true);
        let message = match said.rc {
            Some(0) => return Ok(outcome),
            Some(_) => "non-zero return code",
            None => "command exceeded timeout",
        };
        Ok(outcome.with("failed", true).with("msg", message))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Host, NoLink, host::Context, registry};
    use kdo_value::{Map, Value, json};

    /// Asks `foo` once for each argument and shows the answer.
    const ASK: &str = r#"for q in "$@"; do printf foo; read -r a; echo "$a"; done"#;

    fn run(count: usize, rest: &str) -> Map {
        let mut link = NoLink;
        let mut host = Host::new(Context::default(), &mut link);
        let args = json::read(rest).unwrap();
        let args = args.as_map().unwrap();
        if !args.contains("command") {
            args.insert("command", format!("sh -c '{ASK}' sh {}", "x ".repeat(count)));
        }
        let result = (registry::find("expect").unwrap().run)(args, &mut host);
        host.finish(result)
    }

    fn text(result: &Map, key: &str) -> String {
        result.get(key).map(|v| v.to_text()).unwrap_or_default()
    }

    #[test]
    fn questions_are_answered_each_time_or_in_turn() {
        let same = run(2, r#"{"responses": {"foo": "bar"}}"#);
        assert_eq!(text(&same, "stdout"), "foobar\r\nfoobar");
        assert_eq!(same.get("rc"), Some(Value::Int(0)));
        let turn = run(2, r#"{"responses": {"foo": ["bar", "baz"]}, "echo": true}"#);
        assert_eq!(text(&turn, "stdout"), "foobar\r\nbar\r\nfoobaz\r\nbaz");
        let short = run(2, r#"{"responses": {"foo": ["bar"]}}"#);
        assert_eq!(
            text(&short, "msg"),
            r"No remaining responses for 'foo', output was 'b'bar\r\nfoo''"
        );
    }

    #[test]
    fn a_program_that_waits_too_long_is_ended() {
        let late = run(
            0,
            r#"{"command": "sleep 60", "responses": {"x": "y"}, "timeout": 0}"#,
        );
        assert_eq!(text(&late, "msg"), "command exceeded timeout");
        assert_eq!(late.get("rc"), Some(Value::None));
    }

    #[test]
    fn failures_are_told_as_ansible_does() {
        let message = |args: &str| text(&run(0, args), "msg");
        assert_eq!(
            message(r#"{"command": "sh -c 'exit 3'", "responses": {}}"#),
            "non-zero return code"
        );
        assert_eq!(
            message(r#"{"command": " ", "responses": {}}"#),
            "no command given"
        );
        assert_eq!(
            message(r#"{"command": "no-such-program x", "responses": {}}"#),
            "The command was not found or was not executable: no-such-program."
        );
        let bytes = message(r#"{"command": "printf 'a\\350b'", "responses": {}}"#);
        assert!(
            bytes.starts_with("Refusing to deserialize an invalid UTF8"),
            "{bytes}"
        );
    }
}
