//! `async_status`: how a detached job is doing.

use crate::{host::expand, prelude::*};
use kdo_value::json;
use std::path::PathBuf;

/// Tell how a job that was started with `async` is doing
///
/// Returns the job's own result once it has ended. `mode: cleanup` removes the job's file.
#[derive(Params)]
pub struct AsyncStatus {
    /// The job's name, as `ansible_job_id` gave it.
    #[param(required)]
    jid: String,
    /// Tell, or forget the job.
    #[param(default = "status")]
    mode: Mode,
    /// Folder of the jobs' files.
    #[param(hidden)]
    _async_dir: Option<String>,
}

#[derive(Choice, PartialEq)]
enum Mode {
    Cleanup,
    Status,
}

impl Module for AsyncStatus {
    const META: Meta = Meta {
        name: "ansible.builtin.async_status",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "ansible_job_id",
                doc: "The job's name.",
            },
            Return {
                name: "started",
                doc: "Whether there is such a job.",
            },
            Return {
                name: "finished",
                doc: "Whether it has ended.",
            },
            Return {
                name: "results_file",
                doc: "Where its result is.",
            },
            Return {
                name: "stdout",
                doc: "What the job said; empty while there is nothing.",
            },
            Return {
                name: "stderr",
                doc: "The same of its errors.",
            },
            Return {
                name: "erased",
                doc: "The file that was removed.",
            },
        ],
        examples: &[Example {
            title: "Look after a job",
            args: r#"{"jid": "j123456789012.345"}"#,
            given: &[],
            then: &[],
            changed: false,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        // A job's name is one path component, whatever the caller says.
        if self.jid.contains('/') || matches!(self.jid.as_str(), "" | "." | "..") {
            return Err(Failure::new("could not find job").with("ansible_job_id", self.jid));
        }
        let folder = self._async_dir.or_else(|| host.variable("ANSIBLE_ASYNC_DIR"));
        let folder = PathBuf::from(expand(folder.as_deref().unwrap_or("~/.ansible_async")));
        let path = folder.join(&self.jid);
        let file = Value::str(path.to_string_lossy());
        let with = |map: Map, started: bool, finished: bool| {
            map.insert("ansible_job_id", self.jid.as_str());
            map.insert("started", started);
            map.insert("finished", finished);
            for key in ["stdout", "stderr"] {
                if !map.contains(key) {
                    map.insert(key, "");
                }
            }
            map
        };
        if !path.exists() {
            let values = with(Map::new(), true, true);
            values.insert("results_file", file);
            return Err(Failure {
                message: "could not find job".into(),
                values,
            });
        }
        if self.mode == Mode::Cleanup {
            host.remove(&path)?;
            let values = with(Map::new(), false, false);
            values.insert("erased", file);
            return Ok(Outcome::from(values).changed(false));
        }
        let text = String::from_utf8_lossy(&host.read(&path)?).into_owned();
        if text.trim().is_empty() {
            let values = with(Map::new(), true, false);
            values.insert("results_file", file);
            return Ok(Outcome::from(values).changed(false));
        }
        let data = match json::read(&text) {
            Ok(Value::Map(map)) => map,
            _ => {
                return Err(Failure::new(format!("Could not parse job output: {text}"))
                    .with("ansible_job_id", self.jid)
                    .with("results_file", file)
                    .with("started", true)
                    .with("finished", true));
            }
        };
        let truth = |key: &str| data.get(key).map(|v| v.truthy());
        let finished = truth("finished").unwrap_or_else(|| !data.contains("started"));
        let changed = truth("changed").unwrap_or(false);
        let values = with(data.copied(), true, finished);
        values.insert("results_file", file);
        Ok(Outcome::from(values).changed(changed))
    }
}
