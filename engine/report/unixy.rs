//! `community.general.unixy`: short lines, as of Unix programs.

use crate::{Console, Options, clean, default::text_of, lines, notices, recap, render::json_text};
use kdo_event::{Event, HostResult, Sink, Status, TaskInfo};
use std::rc::Rc;

/// A line per host that says in a word how it went.
pub struct Unixy {
    console: Console,
    options: Options,
    /// A task whose name was not printed yet, where hosts may be left out.
    task: Option<Rc<TaskInfo>>,
    /// Tries of the task so far.
    tries: u64,
}

impl Unixy {
    /// Writes to a console.
    pub fn new(console: Console, options: Options) -> Self {
        Self {
            console,
            options,
            task: None,
            tries: 0,
        }
    }

    fn head(&mut self) {
        if let Some(task) = self.task.take() {
            let name = if task.handler {
                format!("{} (via handler)... ", task.full_name())
            } else {
                format!("{}...", task.full_name())
            };
            self.console.show(&name, "", false);
        }
    }

    fn lazy(&self) -> bool {
        !(self.options.display_ok_hosts && self.options.display_skipped_hosts)
    }

    fn line(&self, of: &HostResult, word: &str, texts: bool) -> String {
        let mut out = format!("  {} {word}", lines::host_label(of));
        if self.options.verbosity > 0 || clean::always_verbose(of) {
            let map = clean::shown_raw(of, self.options.verbosity);
            out.push_str(&format!(": {}", json_text(&map, Some(4))));
            return out;
        }
        let shown = of.item.as_ref().is_none_or(kdo_value::Value::truthy);
        let hidden = of.task.no_log.then(|| clean::CENSORED_ITEM.to_owned());
        if let Some(item) = lines::item_label(of).filter(|_| shown).or(hidden) {
            out.push_str(&format!(" | item: {item}"));
        }
        if of.task.no_log {
            return out;
        }
        let keys: &[(&str, &str)] = if texts {
            &[("msg", "msg"), ("stdout", "stdout"), ("stderr", "stderr")]
        } else {
            &[]
        };
        for (key, name) in keys {
            let text = text_of(&of.result, key);
            if !text.is_empty() {
                out.push_str(&format!(" | {name}: {text}"));
            }
        }
        out
    }

    fn result(&mut self, of: &HostResult) {
        notices::show(&of.result, &self.console, &self.options);
        let p = self.options.palette.clone();
        let failures = self.options.display_failed_stderr;
        if of.item.is_none()
            && !of.looped
            && let Some(job) = lines::finished_job(of)
        {
            let how = if of.status == Status::Failed {
                "FAILED"
            } else {
                "OK"
            };
            self.console
                .show(&format!("ASYNC {how} on {}: jid={job}", of.host), &p.debug, false);
        }
        match of.status {
            Status::Ok if !self.options.display_ok_hosts => (),
            Status::Skipped if !self.options.display_skipped_hosts => (),
            Status::Ok | Status::Changed => {
                self.head();
                let (word, code) = if of.status == Status::Changed {
                    ("done", &p.changed)
                } else {
                    ("ok", &p.ok)
                };
                let loud = !(of.looped && text_of(&of.result, "msg") == "All items completed");
                self.console.show(&self.line(of, word, loud), code, false);
            }
            Status::Skipped => {
                self.head();
                let mut line = format!("  {} skipped", lines::host_label(of));
                if of.looped
                    && of
                        .result
                        .get("results")
                        .and_then(|r| r.as_list().map(|l| !l.is_empty()))
                        .unwrap_or(false)
                {
                    line.push_str(" | msg: All items skipped");
                }
                self.console.show(&line, &p.skip, false);
            }
            Status::Failed => {
                self.head();
                if let Some(text) = &of.error {
                    self.console.error(text, &p.error, failures);
                }
                let text = self.line(of, "failed", true);
                self.console.show(&text, &p.error, failures);
            }
            Status::Unreachable => {
                self.head();
                let text = format!("  {} unreachable | msg: {}", of.host, text_of(&of.result, "msg"));
                self.console.show(&text, &p.unreachable, failures);
            }
        }
    }
}

impl Sink for Unixy {
    fn event(&mut self, event: &Event) {
        let p = self.options.palette.clone();
        match event {
            Event::PlaybookStart { path, .. } => {
                let name = path.rsplit('/').next().unwrap_or(path);
                self.console
                    .show(&format!("Executing playbook {name}"), &p.verbose, false);
            }
            Event::PlayStart { name, hosts, .. } => {
                let text = if hosts.is_empty() || hosts.join(",") == *name {
                    format!("\n- {} -", name.trim())
                } else {
                    format!("\n- {} on hosts: {} -", name.trim(), hosts.join(","))
                };
                self.console.show(&text, "", false);
            }
            Event::NoHostsMatched => self.console.show("  No hosts found!", &p.debug, false),
            Event::NoHostsRemaining => self.console.show("  Ran out of hosts!", &p.error, false),
            Event::TaskStart { task } => {
                self.task = Some(task.clone());
                self.tries = 0;
                if !self.lazy() {
                    self.head();
                }
            }
            Event::ItemResult(of) | Event::HostResult(of) => self.result(of),
            Event::Retry { left, .. } => {
                self.tries += 1;
                let all = self.tries + left;
                let text = format!("  Retrying... ({} of {all})", self.tries);
                self.console.show(&text, &p.debug, false);
            }
            Event::Include { what, hosts, item } => {
                for host in hosts {
                    self.console.show(&format!("  {host} ok"), &p.ok, false);
                }
                let mut text = format!("included: {what} for {}", hosts.join(", "));
                if let Some(item) = item {
                    text.push_str(&format!(" => (item={item})"));
                }
                self.console.show(&text, &p.included, false);
            }
            Event::Warning { text } => self.console.warning(text, &p.warn),
            Event::Deprecation { text } if self.options.deprecation_warnings => {
                self.console.deprecation(text, &p.deprecate, &p.warn);
            }
            Event::Error { text } => self.console.error(text, &p.error, true),
            Event::Recap { stats, custom } => {
                self.console.show("\n- Play recap -", "", false);
                let mut stats: Vec<_> = stats.iter().collect();
                stats.sort_by(|a, b| a.0.cmp(&b.0));
                for (host, s) in stats {
                    self.console
                        .show(&recap::short_line(host, s, &self.options), "", false);
                }
                if self.options.show_custom_stats {
                    recap::custom_stats(custom, &self.console, &self.options);
                }
            }
            _ => {}
        }
    }
}
