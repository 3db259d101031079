//! Parse errors in words that help.

use crate::Diagnostic;
use kdo_value::Origin;
use libyaml_safer::{Error, ErrorKind, Mark};

fn origin(file: u32, mark: Mark) -> Origin {
    Origin {
        file,
        line: u32::try_from(mark.line + 1).unwrap_or(0),
        column: u32::try_from(mark.column + 1).unwrap_or(0),
    }
}

/// A diagnostic for what the parser refused.
pub(crate) fn explain(error: &Error, file: u32, text: &str) -> Diagnostic {
    if error.kind() == ErrorKind::Reader {
        return reader(error, file, text);
    }
    let Some(mark) = error.problem_mark() else {
        return Diagnostic::error(format!("invalid YAML: {}", error.problem())).at(Origin {
            file,
            line: 1,
            column: 1,
        });
    };
    // The parser stands behind the last line when something was not closed.
    let place = origin(file, mark);
    let line = text
        .lines()
        .nth(usize::try_from(mark.line).unwrap_or(usize::MAX))
        .unwrap_or("");
    if let Some(d) = tab(line, place) {
        return d;
    }
    if let Some(d) = unquoted_template(line, place) {
        return d;
    }
    let problem = error.problem();
    let context = error.context().unwrap_or("");
    let mut d = Diagnostic::error(format!("invalid YAML: {problem}"))
        .at(place)
        .context(1);
    if !context.is_empty() {
        d = match error.context_mark() {
            Some(from) if from.line != mark.line => {
                d.note(format!("{context} that began at line {}", from.line + 1))
            }
            _ => d.note(context),
        };
    }
    if problem.contains("mapping values are not allowed") {
        return d
            .label("a colon and a space make this a key")
            .help("quote the whole value if the colon belongs to it");
    }
    if problem.contains("cannot start any token") {
        return d.help("quote a value that begins with `@`, a backtick or `%`");
    }
    if let Some(d2) = broken_quotes(line, &d) {
        return d2;
    }
    d
}

fn reader(error: &Error, file: u32, text: &str) -> Diagnostic {
    let fits = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{85}' | '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
    let (mut line, mut column) = (1, 0);
    for c in text.chars() {
        column += 1;
        if !fits(c) {
            let place = Origin { file, line, column };
            return Diagnostic::error(format!(
                "YAML does not allow the character U+{:04X}",
                u32::from(c)
            ))
            .at(place)
            .help("write it as an escape in a double-quoted value");
        }
        if c == '\n' {
            line += 1;
            column = 0;
        }
    }
    Diagnostic::error(format!("invalid YAML: {}", error.problem())).at(Origin {
        file,
        line: 1,
        column: 1,
    })
}

fn tab(line: &str, place: Origin) -> Option<Diagnostic> {
    let at = line.chars().position(|c| c == '\t')?;
    let before: String = line.chars().take(at).collect();
    if !before.trim().is_empty() && !before.trim().chars().all(|c| c == '-' || c == ' ') {
        return None;
    }
    Some(
        Diagnostic::error("a tab cannot indent YAML")
            .at(Origin {
                column: u32::try_from(at + 1).ok()?,
                ..place
            })
            .help("use spaces"),
    )
}

/// Where the value of a `- key: value` line begins, in characters.
fn value_start(line: &str) -> usize {
    let mut rest = line.trim_start();
    while let Some(r) = rest.strip_prefix("- ") {
        rest = r.trim_start();
    }
    if !rest.starts_with(['"', '\'', '{', '['])
        && let Some((_, value)) = rest.split_once(": ")
    {
        rest = value.trim_start();
    }
    line.chars().count() - rest.chars().count()
}

/// `key: {{ x }}`: the braces make it a mapping with a mapping as key.
pub(crate) fn unquoted_template(line: &str, place: Origin) -> Option<Diagnostic> {
    let start = value_start(line);
    let value: String = line.chars().skip(start).collect();
    let value = value.trim_end();
    if !value.starts_with("{{") {
        return None;
    }
    let quote = if value.contains('"') { '\'' } else { '"' };
    let quoted = if value.contains('"') {
        value.replace('\'', "''")
    } else {
        value.to_owned()
    };
    let indent = line.chars().take_while(|c| c.is_whitespace()).count();
    let before: String = line.chars().take(start).skip(indent).collect();
    Some(
        Diagnostic::error("a value that begins with a template must be quoted")
            .at(Origin {
                column: u32::try_from(start + 1).ok()?,
                ..place
            })
            .length(value.chars().count())
            .label("YAML reads `{` as the start of a mapping")
            .help(format!("{before}{quote}{quoted}{quote}")),
    )
}

/// `key: "a" b`: text after the closing quote.
fn broken_quotes(line: &str, d: &Diagnostic) -> Option<Diagnostic> {
    let start = value_start(line);
    let value: String = line.chars().skip(start).collect();
    let value = value.trim_end();
    let quote = value.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    let closed = value.chars().skip(1).position(|c| c == quote)?;
    let after: String = value.chars().skip(closed + 2).collect();
    if after.trim().is_empty() {
        return None;
    }
    let other = if quote == '"' { '\'' } else { '"' };
    Some(
        d.clone()
            .label("there is text after the closing quote")
            .help(format!(
                "quote the whole value: {other}{}{other}",
                if other == '"' {
                    value.replace('\\', "\\\\").replace('"', "\\\"")
                } else {
                    value.replace('\'', "''")
                }
            )),
    )
}
