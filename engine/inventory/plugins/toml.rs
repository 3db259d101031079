//! `toml`: TOML inventories, `[group.hosts.name]`.

use super::Plugin;
use crate::{Inventory, LoadContext, expand_host, source::Source};
use kdo_syntax::{Diagnostic, YamlDate};
use kdo_value::{BigInt, List, Map, Origin, Text, Value};
use std::{path::Path, rc::Rc};
use toml::de::{DeTable, DeValue};

pub(crate) const PLUGIN: Plugin = Plugin {
    name: "toml",
    accepts: |source, _| source.is_readable() && source.path.extension().is_some_and(|e| e == "toml"),
    read,
};

fn read(inventory: &mut Inventory, source: &Source<'_>, _: &LoadContext<'_>) -> Result<(), Diagnostic> {
    let text = source.text()?;
    let reader = Reader {
        text: &text.text,
        file: text.file,
    };
    let document = reader.document()?;
    let Some(groups) = document.as_map().filter(|m| !m.is_empty()) else {
        return Err(Diagnostic::error("Parsed empty TOML file"));
    };
    if groups.get("plugin").is_some_and(|p| p.truthy()) {
        let message = "Plugin configuration TOML file, not TOML inventory";
        return Err(Diagnostic::error(message));
    }
    for (name, data) in groups.entries() {
        group(inventory, &source.path, &name, &data)?;
    }
    Ok(())
}

fn group(inventory: &mut Inventory, path: &Path, key: &Value, data: &Value) -> Result<(), Diagnostic> {
    let name = key.to_text();
    let Value::Map(data) = data else {
        let message = format!("Skipping '{name}' as this is not a valid group definition");
        inventory
            .warnings
            .push(Diagnostic::warning(message).at(key.origin()));
        return Ok(());
    };
    let name = inventory.add_group(&name);
    for (section, content) in data.entries() {
        let shown = section.to_text();
        let wrong = |wanted: &str| {
            let message = format!(
                "Invalid \"{shown}\" entry for \"{name}\" group, requires a {wanted}, found {} instead",
                content.type_name()
            );
            Diagnostic::error(message).at(section.origin())
        };
        match shown.as_str() {
            "vars" => {
                for (k, v) in content.as_map().ok_or_else(|| wrong("dict"))?.entries() {
                    inventory.set_group_var(&name, k, v);
                }
            }
            "children" => {
                for child in content.as_list().ok_or_else(|| wrong("list"))?.to_vec() {
                    inventory
                        .add_child(&name, &child.to_text())
                        .map_err(|e| Diagnostic::error(e).at(child.origin()))?;
                }
            }
            "hosts" => {
                for (pattern, vars) in content.as_map().ok_or_else(|| wrong("dict"))?.entries() {
                    let fail = |message: String| Diagnostic::error(message).at(pattern.origin());
                    let (names, port) = expand_host(&pattern.to_text()).map_err(fail)?;
                    let Value::Map(vars) = vars else {
                        let kind = vars.type_name().to_owned();
                        return Err(fail(format!(
                            "Invalid data from file, expected dictionary and got {kind}"
                        )));
                    };
                    for host in names {
                        inventory.add_host(&host, Some(&name), Some(path), port);
                        for (k, v) in vars.entries() {
                            inventory.set_host_var(&host, k, v);
                        }
                    }
                }
            }
            _ => {
                let message = format!(
                    "Skipping unexpected key \"{shown}\" in group \"{name}\", only \"vars\", \"children\" and \"hosts\" are \
                     valid"
                );
                inventory
                    .warnings
                    .push(Diagnostic::warning(message).at(section.origin()));
            }
        }
    }
    Ok(())
}

/// TOML as values with their places.
struct Reader<'a> {
    text: &'a str,
    file: u32,
}

impl Reader<'_> {
    fn document(&self) -> Result<Value, Diagnostic> {
        let table = DeTable::parse(self.text).map_err(|e| {
            let place = e.span().map(|s| self.origin(s.start));
            Diagnostic::error(format!("TOML file is invalid: {}", e.message())).at(place)
        })?;
        self.table(table.get_ref())
    }

    fn origin(&self, at: usize) -> Origin {
        let before = self.text.get(..at).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |n| n + 1);
        let column = before.get(start..).unwrap_or_default().chars().count();
        Origin {
            file: self.file,
            line: u32::try_from(before.matches('\n').count() + 1).unwrap_or(1),
            column: u32::try_from(column + 1).unwrap_or(1),
        }
    }

    fn table(&self, table: &DeTable<'_>) -> Result<Value, Diagnostic> {
        let map = Map::new();
        for (key, value) in table {
            let place = self.origin(key.span().start);
            let key = Text::trusted(key.get_ref().as_ref(), Some(place));
            map.insert(key, self.value(value.get_ref(), self.origin(value.span().start))?);
        }
        map.freeze();
        Ok(map.into())
    }

    fn value(&self, value: &DeValue<'_>, place: Origin) -> Result<Value, Diagnostic> {
        let wrong = |what: &str| Diagnostic::error(format!("TOML file is invalid: {what}")).at(place);
        Ok(match value {
            DeValue::String(text) => Value::Str(Text::trusted(text.as_ref(), Some(place))),
            DeValue::Integer(number) => BigInt::parse_bytes(number.as_str().as_bytes(), number.radix())
                .map(Value::big)
                .ok_or_else(|| wrong("this is no number"))?,
            DeValue::Float(number) => {
                Value::Float(number.as_str().parse().map_err(|_| wrong("this is no number"))?)
            }
            DeValue::Boolean(b) => Value::Bool(*b),
            DeValue::Datetime(moment) => {
                let text = moment.to_string();
                match YamlDate::parse(&text) {
                    Ok(date) if moment.date.is_some() => Value::Object(Rc::new(date)),
                    // A time without a day has no value of its own.
                    _ => Value::Str(Text::trusted(text, Some(place))),
                }
            }
            DeValue::Array(items) => {
                let items: Result<Vec<Value>, Diagnostic> = items
                    .iter()
                    .map(|v| self.value(v.get_ref(), self.origin(v.span().start)))
                    .collect();
                Value::List(List::frozen(items?))
            }
            DeValue::Table(table) => self.table(table)?,
        })
    }
}
