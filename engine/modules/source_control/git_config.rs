//! `git_config`: settings of git.

use crate::{
    host::{enter, errno},
    prelude::*,
};
use std::path::PathBuf;

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum State {
    Present,
    Absent,
}

/// Which of git's files.
#[derive(Choice, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scope {
    /// A named file.
    File,
    /// The repository's.
    Local,
    /// The user's.
    Global,
    /// The machine's.
    System,
}

/// Set and remove settings of git
#[derive(Params)]
#[params(
    required_if(scope = "local", repo),
    required_if(scope = "file", file),
    required_if(state = "present", value)
)]
pub struct GitConfig {
    /// Name of the setting, `user.name`.
    #[param(required)]
    name: String,
    /// Whether it should be set.
    #[param(default = "present")]
    state: State,
    /// The repository, for the scope `local`.
    repo: Option<PathBuf>,
    /// The file, for the scope `file`.
    file: Option<PathBuf>,
    /// Which of git's files; `system` without.
    scope: Option<Scope>,
    /// The value.
    value: Option<String>,
    /// Whether other values of the setting stay.
    #[param(default = "replace-all", choices("add", "replace-all"))]
    add_mode: String,
}

/// The words that choose the file.
pub(super) fn scope_words(scope: Scope, file: Option<&PathBuf>) -> Vec<String> {
    match scope {
        Scope::File => vec![
            "-f".into(),
            file.map(|f| f.to_string_lossy().into_owned()).unwrap_or_default(),
        ],
        Scope::Local => vec!["--local".into()],
        Scope::Global => vec!["--global".into()],
        Scope::System => vec!["--system".into()],
    }
}

fn shown(values: &[String]) -> Value {
    match values {
        [] => Value::str("\n"),
        [one] => Value::str(format!("{one}\n")),
        many => Value::list(many.iter().map(Value::from)),
    }
}

impl Module for GitConfig {
    const META: Meta = Meta {
        name: "community.general.git_config",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[Return {
            name: "msg",
            doc: "What was done.",
        }],
        examples: &[Example {
            title: "Name of the user",
            args: r#"{"name": "user.name", "value": "A. Nonymous", "scope": "global"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let remove = self.state == State::Absent;
        let value = self.value.clone().unwrap_or_default();
        if !remove && value.is_empty() {
            return Err("If state=present, a value must be specified.".into());
        }
        let git = host.need_program("git", "git")?;
        let scope = self.scope.unwrap_or(Scope::System);
        let folder = match (scope, &self.repo) {
            (Scope::Local, Some(repo)) => repo.clone(),
            _ => PathBuf::from("/"),
        };
        let mut base: Vec<String> = vec![
            git.to_string_lossy().into_owned(),
            "config".into(),
            "--includes".into(),
        ];
        base.extend(scope_words(scope, self.file.as_ref()));
        let read: Vec<String> = [&base[..], &["--get-all".into(), self.name.clone()]].concat();
        if let Err(e) = enter(&folder) {
            return Err(Failure::new(errno(&e, &folder.to_string_lossy()))
                .with("rc", 128_i64)
                .with("cmd", read.join(" ")));
        }
        let out = host.query(Command::argv(&read).directory(&folder))?;
        if out.rc >= 2 {
            return Err(Failure::new(out.stderr_text())
                .with("rc", out.rc)
                .with("cmd", read.join(" ")));
        }
        let text = out.stdout_text();
        let old: Vec<String> = text.trim_end().lines().map(str::to_owned).collect();
        if remove && text.is_empty() {
            return Ok(Outcome::new().changed(false).with("msg", "no setting to unset"));
        }
        if !remove && old.contains(&value) && (old.len() == 1 || self.add_mode == "add") {
            return Ok(Outcome::new().changed(false).with("msg", ""));
        }
        let mut write = base;
        let after = if remove {
            write.extend(["--unset-all".into(), self.name]);
            Vec::new()
        } else {
            write.extend([format!("--{}", self.add_mode), self.name.clone(), value.clone()]);
            if self.add_mode == "add" {
                [&old[..], &[value]].concat()
            } else {
                vec![value]
            }
        };
        if let Some(out) = host.execute(Command::argv(&write).directory(&folder))?
            && (out.rc != 0 || !out.stderr.is_empty())
        {
            let cmd = Value::list(write.iter().map(Value::from));
            return Err(Failure::new(out.stderr_text())
                .with("rc", out.rc)
                .with("cmd", cmd));
        }
        let line = write.join(" ");
        // The difference is told even if nobody asked for it.
        let diff = Map::new();
        diff.insert("before", shown(&old));
        diff.insert("after", shown(&after));
        diff.insert("before_header", line.as_str());
        diff.insert("after_header", line);
        Ok(Outcome::new()
            .changed(true)
            .with("msg", "setting changed")
            .with("diff", diff))
    }
}
