//! JUnit's XML for servers of continuous integration: a suite for each host, suite, section and kernel.
//!
//! Only what got worse is a failure there; what is known to fail is skipped with that reason. So the job is red exactly when the
//! exit status is 1.

use super::{path, words, xml::escape};
use crate::{
    change::Change,
    report::{Entry, Report},
    status::Status,
};
use std::io::{self, Write};

/// Writes the report.
pub fn junit(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let wanted: Vec<&Entry> = report
        .current()
        .filter(|e| !report.failed || e.outcome.status.is_failure())
        .collect();
    let (tests, failures, _, time) = totals(&wanted);
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites tests=\"{tests}\" failures=\"{failures}\" time=\"{time:.3}\">"
    )?;
    for (run, section, _) in report.summary() {
        let cases: Vec<&Entry> = wanted
            .iter()
            .filter(|e| std::ptr::eq(report.column(e), run) && e.outcome.section == section)
            .copied()
            .collect();
        let (tests, failures, skipped, time) = totals(&cases);
        let name = words(&[&run.host, &run.suite, section, &run.kernel]);
        write!(
            out,
            "  <testsuite name=\"{}\" hostname=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" \
             skipped=\"{skipped}\" time=\"{time:.3}\"",
            escape(&name),
            escape(&run.host)
        )?;
        if !run.started.is_empty() {
            write!(out, " timestamp=\"{}\"", escape(&run.started))?;
        }
        writeln!(out, ">")?;
        let kernel = ("kernel".to_owned(), run.kernel.clone());
        writeln!(out, "    <properties>")?;
        for (key, value) in std::iter::once(&kernel).chain(&run.extra) {
            let (key, value) = (escape(key), escape(value));
            writeln!(out, "      <property name=\"{key}\" value=\"{value}\"/>")?;
        }
        writeln!(out, "    </properties>")?;
        let class = if section.is_empty() {
            run.suite.clone()
        } else {
            format!("{}.{section}", run.suite)
        };
        for entry in cases {
            case(entry, &class, out)?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

/// Tests, failures, skipped, seconds.
fn totals(entries: &[&Entry]) -> (usize, usize, usize, f64) {
    let failures = entries
        .iter()
        .filter(|e| e.change.is_some_and(Change::is_worse))
        .count();
    let known = |e: &&&Entry| e.change == Some(Change::KnownFailure) || e.outcome.status.is_skip();
    let skipped = entries.iter().filter(known).count();
    let seconds = entries.iter().filter_map(|e| e.outcome.seconds);
    // Not `sum`, which is -0 for nothing.
    let time = seconds.fold(0.0, |all, s| all + s);
    (entries.len(), failures, skipped, time)
}

fn case(entry: &Entry, class: &str, out: &mut impl Write) -> io::Result<()> {
    let outcome = &entry.outcome;
    let time = outcome.seconds.unwrap_or_default();
    write!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{time:.3}\"",
        escape(class),
        escape(&outcome.test)
    )?;
    if outcome.status == Status::Pass {
        return writeln!(out, "/>");
    }
    writeln!(out, ">")?;
    let (tag, prefix) = match entry.change {
        Some(change) if change.is_worse() => ("failure", change.word()),
        Some(_) => ("skipped", "known failure"),
        None => ("skipped", ""),
    };
    let parts: Vec<&str> = [prefix, &outcome.message]
        .into_iter()
        .filter(|p| !p.is_empty())
        .collect();
    let message = escape(&parts.join(": "));
    let kind = outcome.status.word();
    writeln!(out, "      <{tag} type=\"{kind}\" message=\"{message}\"/>")?;
    if outcome.status.is_failure() && !outcome.logs.is_empty() {
        writeln!(out, "      <system-out>")?;
        for log in &outcome.logs {
            writeln!(out, "== {}", escape(&path(&log.path)))?;
            match log.tail() {
                Ok(tail) => {
                    if tail.more {
                        writeln!(out, "…")?;
                    }
                    for line in &tail.lines {
                        writeln!(out, "{}", escape(line))?;
                    }
                }
                Err(error) => writeln!(out, "{}", escape(&error.to_string()))?,
            }
        }
        writeln!(out, "      </system-out>")?;
    }
    writeln!(out, "    </testcase>")
}
