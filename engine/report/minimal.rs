//! Ansible's `minimal` view, which is also that of ad hoc commands (`kdo run`).

use crate::{Console, Options, clean, default::text_of, diff::diff_text, notices, render::json_text};
use kdo_event::{Event, HostResult, Sink, Status};

/// `host | SUCCESS => {…}`, `host | CHANGED | rc=0 >>` and the output.
pub struct Minimal {
    console: Console,
    options: Options,
}

/// Actions whose results are shown as the output of a program.
pub(crate) fn runs_program(action: &str) -> bool {
    matches!(
        clean::short(action),
        "command"
            | "shell"
            | "raw"
            | "script"
            | "win_command"
            | "win_shell"
            | "ansible.windows.win_command"
            | "ansible.windows.win_shell"
    )
}

impl Minimal {
    /// Writes to a console.
    pub fn new(console: Console, options: Options) -> Self {
        Self { console, options }
    }

    fn program(&self, of: &HostResult, word: &str) -> String {
        let result = if of.task.no_log {
            clean::censored(&of.result)
        } else {
            of.result.clone()
        };
        let rc = result.get("rc").map_or("-1".to_owned(), |v| v.to_text());
        let texts = ["stdout", "stderr", "msg"].map(|k| text_of(&result, k)).concat();
        format!("{} | {word} | rc={rc} >>\n{texts}\n", of.host)
    }

    fn json(&self, of: &HostResult, word: &str) -> String {
        let map = clean::shown(of, self.options.verbosity);
        format!("{} | {word} => {}", of.host, json_text(&map, Some(4)))
    }

    fn diff(&self, of: &HostResult) {
        if let Some(diff) = of.result.get("diff").filter(|_| of.task.diff && !of.task.no_log) {
            let text = diff_text(&diff, &self.options);
            if !text.is_empty() {
                self.console.show(&text, "", false);
            }
        }
    }

    fn host(&self, of: &HostResult) {
        notices::show(&of.result, &self.console, &self.options);
        let p = &self.options.palette;
        if let Some(text) = &of.error {
            self.console
                .error(text, &p.error, self.options.display_failed_stderr);
        }
        let program = runs_program(&of.task.action) && !of.result.contains("module_stderr");
        let async_start = of.result.contains("ansible_job_id");
        let (word, code) = match of.status {
            Status::Skipped => {
                return self
                    .console
                    .show(&format!("{} | SKIPPED", of.host), &p.skip, false);
            }
            Status::Unreachable => {
                return self
                    .console
                    .show(&self.json(of, "UNREACHABLE!"), &p.unreachable, false);
            }
            Status::Failed if program => {
                return self.console.show(&self.program(of, "FAILED"), &p.error, false);
            }
            Status::Failed => return self.console.show(&self.json(of, "FAILED!"), &p.error, false),
            Status::Changed => ("CHANGED", &p.changed),
            Status::Ok => ("SUCCESS", &p.ok),
        };
        if of.status == Status::Changed && !of.looped {
            self.diff(of);
        }
        let text = if program && !async_start {
            self.program(of, word)
        } else {
            self.json(of, word)
        };
        self.console.show(&text, code, false);
    }
}

impl Sink for Minimal {
    fn event(&mut self, event: &Event) {
        let p = &self.options.palette;
        match event {
            Event::HostResult(of) => self.host(of),
            Event::ItemResult(of) if of.status == Status::Changed => self.diff(of),
            Event::Warning { text } => self.console.warning(text, &p.warn),
            Event::Deprecation { text } if self.options.deprecation_warnings => {
                self.console.deprecation(text, &p.deprecate, &p.warn);
            }
            Event::Error { text } => self.console.error(text, &p.error, true),
            Event::Verbose { level, host, text } if self.options.verbosity >= *level => {
                let text = host.as_ref().map_or(text.clone(), |h| format!("<{h}> {text}"));
                self.console.show(&text, &p.verbose, false);
            }
            _ => {}
        }
    }
}
