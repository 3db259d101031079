//! Ansible's `oneline` view.

use crate::{Console, Options, clean, default::text_of, minimal::runs_program, notices};
use kdo_event::{Event, HostResult, Sink, Status};
use kdo_value::{
    Map, Value,
    json::{Layout, write},
};

/// One line per host and task.
pub struct Oneline {
    console: Console,
    options: Options,
}

impl Oneline {
    /// Writes to a console.
    pub fn new(console: Console, options: Options) -> Self {
        Self { console, options }
    }

    fn json(&self, of: &HostResult) -> String {
        let map = clean::shown_raw(of, self.options.verbosity);
        if clean::always_verbose(of) {
            return crate::render::json_text(&map, Some(4)).replace('\n', "");
        }
        compact(&map)
    }

    fn program(&self, of: &HostResult, word: &str) -> String {
        let result = if of.task.no_log {
            clean::censored(&of.result)
        } else {
            of.result.clone()
        };
        let text = |key| text_of(&result, key).replace('\n', "\\n").replace('\r', "\\r");
        let rc = result.get("rc").map_or("-1".to_owned(), |v| v.to_text());
        let mut line = format!("{} | {word} | rc={rc} | (stdout) {}", of.host, text("stdout"));
        if result.get("stderr").is_some_and(|v| v.truthy()) {
            line.push_str(&format!(" (stderr) {}", text("stderr")));
        }
        line
    }

    fn host(&self, of: &HostResult) {
        notices::show(&of.result, &self.console, &self.options);
        let p = &self.options.palette;
        let host = &of.host;
        let program = runs_program(&of.task.action) && !of.result.contains("module_stderr");
        let (line, code) = match of.status {
            Status::Skipped => (format!("{host} | SKIPPED"), &p.skip),
            Status::Unreachable => (
                format!("{host} | UNREACHABLE!: {}", text_of(&of.result, "msg")),
                &p.unreachable,
            ),
            Status::Failed => {
                // Ansible prints both for programs.
                if program && !of.looped {
                    self.console.show(&self.program(of, "FAILED"), &p.error, false);
                }
                (format!("{host} | FAILED! => {}", self.json(of)), &p.error)
            }
            Status::Changed | Status::Ok => {
                let (word, code) = if of.status == Status::Changed {
                    ("CHANGED", &p.changed)
                } else {
                    ("SUCCESS", &p.ok)
                };
                let job = of.result.contains("ansible_job_id");
                let all = format!("{host} | {word} => {}", self.json(of));
                (
                    if program && !job {
                        self.program(of, word)
                    } else {
                        all
                    },
                    code,
                )
            }
        };
        self.console.show(&line, code, false);
    }
}

fn compact(map: &Map) -> String {
    let layout = Layout {
        sort_keys: true,
        ensure_ascii: false,
        item_separator: Some(",".into()),
        ..Layout::default()
    };
    write(&Value::Map(map.clone()), &layout).unwrap_or_default()
}

impl Sink for Oneline {
    fn event(&mut self, event: &Event) {
        let p = &self.options.palette;
        match event {
            Event::HostResult(of) => self.host(of),
            Event::Warning { text } => self.console.warning(text, &p.warn),
            Event::Deprecation { text } if self.options.deprecation_warnings => {
                self.console.deprecation(text, &p.deprecate, &p.warn);
            }
            Event::Error { text } => self.console.error(text, &p.error, true),
            _ => {}
        }
    }
}
