//! All results side by side, compared with the baseline and with earlier runs.

use crate::{
    baseline::{Baseline, Expected, Found},
    note::{Note, Notes},
    outcome::Outcome,
    pattern,
    read::Source,
    run::{Run, entries},
    status::Status,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io,
    path::PathBuf,
};

/// Columns of kernels that are not the latest; older ones are left out.
const MOST_EARLIER: usize = 8;

/// What to show.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The folder of all results.
    pub folder: PathBuf,
    /// The baseline; `baseline.tsv` in the folder if there is one.
    pub baseline: Option<PathBuf>,
    /// Whether a baseline is to be written, so that it need not be there.
    pub new_baseline: bool,
    /// Patterns of hosts, all if empty.
    pub hosts: Vec<String>,
    /// Patterns of suites, all if empty.
    pub suites: Vec<String>,
    /// Patterns of kernels, all if empty.
    pub kernels: Vec<String>,
    /// Only tests that failed.
    pub failed: bool,
    /// How many of the latest runs of each host and suite are taken together.
    pub last: usize,
    /// How many runs with the same kernel tell whether a test is flaky.
    pub runs: usize,
}

/// A folder or file that cannot be used.
#[derive(Debug)]
pub struct Error(pub String);

/// A result, or why a folder or file cannot be used.
pub type Result<T> = std::result::Result<T, Error>;

/// How a result compares with the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It passed in the baseline and fails now.
    Regression,
    /// It fails, and the baseline does not have it, or as one that was not run.
    NewFailure,
    /// It failed in the baseline and passes now.
    Fix,
    /// It fails as it does in the baseline.
    KnownFailure,
}

impl Change {
    /// A word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::NewFailure => "new-failure",
            Self::Fix => "fix",
            Self::KnownFailure => "known-failure",
        }
    }

    /// Whether something got worse.
    pub fn is_worse(self) -> bool {
        matches!(self, Self::Regression | Self::NewFailure)
    }

    fn of(expected: Option<Expected>, now: Status) -> Option<Self> {
        match (expected, now.is_failure()) {
            (Some(Expected::Flaky), true) => Some(Self::KnownFailure),
            (Some(Expected::Flaky), false) => None,
            (Some(Expected::Status(Status::Pass)), true) => Some(Self::Regression),
            (Some(Expected::Status(before)), true) if before.is_failure() => Some(Self::KnownFailure),
            (_, true) => Some(Self::NewFailure),
            (Some(Expected::Status(before)), false) if before.is_failure() && now == Status::Pass => {
                Some(Self::Fix)
            }
            _ => None,
        }
    }
}

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

/// A test of the baseline that no host ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Its suite.
    pub suite: String,
    /// Its section.
    pub section: String,
    /// The test.
    pub test: String,
    /// What the baseline says.
    pub expected: Expected,
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
    known: Baseline,
}

impl Choice {
    fn wanted(patterns: &[String], name: &str) -> bool {
        patterns.is_empty() || patterns.iter().any(|p| pattern::fits(p, name))
    }

    fn filters(&self) -> bool {
        !self.hosts.is_empty() || !self.kernels.is_empty()
    }

    /// All runs that are wanted, by suite and host, each list in the order of time.
    fn scan(&self, notes: &mut Notes) -> BTreeMap<(String, String), Vec<Run>> {
        let mut runs: BTreeMap<(String, String), Vec<Run>> = BTreeMap::new();
        for host in entries(&self.folder)
            .0
            .iter()
            .filter(|h| Self::wanted(&self.hosts, h))
        {
            let folder = self.folder.join(host);
            for suite in entries(&folder)
                .0
                .iter()
                .filter(|s| Self::wanted(&self.suites, s))
            {
                let folder = folder.join(suite);
                for id in entries(&folder).0 {
                    let run = Run::open(host, suite, &id, folder.join(&id), notes);
                    if Self::wanted(&self.kernels, &run.kernel) {
                        runs.entry((suite.clone(), host.clone())).or_default().push(run);
                    }
                }
            }
        }
        runs
    }
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
        report.find_missing(choice);
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
            let Some(newest) = runs.last().cloned() else {
                continue;
            };
            let now = current.contains(&newest.id);
            earlier += usize::from(!now);
            if earlier > MOST_EARLIER {
                break;
            }
            let column = self.columns.len();
            let mut tests: HashMap<(String, String), Entry> = HashMap::new();
            let mut histories: HashMap<(String, String), Vec<Status>> = HashMap::new();
            let mut failures: HashMap<(String, String), (String, Outcome)> = HashMap::new();
            let window = if now { choice.runs.max(1) } else { 1 };
            let oldest = runs.iter().position(|r| current.contains(&r.id));
            let first = runs
                .len()
                .saturating_sub(window)
                .min(oldest.unwrap_or(runs.len() - 1));
            for run in &runs[first..] {
                // A broken line of a run that is not shown itself is no news.
                let shown = current.contains(&run.id) || !now;
                let mut old_notes = Notes::default();
                let notes = if shown { &mut *notes } else { &mut old_notes };
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
                run: newest,
                current: now,
            });
        }
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

    /// What the baseline has and no current column ran. With a filter of hosts or kernels only sections that those ran are asked for.
    fn find_missing(&mut self, choice: &Choice) {
        let mut ran: HashMap<(&str, &str, &str), Vec<&str>> = HashMap::new();
        let mut sections: BTreeSet<(&str, &str)> = BTreeSet::new();
        for entry in self.current() {
            let run = &self.columns[entry.column].run;
            let (section, test) = (entry.outcome.section.as_str(), entry.outcome.test.as_str());
            sections.insert((&run.suite, section));
            if !entry.outcome.status.is_skip() {
                ran.entry((&run.suite, section, test))
                    .or_default()
                    .push(&run.kernel);
            }
        }
        let kernels: BTreeSet<(&str, &str)> = self
            .columns
            .iter()
            .filter(|c| c.current)
            .map(|c| (c.run.suite.as_str(), c.run.kernel.as_str()))
            .collect();
        let mut told: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
        let mut missing: Vec<Missing> = Vec::new();
        for known in self.known.known() {
            let skipped = matches!(known.expected, Expected::Status(status) if status.is_skip());
            let fits = |kernel: &str| pattern::fits(&known.kernel, kernel);
            let asked = Choice::wanted(&choice.suites, &known.suite)
                && (!choice.filters() || sections.contains(&(known.suite.as_str(), known.section.as_str())))
                && (known.kernel == "*" || kernels.iter().any(|(suite, k)| *suite == known.suite && fits(k)));
            let test = (known.suite.as_str(), known.section.as_str(), known.test.as_str());
            let done = ran
                .get(&test)
                .is_some_and(|kernels| kernels.iter().any(|k| fits(k)));
            if asked && !skipped && !done && told.insert(test) {
                missing.push(Missing {
                    suite: known.suite.clone(),
                    section: known.section.clone(),
                    test: known.test.clone(),
                    expected: known.expected,
                });
            }
        }
        self.missing = missing;
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
