//! The layout of `ansible.posix.json`: one document at the end of the run.

use crate::{Console, Options, clean, render::json_text};
use kdo_event::{Event, HostResult, Sink, Stats, Status, TaskInfo};
use kdo_value::{Map, Value};

/// Prints the whole run as one JSON document.
pub struct Json {
    console: Console,
    options: Options,
    plays: Vec<Map>,
    tasks: Vec<(u64, Map)>,
}

pub(crate) fn now() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S.%6fZ")
        .to_string()
}

pub(crate) fn head(name: &str, id: &str, path: Option<&str>) -> Map {
    let duration: Map = [("start", now())].into_iter().collect();
    let map = Map::new();
    map.insert("duration", duration);
    map.insert("id", id);
    map.insert("name", name);
    if let Some(path) = path {
        map.insert("path", path);
    }
    map
}

pub(crate) fn end(of: &Map) {
    if let Some(Value::Map(duration)) = of.get("duration") {
        duration.insert("end", now());
    }
}

/// A host's result as programs read it.
pub(crate) fn host_result(of: &HostResult) -> Map {
    let result = if of.task.no_log {
        clean::censored(&of.result)
    } else {
        clean::printable(&of.result)
    };
    let results = result.get("results").filter(|_| of.looped);
    match results {
        Some(Value::List(items)) if of.task.no_log => {
            result.insert("_ansible_no_log", true);
            for item in items.to_vec().iter().filter_map(Value::as_map) {
                item.insert("_ansible_no_log", item.contains("censored"));
            }
        }
        // A loop's total says nothing of it.
        _ if of.looped => {}
        _ => {
            result.insert("_ansible_no_log", of.task.no_log);
        }
    }
    result.insert("action", of.task.action.as_str());
    for (key, is) in [
        ("failed", of.status == Status::Failed),
        ("skipped", of.status == Status::Skipped),
        ("unreachable", of.status == Status::Unreachable),
    ] {
        result.remove(key);
        if is {
            result.insert(key, true);
        }
    }
    result
}

/// Totals by host as programs read them.
pub(crate) fn totals(stats: &[(String, Stats)]) -> Map {
    let numbers = |s: &Stats| -> Map {
        [
            ("changed", s.changed),
            ("failures", s.failed),
            ("ignored", s.ignored),
            ("ok", s.ok),
            ("rescued", s.rescued),
            ("skipped", s.skipped),
            ("unreachable", s.unreachable),
        ]
        .into_iter()
        .collect()
    };
    stats.iter().map(|(host, s)| (host, numbers(s))).collect()
}

impl Json {
    /// Prints to a console.
    pub fn new(console: Console, options: Options) -> Self {
        Self {
            console,
            options,
            plays: Vec::new(),
            tasks: Vec::new(),
        }
    }

    fn close_play(&mut self) {
        let tasks: Vec<Value> = self.tasks.drain(..).map(|(_, t)| Value::Map(t)).collect();
        if let Some(play) = self.plays.last().filter(|p| !p.contains("tasks")) {
            play.insert("tasks", Value::list(tasks));
        }
    }

    fn task(&mut self, task: &TaskInfo) -> Map {
        if let Some((_, known)) = self.tasks.iter().rev().find(|(id, _)| *id == task.id) {
            return known.clone();
        }
        let map = Map::new();
        map.insert("hosts", Map::new());
        map.insert(
            "task",
            head(&task.full_name(), &task.id.to_string(), Some(&task.path)),
        );
        self.tasks.push((task.id, map.clone()));
        map
    }

    fn result(&mut self, of: &HostResult) {
        let map = self.task(&of.task);
        if let Some(Value::Map(hosts)) = map.get("hosts") {
            hosts.insert(of.host.as_str(), host_result(of));
        }
        if let Some(Value::Map(task)) = map.get("task") {
            end(&task);
        }
        if let Some(Value::Map(play)) = self.plays.last().and_then(|p| p.get("play")) {
            end(&play);
        }
    }

    fn print(&mut self, stats: &[(String, Stats)], custom: &Map) {
        self.close_play();
        let custom = clean::printable(custom);
        let run = custom.remove("_run").unwrap_or_else(|| Value::Map(Map::new()));
        let out = Map::new();
        out.insert("custom_stats", custom);
        out.insert("global_custom_stats", run);
        out.insert("plays", Value::list(self.plays.drain(..).map(Value::Map)));
        out.insert("stats", totals(stats));
        let indent = match self.options.chosen.text("json", "json_indent").trim() {
            "" => Some(4),
            text => text.parse().ok().filter(|n| *n > 0),
        };
        self.console.show(&json_text(&out, indent), "", false);
    }
}

impl Sink for Json {
    fn event(&mut self, event: &Event) {
        let p = &self.options.palette;
        match event {
            Event::PlayStart { name, .. } => {
                self.close_play();
                let play = Map::new();
                play.insert("play", head(name, &(self.plays.len() + 1).to_string(), None));
                self.plays.push(play);
            }
            Event::TaskStart { task } => {
                self.task(task);
            }
            Event::HostResult(of) | Event::IncludeResult(of) => self.result(of),
            Event::Recap { stats, custom } => self.print(stats, custom),
            Event::Warning { text } => self.console.warning(text, &p.warn),
            Event::Error { text } => self.console.error(text, &p.error, true),
            _ => {}
        }
    }
}
