//! A place as Ansible's error display shows it: `Origin: file:line:column` and the lines up to it.

use crate::{Diagnostic, SourceMap, render::width};
use std::{fmt::Write, path::absolute};

/// Columns of a line, its number included; Ansible cuts longer ones.
const COLUMNS: usize = 120;
/// Lines before the one pointed at.
const BEFORE: u32 = 2;

/// The place of a diagnostic with up to two lines before it, a mark below, and its help; without its message and without
/// a line end. Empty where it has no place.
pub fn excerpt(d: &Diagnostic, sources: &SourceMap) -> String {
    let Some(origin) = d.place else {
        return String::new();
    };
    let Some(source) = sources.get(origin.file) else {
        return String::new();
    };
    let path = if source.path.to_string_lossy().starts_with('<') {
        source.path.clone()
    } else {
        absolute(&source.path).unwrap_or_else(|_| source.path.clone())
    };
    let mut out = format!("Origin: {}", path.display());
    if origin.line > 0 {
        let _ = write!(out, ":{}", origin.line);
    }
    if origin.line > 0 && origin.column > 0 {
        let _ = write!(out, ":{}", origin.column);
    }
    let Some(line) = source.line(origin.line) else {
        return with_help(out, d);
    };
    out.push('\n');
    let gutter = origin.line.to_string().len();
    let column = (origin.column.max(1) - 1) as usize;
    let window = Window::around(gutter, column);
    for number in origin.line.saturating_sub(BEFORE).max(1)..origin.line {
        let text = window.cut(source.line(number).unwrap_or_default());
        let _ = write!(out, "\n{}", format!("{number:>gutter$} {text}").trim_end());
    }
    let _ = write!(
        out,
        "\n{}",
        format!("{} {}", origin.line, window.cut(line)).trim_end()
    );
    if origin.column > 0 {
        let shown = |skip: usize, take: usize| -> usize {
            let cells = line.chars().skip(skip).take(take);
            cells.map(|c| if c == '\t' { 1 } else { width(c) }).sum()
        };
        let before = shown(window.skip, column - window.skip) + usize::from(window.skip > 0);
        let marks = shown(column, d.length.max(1) as usize).clamp(1, COLUMNS);
        let _ = write!(
            out,
            "\n{}{} column {}",
            " ".repeat(gutter + 1 + before),
            "^".repeat(marks),
            origin.column
        );
    }
    with_help(out, d)
}

fn with_help(mut out: String, d: &Diagnostic) -> String {
    for text in d.label.iter().chain(&d.notes).chain(&d.help) {
        let _ = write!(out, "\n\n{text}");
    }
    out
}

/// The part of lines that is shown: from their beginning, unless the mark would be beyond it.
struct Window {
    skip: usize,
    room: usize,
}

impl Window {
    fn around(gutter: usize, column: usize) -> Self {
        let room = COLUMNS - gutter - 1;
        let skip = if column + 10 < room { 0 } else { column - room / 2 };
        Self { skip, room }
    }

    fn cut(&self, line: &str) -> String {
        let all = line.chars().count();
        let mut out = String::new();
        if self.skip > 0 && all > 0 {
            out.push('…');
        }
        let rest = all.saturating_sub(self.skip);
        let room = self.room - usize::from(self.skip > 0);
        let take = if rest > room { room - 3 } else { rest };
        out.extend(line.chars().skip(self.skip).take(take).map(|c| match c {
            '\t' => ' ',
            c if c.is_control() => '\u{fffd}',
            c => c,
        }));
        if rest > room {
            out.push_str("...");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::excerpt;
    use crate::{Diagnostic, SourceMap};
    use kdo_value::Origin;
    use std::path::Path;

    fn shown(text: &str, line: u32, column: u32, d: Diagnostic) -> String {
        let sources = SourceMap::new();
        let file = sources.add(Path::new("/a/b.yml"), text);
        excerpt(&d.at(Origin { file, line, column }), &sources)
    }

    #[test]
    fn a_place_is_shown_as_ansible_shows_it() {
        let text = "a\n".repeat(8) + "   # x\ty\n\n   - fail:\n";
        assert_eq!(
            shown(&text, 11, 6, Diagnostic::error("")),
            "Origin: /a/b.yml:11:6\n\n 9    # x y\n10\n11    - fail:\n        ^ column 6"
        );
        assert_eq!(
            shown("- x\n", 1, 1, Diagnostic::error("").length(3).help("try y")),
            "Origin: /a/b.yml:1:1\n\n1 - x\n  ^^^ column 1\n\ntry y"
        );
    }

    #[test]
    fn long_lines_are_cut_and_the_mark_stays_visible() {
        let text = "é".repeat(300);
        let near = shown(&text, 1, 5, Diagnostic::error(""));
        let lines: Vec<&str> = near.lines().collect();
        assert_eq!(lines[2].chars().count(), 120);
        assert!(lines[2].ends_with("..."));
        assert_eq!(lines[3], format!("{}^ column 5", " ".repeat(6)));
        let far = shown(&text, 1, 200, Diagnostic::error("").length(9999));
        let lines: Vec<&str> = far.lines().collect();
        assert_eq!(lines[2].chars().count(), 120);
        let at = lines[3].find('^').unwrap();
        assert!(at < 120 && lines[3].contains("column 200"), "{far}");
    }

    #[test]
    fn places_outside_the_text_do_not_panic() {
        assert_eq!(shown("x", 9, 1, Diagnostic::error("")), "Origin: /a/b.yml:9:1");
        let _ = shown("x", 1, 9000, Diagnostic::error("").length(7));
        let _ = shown("x", 0, 0, Diagnostic::error(""));
        assert_eq!(excerpt(&Diagnostic::error("x"), &SourceMap::new()), "");
    }
}
