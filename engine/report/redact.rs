//! Secrets never leave the engine: they are masked in every event before any output sees it.

use crate::clean;
use kdo_event::{Event, HostResult, Sink, TaskInfo};
use kdo_value::{Map, Value};
use regex::Regex;
use std::{
    borrow::Cow,
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

/// What stands for a secret.
const MASK: &str = "********";
/// Shorter texts are too common to be masked everywhere.
const SHORTEST: usize = 4;
/// Lines of a secret of several lines that are masked on their own.
const SHORTEST_LINE: usize = 8;
const MAX_DEPTH: usize = 200;

#[derive(Default)]
struct Known {
    texts: BTreeSet<String>,
    pattern: Option<Regex>,
    stale: bool,
}

/// The secrets of a run, shared by the engine (which adds them) and the outputs (which mask them).
#[derive(Clone, Default)]
pub struct Secrets(Rc<RefCell<Known>>);

impl Secrets {
    /// Adds a secret. Texts of less than four bytes are not masked.
    pub fn add(&self, text: &str) {
        let mut known = self.0.borrow_mut();
        let lines = text
            .lines()
            .filter(|l| text.contains('\n') && l.len() >= SHORTEST_LINE && !l.starts_with("-----"));
        for part in std::iter::once(text.trim_end_matches('\n')).chain(lines.map(str::trim)) {
            if part.len() >= SHORTEST && !known.texts.contains(part) {
                known.texts.insert(part.to_owned());
                known.stale = true;
            }
        }
    }

    /// Adds all secret texts of a value.
    pub fn collect(&self, value: &Value) {
        self.collect_at(value, 0);
    }

    fn collect_at(&self, value: &Value, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match value {
            Value::Str(text) if text.is_secret() => self.add(text),
            Value::List(l) => l.items().iter().for_each(|v| self.collect_at(v, depth + 1)),
            Value::Tuple(t) => t.iter().for_each(|v| self.collect_at(v, depth + 1)),
            Value::Map(m) => self.collect_map(m, depth),
            _ => {}
        }
    }

    fn collect_map(&self, map: &Map, depth: usize) {
        map.for_each(|k, v| {
            self.collect_at(k, depth + 1);
            self.collect_at(v, depth + 1);
        });
    }

    /// Whether there is anything to mask.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().texts.is_empty()
    }

    /// Masks the secrets in a text.
    pub fn mask(&self, text: &str) -> String {
        self.masked(text).into_owned()
    }

    /// The same; a text without secrets, however long, is not copied.
    fn masked<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut known = self.0.borrow_mut();
        if std::mem::take(&mut known.stale) {
            let mut texts: Vec<&String> = known.texts.iter().collect();
            texts.sort_by_key(|t| std::cmp::Reverse(t.len()));
            let all: Vec<String> = texts.iter().map(|t| regex::escape(t)).collect();
            known.pattern = Regex::new(&all.join("|")).ok();
        }
        if known.texts.is_empty() {
            return text.into();
        }
        match &known.pattern {
            Some(pattern) => pattern.replace_all(text, MASK),
            // The pattern got too big to be built: slower, but nothing slips through.
            None => {
                let all = known.texts.iter().rev();
                all.fold(text.to_owned(), |t, s| t.replace(s.as_str(), MASK))
                    .into()
            }
        }
    }

    fn value(&self, value: &Value, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            return Value::str("…");
        }
        match value {
            Value::Str(text) if text.is_secret() => Value::str(MASK),
            Value::Str(text) => match self.masked(text) {
                Cow::Borrowed(_) => value.clone(),
                Cow::Owned(masked) => Value::str(masked),
            },
            Value::Bytes(b) => Value::str(self.mask(&String::from_utf8_lossy(b))),
            Value::List(l) => Value::list(l.to_vec().iter().map(|v| self.value(v, depth + 1))),
            Value::Tuple(t) => Value::list(t.iter().map(|v| self.value(v, depth + 1))),
            Value::Map(m) => Value::Map(self.map(m, depth)),
            Value::Object(_) => self.value(&clean::printable_value(value), depth + 1),
            _ => value.clone(),
        }
    }

    fn map(&self, map: &Map, depth: usize) -> Map {
        map.entries()
            .into_iter()
            .map(|(k, v)| (self.value(&k, depth + 1), self.value(&v, depth + 1)))
            .collect()
    }

    /// How many bytes at the end may be the beginning of a secret.
    fn pending(&self, bytes: &[u8]) -> usize {
        let known = self.0.borrow();
        let longest = |secret: &str| {
            let secret = secret.as_bytes();
            (1..secret.len().min(bytes.len() + 1))
                .rev()
                .find(|n| secret.get(..*n).is_some_and(|head| bytes.ends_with(head)))
                .unwrap_or(0)
        };
        known.texts.iter().map(|t| longest(t)).max().unwrap_or(0)
    }
}

/// Masks secrets, and everything of tasks with `no_log`, in all events on their way to another sink.
pub struct Redact<S> {
    inner: S,
    secrets: Secrets,
    tasks: HashMap<u64, Rc<TaskInfo>>,
    /// Ends of outputs that may be the beginning of a secret.
    held: HashMap<(String, u64, bool), Vec<u8>>,
}

impl<S: Sink> Redact<S> {
    /// Puts itself before a sink.
    pub fn new(inner: S, secrets: Secrets) -> Self {
        Self {
            inner,
            secrets,
            tasks: HashMap::new(),
            held: HashMap::new(),
        }
    }

    /// The sink behind.
    pub fn into_inner(self) -> S {
        self.inner
    }

    fn task(&mut self, task: &Rc<TaskInfo>) -> Rc<TaskInfo> {
        if self.secrets.is_empty() && !task.no_log {
            return task.clone();
        }
        if let Some(known) = self.tasks.get(&task.id).filter(|t| t.name == task.name) {
            return known.clone();
        }
        let masked = Rc::new(TaskInfo {
            name: self.secrets.mask(&task.name),
            args: task
                .args
                .as_ref()
                .filter(|_| !task.no_log)
                .map(|a| self.secrets.map(a, 0)),
            ..(**task).clone()
        });
        self.tasks.insert(task.id, masked.clone());
        masked
    }

    fn result(&mut self, of: &HostResult) -> HostResult {
        if self.secrets.is_empty() && !of.task.no_log {
            return of.clone();
        }
        let task = self.task(&of.task);
        if of.task.no_log {
            let map = self.secrets.map(&clean::stripped(&of.result), 0);
            for key in ["ansible_job_id", "finished"] {
                if let Some(v) = of.result.get(key) {
                    map.insert(key, v);
                }
            }
            return HostResult {
                result: map,
                item: of.item.as_ref().map(|_| Value::str(clean::CENSORED_ITEM)),
                error: of.error.as_ref().map(|e| self.error(e, &of.result)),
                task,
                ..of.clone()
            };
        }
        HostResult {
            result: self.secrets.map(&of.result, 0),
            item: of.item.as_ref().map(|i| self.secrets.value(i, 0)),
            error: of.error.as_ref().map(|e| self.secrets.mask(e)),
            task,
            ..of.clone()
        }
    }

    /// A `no_log` task's error without the module's own message, which Ansible would print.
    fn error(&self, error: &str, result: &Map) -> String {
        let msg = result.get("msg").map_or(String::new(), |v| v.to_text());
        let error = self.secrets.mask(error);
        if msg.is_empty() || msg == "non-zero return code" || result.contains(kdo_event::OPEN) {
            return error;
        }
        error.replace(&msg, clean::CENSORED_ITEM)
    }

    fn output(&mut self, host: &str, task: &Rc<TaskInfo>, error: bool, bytes: &[u8]) {
        if task.no_log {
            return;
        }
        let key = (host.to_owned(), task.id, error);
        let mut all = self.held.remove(&key).unwrap_or_default();
        all.extend_from_slice(bytes);
        let keep = self.secrets.pending(&all);
        let rest = all.split_off(all.len() - keep);
        if !rest.is_empty() {
            self.held.insert(key, rest);
        }
        self.print(host, task, error, all);
    }

    fn print(&mut self, host: &str, task: &Rc<TaskInfo>, error: bool, bytes: Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let bytes = match std::str::from_utf8(&bytes) {
            _ if self.secrets.is_empty() => bytes,
            Ok(text) => self.secrets.mask(text).into_bytes(),
            Err(_) => self.secrets.mask(&String::from_utf8_lossy(&bytes)).into_bytes(),
        };
        let task = self.task(task);
        self.inner.event(&Event::Output {
            host: host.to_owned(),
            task,
            error,
            bytes,
        });
    }

    fn release(&mut self, host: &str, task: &Rc<TaskInfo>) {
        for error in [false, true] {
            if let Some(bytes) = self.held.remove(&(host.to_owned(), task.id, error)) {
                self.print(host, task, error, bytes);
            }
        }
    }

    fn collect(&self, event: &Event) {
        match event {
            Event::TaskStart { task } | Event::HostStart { task, .. } => {
                if let Some(args) = &task.args {
                    self.secrets.collect_map(args, 0);
                }
            }
            Event::ItemResult(of) | Event::HostResult(of) | Event::IncludeResult(of) => {
                self.secrets.collect_map(&of.result, 0);
                if let Some(item) = &of.item {
                    self.secrets.collect(item);
                }
            }
            Event::Retry { result, .. } => self.secrets.collect_map(result, 0),
            Event::Recap { custom, .. } => self.secrets.collect_map(custom, 0),
            _ => {}
        }
    }
}

impl<S: Sink> Sink for Redact<S> {
    fn event(&mut self, event: &Event) {
        self.collect(event);
        let mask = |text: &String| self.secrets.mask(text);
        let masks = |list: &[String]| list.iter().map(|t| self.secrets.mask(t)).collect();
        let masked = match event {
            Event::Output {
                host,
                task,
                error,
                bytes,
            } => return self.output(host, task, *error, bytes),
            Event::ItemResult(of) => {
                self.release(&of.host, &of.task);
                Event::ItemResult(self.result(of))
            }
            Event::HostResult(of) => {
                self.release(&of.host, &of.task);
                Event::HostResult(self.result(of))
            }
            Event::IncludeResult(of) => Event::IncludeResult(self.result(of)),
            Event::TaskStart { task } => Event::TaskStart {
                task: self.task(task),
            },
            Event::HostStart { host, task } => Event::HostStart {
                host: host.clone(),
                task: self.task(task),
            },
            Event::Retry {
                host,
                task,
                left,
                result,
            } => Event::Retry {
                host: host.clone(),
                left: *left,
                result: if task.no_log {
                    clean::censored(result)
                } else {
                    self.secrets.map(result, 0)
                },
                task: self.task(task),
            },
            _ if self.secrets.is_empty() => event.clone(),
            Event::RunStart { run, argv, verbosity } => Event::RunStart {
                run: run.clone(),
                argv: masks(argv),
                verbosity: *verbosity,
            },
            Event::PlayStart {
                name,
                check,
                hosts,
                strategy,
            } => Event::PlayStart {
                name: mask(name),
                check: *check,
                hosts: hosts.clone(),
                strategy: strategy.clone(),
            },
            Event::Include { what, hosts, item } => Event::Include {
                what: mask(what),
                hosts: hosts.clone(),
                item: item.as_ref().map(mask),
            },
            Event::Warning { text } => Event::Warning { text: mask(text) },
            Event::Deprecation { text } => Event::Deprecation { text: mask(text) },
            Event::Error { text } => Event::Error { text: mask(text) },
            Event::Verbose { level, host, text } => Event::Verbose {
                level: *level,
                host: host.clone(),
                text: mask(text),
            },
            Event::Recap { stats, custom } => Event::Recap {
                stats: stats.clone(),
                custom: self.secrets.map(custom, 0),
            },
            other => other.clone(),
        };
        self.inner.event(&masked);
    }

    fn tick(&mut self) {
        self.inner.tick();
    }

    fn rest(&mut self, rest: bool) {
        self.inner.rest(rest);
    }
}
