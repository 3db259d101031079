//! `--list --toml`: the inventory as a TOML inventory, in the layout of the library that Ansible uses.

use super::Show;
use crate::{Group, Host};
use indexmap::IndexSet;
use kdo_syntax::YamlDate;
use kdo_value::{Map, Value};

/// Longer tables of a list get headers of their own.
const MAX_LINE: usize = 100;
const INDENT: &str = "    ";
/// Values nested deeper are refused.
const MAX_DEPTH: usize = 200;

impl Show<'_> {
    /// `--list --toml`; the error is a value that TOML cannot express.
    pub fn toml(&self) -> Result<String, String> {
        let out = Map::new();
        if let Some(all) = self.inventory.group("all") {
            self.toml_group(all, &mut IndexSet::new(), &out);
        }
        document(&out)
    }

    /// `--host --toml`
    pub fn host_toml(&self, host: &Host) -> Result<String, String> {
        document(&self.vars(host))
    }

    fn toml_group(&self, group: &Group, seen: &mut IndexSet<String>, out: &Map) {
        let entry = Map::new();
        // It keeps its place even if groups below it come first.
        out.insert(group.name.as_str(), Value::None);
        let mut children = Vec::new();
        for child in self.children_of(group) {
            if child.name == "ungrouped" && child.hosts.is_empty() {
                continue;
            }
            if group.name != "all" {
                children.push(Value::str(child.name.as_str()));
            }
            self.toml_group(child, seen, out);
        }
        if !children.is_empty() {
            entry.insert("children", Value::list(children));
        }
        self.add_members(group, seen, &entry);
        if entry.is_empty() {
            out.remove(&group.name);
        } else {
            out.insert(group.name.as_str(), entry);
        }
    }
}

fn document(map: &Map) -> Result<String, String> {
    let mut out = String::new();
    table(map, "", false, &mut out, 0)?;
    Ok(out)
}

fn table(map: &Map, name: &str, in_list: bool, out: &mut String, depth: usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err("a value nests too deep for TOML".into());
    }
    let (mut plain, mut tables) = (Vec::new(), Vec::new());
    for (key, value) in map.entries() {
        match &value {
            Value::Map(inner) => tables.push((key, inner.clone(), false)),
            other => match tables_of(other) {
                Some(inner) => tables.extend(inner.into_iter().map(|t| (key.clone(), t, true))),
                None => plain.push((key, value)),
            },
        }
    }
    let before = out.len();
    if in_list {
        out.push_str(&format!("[[{name}]]\n"));
    } else if !name.is_empty() && (!plain.is_empty() || tables.is_empty()) {
        out.push_str(&format!("[{name}]\n"));
    }
    for (key, value) in plain {
        out.push_str(&format!("{} = {}\n", key_part(&key)?, literal(&value, 0)?));
    }
    for (key, inner, in_list) in tables {
        if out.len() > before {
            out.push('\n');
        }
        let part = key_part(&key)?;
        let whole = if name.is_empty() {
            part
        } else {
            format!("{name}.{part}")
        };
        table(&inner, &whole, in_list, out, depth + 1)?;
    }
    Ok(())
}

/// The tables of a list that does not fit on lines.
fn tables_of(value: &Value) -> Option<Vec<Map>> {
    let items = value.as_sequence().filter(|l| !l.is_empty())?;
    let maps: Option<Vec<Map>> = items.iter().map(|v| v.as_map().cloned()).collect();
    let fits = |map: &Map| {
        inline(map).is_ok_and(|text| INDENT.len() + text.chars().count() < MAX_LINE && !text.contains('\n'))
    };
    maps.filter(|maps| !maps.iter().all(fits))
}

fn literal(value: &Value, depth: usize) -> Result<String, String> {
    if depth > MAX_DEPTH {
        return Err("a value nests too deep for TOML".into());
    }
    let unfit = |what: &str| Err(format!("Object of type '{what}' is not TOML serializable"));
    Ok(match value {
        Value::Bool(b) => b.to_string(),
        Value::Str(s) => text(s),
        Value::List(_) | Value::Tuple(_) => {
            let items = value.as_sequence().unwrap_or_default();
            if items.is_empty() {
                return Ok("[]".into());
            }
            let lines: Result<Vec<String>, String> = items
                .iter()
                .map(|v| Ok(format!("{}{}", INDENT.repeat(depth + 1), literal(v, depth + 1)?)))
                .collect();
            format!("[\n{},\n{}]", lines?.join(",\n"), INDENT.repeat(depth))
        }
        Value::Map(map) => inline(map)?,
        Value::Object(o) => match o.as_any().downcast_ref::<YamlDate>() {
            Some(date) => date.iso_format(' '),
            None => return unfit(o.type_name()),
        },
        Value::None | Value::Vault(_) | Value::Undefined(_) | Value::Omit | Value::Bytes(_) => {
            return unfit(value.type_name());
        }
        number => number.to_text(),
    })
}

fn inline(map: &Map) -> Result<String, String> {
    if map.is_empty() {
        return Ok("{}".into());
    }
    let parts: Result<Vec<String>, String> = map
        .entries()
        .iter()
        .map(|(k, v)| Ok(format!("{} = {}", key_part(k)?, literal(v, 0)?)))
        .collect();
    Ok(format!("{{ {} }}", parts?.join(", ")))
}

fn key_part(key: &Value) -> Result<String, String> {
    let Some(name) = key.as_str() else {
        return Err(format!(
            "Invalid mapping key '{}' of type '{}'. A string is required.",
            key.to_text(),
            key.type_name()
        ));
    };
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    Ok(if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        text(name)
    })
}

fn text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c.is_ascii_control() && c != '\t' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::document;
    use kdo_value::{Map, Value};

    #[test]
    fn values_are_written_as_the_library_writes_them() {
        let map = Map::new();
        map.insert("t", Value::str("a\"\\\n\t\u{1}é"));
        map.insert("b", true);
        map.insert("f", 1.0);
        map.insert("l", Value::list([Value::list([Value::Int(1)]), Value::list([])]));
        let short: Map = [("x", Value::Int(1))].into_iter().collect();
        map.insert("short", Value::list([short.clone().into()]));
        let long: Map = [("x y", Value::str("z".repeat(100)))].into_iter().collect();
        map.insert("long", Value::list([long.into(), short.into()]));
        let z = "z".repeat(100);
        let want = format!(
            "t = \"a\\\"\\\\\\n\t\\u0001é\"\nb = true\nf = 1.0\nl = [\n    [\n        1,\n    ],\n    [],\n]\n\
             short = [\n    {{ x = 1 }},\n]\n\n[[long]]\n\"x y\" = \"{z}\"\n\n[[long]]\nx = 1\n"
        );
        assert_eq!(document(&map).unwrap(), want);
        map.insert("n", Value::None);
        assert!(document(&map).unwrap_err().contains("'NoneType'"));
    }
}
