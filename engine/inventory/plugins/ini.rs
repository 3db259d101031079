//! `ini`: INI inventories.

use super::Plugin;
use crate::{Inventory, LoadContext, expand_host, parse_literal, source::Source, split_words};
use indexmap::IndexMap;
use kdo_syntax::Diagnostic;
use kdo_value::{List, Origin, Text, Value};
use std::path::Path;

#[derive(Clone, Copy, PartialEq)]
enum State {
    Hosts,
    Children,
    Vars,
}

/// A group that was used before it was declared.
struct Pending {
    origin: Origin,
    parents: Vec<String>,
    only_vars: bool,
}

struct Reader<'a> {
    inventory: &'a mut Inventory,
    path: &'a Path,
    group: String,
    state: State,
    pending: IndexMap<String, Pending>,
}

pub(crate) const PLUGIN: Plugin = Plugin {
    name: "ini",
    accepts: |source, _| source.is_readable() && source.path.extension().is_none_or(|e| e != "toml"),
    read,
};

fn read(inventory: &mut Inventory, source: &Source<'_>, _: &LoadContext<'_>) -> Result<(), Diagnostic> {
    let source_text = source.text()?;
    let (file, text, path) = (source_text.file, source_text.text.as_str(), source.path.as_path());
    let mut reader = Reader {
        inventory,
        path,
        group: "ungrouped".into(),
        state: State::Hosts,
        pending: IndexMap::new(),
    };
    for (number, raw) in (1_u32..).zip(text.lines()) {
        let line = raw.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let indent = raw.chars().take_while(|c| c.is_whitespace()).count();
        let origin = Origin {
            file,
            line: number,
            column: u32::try_from(indent + 1).unwrap_or(1),
        };
        let fail = |message: String| Diagnostic::error(message).at(origin).length(line.chars().count());
        if let Some((name, kind)) = section(line) {
            reader.section(name, kind, origin).map_err(fail)?;
        } else if line.starts_with('[') && line.ends_with(']') && reader.state != State::Vars {
            return Err(fail(format!("`{line}` is no section")).help(
                "a section is `[group]`, `[group:children]` or `[group:vars]`, without spaces in the name",
            ));
        } else {
            match reader.state {
                State::Hosts => reader.host(line, origin)?,
                State::Children => reader.child(line, origin).map_err(fail)?,
                State::Vars => reader.variable(line, origin).map_err(fail)?,
            }
        }
    }
    if let Some((name, pending)) = reader.pending.first() {
        let message = if pending.only_vars {
            format!("`[{name}:vars]` is for a group that is declared nowhere")
        } else {
            let parent = pending.parents.first().map_or("", String::as_str);
            format!("`[{parent}:children]` has the group `{name}`, which is declared nowhere")
        };
        let names = reader
            .inventory
            .groups
            .keys()
            .map(String::as_str)
            .filter(|n| n != name);
        let d = Diagnostic::error(message)
            .at(pending.origin)
            .length(name.chars().count());
        return Err(match kdo_syntax::nearest(name, names) {
            Some(other) => d.label(format!("did you mean `{other}`?")),
            None => d,
        });
    }
    Ok(())
}

/// Name and kind of a `[name:kind]` line.
fn section(line: &str) -> Option<(&str, &str)> {
    let (inner, after) = line.strip_prefix('[')?.split_once(']')?;
    let after = after.trim();
    if !after.is_empty() && !after.starts_with('#') {
        return None;
    }
    let (name, kind) = match inner.split_once(':') {
        Some((name, kind)) => (name, kind),
        None => (inner, "hosts"),
    };
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let fits = !name.is_empty()
        && !name.contains(|c: char| c.is_whitespace() || c == ':')
        && !kind.is_empty()
        && kind.chars().all(word);
    fits.then_some((name, kind))
}

impl Reader<'_> {
    fn section(&mut self, name: &str, kind: &str, origin: Origin) -> Result<(), String> {
        self.state = match kind {
            "hosts" => State::Hosts,
            "children" => State::Children,
            "vars" => State::Vars,
            _ => {
                return Err(format!(
                    "the section `[{name}:{kind}]` is of an unknown kind: {kind}"
                ));
            }
        };
        let name = self.inventory.safe_name(name);
        let name = name.as_str();
        self.group = name.to_owned();
        if !self.inventory.groups.contains_key(name) {
            if self.state == State::Vars && !self.pending.contains_key(name) {
                let pending = Pending {
                    origin: Origin {
                        column: origin.column + 1,
                        ..origin
                    },
                    parents: Vec::new(),
                    only_vars: true,
                };
                self.pending.insert(name.to_owned(), pending);
            }
            self.inventory.add_group(name);
        }
        if self.state != State::Vars
            && let Some(pending) = self.pending.shift_remove(name)
        {
            for parent in pending.parents {
                self.inventory.add_child(&parent, name)?;
            }
        }
        Ok(())
    }

    fn child(&mut self, line: &str, origin: Origin) -> Result<(), String> {
        let name = line.split('#').next().unwrap_or("").trim();
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == ':' || c == ']') {
            return Err(format!("`{line}` is no group name"));
        }
        let name = self.inventory.safe_name(name);
        let name = name.as_str();
        let known =
            self.inventory.groups.contains_key(name) && self.pending.get(name).is_none_or(|p| p.only_vars);
        if known {
            return self.inventory.add_child(&self.group, name).map(|_| ());
        }
        let pending = self.pending.entry(name.to_owned()).or_insert(Pending {
            origin,
            parents: Vec::new(),
            only_vars: false,
        });
        pending.parents.push(self.group.clone());
        Ok(())
    }

    fn variable(&mut self, line: &str, origin: Origin) -> Result<(), String> {
        let Some((key, value)) = line.split_once('=') else {
            return Err(format!("`{line}` is no `key=value`"));
        };
        let column = |text: &str| origin.column + u32::try_from(text.chars().count()).unwrap_or(0);
        let blanks = value.len() - value.trim_start().len();
        let place = Origin {
            column: column(key) + 1 + u32::try_from(blanks).unwrap_or(0),
            ..origin
        };
        self.inventory.set_group_var(
            &self.group,
            Text::trusted(key.trim(), Some(origin)),
            parse(value.trim(), place),
        );
        Ok(())
    }

    fn host(&mut self, line: &str, origin: Origin) -> Result<(), Diagnostic> {
        let fail = |column: u32, length: usize, message: String| {
            Diagnostic::error(message)
                .at(Origin { column, ..origin })
                .length(length)
        };
        let words = split_words(line).map_err(|e| fail(origin.column, line.chars().count(), e.to_owned()))?;
        let Some((first, rest)) = words.split_first() else {
            return Ok(());
        };
        let (names, port) =
            expand_host(&first.text).map_err(|e| fail(origin.column, first.text.chars().count(), e))?;
        let mut vars = Vec::with_capacity(rest.len());
        for word in rest {
            let column = origin.column + word.column - 1;
            let Some((key, value)) = word.text.split_once('=') else {
                let d = fail(
                    column,
                    word.text.chars().count(),
                    format!("`{}` is no `key=value`", word.text),
                );
                return Err(d.help("variables of a host are written `key=value`, without blanks around `=`"));
            };
            let after = u32::try_from(key.chars().count() + 1).unwrap_or(0);
            let key_text = Text::trusted(key, Some(Origin { column, ..origin }));
            let place = Origin {
                column: column + after,
                ..origin
            };
            vars.push((key_text, parse(value, place)));
        }
        for name in names {
            self.inventory
                .add_host(&name, Some(&self.group), Some(self.path), port);
            for (key, value) in &vars {
                self.inventory.set_host_var(&name, key.clone(), value.clone());
            }
        }
        Ok(())
    }
}

fn parse(text: &str, origin: Origin) -> Value {
    match parse_literal(text, Some(origin)) {
        Some(value) => without_tuples(value),
        None => Value::Str(Text::trusted(text, Some(origin))),
    }
}

/// Variables have lists only; Ansible's templates see tuples as lists too.
fn without_tuples(value: Value) -> Value {
    match value {
        Value::Tuple(items) => List::frozen(items.iter().cloned().map(without_tuples).collect()).into(),
        Value::List(items) => List::frozen(items.to_vec().into_iter().map(without_tuples).collect()).into(),
        Value::Map(map) => {
            map.entries().into_iter().for_each(|(k, v)| {
                map.insert(k, without_tuples(v));
            });
            map.into()
        }
        other => other,
    }
}
