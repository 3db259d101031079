//! The journal: what happened in a run, on disk.

use crate::{record::Encoder, shorten::shortened_map, state};
use kdo_event::{Event, Sink, Stats};
use kdo_value::{Map, Value, json::line};
use std::{
    collections::HashMap,
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Output that is kept per task and host, and of each text of a result, in bytes.
const OUTPUT: usize = 64 * 1024;
/// Runs that are kept.
const KEEP: usize = 200;

/// Writes each event as a line of `journal.jsonl` in the run's folder, and `meta.json` about the run as a whole.
///
/// Put it behind [`crate::Redact`]: it writes what it is given. A folder that cannot be written is told once, by the
/// warning function; the run goes on.
pub struct Journal {
    runs: Option<PathBuf>,
    warn: Box<dyn FnMut(&str)>,
    open: Option<Open>,
}

struct Open {
    dir: PathBuf,
    file: File,
    encoder: Encoder,
    seq: u64,
    /// Bytes of output so far by host and task.
    output: HashMap<(String, u64), usize>,
    meta: Map,
    stats: Vec<(String, Stats)>,
}

/// Seconds since 1970.
pub(crate) fn now() -> f64 {
    jiff::Timestamp::now().as_millisecond() as f64 / 1000.0
}

impl Journal {
    /// Keeps runs below a folder (see [`crate::runs_dir`]); `warn` is called at most once.
    pub fn new(runs: Option<PathBuf>, warn: impl FnMut(&str) + 'static) -> Self {
        Self {
            runs,
            warn: Box::new(warn),
            open: None,
        }
    }

    fn give_up(&mut self, why: &str) {
        self.open = None;
        self.runs = None;
        (self.warn)(&format!("This run is not recorded: {why}"));
    }

    fn begin(&mut self, run: &str, argv: &[String]) {
        let Some(runs) = self.runs.clone() else {
            if self.open.is_none() {
                self.give_up("there is no folder for it (HOME is not set)");
            }
            return;
        };
        if !state::is_plain(run) {
            return self.give_up("its id is not a file name");
        }
        match Open::new(&runs, run, argv) {
            Ok(open) => self.open = Some(open),
            Err(error) => return self.give_up(&format!("{}: {error}", runs.join(run).display())),
        }
        // Old runs that stay are no reason to disturb this one.
        let _ = state::prune(&runs, KEEP);
    }
}

impl Open {
    fn new(runs: &Path, run: &str, argv: &[String]) -> io::Result<Self> {
        let dir = runs.join(run);
        state::make_dir(&dir)?;
        let meta = Map::new();
        meta.insert("run", run);
        meta.insert("argv", Value::list(argv.iter().map(Value::from)));
        meta.insert("started", now());
        let cwd = std::env::current_dir()
            .map(|p| p.display().to_string())
            .unwrap_or_default();
        meta.insert("cwd", cwd);
        let file = state::create(&dir.join("journal.jsonl"))?;
        state::replace(
            &dir.join("meta.json"),
            &format!("{}\n", line(&Value::Map(meta.clone()))),
        )?;
        Ok(Self {
            dir,
            file,
            encoder: Encoder::default(),
            seq: 0,
            output: HashMap::new(),
            meta,
            stats: Vec::new(),
        })
    }

    fn write(&mut self, event: &Event) -> io::Result<()> {
        let mut text = String::new();
        let time = now();
        for record in self.encoder.encode(event) {
            let entry = Map::new();
            entry.insert("seq", self.seq);
            entry.insert("t", time);
            record.for_each(|k, v| {
                entry.insert(k.clone(), v.clone());
            });
            self.seq += 1;
            let kept = shortened_map(&entry, OUTPUT);
            text.push_str(&line(&crate::clean::journal_value(&kept)));
            text.push('\n');
        }
        self.file.write_all(text.as_bytes())
    }

    /// Cuts output to what is still allowed; `None` if nothing is.
    fn cap(&mut self, event: &Event) -> Option<Event> {
        let Event::Output {
            host,
            task,
            error,
            bytes,
        } = event
        else {
            return Some(event.clone());
        };
        let used = self.output.entry((host.clone(), task.id)).or_default();
        let left = OUTPUT.saturating_sub(*used);
        *used = used.saturating_add(bytes.len());
        let bytes = bytes.get(..left.min(bytes.len())).unwrap_or_default().to_vec();
        (!bytes.is_empty()).then(|| Event::Output {
            host: host.clone(),
            task: task.clone(),
            error: *error,
            bytes,
        })
    }

    fn take(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::HostResult(of) => {
                self.output.remove(&(of.host.clone(), of.task.id));
            }
            Event::Recap { stats, .. } => self.stats.clone_from(stats),
            _ => {}
        }
        if let Some(event) = self.cap(event) {
            self.write(&event)?;
        }
        match event {
            Event::PlayStart { .. } | Event::Recap { .. } => self.file.sync_data(),
            Event::RunEnd { code } => self.end(*code),
            _ => Ok(()),
        }
    }

    fn end(&mut self, code: u8) -> io::Result<()> {
        self.file.sync_data()?;
        self.meta.insert("ended", now());
        self.meta.insert("code", i64::from(code));
        let recap = Event::Recap {
            stats: self.stats.clone(),
            custom: Map::new(),
        };
        if let Some(stats) = Encoder::default()
            .encode(&recap)
            .first()
            .and_then(|r| r.get("stats"))
        {
            self.meta.insert("stats", stats);
        }
        state::replace(
            &self.dir.join("meta.json"),
            &format!("{}\n", line(&Value::Map(self.meta.clone()))),
        )
    }
}

impl Sink for Journal {
    fn event(&mut self, event: &Event) {
        if let Event::RunStart { run, argv, .. } = event {
            self.begin(run, argv);
        }
        if let Some(Err(error)) = self.open.as_mut().map(|o| o.take(event)) {
            self.give_up(&error.to_string());
        }
    }
}
