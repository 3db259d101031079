//! `community.general.selective`: tasks with the tag `print_action`, and failures; a dot for each other one.

use crate::{Console, Options, default::text_of, lines, notices};
use kdo_event::{Event, HostResult, Sink, Stats, Status, TaskInfo};
use std::rc::Rc;

/// Columns of headings and of a result's line.
const HEADING: usize = 120;
const LINE: usize = 130;

/// Shows few tasks.
pub struct Selective {
    console: Console,
    options: Options,
    task: Option<Rc<TaskInfo>>,
    /// Whether the task's heading was printed.
    headed: bool,
    /// Whether the line of dots is open.
    dots: bool,
    items: Vec<HostResult>,
}

impl Selective {
    /// Writes to a console.
    pub fn new(console: Console, options: Options) -> Self {
        Self {
            console,
            options,
            task: None,
            headed: false,
            dots: false,
            items: Vec::new(),
        }
    }

    fn chosen(task: &TaskInfo) -> bool {
        task.tags.iter().any(|t| t == "print_action")
    }

    fn close_dots(&mut self) {
        if std::mem::take(&mut self.dots) {
            self.console.raw("\n");
        }
    }

    fn dot(&mut self) {
        self.dots = true;
        self.console.raw(".");
    }

    fn head(&mut self, task: &TaskInfo) {
        if std::mem::replace(&mut self.headed, true) {
            return;
        }
        self.close_dots();
        let name = task.full_name();
        let stars = HEADING.saturating_sub(crate::width::width(&name) + 3);
        self.console
            .show(&format!("# {name} {}", "*".repeat(stars)), "", false);
    }

    fn line(&self, who: &str, of: &HostResult, depth: usize) {
        let p = &self.options.palette;
        let bad = matches!(of.status, Status::Failed | Status::Unreachable);
        let (word, code) = match of.status {
            Status::Failed => ("FAILED!!!".to_owned(), &p.error),
            Status::Unreachable => ("UNREACHABLE!!!".to_owned(), &p.unreachable),
            Status::Changed => ("changed=True".to_owned(), &p.changed),
            Status::Ok => ("changed=False".to_owned(), &p.ok),
            Status::Skipped => ("changed=False".to_owned(), &p.skip),
        };
        let msg = if of.task.no_log {
            String::new()
        } else {
            text_of(&of.result, "msg")
        };
        let name = format!("{}* {who}", " ".repeat(depth));
        let head = format!("{name:<42}- {word} -- {msg} ");
        let dashes = LINE.saturating_sub(crate::width::width(&head));
        self.console
            .show(&format!("{head}{}", "-".repeat(dashes)), code, false);
        if of.task.no_log {
            return;
        }
        let indent = " ".repeat(depth + 2);
        if bad && let Some(error) = &of.error {
            for text in error.lines() {
                self.console.show(&format!("{indent}{text}"), code, false);
            }
        }
        for key in ["stdout", "stderr"] {
            let text = text_of(&of.result, key);
            if (bad || Self::chosen(&of.task)) && !text.is_empty() {
                for text in text.lines() {
                    self.console.show(&format!("{indent}{text}"), "", false);
                }
            }
        }
    }

    fn result(&mut self, of: &HostResult) {
        notices::show(&of.result, &self.console, &self.options);
        let bad = matches!(of.status, Status::Failed | Status::Unreachable);
        let items = std::mem::take(&mut self.items);
        if !bad && (of.status == Status::Skipped || !Self::chosen(&of.task)) {
            return;
        }
        self.head(&of.task.clone());
        self.line(&lines::host_label(of), of, 2);
        for item in items.iter().filter(|i| i.host == of.host) {
            self.line(&lines::item_label(item).unwrap_or_default(), item, 6);
        }
    }

    fn recap(&mut self, stats: &[(String, Stats)]) {
        self.close_dots();
        self.console.show("", "", false);
        let title = "# STATS ";
        self.console.show(
            &format!("{title}{}", "*".repeat(HEADING - title.len())),
            "",
            false,
        );
        let mut stats: Vec<_> = stats.iter().collect();
        stats.sort_by(|a, b| a.0.cmp(&b.0));
        for (host, s) in stats {
            let p = &self.options.palette;
            let code = p.of_host(s);
            let text = format!(
                "{host}    : ok={}\tchanged={}\tfailed={}\tunreachable={}\trescued={}\tignored={}",
                s.ok, s.changed, s.failed, s.unreachable, s.rescued, s.ignored
            );
            self.console.show(&text, code, false);
        }
    }
}

impl Sink for Selective {
    fn event(&mut self, event: &Event) {
        let p = self.options.palette.clone();
        match event {
            Event::TaskStart { task } => {
                self.items.clear();
                self.task = Some(task.clone());
                self.headed = false;
                if Self::chosen(task) {
                    self.head(task);
                } else {
                    self.dot();
                }
            }
            Event::ItemResult(of) => {
                let kept = of.result.copied();
                // Only what the line needs; the rest may be large.
                for (key, _) in kept.text_entries() {
                    if !matches!(key.as_str(), "msg" | "stdout" | "stderr") {
                        kept.remove(key.as_str());
                    }
                }
                let of = HostResult {
                    result: kept,
                    ..of.clone()
                };
                self.items.push(of);
            }
            Event::HostResult(of) => self.result(of),
            Event::Warning { text } => self.console.warning(text, &p.warn),
            Event::Error { text } => self.console.error(text, &p.error, true),
            Event::Recap { stats, .. } => self.recap(stats),
            _ => {}
        }
    }
}
