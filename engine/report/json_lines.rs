//! `ansible.posix.jsonl`: what happens as lines of JSON, at once.

use crate::{
    Console, Options, clean,
    json::{end, head, host_result, now, totals},
};
use kdo_event::{Event, HostResult, Sink, Status, TaskInfo};
use kdo_value::{
    Map, Value,
    json::{Layout, write},
};

/// Prints a line for each play, task, result and the totals.
pub struct JsonLines {
    console: Console,
    options: Options,
    plays: usize,
    tasks: Vec<(u64, Map)>,
}

impl JsonLines {
    /// Prints to a console.
    pub fn new(console: Console, options: Options) -> Self {
        Self {
            console,
            options,
            plays: 0,
            tasks: Vec::new(),
        }
    }

    fn line(&self, event: &str, map: &Map) {
        map.insert("_event", event);
        map.insert("_timestamp", now());
        let indent = self
            .options
            .chosen
            .number("jsonl", "json_indent")
            .filter(|n| *n > 0);
        let layout = Layout {
            indent,
            sort_keys: true,
            ensure_ascii: true,
            item_separator: Some(",".into()),
            key_separator: if indent.is_some() { ": " } else { ":" }.to_owned(),
        };
        let text = write(&Value::Map(map.clone()), &layout).unwrap_or_default();
        self.console.show(&text, "", false);
    }

    fn task(&mut self, task: &TaskInfo) -> Map {
        if let Some((_, known)) = self.tasks.iter().rev().find(|(id, _)| *id == task.id) {
            return known.clone();
        }
        let map = head(&task.full_name(), &task.id.to_string(), Some(&task.path));
        self.tasks.push((task.id, map.clone()));
        map
    }

    fn result(&mut self, of: &HostResult) {
        let task = self.task(&of.task);
        end(&task);
        let hosts: Map = [(of.host.as_str(), host_result(of))].into_iter().collect();
        let map = Map::new();
        map.insert("hosts", hosts);
        map.insert("task", task);
        let event = match of.status {
            Status::Ok | Status::Changed => "v2_runner_on_ok",
            Status::Failed => "v2_runner_on_failed",
            Status::Skipped => "v2_runner_on_skipped",
            Status::Unreachable => "v2_runner_on_unreachable",
        };
        self.line(event, &map);
    }
}

impl Sink for JsonLines {
    fn event(&mut self, event: &Event) {
        let p = &self.options.palette;
        match event {
            Event::PlayStart { name, .. } => {
                self.plays += 1;
                self.tasks.clear();
                let map = Map::new();
                map.insert("play", head(name, &self.plays.to_string(), None));
                map.insert("tasks", Value::list([]));
                self.line("v2_playbook_on_play_start", &map);
            }
            Event::TaskStart { task } => {
                let map = Map::new();
                map.insert("hosts", Map::new());
                map.insert("task", self.task(task));
                let event = if task.handler {
                    "v2_playbook_on_handler_task_start"
                } else {
                    "v2_playbook_on_task_start"
                };
                self.line(event, &map);
            }
            Event::HostResult(of) | Event::IncludeResult(of) => self.result(of),
            Event::Recap { stats, custom } => {
                let custom = clean::printable(custom);
                let run = custom.remove("_run").unwrap_or_else(|| Value::Map(Map::new()));
                let map = Map::new();
                map.insert("custom_stats", custom);
                map.insert("global_custom_stats", run);
                map.insert("stats", totals(stats));
                self.line("v2_playbook_on_stats", &map);
            }
            Event::Warning { text } => self.console.warning(text, &p.warn),
            Event::Error { text } => self.console.error(text, &p.error, true),
            _ => {}
        }
    }
}
