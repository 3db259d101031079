//! Diagnostics as text for a terminal.

use crate::{Diagnostic, Severity, SourceMap};
use std::fmt::Write;

const TAB: usize = 4;
/// Longer lines are cut around the place pointed at.
const MAX_LINE: usize = 160;

struct Style {
    color: bool,
}

impl Style {
    fn paint(&self, code: &str, text: &str) -> String {
        if self.color {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
    fn severity(&self, severity: Severity, text: &str) -> String {
        let code = match severity {
            Severity::Error => "1;31",
            Severity::Warning => "1;33",
            Severity::Note => "1;36",
        };
        self.paint(code, text)
    }
    fn frame(&self, text: &str) -> String {
        self.paint("1;34", text)
    }
}

/// Writes a diagnostic with the line it points at; several lines, ending in a line end.
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, color: bool) -> String {
    let style = Style { color };
    let d = diagnostic;
    let mut out = format!(
        "{}{} {}\n",
        style.severity(d.severity, d.severity.word()),
        style.paint("1", ":"),
        style.paint("1", &d.message.replace('\n', "\n  "))
    );
    let mut gutter = 0;
    if let Some(origin) = d.place {
        gutter = digits(origin.line);
        let _ = writeln!(
            out,
            "{}{} {}",
            " ".repeat(gutter),
            style.frame("-->"),
            sources.place(origin)
        );
        snippet(&mut out, d, sources, &style, gutter);
    }
    let pad = " ".repeat(gutter);
    let lead = if gutter == 0 { "  " } else { " " };
    for (word, text) in d
        .notes
        .iter()
        .map(|n| ("note", n))
        .chain(d.help.iter().map(|h| ("help", h)))
    {
        let text = text.replace('\n', &format!("\n{pad}{lead}        "));
        let _ = writeln!(out, "{pad}{lead}{} {word}: {text}", style.frame("="));
    }
    out
}

fn snippet(out: &mut String, d: &Diagnostic, sources: &SourceMap, style: &Style, gutter: usize) {
    let Some(origin) = d.place else { return };
    let Some(source) = sources.get(origin.file) else {
        return;
    };
    let Some(line) = source.line(origin.line) else {
        return;
    };
    let bar = style.frame("|");
    let pad = " ".repeat(gutter);
    let _ = writeln!(out, "{pad} {bar}");
    for number in origin.line.saturating_sub(d.context.into()).max(1)..origin.line {
        if let Some(before) = source.line(number) {
            let text = cells(before, MAX_LINE);
            let _ = writeln!(
                out,
                "{} {bar} {}",
                style.frame(&format!("{number:>gutter$}")),
                text.trim_end()
            );
        }
    }
    let column = (origin.column.max(1) - 1) as usize;
    let (line, column) = cut(line, column);
    let shown = cells(&line, usize::MAX);
    let _ = writeln!(
        out,
        "{} {bar} {}",
        style.frame(&origin.line.to_string()),
        shown.trim_end()
    );
    if origin.column > 0 {
        let before: usize = line.chars().take(column).map(width).sum();
        let rest: usize = line
            .chars()
            .skip(column)
            .take(d.length.max(1) as usize)
            .map(width)
            .sum();
        let mark = "^".repeat(rest.max(1));
        let label = d.label.as_ref().map_or_else(String::new, |l| format!(" {l}"));
        let text = style.severity(d.severity, &format!("{mark}{label}"));
        let _ = writeln!(out, "{pad} {bar} {}{text}", " ".repeat(before));
    } else if let Some(label) = &d.label {
        let _ = writeln!(out, "{pad} {bar} {}", style.severity(d.severity, label));
    }
    if !d.notes.is_empty() || d.help.is_some() {
        let _ = writeln!(out, "{pad} {bar}");
    }
}

/// Keeps the part of a long line around `column`.
fn cut(line: &str, column: usize) -> (String, usize) {
    let length = line.chars().count();
    let start = if length <= MAX_LINE || column < MAX_LINE / 2 {
        0
    } else {
        column - MAX_LINE / 2
    };
    let mut text: String = line.chars().skip(start).take(MAX_LINE).collect();
    if start + MAX_LINE < length {
        text.push('…');
    }
    if start > 0 {
        text.insert(0, '…');
        return (text, column - start + 1);
    }
    (text, column)
}

/// The line as shown: tabs as spaces, control characters made visible.
fn cells(line: &str, max: usize) -> String {
    line.chars()
        .take(max)
        .flat_map(|c| {
            let (c, n) = match c {
                '\t' => (' ', TAB),
                c if c.is_control() => ('\u{fffd}', 1),
                c => (c, 1),
            };
            std::iter::repeat_n(c, n)
        })
        .collect()
}

/// Columns a character takes on a terminal.
pub(crate) fn width(c: char) -> usize {
    match u32::from(c) {
        0x09 => TAB,
        0x300..=0x36f | 0x200b..=0x200f | 0x20d0..=0x20ff | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

fn digits(n: u32) -> usize {
    n.to_string().len()
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::{Diagnostic, SourceMap};
    use kdo_value::Origin;
    use std::path::Path;

    fn at(sources: &SourceMap, text: &str, line: u32, column: u32) -> Origin {
        let file = sources.add(Path::new("roles/fstests/tasks/main.yml"), text);
        Origin { file, line, column }
    }

    #[test]
    fn a_diagnostic_shows_line_mark_and_help() {
        let sources = SourceMap::new();
        let text = "\n".repeat(13) + "      regxp: '^TEST_DEV='\n";
        let d = Diagnostic::error("`lineinfile` has no parameter `regxp`")
            .at(at(&sources, &text, 14, 7))
            .length(5)
            .label("did you mean `regexp`?")
            .help("kdo doc lineinfile");
        assert_eq!(
            render(&d, &sources, false),
            "error: `lineinfile` has no parameter `regxp`
  --> roles/fstests/tasks/main.yml:14:7
   |
14 |       regxp: '^TEST_DEV='
   |       ^^^^^ did you mean `regexp`?
   |
   = help: kdo doc lineinfile
"
        );
    }

    #[test]
    fn tabs_and_wide_characters_keep_the_mark_in_place() {
        let sources = SourceMap::new();
        let d = Diagnostic::warning("odd")
            .at(at(&sources, "a\n\t漢: x\n", 2, 4))
            .context(1);
        assert_eq!(
            render(&d, &sources, false),
            "warning: odd\n --> roles/fstests/tasks/main.yml:2:4\n  |\n1 | a\n2 |     漢: x\n  |        ^\n"
        );
    }

    #[test]
    fn without_a_place_only_the_words_are_shown() {
        let d = Diagnostic::error("no hosts").note("one").help("two");
        assert_eq!(
            render(&d, &SourceMap::new(), false),
            "error: no hosts\n  = note: one\n  = help: two\n"
        );
        assert!(render(&d, &SourceMap::new(), true).starts_with("\u{1b}[1;31merror\u{1b}[0m"));
    }

    #[test]
    fn places_beyond_the_text_do_not_panic() {
        let sources = SourceMap::new();
        let o = at(&sources, "short", 1, 900);
        let _ = render(&Diagnostic::error("x").at(o).length(70), &sources, false);
        let o = at(&sources, &"x".repeat(5000), 1, 4000);
        assert!(render(&Diagnostic::error("x").at(o), &sources, false).len() < 700);
        let o = at(&sources, "x", 7, 1);
        let _ = render(&Diagnostic::error("x").at(o), &sources, false);
    }
}
