//! The list of runs as text.

use crate::{Run, width::width};

fn clock(seconds: f64) -> String {
    let time = jiff::Timestamp::from_millisecond((seconds * 1000.0) as i64).unwrap_or_default();
    time.to_zoned(jiff::tz::TimeZone::system())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

fn result(run: &Run) -> String {
    match run.code {
        Some(0) => "ok".to_owned(),
        Some(code) => format!("failed ({code})"),
        None => "unfinished".to_owned(),
    }
}

/// Quotes a word of a command line as a shell needs it.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// One line per run: when, how long, id, result, hosts, totals, command.
pub fn runs_table(runs: &[Run]) -> String {
    let head = [
        "STARTED", "TOOK", "RUN", "RESULT", "HOSTS", "OK", "CHANGED", "FAILED", "COMMAND",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    for run in runs {
        let totals = run.totals();
        let words: Vec<String> = run.argv.iter().map(|a| word(a)).collect();
        rows.push([
            clock(run.started),
            run.ended
                .map_or("-".to_owned(), |e| format!("{:.0}s", e - run.started)),
            run.id.clone(),
            result(run),
            run.stats.len().to_string(),
            totals.ok.to_string(),
            totals.changed.to_string(),
            (totals.failed + totals.unreachable).to_string(),
            words.join(" ").replace(char::is_control, " "),
        ]);
    }
    let mut widths = [0; 9];
    for row in &rows {
        for (w, cell) in widths.iter_mut().zip(row) {
            *w = (*w).max(width(cell));
        }
    }
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (w, cell) in widths.iter().zip(row) {
            line.push_str(cell);
            line.push_str(&" ".repeat(w - width(cell) + 2));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::runs_table;
    use crate::Run;

    #[test]
    fn runs_are_told_in_lines() {
        let run = Run {
            id: "20300101-x".into(),
            argv: vec!["kdo".into(), "run a'b".into()],
            cwd: "/".into(),
            started: 0.0,
            ended: None,
            code: None,
            stats: vec![],
        };
        let text = runs_table(&[run]);
        assert!(text.contains("20300101-x  unfinished  0"), "{text}");
        assert!(text.ends_with("kdo 'run a'\\''b'\n"), "{text}");
    }
}
