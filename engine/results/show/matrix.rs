//! The part of the page that shows tests against hosts and their kernels.

use super::{
    count,
    html::{Page, search_name, tag},
    xml::escape,
};
use crate::{report::Entry, status::Status, text::duration};
use std::{
    collections::BTreeMap,
    io::{self, Write},
};

/// The class of a cell, which gives its colour.
fn class(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Skip | Status::Notrun => "skip",
        _ => "fail",
    }
}

impl<W: Write> Page<'_, W> {
    /// For each suite a table of its tests and of the hosts with their kernels.
    pub(super) fn matrices(&mut self) -> io::Result<()> {
        let report = self.report;
        let mut suites: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, column) in report.columns.iter().enumerate() {
            suites.entry(&column.run.suite).or_default().push(place);
        }
        for (suite, columns) in suites {
            writeln!(
                self.out,
                "<h2>{}</h2>\n<div class=\"wide\"><table class=\"matrix\">\n<thead><tr><th>Test</th>",
                escape(suite)
            )?;
            for place in &columns {
                let column = &report.columns[*place];
                let earlier = if column.current { "" } else { ", earlier" };
                writeln!(
                    self.out,
                    "<th>{}<br>{}<br><span class=\"soft\">{}{earlier}</span></th>",
                    escape(&column.run.host),
                    escape(&column.run.kernel),
                    escape(&column.run.id)
                )?;
            }
            writeln!(self.out, "</tr></thead>")?;
            let entries: Vec<&Entry> = report
                .entries
                .iter()
                .filter(|e| columns.contains(&e.column))
                .collect();
            for section in entries.chunk_by(|a, b| a.outcome.section == b.outcome.section) {
                self.section(section, &columns)?;
            }
            writeln!(self.out, "</table></div>")?;
        }
        Ok(())
    }

    fn section(&mut self, entries: &[&Entry], columns: &[usize]) -> io::Result<()> {
        let mut rows: Vec<&[&Entry]> = entries
            .chunk_by(|a, b| a.outcome.test == b.outcome.test)
            .collect();
        if self.report.failed {
            rows.retain(|row| row.iter().any(|e| e.outcome.status.is_failure()));
        }
        if rows.is_empty() {
            return Ok(());
        }
        let section = &entries[0].outcome.section;
        writeln!(self.out, "<tbody class=\"tests\">")?;
        if !section.is_empty() {
            writeln!(
                self.out,
                "<tr class=\"section\"><th colspan=\"{}\">{} <span class=\"soft\">{}</span></th></tr>",
                columns.len() + 1,
                escape(section),
                count(rows.len(), "test", "tests")
            )?;
        }
        for row in rows {
            let current = |e: &&&Entry| self.report.columns[e.column].current;
            let bad = row
                .iter()
                .filter(current)
                .any(|e| e.outcome.status.is_failure() || e.change.is_some() || e.flaky);
            let bad = if bad { " data-bad" } else { "" };
            let test = &row[0].outcome.test;
            let name = search_name(&[section, test]);
            writeln!(
                self.out,
                "<tr data-name=\"{name}\"{bad}><th>{}</th>",
                escape(test)
            )?;
            for column in columns {
                match row.iter().find(|e| e.column == *column) {
                    Some(entry) => self.cell(entry)?,
                    None => writeln!(self.out, "<td></td>")?,
                }
            }
            writeln!(self.out, "</tr>")?;
        }
        writeln!(self.out, "</tbody>")
    }

    fn cell(&mut self, entry: &Entry) -> io::Result<()> {
        let outcome = &entry.outcome;
        let current = self.report.columns[entry.column].current;
        let earlier = if current { "" } else { " earlier" };
        let sign = outcome.status.sign();
        let word = match outcome.status {
            Status::Pass => String::new(),
            status => format!(" {}", status.word()),
        };
        let text = if current && (outcome.status.is_failure() || entry.change.is_some() || entry.flaky) {
            format!("<a href=\"#t{}\">{sign}{word}</a>", entry.number)
        } else {
            format!("{sign}{word}")
        };
        let title = match outcome.message.as_str() {
            "" => String::new(),
            message => format!(" title=\"{}\"", escape(message)),
        };
        let time = match duration(outcome.seconds.filter(|s| *s > 0.0)) {
            time if time.is_empty() => time,
            time => format!("<span class=\"time\">{time}</span>"),
        };
        let class = class(outcome.status);
        writeln!(
            self.out,
            "<td class=\"{class}{earlier}\"{title}>{time}{text}{}</td>",
            tag(entry)
        )
    }
}
