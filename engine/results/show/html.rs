//! One HTML page that needs nothing beside it: matrices of tests and hosts with their kernels, what changed, logs folded in.
//!
//! It is written piece by piece; logs are read when it is their turn. Every text goes through [`escape`].

use super::{path, terminal::tries, words, xml::escape};
use crate::{
    change::Change,
    log::{Log, SHOWN_LINES},
    report::{Entry, Report, Totals},
    text::duration,
};
use std::{
    collections::BTreeSet,
    io::{self, Write},
};

/// Bytes of logs in the page; later ones are named only.
const MOST_LOG_BYTES: usize = 24 << 20;
/// Tests in the list of the slowest.
const SLOWEST: usize = 10;

/// Writes the page.
pub fn html(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let mut page = Page {
        report,
        out,
        log_bytes: 0,
    };
    page.head()?;
    page.summary()?;
    writeln!(
        page.out,
        "<form class=\"filter\" hidden><label>Find <input type=\"search\" name=\"text\"></label>\
         <label><input type=\"checkbox\" name=\"changed\"> only what failed or changed</label>\
         <button type=\"button\" name=\"unfold\">Unfold all</button></form>"
    )?;
    page.tests()?;
    page.missing()?;
    page.matrices()?;
    page.slowest()?;
    page.runs()?;
    page.notes()?;
    writeln!(
        page.out,
        "<script>{}</script>\n</body>\n</html>",
        include_str!("page.js")
    )
}

pub(super) struct Page<'a, W> {
    pub(super) report: &'a Report,
    pub(super) out: &'a mut W,
    log_bytes: usize,
}

/// What the field of the page looks for.
pub(super) fn search_name(parts: &[&str]) -> String {
    escape(&words(parts).to_lowercase())
}

/// Words for what changed.
pub(super) fn tag(entry: &Entry) -> String {
    let change = match entry.change {
        Some(Change::Regression) => "<span class=\"tag\">▼ regression</span>",
        Some(Change::NewFailure) => "<span class=\"tag\">▼ new</span>",
        Some(Change::Fix) => "<span class=\"tag\">▲ fix</span>",
        Some(Change::KnownFailure) => "<span class=\"tag\">known</span>",
        None => "",
    };
    let flaky = if entry.flaky {
        "<span class=\"tag\">~ flaky</span>"
    } else {
        ""
    };
    format!("{change}{flaky}")
}

impl<W: Write> Page<'_, W> {
    fn head(&mut self) -> io::Result<()> {
        let report = self.report;
        let suites: BTreeSet<&str> = report.columns.iter().map(|c| c.run.suite.as_str()).collect();
        let suites: Vec<&str> = suites.into_iter().collect();
        let title = escape(&format!("Results: {}", suites.join(", ")));
        writeln!(
            self.out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
             script-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n<h1>{title}</h1>",
            include_str!("page.css")
        )?;
        let newest = report
            .columns
            .iter()
            .map(|c| c.run.id.as_str())
            .max()
            .unwrap_or_default();
        let baseline = match &report.baseline {
            Some(file) => format!("compared with {}", path(file)),
            None => "no baseline".to_owned(),
        };
        let text = format!("Latest run {newest}, {baseline}");
        writeln!(self.out, "<p class=\"soft from\">{}</p>", escape(&text))?;
        let number = |change| report.changed(change).len();
        let cards = [
            ("fail", number(Change::Regression), "regression", "regressions"),
            ("fail", number(Change::NewFailure), "new failure", "new failures"),
            ("pass", number(Change::Fix), "fix", "fixes"),
            (
                "skip",
                number(Change::KnownFailure),
                "known failure",
                "known failures",
            ),
            ("odd", report.flaky().len(), "flaky", "flaky"),
            ("odd", report.missing.len(), "missing", "missing"),
        ];
        writeln!(self.out, "<ul class=\"cards\">")?;
        for (class, number, one, many) in cards {
            let class = if number == 0 { "skip" } else { class };
            let word = if number == 1 { one } else { many };
            writeln!(self.out, "<li class=\"{class}\"><b>{number}</b>{word}</li>")?;
        }
        writeln!(self.out, "</ul>")
    }

    fn summary(&mut self) -> io::Result<()> {
        writeln!(
            self.out,
            "<h2>Summary</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>Host</th><th>Suite</th><th>Section</th>\
             <th>Kernel</th><th class=\"number\">Pass</th><th class=\"number\">Fail</th><th class=\"number\">Skip</th>\
             <th class=\"number\">Time</th></tr></thead>\n<tbody>"
        )?;
        for (run, section, totals) in self.report.summary() {
            let names = [&run.host, &run.suite, section, &run.kernel].map(escape);
            write!(self.out, "<tr>")?;
            for name in names {
                write!(self.out, "<td>{name}</td>")?;
            }
            let Totals {
                pass,
                fail,
                skip,
                seconds,
            } = totals;
            let bad = if fail > 0 { " fail" } else { "" };
            writeln!(
                self.out,
                "<td class=\"number\">{pass}</td><td class=\"number{bad}\">{fail}</td><td class=\"number\">{skip}</td>\
                 <td class=\"number\">{}</td></tr>",
                duration(Some(seconds))
            )?;
        }
        writeln!(self.out, "</tbody></table></div>")
    }

    /// What failed, and what is flaky, each with its logs.
    fn tests(&mut self) -> io::Result<()> {
        let report = self.report;
        let new = match report.baseline {
            Some(_) => "New failures: not in the baseline",
            None => "Failures",
        };
        let groups = [
            (
                "Regressions: passed in the baseline",
                report.changed(Change::Regression),
            ),
            (new, report.changed(Change::NewFailure)),
            ("Fixes: failed in the baseline", report.changed(Change::Fix)),
            ("Flaky: passes and failures with the same kernel", report.flaky()),
            ("Known failures", report.changed(Change::KnownFailure)),
        ];
        let mut told = BTreeSet::new();
        for (head, entries) in groups {
            // A flaky test that fails now stands where it failed.
            let entries: Vec<&Entry> = entries
                .into_iter()
                .filter(|e| !report.failed || e.outcome.status.is_failure())
                .filter(|e| told.insert(e.number))
                .collect();
            if entries.is_empty() {
                continue;
            }
            let number = entries.len();
            let known = entries[0].change == Some(Change::KnownFailure);
            let (open, close) = if known {
                // What is known is no news: folded.
                ("<details class=\"group\"><summary>", "</summary>")
            } else {
                ("", "")
            };
            writeln!(
                self.out,
                "{open}<h2>{head} <span class=\"soft\">{number}</span></h2>{close}"
            )?;
            for entry in entries {
                self.test(entry)?;
            }
            if known {
                writeln!(self.out, "</details>")?;
            }
        }
        Ok(())
    }

    fn test(&mut self, entry: &Entry) -> io::Result<()> {
        let (run, outcome) = (self.report.column(entry), &entry.outcome);
        let class = match outcome.status {
            status if status.is_failure() => "fail",
            _ if entry.flaky => "odd",
            _ => "pass",
        };
        let what = words(&[outcome.status.word(), &duration(outcome.seconds)]);
        writeln!(
            self.out,
            "<details class=\"test {class}\" id=\"t{}\" data-name=\"{}\">\n<summary><span class=\"name\">{}</span> \
             <span class=\"{}\">{} {what}</span>{} <span class=\"soft\">{} · {} · {}</span>",
            entry.number,
            search_name(&[
                &run.suite,
                &outcome.section,
                &outcome.test,
                &run.host,
                &run.kernel
            ]),
            escape(&outcome.test),
            if class == "fail" { "what" } else { "soft" },
            outcome.status.sign(),
            tag(entry),
            escape(&words(&[&run.suite, &outcome.section])),
            escape(&run.host),
            escape(&run.kernel),
        )?;
        if !outcome.message.is_empty() {
            writeln!(
                self.out,
                "<span class=\"message\">{}</span>",
                escape(&outcome.message)
            )?;
        }
        let baseline = entry.expected.map_or("not there", |e| e.word());
        writeln!(
            self.out,
            "</summary>\n<div><dl class=\"facts\"><div><dt>Run</dt><dd>{}</dd></div><div><dt>Baseline</dt><dd>{baseline}</dd></div>\
             <div><dt>Last tries</dt><dd>{}</dd></div></dl>",
            escape(&entry.run),
            tries(&entry.history)
        )?;
        if outcome.logs.is_empty() {
            writeln!(self.out, "<p class=\"soft\">No logs were fetched.</p>")?;
        }
        for (number, log) in outcome.logs.iter().enumerate() {
            self.log(log, number == 0)?;
        }
        writeln!(self.out, "</div></details>")
    }

    fn log(&mut self, log: &Log, open: bool) -> io::Result<()> {
        let (name, file) = (escape(&log.name), escape(&path(&log.path)));
        if self.log_bytes > MOST_LOG_BYTES {
            let text =
                format!("<p>{name} <span class=\"soft\">{file}: left out, the page is full</span></p>");
            return writeln!(self.out, "{text}");
        }
        let tail = match log.tail() {
            Ok(tail) => tail,
            Err(error) => {
                let error = escape(&error.to_string());
                return writeln!(
                    self.out,
                    "<p>{name} <span class=\"soft\">{file}: {error}</span></p>"
                );
            }
        };
        let open = if open { " open" } else { "" };
        let which = match (tail.more, tail.lines.len()) {
            (true, SHOWN_LINES..) => format!(", the last {SHOWN_LINES} lines"),
            (true, _) => ", its end".to_owned(),
            _ => String::new(),
        };
        writeln!(
            self.out,
            "<details class=\"log\"{open}><summary>{name} <span class=\"soft\">{file}{which}</span></summary>"
        )?;
        let text = tail.lines.join("\n");
        self.log_bytes += text.len();
        writeln!(self.out, "<pre>{}</pre></details>", escape(&text))
    }

    fn missing(&mut self) -> io::Result<()> {
        if self.report.missing.is_empty() || self.report.failed {
            return Ok(());
        }
        let number = self.report.missing.len();
        writeln!(
            self.out,
            "<h2>Missing: in the baseline, not run <span class=\"soft\">{number}</span></h2>"
        )?;
        for same in self
            .report
            .missing
            .chunk_by(|a, b| (&a.suite, &a.section) == (&b.suite, &b.section))
        {
            let tests: Vec<&str> = same.iter().map(|m| m.test.as_str()).collect();
            let head = words(&[&same[0].suite, &same[0].section]);
            let (head, tests) = (escape(&head), escape(&tests.join(" ")));
            writeln!(self.out, "<p><b>{head}</b> {tests}</p>")?;
        }
        Ok(())
    }

    fn slowest(&mut self) -> io::Result<()> {
        let mut entries: Vec<(&Entry, f64)> = self
            .report
            .current()
            .filter_map(|e| e.outcome.seconds.map(|s| (e, s)))
            .filter(|(_, seconds)| *seconds >= 1.0)
            .collect();
        entries.sort_by(|a, b| b.1.total_cmp(&a.1));
        let Some((_, longest)) = entries.first().copied() else {
            return Ok(());
        };
        writeln!(
            self.out,
            "<h2>Slowest</h2>\n<div class=\"wide\"><table class=\"bars\"><tbody>"
        )?;
        for (entry, seconds) in entries.into_iter().take(SLOWEST) {
            let run = self.report.column(entry);
            writeln!(
                self.out,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"number\">{}</td>\
                 <td><span class=\"bar\" style=\"width:{:.1}%\"></span></td></tr>",
                escape(&words(&[&run.suite, &entry.outcome.section])),
                escape(&entry.outcome.test),
                escape(&run.host),
                duration(Some(seconds)),
                seconds / longest * 100.0
            )?;
        }
        writeln!(self.out, "</tbody></table></div>")
    }

    fn runs(&mut self) -> io::Result<()> {
        writeln!(self.out, "<h2>Runs</h2>")?;
        for column in &self.report.columns {
            let run = &column.run;
            let facts = [
                ("host", &run.host),
                ("suite", &run.suite),
                ("run", &run.id),
                ("kernel", &run.kernel),
                ("started", &run.started),
                ("ended", &run.ended),
            ];
            let extra = run.extra.iter().map(|(k, v)| (k.as_str(), v));
            write!(self.out, "<dl class=\"facts\">")?;
            for (key, value) in facts.into_iter().chain(extra).filter(|(_, v)| !v.is_empty()) {
                let (key, value) = (escape(key), escape(value));
                write!(self.out, "<div><dt>{key}</dt><dd>{value}</dd></div>")?;
            }
            writeln!(self.out, "</dl>")?;
        }
        Ok(())
    }

    fn notes(&mut self) -> io::Result<()> {
        if self.report.notes.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "<h2>Could not be read</h2>\n<ul>")?;
        for note in &self.report.notes {
            writeln!(self.out, "<li>{}</li>", escape(&note.to_string()))?;
        }
        writeln!(self.out, "</ul>")
    }
}
