//! The kernel's command line.

use super::{Gather, source};
use kdo_value::{Map, Value};

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let Some(line) = source::text("/proc/cmdline") else {
        return;
    };
    let (last, every) = parse(&line);
    g.facts.insert("cmdline", last);
    g.facts.insert("proc_cmdline", every);
}

/// Words; double or single quotes hold blanks together and stay.
fn words(line: &str) -> Vec<String> {
    let (mut out, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match quote {
            None if c.is_whitespace() => {
                if !word.is_empty() {
                    out.push(std::mem::take(&mut word));
                }
                continue;
            }
            None if matches!(c, '"' | '\'') => quote = Some(c),
            Some(q) if q == c => quote = None,
            _ => {}
        }
        word.push(c);
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

/// The last value of each name, and all values of each.
fn parse(line: &str) -> (Map, Map) {
    let (last, every) = (Map::new(), Map::new());
    for word in words(line) {
        let (name, value) = match word.split_once('=') {
            Some((n, v)) => (n, Value::str(v)),
            None => (word.as_str(), Value::Bool(true)),
        };
        last.insert(name, value.clone());
        let value = match every.get(name) {
            Some(Value::List(list)) => {
                list.change(|items| items.push(value));
                continue;
            }
            Some(first) if word.contains('=') => Value::list([first, value]),
            _ => value,
        };
        every.insert(name, value);
    }
    (last, every)
}

#[cfg(test)]
mod tests {
    use super::parse;
    use kdo_value::json;

    #[test]
    fn repeated_options_become_lists() {
        let (last, every) = parse(r#"quiet console=tty0 console=ttyS0 dyndbg="file a +p" root=UUID=x"#);
        assert_eq!(
            json::line(&last.into()),
            r#"{"quiet": true, "console": "ttyS0", "dyndbg": "\"file a +p\"", "root": "UUID=x"}"#
        );
        assert_eq!(json::line(&every.get("console").unwrap()), r#"["tty0", "ttyS0"]"#);
    }
}
