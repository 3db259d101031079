//! Filters on Windows file names.

use crate::{Call, Callable, TemplateError, declare::callable, iterate::path_text};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.win_basename", |c| Ok(Value::str(split(path_text(c.subject()?)?).1)), "The last part of a Windows path.", [];
        r"{{ 'C:\a\b.txt' | win_basename }}" => r#""b.txt""#, "{{ 'a/b' | win_basename }}" => r#""b""#),
    callable!("ansible.builtin.win_dirname", |c| Ok(Value::str(split(path_text(c.subject()?)?).0)), "All but the last part of a Windows path.", [];
        r"{{ 'C:\a\b.txt' | win_dirname }}" => r#""C:\\a""#, "{{ 'C:a' | win_dirname }}" => r#""C:""#),
    callable!("ansible.builtin.win_splitdrive", split_drive, "The drive or share of a Windows path, and the rest.", [];
        r"{{ 'C:\a\b.txt' | win_splitdrive }}" => r#"["C:", "\\a\\b.txt"]"#,
        "{{ 'x' | win_splitdrive }}" => r#"["", "x"]"#),
];

fn separates(c: char) -> bool {
    c == '\\' || c == '/'
}

/// The drive (`C:`) or share (`\\server\share`), and the rest.
fn drive(path: &str) -> (&str, &str) {
    let starts_double = path.chars().take(2).filter(|c| separates(*c)).count() == 2;
    let third = path.chars().nth(2).is_some_and(separates);
    if starts_double && !third {
        let rest = path.get(2..).unwrap_or("");
        let Some(server) = rest.find(separates) else {
            return (path, "");
        };
        let share = rest.get(server + 1..).unwrap_or("");
        let end = share.find(separates).map_or(path.len(), |i| server + 3 + i);
        return path.split_at(end);
    }
    let second = path.char_indices().nth(1);
    match second {
        Some((i, ':')) => path.split_at(i + 1),
        _ => ("", path),
    }
}

fn split(path: &str) -> (String, String) {
    let (drive, rest) = drive(path);
    let at = rest.rfind(separates).map_or(0, |i| i + 1);
    let (head, tail) = rest.split_at(at);
    let trimmed = head.trim_end_matches(separates);
    let head = if trimmed.is_empty() { head } else { trimmed };
    (format!("{drive}{head}"), tail.to_owned())
}

fn split_drive(call: &Call<'_>) -> Result<Value, TemplateError> {
    let (drive, rest) = drive(path_text(call.subject()?)?);
    Ok(Value::Tuple([Value::str(drive), Value::str(rest)].into()))
}
