//! Reading journals back.

use crate::{
    record::{Decoder, decode_stats},
    state,
};
use kdo_event::{Sink, Stats};
use kdo_value::{Map, json};
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader},
    path::Path,
};

/// A run in the list of runs.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// Its command line.
    pub argv: Vec<String>,
    /// The folder it was started in.
    pub cwd: String,
    /// When it began, in seconds since 1970.
    pub started: f64,
    /// When it ended; `None` if it still runs or was killed.
    pub ended: Option<f64>,
    /// Its exit code, if it ended.
    pub code: Option<u8>,
    /// Totals by host, if it came that far.
    pub stats: Vec<(String, Stats)>,
}

impl Run {
    /// The totals of all hosts.
    pub fn totals(&self) -> Stats {
        self.stats.iter().fold(Stats::default(), |a, (_, b)| Stats {
            ok: a.ok + b.ok,
            changed: a.changed + b.changed,
            unreachable: a.unreachable + b.unreachable,
            failed: a.failed + b.failed,
            skipped: a.skipped + b.skipped,
            rescued: a.rescued + b.rescued,
            ignored: a.ignored + b.ignored,
        })
    }
}

fn meta(dir: &Path, id: String) -> Option<Run> {
    let text = fs::read_to_string(dir.join("meta.json")).ok()?;
    let value = json::read(text.trim_end()).ok()?;
    let map: &Map = value.as_map()?;
    let float = |key: &str| map.get(key).and_then(|v| v.as_float());
    Some(Run {
        id,
        argv: map
            .get("argv")
            .and_then(|v| v.as_sequence())
            .unwrap_or_default()
            .iter()
            .map(|v| v.to_text())
            .collect(),
        cwd: map.get("cwd").map(|v| v.to_text()).unwrap_or_default(),
        started: float("started").unwrap_or(0.0),
        ended: float("ended"),
        code: map
            .get("code")
            .and_then(|v| v.as_int())
            .and_then(|n| n.try_into().ok()),
        stats: map
            .get("stats")
            .and_then(|v| v.as_map().map(decode_stats))
            .unwrap_or_default(),
    })
}

/// All runs below a folder (see [`crate::runs_dir`]), the newest first. A folder that is not there has no runs.
pub fn list_runs(runs: &Path) -> io::Result<Vec<Run>> {
    let entries = match fs::read_dir(runs) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut all: Vec<Run> = entries
        .flatten()
        .filter_map(|e| meta(&e.path(), e.file_name().into_string().ok()?))
        .collect();
    all.sort_by(|a, b| b.started.total_cmp(&a.started));
    Ok(all)
}

/// The one run whose id is, or begins with, a text; `last` is the newest.
pub fn find_run(runs: &Path, id: &str) -> io::Result<Run> {
    let all = list_runs(runs)?;
    if let Some(run) = all.iter().find(|r| r.id == id || id == "last") {
        return Ok(run.clone());
    }
    let mut like = all.iter().filter(|r| !id.is_empty() && r.id.starts_with(id));
    match (like.next(), like.next()) {
        (Some(run), None) => Ok(run.clone()),
        (Some(_), Some(_)) => Err(io::Error::other(format!("more than one run begins with {id}"))),
        (None, _) => Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("there is no run {id}"),
        )),
    }
}

/// Gives a run's events to a sink. Lines that cannot be read (the half one at the end after a crash) are left out;
/// their number is returned.
pub fn replay(runs: &Path, id: &str, sink: &mut dyn Sink) -> io::Result<usize> {
    if !state::is_plain(id) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{id} is no run"),
        ));
    }
    let mut reader = BufReader::new(File::open(runs.join(id).join("journal.jsonl"))?);
    let mut decoder = Decoder::default();
    let (mut bad, mut line) = (0, Vec::new());
    while reader.read_until(b'\n', &mut line)? > 0 {
        let record = std::str::from_utf8(&line).ok().and_then(|t| json::read(t).ok());
        match record.as_ref().and_then(|r| r.as_map()) {
            Some(record) => {
                if let Some(event) = decoder.decode(record) {
                    sink.event(&event);
                }
            }
            None => bad += 1,
        }
        line.clear();
    }
    Ok(bad)
}

#[cfg(test)]
mod tests {
    use super::{find_run, list_runs, replay};
    use crate::{
        Default, Journal, Options, Redact, Secrets,
        golden::{console, events},
        record::Encoder,
    };
    use kdo_event::{Event, Sink};
    use kdo_value::{Value, json::line};
    use std::{cell::RefCell, io::Write, path::Path, rc::Rc};

    struct Collect(Vec<String>);
    impl Sink for Collect {
        fn event(&mut self, event: &Event) {
            let records = Encoder::default().encode(event);
            self.0
                .extend(records.iter().map(|r| line(&Value::Map(r.clone()))));
        }
    }

    fn record(runs: &Path, id: &str, events: &[Event]) {
        let mut journal = Journal::new(Some(runs.to_owned()), |w| panic!("{w}"));
        journal.event(&Event::RunStart {
            run: id.into(),
            argv: vec!["kdo".into(), "play".into()],
            verbosity: 0,
        });
        events.iter().for_each(|e| journal.event(e));
        journal.event(&Event::RunEnd { code: 2 });
    }

    #[test]
    fn a_run_is_read_back_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let events = events("hosts");
        record(dir.path(), "r1", &events);
        let (mut before, mut after) = (Collect(vec![]), Collect(vec![]));
        events.iter().for_each(|e| before.event(e));
        assert_eq!(replay(dir.path(), "r1", &mut after).unwrap(), 0);
        let inner = after.0.len() - 1;
        assert_eq!(before.0[..], after.0[1..inner]);
        let run = find_run(dir.path(), "last").unwrap();
        assert_eq!(
            (run.code, run.argv.len(), run.stats.is_empty()),
            (Some(2), 2, false)
        );
        assert!(run.totals().ok > 50, "{:?}", run.totals());
    }

    #[test]
    fn a_half_last_line_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        record(dir.path(), "r1", &events("none"));
        let path = dir.path().join("r1/journal.jsonl");
        let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(b"{\"seq\": 99, \"event\": \"warn\xff").unwrap();
        let (console, out, _) = console(false);
        let mut sink = Default::new(console, Options::default());
        assert_eq!(replay(dir.path(), "r1", &mut sink).unwrap(), 1);
        assert!(out.text().contains("PLAY RECAP"));
    }

    #[test]
    fn old_runs_go() {
        let dir = tempfile::tempdir().unwrap();
        for i in 0..203 {
            record(dir.path(), &format!("r{i:03}"), &[]);
        }
        let runs = list_runs(dir.path()).unwrap();
        assert_eq!(runs.len(), 200);
        assert!(runs.iter().any(|r| r.id == "r202") && !runs.iter().any(|r| r.id == "r000"));
    }

    #[test]
    fn a_state_folder_that_cannot_be_written_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("runs"), "").unwrap();
        let said = Rc::new(RefCell::new(Vec::new()));
        let log = said.clone();
        let mut journal = Journal::new(Some(dir.path().join("runs")), move |w| {
            log.borrow_mut().push(w.to_owned());
        });
        journal.event(&Event::RunStart {
            run: "x".into(),
            argv: vec![],
            verbosity: 0,
        });
        journal.event(&Event::NoHostsMatched);
        assert_eq!(said.borrow().len(), 1);
    }

    #[test]
    fn ids_that_leave_the_folder_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let mut sink = Collect(vec![]);
        assert!(replay(dir.path(), "../x", &mut sink).is_err());
    }

    #[test]
    fn output_is_capped_and_secrets_stay_out() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let secrets = Secrets::default();
        secrets.add("hunter22");
        let journal = Journal::new(Some(dir.path().to_owned()), |w| panic!("{w}"));
        let mut sink = Redact::new(journal, secrets);
        sink.event(&Event::RunStart {
            run: "r".into(),
            argv: vec!["-e".into(), "pw=hunter22".into()],
            verbosity: 0,
        });
        let all = events("main");
        let task = all.iter().find_map(|e| match e {
            Event::TaskStart { task } => Some(task.clone()),
            _ => None,
        });
        let output = |bytes: &[u8]| Event::Output {
            host: "h".into(),
            task: task.clone().unwrap(),
            error: false,
            bytes: bytes.to_vec(),
        };
        sink.event(&output(b"say hunt"));
        sink.event(&output(b"er22 again"));
        for _ in 0..100 {
            sink.event(&output(&[b'x'; 4096]));
        }
        sink.event(&Event::RunEnd { code: 0 });
        let text = std::fs::read_to_string(dir.path().join("r/journal.jsonl")).unwrap();
        assert!(text.contains("********") && !text.contains("hunt\""), "{text}");
        assert!(
            !text.contains("hunter22") && text.len() < 80_000,
            "{}",
            text.len()
        );
        let meta = std::fs::read_to_string(dir.path().join("r/meta.json")).unwrap();
        assert!(!meta.contains("hunter22"));
        let mode = std::fs::metadata(dir.path().join("r"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
