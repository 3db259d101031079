//! The lookup in CSV files.

use super::options::{find, read, split_term, word};
use crate::{Call, Callable, TemplateError, declare::callable, iterate::text};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.csvfile", csvfile, "A column of the row of a CSV file on the controller whose key column has a value.", [];
        "{{ query('csvfile', 'a', file='/dev/null', delimiter=',') }}" => "[]"),
];

/// Rows of a CSV text; quotes are doubled inside quoted fields.
pub(crate) fn rows(text: &str, delimiter: char) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row: Vec<String> = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut started = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted => {
                if chars.next_if_eq(&'"').is_some() {
                    field.push('"');
                } else {
                    quoted = false;
                }
            }
            c if quoted => field.push(c),
            '"' if field.is_empty() => {
                quoted = true;
                started = true;
            }
            c if c == delimiter => {
                row.push(std::mem::take(&mut field));
                started = true;
            }
            '\n' | '\r' => {
                if c == '\r' {
                    chars.next_if_eq(&'\n');
                }
                if started || !field.is_empty() {
                    row.push(std::mem::take(&mut field));
                }
                if !row.is_empty() {
                    rows.push(std::mem::take(&mut row));
                }
                started = false;
            }
            c => field.push(c),
        }
    }
    if started || !field.is_empty() {
        row.push(field);
    }
    if !row.is_empty() {
        rows.push(row);
    }
    rows
}

fn csvfile(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut out = Vec::new();
    if call.args.is_empty() {
        return call.fail("Search key is required but was not found");
    }
    for term in &call.args {
        let (key, pairs) = split_term(&text(term)?);
        const OPTIONS: &[&str] = &["col", "default", "delimiter", "encoding", "file", "keycol"];
        if let Some((name, _)) = pairs.iter().find(|(k, _)| !OPTIONS.contains(&k.as_str())) {
            return call.fail(format!("{name} is not a valid option"));
        }
        let option = |name: &str, default: &str| -> Result<String, TemplateError> {
            match pairs.iter().find(|(k, _)| k == name) {
                Some((_, v)) => Ok(v.clone()),
                None => Ok(word(call, name)?.unwrap_or_else(|| default.to_owned())),
            }
        };
        if key.is_empty() {
            return call.fail("Search key is required but was not found");
        }
        let number = |name: &str, default: &str| -> Result<usize, TemplateError> {
            option(name, default)?.parse().map_err(|_| {
                TemplateError::new(format!(
                    "the option '{name}' has an invalid value: it must be a number"
                ))
            })
        };
        let delimiter = match option("delimiter", "TAB")?.as_str() {
            "TAB" | "\\t" | "t" => '\t',
            other => match other.chars().collect::<Vec<_>>().as_slice() {
                [c] => *c,
                _ => return call.fail("\"delimiter\" must be a 1-character string"),
            },
        };
        let file = option("file", "ansible.csv")?;
        let path = find(call, "files", &file)
            .map_err(|_| TemplateError::new(format!("csvfile: {file}: No such file or directory")))?;
        let contents = String::from_utf8_lossy(&read(call, &path)?).into_owned();
        let (column, key_column) = (number("col", "1")?, number("keycol", "0")?);
        let found = rows(&contents, delimiter)
            .into_iter()
            .find(|r| r.get(key_column) == Some(&key));
        let default = || option("default", "");
        match found {
            Some(row) => match row.into_iter().nth(column) {
                Some(field) => out.push(Value::str(field)),
                None => return call.fail("list index out of range"),
            },
            None => {
                let list = match call.keyword("default") {
                    Some(v) => v.as_sequence(),
                    None => None,
                };
                if let Some(list) = list {
                    out.extend(list);
                    continue;
                }
                let default = default()?;
                if !default.is_empty() {
                    out.push(Value::str(default));
                }
            }
        }
    }
    Ok(Value::list(out))
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn quoted_fields_may_hold_anything() {
        assert_eq!(
            rows("a,\"x, \"\"y\"\"\nz\",\r\n\n,b", ','),
            [vec!["a", "x, \"y\"\nz", ""], vec!["", "b"]]
        );
    }
}
