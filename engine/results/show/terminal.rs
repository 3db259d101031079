//! The terminal: a summary table, then what changed.

use super::{count, path, words};
use crate::{
    change::Change,
    outcome::Outcome,
    report::{Entry, Report, Totals},
    status::Status,
    text::{cut, duration, width},
};

/// Entries of each list that are told; the files have all.
const MOST: usize = 50;
/// Tries of a flaky test that are shown.
const TRIES: usize = 20;

/// Colours of terminals; signs and words say the same.
#[derive(Clone, Copy)]
enum Paint {
    Bold,
    Good,
    Bad,
    Odd,
    Dim,
}

/// A text that grows line by line.
struct Out {
    text: String,
    columns: usize,
    color: bool,
}

impl Out {
    fn paint(&self, paint: Paint, text: &str) -> String {
        let code = match paint {
            Paint::Bold => "1",
            Paint::Good => "32",
            Paint::Bad => "31",
            Paint::Odd => "33",
            Paint::Dim => "2",
        };
        if self.color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    /// A line of a list: its sign is painted, what does not fit is cut.
    fn item(&mut self, paint: Paint, sign: char, text: &str) {
        let text = cut(text, self.columns.saturating_sub(4));
        let sign = self.paint(paint, &sign.to_string());
        self.line(&format!("  {sign} {text}"));
    }

    fn below(&mut self, text: &str) {
        let text = cut(text, self.columns.saturating_sub(4));
        let text = self.paint(Paint::Dim, &text);
        self.line(&format!("    {text}"));
    }

    fn head(&mut self, text: &str) {
        let text = self.paint(Paint::Bold, text);
        self.line("");
        self.line(&text);
    }
}

/// The report in lines of so many columns. Paths of logs are never cut.
pub fn terminal(report: &Report, columns: usize, color: bool) -> String {
    let mut out = Out {
        text: String::new(),
        columns,
        color,
    };
    table(report, &mut out);
    failures(report, &mut out, Change::Regression);
    failures(report, &mut out, Change::NewFailure);
    if !report.failed {
        fixes(report, &mut out);
        flaky(report, &mut out);
    }
    failures(report, &mut out, Change::KnownFailure);
    if !report.failed {
        missing(report, &mut out);
    }
    verdict(report, &mut out);
    out.text
}

fn cells(names: [&str; 4], totals: &Totals) -> [String; 8] {
    let [host, suite, section, kernel] = names.map(str::to_owned);
    let numbers = [totals.pass, totals.fail, totals.skip].map(|n| n.to_string());
    let [pass, fail, skip] = numbers;
    let time = duration(Some(totals.seconds));
    [host, suite, section, kernel, pass, fail, skip, time]
}

fn table(report: &Report, out: &mut Out) {
    let mut rows = vec![
        [
            "HOST", "SUITE", "SECTION", "KERNEL", "PASS", "FAIL", "SKIP", "TIME",
        ]
        .map(str::to_owned),
    ];
    let mut all = Totals::default();
    let summary = report.summary();
    for (run, section, totals) in &summary {
        let section = if section.is_empty() { "-" } else { section };
        rows.push(cells([&run.host, &run.suite, section, &run.kernel], totals));
        all.pass += totals.pass;
        all.fail += totals.fail;
        all.skip += totals.skip;
        all.seconds += totals.seconds;
    }
    if summary.len() > 1 {
        rows.push(cells(["all", "", "", ""], &all));
    }
    let mut widths = [0; 8];
    for row in &rows {
        for (w, cell) in widths.iter_mut().zip(row) {
            *w = (*w).max(width(cell));
        }
    }
    // The longest name gives way first.
    while widths.iter().sum::<usize>() + 2 * 7 > out.columns {
        let longest = (0..4).max_by_key(|n| widths[*n]).unwrap_or_default();
        if widths[longest] <= 4 {
            break;
        }
        widths[longest] -= 1;
    }
    for (number, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (place, (w, cell)) in widths.iter().zip(row).enumerate() {
            let cell = if place == 3 {
                cut_middle(cell, *w)
            } else {
                cut(cell, *w)
            };
            let space = " ".repeat(w.saturating_sub(width(&cell)));
            let painted = match (number, place) {
                (0, _) => out.paint(Paint::Bold, &cell),
                (_, 5) if cell != "0" => out.paint(Paint::Bad, &cell),
                _ => cell,
            };
            if place < 4 {
                line.push_str(&format!("{painted}{space}  "));
            } else {
                line.push_str(&format!("{space}{painted}  "));
            }
        }
        out.line(&line);
    }
}

/// Kernels differ at their ends as well, so the middle is left out.
fn cut_middle(text: &str, limit: usize) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    let keep = limit.saturating_sub(1) / 2;
    let chars: Vec<char> = text.chars().collect();
    let front = cut(text, limit - keep);
    let back: String = chars[chars.len().saturating_sub(keep)..].iter().collect();
    cut(&format!("{front}{back}"), limit)
}

/// Where a test was run.
fn place(report: &Report, entry: &Entry) -> String {
    let run = report.column(entry);
    let suite = words(&[&run.suite, &entry.outcome.section]);
    format!("{suite}, {} {}", run.host, run.kernel)
}

fn failures(report: &Report, out: &mut Out, change: Change) {
    let entries = report.changed(change);
    if entries.is_empty() {
        return;
    }
    let (one, many, why) = match change {
        Change::Regression => ("regression", "regressions", ": passed in the baseline"),
        Change::NewFailure if report.baseline.is_none() => ("failure", "failures", ""),
        Change::NewFailure => ("new failure", "new failures", ": not in the baseline"),
        _ => ("known failure", "known failures", ""),
    };
    out.head(&format!("{}{why}", count(entries.len(), one, many)));
    for entry in entries.iter().take(MOST) {
        let outcome = &entry.outcome;
        let flaky = if entry.flaky { " (flaky)" } else { "" };
        let time = duration(outcome.seconds);
        let what = words(&[&outcome.test, outcome.status.word(), &time]);
        let text = format!("{what}{flaky}  {}", place(report, entry));
        out.item(Paint::Bad, outcome.status.sign(), &text);
        details(outcome, out);
    }
    left_out(entries.len(), out);
}

/// The message of a failure, the path of its first log and how many more there are.
fn details(outcome: &Outcome, out: &mut Out) {
    if !outcome.message.is_empty() {
        out.below(&outcome.message);
    }
    if let Some(log) = outcome.logs.first() {
        let more = match outcome.logs.len() {
            1 => String::new(),
            n => format!(" +{}", n - 1),
        };
        let text = out.paint(Paint::Dim, &format!("{}{more}", path(&log.path)));
        out.line(&format!("    {text}"));
    }
}

fn left_out(all: usize, out: &mut Out) {
    if all > MOST {
        out.line(&format!("    and {} more: see --json or --html", all - MOST));
    }
}

fn fixes(report: &Report, out: &mut Out) {
    let entries = report.changed(Change::Fix);
    if entries.is_empty() {
        return;
    }
    let head = count(entries.len(), "fix", "fixes");
    out.head(&format!("{head}: failed in the baseline"));
    for entry in entries.iter().take(MOST) {
        let text = format!("{}  {}", entry.outcome.test, place(report, entry));
        out.item(Paint::Good, '✓', &text);
    }
    left_out(entries.len(), out);
}

fn flaky(report: &Report, out: &mut Out) {
    let entries = report.flaky();
    if entries.is_empty() {
        return;
    }
    out.head(&format!(
        "{} flaky: passes and failures with the same kernel",
        entries.len()
    ));
    for entry in entries.iter().take(MOST) {
        let text = format!("{}  {}", entry.outcome.test, place(report, entry));
        out.item(Paint::Odd, '~', &text);
        out.below(&tries(&entry.history));
        if !entry.outcome.status.is_failure() {
            details(&entry.outcome, out);
        }
    }
    left_out(entries.len(), out);
}

/// How often a test passed, and the last tries as signs.
pub(super) fn tries(history: &[Status]) -> String {
    let passed = history.iter().filter(|s| **s == Status::Pass).count();
    let failed = history.iter().filter(|s| s.is_failure()).count();
    let from = history.len().saturating_sub(TRIES);
    let signs: String = history[from..].iter().map(|s| s.sign()).collect();
    let before = if from > 0 { "…" } else { "" };
    format!("{passed} passed, {failed} failed: {before}{signs}")
}

fn missing(report: &Report, out: &mut Out) {
    if report.missing.is_empty() {
        return;
    }
    out.head(&format!(
        "{} missing: in the baseline, not run",
        report.missing.len()
    ));
    for same in report
        .missing
        .chunk_by(|a, b| (&a.suite, &a.section) == (&b.suite, &b.section))
        .take(MOST)
    {
        let tests: Vec<&str> = same.iter().take(MOST).map(|m| m.test.as_str()).collect();
        let suite = words(&[&same[0].suite, &same[0].section]);
        let text = format!("{suite}: {}  {}", same.len(), tests.join(" "));
        out.item(Paint::Odd, '?', &text);
    }
}

/// How all of it ended, in words.
fn verdict(report: &Report, out: &mut Out) {
    let number = |change| report.changed(change).len();
    let new = match report.baseline {
        None => ("failure", "failures"),
        Some(_) => ("new failure", "new failures"),
    };
    let counts = [
        (number(Change::Regression), "regression", "regressions"),
        (number(Change::NewFailure), new.0, new.1),
        (number(Change::Fix), "fix", "fixes"),
        (number(Change::KnownFailure), "known", "known"),
        (report.flaky().len(), "flaky", "flaky"),
        (report.missing.len(), "missing", "missing"),
    ];
    let told: Vec<String> = counts
        .iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, one, many)| count(*n, one, many))
        .collect();
    let (paint, word) = if report.is_worse() {
        (Paint::Bad, "worse")
    } else {
        (Paint::Good, "nothing got worse")
    };
    let word = out.paint(paint, word);
    out.line("");
    if told.is_empty() {
        out.line(&word);
    } else {
        out.line(&format!("{word}: {}", told.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::{cut_middle, tries};
    use crate::status::Status;

    #[test]
    fn kernels_keep_their_ends() {
        assert_eq!(cut_middle("6.18.0-rc3-g0123456789ab", 12), "6.18.0…789ab");
        assert_eq!(cut_middle("6.18.0", 6), "6.18.0");
    }

    #[test]
    fn long_histories_are_counted_in_full() {
        let mut history = vec![Status::Pass; 30];
        history.push(Status::Crash);
        assert_eq!(
            tries(&history),
            format!("30 passed, 1 failed: …{}✗", "✓".repeat(19))
        );
    }
}
