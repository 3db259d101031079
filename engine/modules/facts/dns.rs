//! Name resolution, from `resolv.conf`.

use super::{Gather, source};
use kdo_value::{Map, Value};

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    g.facts.insert(
        "dns",
        parse(&source::text("/etc/resolv.conf").unwrap_or_default()),
    );
}

fn parse(text: &str) -> Map {
    let out = Map::new();
    for line in text.lines() {
        if line.starts_with(['#', ';']) {
            continue;
        }
        let mut words = line.split_whitespace();
        let key = words.next().unwrap_or("");
        match key {
            "nameserver" => {
                let list = match out.get("nameservers") {
                    Some(list) => list,
                    None => Value::list([]),
                };
                if let Value::List(l) = &list {
                    l.change(|items| items.extend(words.map(Value::str)));
                }
                out.insert("nameservers", list);
            }
            "domain" => {
                if let Some(domain) = words.next() {
                    out.insert("domain", domain);
                }
            }
            "search" | "sortlist" => {
                out.insert(key, Value::list(words.map(Value::str)));
            }
            "options" => {
                let options = Map::new();
                for word in words {
                    match word.split_once(':') {
                        Some((name, value)) if !value.is_empty() => options.insert(name, value),
                        Some((name, _)) => options.insert(name, true),
                        None => options.insert(word, true),
                    };
                }
                out.insert("options", options);
            }
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::parse;
    use kdo_value::json;

    #[test]
    fn all_kinds_of_lines_are_read() {
        let text =
            "# c\nnameserver 10.0.0.1\nnameserver ::1\nsearch a.example b.example\noptions ndots:2 rotate\n";
        assert_eq!(
            json::line(&parse(text).into()),
            r#"{"nameservers": ["10.0.0.1", "::1"], "search": ["a.example", "b.example"], "options": {"ndots": "2", "rotate": true}}"#
        );
    }
}
