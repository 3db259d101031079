//! Events as JSON objects and back: the journal's lines.

use base64::{Engine, engine::general_purpose::STANDARD};
use kdo_event::{Event, HostResult, Stats, Status, TaskInfo};
use kdo_value::{Map, Value};
use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

/// Turns events into records. A task is described once, before the first event that names it.
#[derive(Default)]
pub(crate) struct Encoder {
    tasks: HashSet<u64>,
}

fn map<const N: usize>(name: &str, entries: [(&str, Value); N]) -> Map {
    let out = Map::new();
    out.insert("event", name);
    for (k, v) in entries {
        out.insert(k, v);
    }
    out
}

fn strings(list: &[String]) -> Value {
    Value::list(list.iter().map(Value::from))
}

fn optional(text: Option<&String>) -> Value {
    text.map_or(Value::None, Value::from)
}

const STATUS: [(Status, &str); 5] = [
    (Status::Ok, "ok"),
    (Status::Changed, "changed"),
    (Status::Failed, "failed"),
    (Status::Skipped, "skipped"),
    (Status::Unreachable, "unreachable"),
];

impl Encoder {
    /// The records of an event: at most a task's description and the event itself.
    pub(crate) fn encode(&mut self, event: &Event) -> Vec<Map> {
        let task = match event {
            Event::TaskStart { task }
            | Event::HostStart { task, .. }
            | Event::Output { task, .. }
            | Event::Retry { task, .. } => Some(task),
            Event::ItemResult(of) | Event::HostResult(of) | Event::IncludeResult(of) => Some(&of.task),
            _ => None,
        };
        let mut out = Vec::new();
        if let Some(task) = task.filter(|t| self.tasks.insert(t.id)) {
            out.push(encode_task(task));
        }
        out.push(encode_event(event));
        out
    }
}

fn encode_task(t: &TaskInfo) -> Map {
    map(
        "task",
        [
            ("id", t.id.into()),
            ("name", (&t.name).into()),
            ("role", optional(t.role.as_ref())),
            ("action", (&t.action).into()),
            ("path", (&t.path).into()),
            ("handler", t.handler.into()),
            ("check", t.check.into()),
            ("diff", t.diff.into()),
            (
                "output_verbosity",
                t.output_verbosity.map_or(Value::None, Value::from),
            ),
            ("no_log", t.no_log.into()),
            ("tags", strings(&t.tags)),
            (
                "args",
                t.args
                    .clone()
                    .filter(|_| !t.no_log)
                    .map_or(Value::None, Value::Map),
            ),
        ],
    )
}

fn encode_result(name: &str, of: &HostResult) -> Map {
    let status = STATUS.iter().find(|s| s.0 == of.status).map_or("ok", |s| s.1);
    map(
        name,
        [
            ("host", (&of.host).into()),
            ("delegated", optional(of.delegated.as_ref())),
            ("task", of.task.id.into()),
            ("status", status.into()),
            ("ignored", of.ignored.into()),
            ("looped", of.looped.into()),
            ("has_item", of.item.is_some().into()),
            ("item", of.item.clone().unwrap_or(Value::None)),
            ("elapsed", of.elapsed.into()),
            ("error", optional(of.error.as_ref())),
            ("result", of.result.clone().into()),
        ],
    )
}

fn encode_stats(stats: &[(String, Stats)]) -> Value {
    Value::Map(
        stats
            .iter()
            .map(|(host, s)| {
                let numbers: Map = [
                    ("ok", s.ok),
                    ("changed", s.changed),
                    ("unreachable", s.unreachable),
                    ("failed", s.failed),
                    ("skipped", s.skipped),
                    ("rescued", s.rescued),
                    ("ignored", s.ignored),
                ]
                .into_iter()
                .collect();
                (host, numbers)
            })
            .collect(),
    )
}

fn encode_event(event: &Event) -> Map {
    match event {
        Event::RunStart { run, argv, verbosity } => map(
            "run_start",
            [
                ("run", run.into()),
                ("argv", strings(argv)),
                ("verbosity", i64::from(*verbosity).into()),
            ],
        ),
        Event::PlaybookStart { path, plays } => map(
            "playbook_start",
            [("path", path.into()), ("plays", (*plays).into())],
        ),
        Event::PlayStart {
            name,
            check,
            hosts,
            strategy,
        } => map(
            "play_start",
            [
                ("name", name.into()),
                ("check", (*check).into()),
                ("hosts", strings(hosts)),
                ("strategy", strategy.into()),
            ],
        ),
        Event::NoHostsMatched => map("no_hosts_matched", []),
        Event::NoHostsRemaining => map("no_hosts_remaining", []),
        Event::TaskStart { task } => map("task_start", [("task", task.id.into())]),
        Event::HostStart { host, task } => {
            map("host_start", [("host", host.into()), ("task", task.id.into())])
        }
        Event::Output {
            host,
            task,
            error,
            bytes,
        } => {
            let (key, text) = match std::str::from_utf8(bytes) {
                Ok(text) => ("text", text.to_owned()),
                Err(_) => ("base64", STANDARD.encode(bytes)),
            };
            map(
                "output",
                [
                    ("host", host.into()),
                    ("task", task.id.into()),
                    ("error", (*error).into()),
                    (key, text.into()),
                ],
            )
        }
        Event::ItemResult(of) => encode_result("item_result", of),
        Event::HostResult(of) => encode_result("host_result", of),
        Event::IncludeResult(of) => encode_result("include_result", of),
        Event::Retry {
            host,
            task,
            left,
            result,
        } => map(
            "retry",
            [
                ("host", host.into()),
                ("task", task.id.into()),
                ("left", (*left).into()),
                ("result", result.clone().into()),
            ],
        ),
        Event::Include { what, hosts, item } => map(
            "include",
            [
                ("what", what.into()),
                ("hosts", strings(hosts)),
                ("item", optional(item.as_ref())),
            ],
        ),
        Event::Notified { handler, host } => {
            map("notified", [("handler", handler.into()), ("host", host.into())])
        }
        Event::AsyncPoll { host, job, elapsed } => map(
            "async_poll",
            [
                ("host", host.into()),
                ("job", job.into()),
                ("elapsed", (*elapsed).into()),
            ],
        ),
        Event::Warning { text } => map("warning", [("text", text.into())]),
        Event::Deprecation { text } => map("deprecation", [("text", text.into())]),
        Event::Error { text } => map("error", [("text", text.into())]),
        Event::Verbose { level, host, text } => map(
            "verbose",
            [
                ("level", i64::from(*level).into()),
                ("host", optional(host.as_ref())),
                ("text", text.into()),
            ],
        ),
        Event::Recap { stats, custom } => map(
            "recap",
            [("stats", encode_stats(stats)), ("custom", custom.clone().into())],
        ),
        Event::Listing { text } => map("listing", [("text", text.as_str().into())]),
        Event::RunEnd { code } => map("run_end", [("code", i64::from(*code).into())]),
    }
}

/// Turns records back into events.
#[derive(Default)]
pub(crate) struct Decoder {
    tasks: HashMap<u64, Rc<TaskInfo>>,
}

struct Fields<'a>(&'a Map);

impl Fields<'_> {
    fn text(&self, key: &str) -> String {
        self.optional(key).unwrap_or_default()
    }
    fn optional(&self, key: &str) -> Option<String> {
        self.0.get(key).filter(|v| !v.is_none()).map(|v| v.to_text())
    }
    fn flag(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|v| v.truthy())
    }
    fn number(&self, key: &str) -> u64 {
        self.0
            .get(key)
            .and_then(|v| v.as_int())
            .and_then(|n| n.try_into().ok())
            .unwrap_or(0)
    }
    fn small(&self, key: &str) -> u8 {
        self.number(key).try_into().unwrap_or(u8::MAX)
    }
    fn float(&self, key: &str) -> f64 {
        self.0.get(key).and_then(|v| v.as_float()).unwrap_or(0.0)
    }
    fn strings(&self, key: &str) -> Vec<String> {
        let list = self.0.get(key).and_then(|v| v.as_sequence()).unwrap_or_default();
        list.iter().map(Value::to_text).collect()
    }
    fn map(&self, key: &str) -> Map {
        self.0
            .get(key)
            .and_then(|v| v.as_map().cloned())
            .unwrap_or_default()
    }
}

impl Decoder {
    /// The event of a record; `None` for a task's description and for what this version does not know.
    pub(crate) fn decode(&mut self, record: &Map) -> Option<Event> {
        let f = Fields(record);
        Some(match f.text("event").as_str() {
            "task" => {
                let task = TaskInfo {
                    id: f.number("id"),
                    name: f.text("name"),
                    role: f.optional("role"),
                    action: f.text("action"),
                    path: f.text("path"),
                    handler: f.flag("handler"),
                    check: f.flag("check"),
                    diff: f.flag("diff"),
                    no_log: f.flag("no_log"),
                    tags: f.strings("tags"),
                    output_verbosity: record.get("output_verbosity").and_then(|v| v.as_int()),
                    args: record.get("args").and_then(|v| v.as_map().cloned()),
                };
                self.tasks.insert(task.id, Rc::new(task));
                return None;
            }
            "run_start" => Event::RunStart {
                run: f.text("run"),
                argv: f.strings("argv"),
                verbosity: f.small("verbosity"),
            },
            "playbook_start" => Event::PlaybookStart {
                path: f.text("path"),
                plays: f.number("plays").try_into().unwrap_or(0),
            },
            "play_start" => Event::PlayStart {
                name: f.text("name"),
                check: f.flag("check"),
                hosts: f.strings("hosts"),
                strategy: f.text("strategy"),
            },
            "no_hosts_matched" => Event::NoHostsMatched,
            "no_hosts_remaining" => Event::NoHostsRemaining,
            "task_start" => Event::TaskStart { task: self.task(&f)? },
            "host_start" => Event::HostStart {
                host: f.text("host"),
                task: self.task(&f)?,
            },
            "output" => Event::Output {
                host: f.text("host"),
                task: self.task(&f)?,
                error: f.flag("error"),
                bytes: match f.optional("base64") {
                    Some(text) => STANDARD.decode(text).ok()?,
                    None => f.text("text").into_bytes(),
                },
            },
            "item_result" => Event::ItemResult(self.result(&f)?),
            "host_result" => Event::HostResult(self.result(&f)?),
            "include_result" => Event::IncludeResult(self.result(&f)?),
            "retry" => Event::Retry {
                host: f.text("host"),
                task: self.task(&f)?,
                left: f.number("left"),
                result: f.map("result"),
            },
            "include" => Event::Include {
                what: f.text("what"),
                hosts: f.strings("hosts"),
                item: f.optional("item"),
            },
            "notified" => Event::Notified {
                handler: f.text("handler"),
                host: f.text("host"),
            },
            "async_poll" => Event::AsyncPoll {
                host: f.text("host"),
                job: f.text("job"),
                elapsed: f.float("elapsed"),
            },
            "warning" => Event::Warning { text: f.text("text") },
            "deprecation" => Event::Deprecation { text: f.text("text") },
            "error" => Event::Error { text: f.text("text") },
            "verbose" => Event::Verbose {
                level: f.small("level"),
                host: f.optional("host"),
                text: f.text("text"),
            },
            "recap" => Event::Recap {
                stats: decode_stats(&f.map("stats")),
                custom: f.map("custom"),
            },
            "listing" => Event::Listing { text: f.text("text") },
            "run_end" => Event::RunEnd {
                code: f.small("code"),
            },
            _ => return None,
        })
    }

    fn task(&self, f: &Fields<'_>) -> Option<Rc<TaskInfo>> {
        self.tasks.get(&f.number("task")).cloned()
    }

    fn result(&self, f: &Fields<'_>) -> Option<HostResult> {
        let status = f.text("status");
        Some(HostResult {
            host: f.text("host"),
            delegated: f.optional("delegated"),
            task: self.task(f)?,
            status: STATUS.iter().find(|s| s.1 == status)?.0,
            ignored: f.flag("ignored"),
            result: f.map("result"),
            item: f.0.get("item").filter(|_| f.flag("has_item")),
            looped: f.flag("looped"),
            elapsed: f.float("elapsed"),
            error: f.optional("error"),
        })
    }
}

/// Totals by host.
pub(crate) fn decode_stats(map: &Map) -> Vec<(String, Stats)> {
    map.text_entries()
        .into_iter()
        .filter_map(|(host, numbers)| {
            let f = Fields(numbers.as_map()?);
            let stats = Stats {
                ok: f.number("ok"),
                changed: f.number("changed"),
                unreachable: f.number("unreachable"),
                failed: f.number("failed"),
                skipped: f.number("skipped"),
                rescued: f.number("rescued"),
                ignored: f.number("ignored"),
            };
            Some((host, stats))
        })
        .collect()
}
