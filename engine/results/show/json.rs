//! JSON for programs: one object, a line for each of its members' elements.

use super::path;
use crate::{change::Change, report::Report};
use std::fmt::Write;

fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn object(members: &[(&str, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(k, v)| format!("{}: {v}", text(k))).collect();
    format!("{{{}}}", members.join(", "))
}

fn list(elements: impl IntoIterator<Item = String>) -> String {
    let elements: Vec<String> = elements.into_iter().collect();
    format!("[{}]", elements.join(", "))
}

fn lines(elements: impl IntoIterator<Item = String>) -> String {
    let elements: Vec<String> = elements.into_iter().map(|e| format!("\n    {e}")).collect();
    match elements.is_empty() {
        true => "[]".to_owned(),
        false => format!("[{}\n  ]", elements.join(",")),
    }
}

/// To the thousandth: sums have no more.
fn seconds(seconds: f64) -> String {
    ((seconds * 1000.0).round() / 1000.0).to_string()
}

fn or_null(text: Option<String>) -> String {
    text.unwrap_or_else(|| "null".to_owned())
}

/// The report.
pub fn json(report: &Report) -> String {
    let runs = report.columns.iter().map(|column| {
        let run = &column.run;
        let extra: Vec<(&str, String)> = run.extra.iter().map(|(k, v)| (k.as_str(), text(v))).collect();
        object(&[
            ("host", text(&run.host)),
            ("suite", text(&run.suite)),
            ("kernel", text(&run.kernel)),
            ("run", text(&run.id)),
            ("current", column.current.to_string()),
            ("started", text(&run.started)),
            ("ended", text(&run.ended)),
            ("extra", object(&extra)),
        ])
    });
    let summary = report.summary().into_iter().map(|(run, section, totals)| {
        object(&[
            ("host", text(&run.host)),
            ("suite", text(&run.suite)),
            ("section", text(section)),
            ("kernel", text(&run.kernel)),
            ("pass", totals.pass.to_string()),
            ("fail", totals.fail.to_string()),
            ("skip", totals.skip.to_string()),
            ("seconds", seconds(totals.seconds)),
        ])
    });
    let wanted = report
        .entries
        .iter()
        .filter(|e| !report.failed || e.outcome.status.is_failure());
    let tests = wanted.map(|entry| {
        let (run, outcome) = (report.column(entry), &entry.outcome);
        object(&[
            ("host", text(&run.host)),
            ("suite", text(&run.suite)),
            ("section", text(&outcome.section)),
            ("test", text(&outcome.test)),
            ("kernel", text(&run.kernel)),
            ("run", text(&entry.run)),
            ("current", report.columns[entry.column].current.to_string()),
            ("status", text(outcome.status.word())),
            ("seconds", or_null(outcome.seconds.map(seconds))),
            ("message", text(&outcome.message)),
            ("baseline", or_null(entry.expected.map(|e| text(e.word())))),
            ("change", or_null(entry.change.map(|c| text(c.word())))),
            ("flaky", entry.flaky.to_string()),
            ("history", list(entry.history.iter().map(|s| text(s.word())))),
            ("logs", list(outcome.logs.iter().map(|l| text(&path(&l.path))))),
        ])
    });
    let missing = report.missing.iter().map(|m| {
        object(&[
            ("suite", text(&m.suite)),
            ("section", text(&m.section)),
            ("test", text(&m.test)),
            ("baseline", text(m.expected.word())),
        ])
    });
    let notes = report.notes.iter().map(|note| {
        object(&[
            ("file", text(&note.file)),
            ("line", note.line.to_string()),
            ("text", text(&note.text)),
        ])
    });
    let changes = [
        ("regressions", Change::Regression),
        ("new_failures", Change::NewFailure),
        ("fixes", Change::Fix),
        ("known_failures", Change::KnownFailure),
    ];
    let mut counts: Vec<(&str, String)> = changes
        .iter()
        .map(|(name, change)| (*name, report.changed(*change).len().to_string()))
        .collect();
    counts.push(("flaky", report.flaky().len().to_string()));
    counts.push(("missing", report.missing.len().to_string()));
    let members = [
        ("folder", text(&path(&report.folder))),
        (
            "baseline",
            or_null(report.baseline.as_deref().map(|b| text(&path(b)))),
        ),
        ("worse", report.is_worse().to_string()),
        ("counts", object(&counts)),
        ("runs", lines(runs)),
        ("summary", lines(summary)),
        ("tests", lines(tests)),
        ("missing", lines(missing)),
        ("notes", lines(notes)),
    ];
    let members: Vec<String> = members.iter().map(|(k, v)| format!("  \"{k}\": {v}")).collect();
    format!("{{\n{}\n}}\n", members.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::{lines, object, seconds, text};

    #[test]
    fn texts_are_escaped() {
        assert_eq!(text("a\"\\\n\u{1}é"), "\"a\\\"\\\\\\n\\u0001é\"");
        assert_eq!(
            object(&[("a", "1".into()), ("b", "[]".into())]),
            "{\"a\": 1, \"b\": []}"
        );
        assert_eq!(lines(Vec::new()), "[]");
        assert_eq!(seconds(0.1 + 0.2), "0.3");
    }
}
