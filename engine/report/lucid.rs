//! A quiet view: what changed and what failed, and how long it took.

use crate::{
    Console, Options, clean, diff::diff_text, lines, notices, recap, render::result_text, text_result,
};
use kdo_event::{Event, HostResult, Sink, Status, TaskInfo};

/// One line per change or failure; `-v` shows everything, with results.
pub struct Lucid {
    console: Console,
    options: Options,
    task: Option<u64>,
}

impl Lucid {
    /// Writes to a console.
    pub fn new(console: Console, options: Options) -> Self {
        Self {
            console,
            options,
            task: None,
        }
    }

    fn head(&mut self, task: &TaskInfo) {
        if self.task != Some(task.id) {
            self.task = Some(task.id);
            self.console.show(&lines::full_name(task), "", false);
        }
    }

    fn result(&mut self, of: &HostResult) {
        notices::show(&of.result, &self.console, &self.options);
        let p = self.options.palette.clone();
        let (sign, code) = match of.status {
            Status::Ok => ("✓", &p.ok),
            Status::Changed => ("*", &p.changed),
            Status::Failed => ("✗", &p.error),
            Status::Skipped => ("⊘", &p.skip),
            Status::Unreachable => ("!", &p.unreachable),
        };
        let bad = matches!(of.status, Status::Failed | Status::Unreachable);
        let always = clean::always_verbose(of);
        if of.looped && !bad && self.options.verbosity == 0 {
            return;
        }
        if !(bad || always || of.status == Status::Changed || self.options.verbosity > 0) {
            return;
        }
        self.head(&of.task);
        let mut line = format!("  {sign} {}", lines::host_label(of));
        if let Some(item) = lines::item_label(of) {
            line.push_str(&format!(" ({item})"));
        }
        if of.elapsed >= 0.1 {
            line.push_str(&format!("  {:.1}s", of.elapsed));
        }
        if of.ignored {
            line.push_str("  ignored");
        }
        if always || self.options.verbosity > 0 {
            let map = clean::shown(of, self.options.verbosity);
            line.push_str(&format!("  {}", result_text(&map, false, &self.options)));
        } else if bad && !of.looped {
            line.push_str(&format!(
                "  {}",
                clean::shown(of, 0)
                    .get("msg")
                    .map(|m| m.to_text())
                    .unwrap_or_default()
            ));
        }
        self.console.show(&line, code, false);
        if bad && !of.task.no_log && !of.looped {
            if let Some(error) = &of.error {
                self.console.error(error, &p.error, false);
            }
            let text = text_result::text(&of.result);
            if !text.is_empty() {
                self.console.show(&text, code, false);
            }
        }
        let diff = of
            .result
            .get("diff")
            .filter(|_| of.task.diff && !of.task.no_log && of.status == Status::Changed);
        if let Some(text) = diff
            .map(|d| diff_text(&d, &self.options))
            .filter(|t| !t.is_empty())
        {
            self.console.show(&text, "", false);
        }
    }
}

impl Sink for Lucid {
    fn event(&mut self, event: &Event) {
        let p = self.options.palette.clone();
        match event {
            Event::PlayStart { name, .. } => {
                self.task = None;
                self.console.show(&format!("── {name} ──"), "", false);
            }
            Event::ItemResult(of) => self.result(of),
            Event::HostResult(of) => self.result(of),
            Event::Retry { host, task, left, .. } => {
                self.head(task);
                self.console
                    .show(&format!("  ↻ {host}  {left} tries left"), &p.debug, false);
            }
            Event::NoHostsMatched => self.console.show("  no hosts matched", &p.skip, false),
            Event::Warning { text } => self.console.warning(text, &p.warn),
            Event::Deprecation { text } if self.options.deprecation_warnings => {
                self.console.deprecation(text, &p.deprecate, &p.warn);
            }
            Event::Error { text } => self.console.error(text, &p.error, true),
            Event::Verbose { level, text, .. } if self.options.verbosity >= *level => {
                self.console.show(text, &p.verbose, false);
            }
            Event::Recap { stats, .. } => self.console.raw(&recap::recap(stats, &self.options)),
            _ => {}
        }
    }
}
