//! Differences of texts in the unified layout, as Ansible shows them.

use crate::sequence::{Kind, groups};

/// What a line of a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffPart {
    /// Taken out, or the header of the text before.
    Removed,
    /// Put in, or the header of the text after.
    Added,
    /// Says where the next lines are.
    Place,
    /// In both.
    Same,
}

/// Lines as Python's `splitlines(True)` cuts them.
fn lines(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut line = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        line.push(c);
        let end = match c {
            '\r' => chars.peek() != Some(&'\n'),
            '\n' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}' => true,
            _ => false,
        };
        if end {
            out.push(std::mem::take(&mut line));
        }
    }
    if !line.is_empty() {
        out.push(line);
    }
    if let Some(last) = out.last_mut().filter(|l| !l.ends_with('\n')) {
        last.push_str("\n\\ No newline at end of file\n");
    }
    out
}

fn range(start: usize, stop: usize) -> String {
    match stop - start {
        0 => format!("{start},0"),
        1 => (start + 1).to_string(),
        n => format!("{},{n}", start + 1),
    }
}

/// The difference of two texts with `context` lines around each change; empty if there is none. `paint` gets each line with its
/// line end and gives what is to stand there.
pub fn unified_diff(
    before: &str,
    after: &str,
    headers: &(String, String),
    context: usize,
    paint: &dyn Fn(DiffPart, &str) -> String,
) -> String {
    let (a, b) = (lines(before), lines(after));
    let mut out = String::new();
    for group in groups(&a, &b, context) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            continue;
        };
        if out.is_empty() {
            out.push_str(&paint(DiffPart::Removed, &format!("--- {}\n", headers.0)));
            out.push_str(&paint(DiffPart::Added, &format!("+++ {}\n", headers.1)));
        }
        let (old, new) = (range(first.a0, last.a1), range(first.b0, last.b1));
        out.push_str(&paint(DiffPart::Place, &format!("@@ -{old} +{new} @@\n")));
        for step in &group {
            let old = a.get(step.a0..step.a1).unwrap_or(&[]);
            let new = b.get(step.b0..step.b1).unwrap_or(&[]);
            if step.kind == Kind::Equal {
                for line in old {
                    out.push_str(&paint(DiffPart::Same, &format!(" {line}")));
                }
                continue;
            }
            for line in old {
                out.push_str(&paint(DiffPart::Removed, &format!("-{line}")));
            }
            for line in new {
                out.push_str(&paint(DiffPart::Added, &format!("+{line}")));
            }
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}
