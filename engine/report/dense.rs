//! `community.general.dense`: one line for each task, with its hosts in the colours of their results. The line of a task
//! stays if something changed or failed, else the next one takes its place.

use crate::{Console, Options, default::text_of, notices, palette::paint, recap, width::width};
use kdo_event::{Event, HostResult, Sink, Status, TaskInfo};
use kdo_value::Map;

/// Draws over its last line.
pub struct Dense {
    console: Console,
    options: Options,
    plays: usize,
    tasks: usize,
    kind: &'static str,
    task: Option<u64>,
    /// Host, how it is written, and how it went so far.
    hosts: Vec<(String, String, Status)>,
    keep: bool,
}

impl Dense {
    /// Writes to a console.
    pub fn new(console: Console, options: Options) -> Self {
        Self {
            console,
            options,
            plays: 0,
            tasks: 0,
            kind: "task",
            task: None,
            hosts: Vec::new(),
            keep: false,
        }
    }

    fn paint(&self, text: &str, code: &str) -> String {
        if self.console.color() && !code.is_empty() {
            paint(text, code)
        } else {
            text.to_owned()
        }
    }

    fn code(&self, status: Status) -> &str {
        let p = &self.options.palette;
        match status {
            Status::Ok => &p.ok,
            Status::Changed => &p.changed,
            Status::Failed => &p.error,
            Status::Skipped => &p.skip,
            Status::Unreachable => &p.unreachable,
        }
    }

    fn line(&self) -> String {
        let head = format!("{} {}:", self.kind, self.tasks);
        let mut room = self.options.width.saturating_sub(width(&head));
        let mut out = self.paint(&head, "4");
        for (i, (_, shown, status)) in self.hosts.iter().enumerate() {
            let left = self.hosts.len() - i;
            let more = format!(" … {left} more");
            if width(shown) + 1 + width(&more) > room && left > 1 {
                out.push_str(&more);
                break;
            }
            room = room.saturating_sub(width(shown) + 1);
            out.push_str(&format!(" {}", self.paint(shown, self.code(*status))));
        }
        out
    }

    fn draw(&self) {
        if self.options.terminal && self.task.is_some() {
            self.console.draw(&[self.line()]);
        }
    }

    /// Ends the line of the task that ran.
    fn settle(&mut self) {
        if self.task.take().is_none() {
            return;
        }
        if self.options.terminal {
            self.console.draw(&[]);
        }
        if self.keep || self.options.verbosity > 0 {
            self.console.show(&self.line(), "", false);
        }
        self.hosts.clear();
        self.keep = false;
    }

    fn begin(&mut self, task: &TaskInfo) {
        self.settle();
        self.tasks += 1;
        self.kind = if task.handler { "handler" } else { "task" };
        self.task = Some(task.id);
        if self.options.verbosity > 0 {
            self.console.show(
                &format!("{} {}: {}", self.kind, self.tasks, task.full_name()),
                "",
                false,
            );
        }
        self.draw();
    }

    fn result(&mut self, of: &HostResult) {
        notices::show(&of.result, &self.console, &self.options);
        let rank = |s: Status| match s {
            Status::Skipped => 0,
            Status::Ok => 1,
            Status::Changed => 2,
            Status::Failed => 3,
            Status::Unreachable => 4,
        };
        let shown = match &of.delegated {
            Some(there) if *there != of.host => format!("{there}>{}", of.host),
            _ => of.host.clone(),
        };
        match self.hosts.iter_mut().find(|(host, _, _)| *host == of.host) {
            Some((_, _, status)) if rank(*status) < rank(of.status) => *status = of.status,
            Some(_) => {}
            None => self.hosts.push((of.host.clone(), shown, of.status)),
        }
        self.keep |= rank(of.status) >= 2;
        if rank(of.status) >= 3 && !of.looped {
            if let Some(error) = &of.error {
                self.console.error(error, self.code(of.status), false);
            } else if !of.task.no_log {
                let text = format!("{}: {}", of.host, text_of(&of.result, "msg"));
                self.console.show(&text, self.code(of.status), false);
            }
        }
        self.draw();
    }

    fn end(&mut self, stats: &[(String, kdo_event::Stats)], custom: &Map) {
        self.settle();
        let p = self.options.palette.clone();
        let head = self.paint("SUMMARY", "1");
        self.console.show(&head, "", false);
        let mut stats: Vec<_> = stats.iter().collect();
        stats.sort_by(|a, b| a.0.cmp(&b.0));
        for (host, s) in stats {
            let code = p.of_host(s);
            let text = format!(
                "{host}: ok={} changed={} unreachable={} failed={} skipped={}",
                s.ok, s.changed, s.unreachable, s.failed, s.skipped
            );
            self.console.show(&text, code, false);
        }
        if self.options.show_custom_stats {
            recap::custom_stats(custom, &self.console, &self.options);
        }
    }
}

impl Sink for Dense {
    fn event(&mut self, event: &Event) {
        let p = self.options.palette.clone();
        match event {
            Event::PlayStart { name, .. } => {
                self.settle();
                self.plays += 1;
                self.tasks = 0;
                let text = format!("PLAY {}: {}", self.plays, name.trim().to_uppercase());
                let text = self.paint(&text, "1");
                self.console.show(&text, "", false);
            }
            Event::TaskStart { task } if self.task != Some(task.id) => self.begin(task),
            Event::ItemResult(of) | Event::HostResult(of) => self.result(of),
            Event::NoHostsMatched => self.console.show("no hosts matched", &p.skip, false),
            Event::NoHostsRemaining => self.console.show("NO MORE HOSTS LEFT", &p.error, false),
            Event::Warning { text } => self.console.warning(text, &p.warn),
            Event::Deprecation { text } if self.options.deprecation_warnings => {
                self.console.deprecation(text, &p.deprecate, &p.warn);
            }
            Event::Error { text } => self.console.error(text, &p.error, true),
            Event::Recap { stats, custom } => self.end(stats, custom),
            Event::RunEnd { .. } => self.settle(),
            _ => {}
        }
    }

    fn tick(&mut self) {
        self.draw();
    }

    fn rest(&mut self, rest: bool) {
        self.console.rest(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::Dense;
    use crate::{Options, golden};
    use kdo_event::Sink;

    #[test]
    fn only_lines_of_changes_and_failures_stay() {
        let (console, out, _) = golden::console(false);
        let mut sink = Dense::new(console, Options::default());
        golden::events("main").iter().for_each(|e| sink.event(e));
        let text = out.text();
        assert!(text.starts_with("PLAY 1: P\ntask 2: a\n"), "{text}");
        assert!(text.contains("\ntask 25: bb>a\n"), "{text}");
        assert!(!text.contains("task 1:") && !text.contains("task 17:"), "{text}");
    }
}
