//! All results side by side, compared with the baseline and with earlier runs.

use crate::{
    baseline::{Baseline, Expected, Found},
    change::Change,
    choice::Choice,
    missing::{self, Missing},
    note::{Note, Notes},
    outcome::Outcome,
    read::Source,
    run::Run,
    status::Status,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io,
    path::PathBuf,
};

/// Columns of kernels that are not the latest; older ones are left out.
const MOST_EARLIER: usize = 8;

/// A folder or file that cannot be used.
#[derive(Debug)]
pub struct Error(pub String);

/// A result, or why a folder or file cannot be used.
pub type Result<T> = std::result::Result<T, Error>;

/// A suite on a host with a kernel.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its newest run that is shown.
    pub run: Run,
    /// Whether it is compared: not so for kernels that the host ran earlier.
    pub current: bool,
}

/// A result of a test in a column.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number in the report.
    pub number: usize,
    /// The place of its column.
    pub column: usize,
    /// The run it is from.
    pub run: String,
    /// What the run says.
    pub outcome: Outcome,
    /// What the baseline says.
    pub expected: Option<Expected>,
    /// How they compare.
    pub change: Option<Change>,
    /// All tries in the last runs with the same kernel, oldest first.
    pub history: Vec<Status>,
    /// Whether the history has both passes and failures.
    pub flaky: bool,
}

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Passed.
    pub pass: usize,
    /// Failed, timed out or crashed.
    pub fail: usize,
    /// Skipped or not run.
    pub skip: usize,
    /// Time of all of them.
    pub seconds: f64,
}

impl Totals {
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        match outcome.status {
            Status::Pass => self.pass += 1,
            Status::Skip | Status::Notrun => self.skip += 1,
            _ => self.fail += 1,
        }
        self.seconds += outcome.seconds.unwrap_or_default();
    }
}

/// Everything that is shown.
#[derive(Debug)]
pub struct Report {
    /// The folder that was read.
    pub folder: PathBuf,
    /// The baseline that was read.
    pub baseline: Option<PathBuf>,
    /// Whether only failures are shown.
    pub failed: bool,
    /// By suite, host and kernel.
    pub columns: Vec<Column>,
    /// By suite, section, test and column.
    pub entries: Vec<Entry>,
    /// What the baseline has and nobody ran.
    pub missing: Vec<Missing>,
    /// What could not be read.
    pub notes: Vec<Note>,
    pub(crate) known: Baseline,
}

impl Report {
    /// Reads and compares.
    pub fn read(choice: &Choice) -> Result<Self> {
        if !choice.folder.is_dir() {
            let text = format!("no folder {}: nothing was fetched there", choice.folder.display());
            return Err(Error(text));
        }
        let mut notes = Notes::default();
        let (baseline, known) = read_baseline(choice, &mut notes)?;
        let mut report = Self {
            folder: choice.folder.clone(),
            baseline,
            failed: choice.failed,
            columns: Vec::new(),
            entries: Vec::new(),
            missing: Vec::new(),
            notes: Vec::new(),
            known,
        };
        for runs in choice.scan(&mut notes).into_values() {
            report.add_host(runs, choice, &mut notes);
        }
        if report.columns.is_empty() {
            let what = if choice.filters() || !choice.suites.is_empty() {
                "no such runs"
            } else {
                "no runs (HOST/SUITE/RUN)"
            };
            return Err(Error(format!("{what} in {}", choice.folder.display())));
        }
        report.sort();
        report.missing = missing::find(&report, choice);
        report.notes = notes.into_list();
        Ok(report)
    }

    /// Takes the runs of one suite on one host.
    fn add_host(&mut self, runs: Vec<Run>, choice: &Choice, notes: &mut Notes) {
        let current: BTreeSet<String> = runs
            .iter()
            .rev()
            .take(choice.last.max(1))
            .map(|r| r.id.clone())
            .collect();
        let mut kernels: BTreeMap<String, Vec<Run>> = BTreeMap::new();
        for run in runs {
            kernels.entry(run.kernel.clone()).or_default().push(run);
        }
        // Newest first: earlier kernels than the last few are left out.
        let mut kernels: Vec<Vec<Run>> = kernels.into_values().collect();
        kernels.sort_by(|a, b| b.last().map(|r| &r.id).cmp(&a.last().map(|r| &r.id)));
        let mut earlier = 0;
        for runs in kernels {
            let now = runs.iter().any(|r| current.contains(&r.id));
            earlier += usize::from(!now);
            if earlier > MOST_EARLIER {
                break;
            }
            let window = if now { choice.runs.max(1) } else { 1 };
            self.add_kernel(&runs, &current, now, window, notes);
        }
    }

    /// Takes the runs of one suite on one host with one kernel. `now` tells whether some of them are `current`; else only the newest
    /// is looked at, as are no more than `window` runs for the histories.
    fn add_kernel(
        &mut self,
        runs: &[Run],
        current: &BTreeSet<String>,
        now: bool,
        window: usize,
        notes: &mut Notes,
    ) {
        let Some(newest) = runs.last() else {
            return;
        };
        let column = self.columns.len();
        let mut tests: HashMap<(String, String), Entry> = HashMap::new();
        let mut histories: HashMap<(String, String), Vec<Status>> = HashMap::new();
        let mut failures: HashMap<(String, String), (String, Outcome)> = HashMap::new();
        let oldest = runs.iter().position(|r| current.contains(&r.id));
        let first = runs
            .len()
            .saturating_sub(window)
            .min(oldest.unwrap_or(runs.len()));
        for run in &runs[first..] {
            // A broken line of a run that is not shown itself is no news.
            let shown = current.contains(&run.id) || !now;
            let mut old_notes = Notes::default();
            let notes = if shown { &mut *notes } else { &mut old_notes };
            if !run.started.is_empty() && run.ended.is_empty() {
                notes.add(&run.path, 0, "the run has no end, it was interrupted or goes on");
            }
            for outcome in run.outcomes(notes) {
                let key = (outcome.section.clone(), outcome.test.clone());
                let history = histories.entry(key.clone()).or_default();
                history.extend(&outcome.tries);
                if outcome.status.is_failure() {
                    failures.insert(key.clone(), (run.id.clone(), outcome.clone()));
                }
                if shown {
                    tests.insert(key, self.entry(column, run, outcome, now));
                }
            }
        }
        for (key, mut entry) in tests {
            entry.history = histories.remove(&key).unwrap_or_default();
            let seen = |of: fn(Status) -> bool| entry.history.iter().any(|s| of(*s));
            entry.flaky = now && seen(|s| s == Status::Pass) && seen(Status::is_failure);
            if entry.flaky
                && !entry.outcome.status.is_failure()
                && let Some((run, failed)) = failures.remove(&key)
            {
                // Of a flaky test the last failure is what one wants to read.
                let word = failed.status.word();
                entry.outcome.message = format!("{word} in {run}: {}", failed.message);
                entry.outcome.logs = failed.logs;
            }
            self.entries.push(entry);
        }
        self.columns.push(Column {
            run: newest.clone(),
            current: now,
        });
    }

    fn entry(&self, column: usize, run: &Run, outcome: Outcome, now: bool) -> Entry {
        let expected = self
            .known
            .expected(&run.suite, &outcome.section, &outcome.test, &run.kernel);
        Entry {
            number: 0,
            column,
            run: run.id.clone(),
            change: Change::of(expected, outcome.status).filter(|_| now),
            outcome,
            expected,
            history: Vec::new(),
            flaky: false,
        }
    }

    fn sort(&mut self) {
        let columns = &self.columns;
        let key = |e: &Entry| {
            (
                columns[e.column].run.suite.clone(),
                e.outcome.section.clone(),
                e.outcome.test.clone(),
                e.column,
            )
        };
        self.entries.sort_by_cached_key(key);
        for (number, entry) in self.entries.iter_mut().enumerate() {
            entry.number = number;
        }
    }

    /// The results that are compared, in order.
    pub fn current(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|e| self.columns[e.column].current)
    }

    /// The column of a result.
    pub fn column(&self, entry: &Entry) -> &Run {
        &self.columns[entry.column].run
    }

    /// The results of one kind of change.
    pub fn changed(&self, change: Change) -> Vec<&Entry> {
        self.current().filter(|e| e.change == Some(change)).collect()
    }

    /// The flaky ones.
    pub fn flaky(&self) -> Vec<&Entry> {
        self.current().filter(|e| e.flaky).collect()
    }

    /// Whether something got worse.
    pub fn is_worse(&self) -> bool {
        self.current().any(|e| e.change.is_some_and(Change::is_worse))
    }

    /// Totals for each current column and section.
    pub fn summary(&self) -> Vec<(&Run, &str, Totals)> {
        let mut sums: BTreeMap<(usize, &str), Totals> = BTreeMap::new();
        // A run without a single result is shown too.
        let empty = |place: &usize| !self.entries.iter().any(|e| e.column == *place);
        for place in (0..self.columns.len())
            .filter(|p| self.columns[*p].current)
            .filter(empty)
        {
            sums.insert((place, ""), Totals::default());
        }
        for entry in self.current() {
            sums.entry((entry.column, &entry.outcome.section))
                .or_default()
                .add(&entry.outcome);
        }
        sums.into_iter()
            .map(|((place, section), totals)| (&self.columns[place].run, section, totals))
            .collect()
    }

    /// The baseline brought up to date with the current results, and the file that it belongs into.
    pub fn new_baseline(&mut self) -> (PathBuf, String) {
        let columns = &self.columns;
        let found: Vec<Found<'_>> = self
            .entries
            .iter()
            .filter(|e| columns[e.column].current)
            .map(|e| Found {
                suite: &columns[e.column].run.suite,
                section: &e.outcome.section,
                test: &e.outcome.test,
                kernel: &columns[e.column].run.kernel,
                status: e.outcome.status,
            })
            .collect();
        self.known.update(&found);
        let default = || self.folder.join("baseline.tsv");
        (self.baseline.clone().unwrap_or_else(default), self.known.text())
    }
}

fn read_baseline(choice: &Choice, notes: &mut Notes) -> Result<(Option<PathBuf>, Baseline)> {
    let path = choice
        .baseline
        .clone()
        .unwrap_or_else(|| choice.folder.join("baseline.tsv"));
    match Source::open(&path) {
        Ok(source) => {
            let known = Baseline::read(source, notes);
            Ok((Some(path), known))
        }
        Err(error)
            if error.kind() == io::ErrorKind::NotFound
                && (choice.baseline.is_none() || choice.new_baseline) =>
        {
            Ok((choice.baseline.clone(), Baseline::default()))
        }
        Err(error) => Err(Error(format!("{}: {error}", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::{Choice, Entry, Report};
    use std::{fs, path::Path};

    /// Runs of a suite on a host: id, kernel, lines of `results.tsv`.
    fn folder(runs: &[(&str, &str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (id, kernel, lines) in runs {
            let run = folder.path().join("h/s").join(id);
            fs::create_dir_all(&run).unwrap();
            fs::write(run.join("run.txt"), format!("kernel\t{kernel}\n")).unwrap();
            let lines = lines.replace(' ', "\t").replace(',', "\n");
            fs::write(run.join("results.tsv"), lines).unwrap();
        }
        folder
    }

    fn told(folder: &Path, last: usize, runs: usize) -> Vec<String> {
        let choice = Choice {
            folder: folder.to_owned(),
            baseline: None,
            new_baseline: false,
            hosts: vec![],
            suites: vec![],
            kernels: vec![],
            failed: false,
            last,
            runs,
        };
        let report = Report::read(&choice).unwrap();
        let entry = |e: &Entry| {
            let kernel = &report.column(e).kernel;
            let now = if report.columns[e.column].current {
                "now"
            } else {
                "earlier"
            };
            let flaky = if e.flaky { " flaky" } else { "" };
            let outcome = &e.outcome;
            format!(
                "{kernel} {} {} {} {now}{flaky}",
                e.run,
                outcome.test,
                outcome.status.word()
            )
        };
        report.entries.iter().map(entry).collect()
    }

    const RUNS: &[(&str, &str, &str)] = &[
        ("1", "6.1", "\ta pass,\tb pass"),
        ("2", "6.2", "\ta fail,\tb pass,\tc fail"),
        ("3", "6.2", "\ta pass,\tb pass"),
        ("4", "6.2", "\tb pass"),
    ];

    #[test]
    fn the_latest_run_counts_and_earlier_kernels_are_beside_it() {
        let folder = folder(RUNS);
        assert_eq!(
            told(folder.path(), 1, 10),
            ["6.1 1 a pass earlier", "6.2 4 b pass now", "6.1 1 b pass earlier"]
        );
    }

    #[test]
    fn several_runs_are_taken_together() {
        let folder = folder(RUNS);
        assert_eq!(
            told(folder.path(), 2, 10),
            [
                "6.2 3 a pass now flaky",
                "6.1 1 a pass earlier",
                "6.2 4 b pass now",
                "6.1 1 b pass earlier"
            ]
        );
        // The failure is out of sight, but for what is taken together.
        assert_eq!(told(folder.path(), 2, 1)[0], "6.2 3 a pass now");
        assert_eq!(
            told(folder.path(), 9, 1),
            [
                "6.2 3 a pass now flaky",
                "6.1 1 a pass now",
                "6.2 4 b pass now",
                "6.1 1 b pass now",
                "6.2 2 c fail now"
            ]
        );
    }

    #[test]
    fn another_kernel_makes_no_test_flaky() {
        let folder = folder(&[("1", "6.1", "\ta pass"), ("2", "6.2", "\ta fail")]);
        assert_eq!(
            told(folder.path(), 1, 10),
            ["6.2 2 a fail now", "6.1 1 a pass earlier"]
        );
    }
}
