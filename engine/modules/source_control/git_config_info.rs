//! `git_config_info`: reads settings of git.

use super::git_config::{Scope, scope_words};
use crate::prelude::*;
use std::path::PathBuf;

/// Read settings of git
#[derive(Params)]
#[params(required_if(scope = "local", path), required_if(scope = "file", path))]
pub struct GitConfigInfo {
    /// Only this setting; without, all.
    name: Option<String>,
    /// The repository (scope `local`) or the file (scope `file`).
    path: Option<PathBuf>,
    /// Which of git's files.
    #[param(default = "system")]
    scope: Scope,
}

impl Module for GitConfigInfo {
    const META: Meta = Meta {
        name: "community.general.git_config_info",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "config_value",
                doc: "The setting's first value, empty if it has none.",
            },
            Return {
                name: "config_values",
                doc: "All settings read, each with the list of its values.",
            },
        ],
        examples: &[Example {
            title: "Name of the user",
            args: r#"{"name": "user.name", "scope": "global"}"#,
            given: &[],
            then: &[],
            changed: false,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let git = host.need_program("git", "git")?;
        let mut command = Command::new(git)
            .args(["config", "--includes", "--null"])
            .args(scope_words(self.scope, self.path.as_ref()));
        command = match &self.name {
            Some(name) => command.arg("--get-all").arg(name),
            None => command.arg("--list"),
        };
        let folder = match (self.scope, &self.path) {
            (Scope::Local, Some(path)) => path.clone(),
            _ => PathBuf::from("/"),
        };
        let line = command.argv_text().join(" ");
        let out = host.query(command.directory(folder))?;
        let error = out.stderr_text();
        if out.rc >= 2 && !(out.rc == 128 && error.contains("unable to read config file")) {
            return Err(Failure::new(error).with("rc", out.rc).with("cmd", line));
        }
        let text = out.stdout_text();
        let entries = text.split('\0').filter(|e| !e.is_empty());
        let all = Map::new();
        let mut first = None;
        match &self.name {
            Some(name) => {
                let values: Vec<&str> = entries.collect();
                first = values.first().map(|v| (*v).to_owned());
                all.insert(name.as_str(), Value::list(values.into_iter().map(Value::str)));
            }
            None => {
                for entry in entries {
                    let (key, value) = entry.split_once('\n').unwrap_or((entry, ""));
                    let mut values = all.get(key).and_then(|v| v.as_sequence()).unwrap_or_default();
                    values.push(Value::str(value));
                    all.insert(key, Value::list(values));
                }
            }
        }
        Ok(Outcome::new()
            .with("config_values", all)
            .with("config_value", first.unwrap_or_default())
            .with("msg", "")
            .changed(false))
    }
}
