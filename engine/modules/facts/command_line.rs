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

/// Words. Quotes at the beginning of a word hold blanks together and end it; they stay. `None` if one is not closed.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut out, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        let ends = match quote {
            Some(q) => q == c,
            None if c.is_whitespace() => {
                out.extend(Some(std::mem::take(&mut word)).filter(|w| !w.is_empty()));
                continue;
            }
            None => {
                if word.is_empty() && matches!(c, '"' | '\'') {
                    quote = Some(c);
                }
                false
            }
        };
        word.push(c);
        if ends {
            out.push(std::mem::take(&mut word));
            quote = None;
        }
    }
    out.extend(Some(word).filter(|w| !w.is_empty()));
    quote.is_none().then_some(out)
}

/// The last value of each name, and all values of each.
fn parse(line: &str) -> (Map, Map) {
    let (last, every) = (Map::new(), Map::new());
    for word in words(line).unwrap_or_default() {
        let (name, value) = match word.split_once('=') {
            Some((n, v)) => (n, Value::str(v)),
            None => (word.as_str(), Value::Bool(true)),
        };
        last.insert(name, value.clone());
        let value = match every.get(name) {
            Some(Value::List(list)) if word.contains('=') => {
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
        let (last, every) =
            parse("quiet console=tty0 console=ttyS0 \"a=b c\"d dyndbg=\"file +p\" root=UUID=x");
        assert_eq!(
            json::line(&last.into()),
            r#"{"quiet": true, "console": "ttyS0", "\"a": "b c\"", "d": true, "dyndbg": "\"file", "+p\"": true, "root": "UUID=x"}"#
        );
        assert_eq!(json::line(&every.get("console").unwrap()), r#"["tty0", "ttyS0"]"#);
        assert!(parse("a=1 \"b").0.is_empty());
    }
}
