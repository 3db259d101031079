//! `--explain`: every place that sets a variable for a host, and which one wins.

use crate::TaskVars;
use kdo_inventory::{Level, LevelKind};
use kdo_syntax::SourceMap;
use kdo_template::{Variables, Vault};
use kdo_value::{Map, Origin, Value, json};
use std::{cell::RefCell, path::Path};

/// Longer values are cut.
const MAX_WIDTH: usize = 60;
/// What stands for a secret.
const HIDDEN: &str = "********";

/// One place that sets a variable.
#[derive(Clone)]
pub struct Place {
    /// Its level in Ansible's table of precedence, 1 to 22; 0 for what is computed.
    pub number: u8,
    /// What it is, in words.
    pub what: String,
    /// The value as written.
    pub value: Value,
    /// The part of a run where it counts; everywhere if there is none.
    pub only: Option<String>,
    /// Where the value is written; of values that know no place, what sets them.
    pub origin: Option<Origin>,
}

impl Place {
    /// A place that counts everywhere.
    pub fn new(number: u8, what: impl Into<String>, value: Value) -> Self {
        Self {
            number,
            what: what.into(),
            origin: value.origin().or_else(|| first_origin(&value)),
            value,
            only: None,
        }
    }

    /// Counts only there.
    #[must_use]
    pub fn only(mut self, part: impl Into<String>) -> Self {
        self.only = Some(part.into());
        self
    }

    /// Belongs there if the value knows no place.
    #[must_use]
    pub fn at(mut self, origin: Option<Origin>) -> Self {
        self.origin = self.origin.or(origin);
        self
    }

    /// The place of a map's entry, if the map has it.
    pub fn of_map(number: u8, what: impl Into<String>, map: &Map, name: &str) -> Option<Self> {
        let value = map.get(name)?;
        let key = map
            .entries()
            .into_iter()
            .map(|(k, _)| k)
            .find(|k| k.as_str() == Some(name));
        Some(Self::new(number, what, value).at(key.and_then(|k| k.origin())))
    }
}

/// Numbers, booleans and the like know no place; of lists and dicts the first item's will do.
fn first_origin(value: &Value) -> Option<Origin> {
    match value {
        Value::List(items) => items
            .to_vec()
            .iter()
            .find_map(|v| v.origin().or_else(|| first_origin(v))),
        Value::Map(map) => map
            .entries()
            .iter()
            .find_map(|(k, v)| k.origin().or_else(|| v.origin()).or_else(|| first_origin(v))),
        _ => None,
    }
}

/// The places of an inventory's levels, lowest first.
pub fn inventory_places(levels: &[Level], name: &str) -> Vec<Place> {
    let place = |level: &Level| {
        let of = level.name.as_str();
        let (number, what) = match level.kind {
            LevelKind::GroupSource => (3, format!("inventory, group {of}")),
            LevelKind::AllFiles => (4, "group_vars/all".to_owned()),
            LevelKind::AllPlayFiles => (5, "playbook group_vars/all".to_owned()),
            LevelKind::GroupFiles => (6, format!("group_vars/{of}")),
            LevelKind::GroupPlayFiles => (7, format!("playbook group_vars/{of}")),
            LevelKind::HostSource => (8, "inventory, host".to_owned()),
            LevelKind::HostFiles => (9, format!("host_vars/{of}")),
            LevelKind::HostPlayFiles => (10, format!("playbook host_vars/{of}")),
        };
        Place::of_map(number, what, &level.vars, name)
    };
    levels.iter().filter_map(place).collect()
}

impl TaskVars {
    /// All places that set a variable, lowest first, as they are known before or during a run.
    pub fn places(&self, name: &str) -> Vec<Place> {
        let mut out: Vec<Place> = Vec::new();
        let store = &self.store;
        let roles: Vec<_> = self.play.play.roles.borrow().clone();
        let each_role = roles.iter().flat_map(|r| r.with_dependencies());
        let mut seen: Vec<String> = Vec::new();
        let each_role: Vec<_> = each_role
            .filter(|r| {
                let id = r.identity();
                let new = !seen.contains(&id);
                seen.push(id);
                new
            })
            .collect();
        for role in &each_role {
            let what = format!("defaults of role {}", role.full_name());
            out.extend(Place::of_map(2, what, &role.role.defaults, name));
        }
        out.extend(inventory_places(
            &store.levels(&self.host, &self.play.playbook_dir),
            name,
        ));
        out.extend(self.fact(name).map(|v| Place::new(11, "host facts", v)));
        for scope in self.play.play.scope.chain().collect::<Vec<_>>() {
            out.extend(Place::of_map(12, "play vars", &scope.vars, name));
        }
        out.extend(Place::of_map(13, "play vars_prompt", &self.play.prompted, name));
        if let Some(files) = self.play.files.borrow().get(&self.host) {
            out.extend(Place::of_map(14, "play vars_files", files, name));
        }
        for role in &each_role {
            let what = format!("vars of role {}", role.full_name());
            out.extend(Place::of_map(15, what, &role.role.vars, name));
        }
        if let Some(map) = store.included(&self.host) {
            out.extend(Place::of_map(18, "include_vars", &map, name));
        }
        if let Some(map) = store.set_values(&self.host) {
            out.extend(Place::of_map(19, "set_fact or register", &map, name));
        }
        for role in &each_role {
            let part = format!("in role {}", role.full_name());
            let what = format!("parameter of role {}", role.full_name());
            let params = Place::of_map(20, what.clone(), &role.params, name);
            let vars = Place::of_map(20, what, &role.scope.vars, name);
            out.extend(params.into_iter().chain(vars).map(|p| p.only(part.as_str())));
        }
        out.extend(Place::of_map(22, "extra vars", &store.extra, name));
        out.extend(self.magic(name).map(|v| Place::new(0, "computed by kdo", v)));
        out
    }
}

/// Variables that remember the secrets they gave, so that results made of them can be shown without.
pub struct Watched<'a> {
    inner: &'a dyn Variables,
    vault: Option<&'a dyn Vault>,
    seen: RefCell<Vec<String>>,
}

impl<'a> Watched<'a> {
    /// Over these variables.
    pub fn new(inner: &'a dyn Variables, vault: Option<&'a dyn Vault>) -> Self {
        Self {
            inner,
            vault,
            seen: RefCell::default(),
        }
    }

    fn note(&self, value: &Value) {
        let clear = match value {
            Value::Str(text) if text.is_secret() => Some(text.as_str().to_owned()),
            Value::Vault(v) => self
                .vault
                .and_then(|vault| Some(vault.decrypt(v).ok()?.as_str().to_owned())),
            Value::List(items) => return items.to_vec().iter().for_each(|v| self.note(v)),
            Value::Map(map) => return map.values().iter().for_each(|v| self.note(v)),
            _ => None,
        };
        self.seen.borrow_mut().extend(clear.filter(|c| !c.is_empty()));
    }

    /// A text without the secrets seen so far.
    pub fn hide_text(&self, text: &str) -> String {
        let seen = self.seen.borrow();
        seen.iter()
            .fold(text.to_owned(), |t, s| t.replace(s.as_str(), HIDDEN))
    }

    /// A value without the secrets seen so far.
    pub fn hide(&self, value: &Value) -> Value {
        match value {
            Value::Str(text) => Value::str(self.hide_text(text)),
            Value::List(items) => Value::list(items.to_vec().iter().map(|v| self.hide(v))),
            Value::Map(map) => {
                let entries = map.entries().into_iter();
                Value::Map(entries.map(|(k, v)| (k, self.hide(&v))).collect())
            }
            other => other.clone(),
        }
    }
}

impl Variables for Watched<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        let value = self.inner.get(name)?;
        self.note(&value);
        Some(value)
    }

    fn names(&self) -> Vec<String> {
        self.inner.names()
    }
}

/// The place that wins: the last one that counts everywhere.
pub fn winner(places: &[Place]) -> Option<&Place> {
    places.iter().rev().find(|p| p.only.is_none())
}

/// The explanation as text: the final value, then the places, highest first; `→` marks the one that wins.
pub fn explanation(
    name: &str,
    hosts: &[String],
    places: &[Place],
    result: &Result<Value, String>,
    sources: &SourceMap,
) -> String {
    let shown_hosts = match hosts {
        [first, second, third, _, rest @ ..] => {
            format!("{first}, {second}, {third} and {} more", rest.len() + 1)
        }
        few => few.join(", "),
    };
    let wins = winner(places);
    let secret = places
        .iter()
        .any(|p| wins.is_some_and(|w| std::ptr::eq(w, p)) && is_secret(&p.value));
    let value = match (wins, result) {
        (None, _) => "is not set".to_owned(),
        (Some(_), Ok(_)) if secret => format!("= {HIDDEN}"),
        (Some(_), Ok(value)) => format!("= {}", short(&hidden(value))),
        (Some(_), Err(why)) => format!("cannot be evaluated: {why}"),
    };
    let at = |origin: Origin| relative(&sources.place(origin));
    let mut rows: Vec<[String; 5]> = Vec::new();
    for place in places.iter().rev() {
        // Beside the inventory and beside the playbook may be the same file.
        let twice = places
            .iter()
            .rev()
            .take_while(|p| !std::ptr::eq(*p, place))
            .any(|p| p.origin.is_some() && p.origin.map(&at) == place.origin.map(&at));
        if twice && place.only.is_none() {
            continue;
        }
        let mark = wins.is_some_and(|w| std::ptr::eq(w, place));
        let number = match place.number {
            0 => "-".to_owned(),
            n => n.to_string(),
        };
        let at = place.origin.map_or("-".to_owned(), &at);
        let note = match &place.only {
            Some(part) => format!("({part} only)"),
            None => String::new(),
        };
        rows.push([
            format!("{} {number:>2}", if mark { "→" } else { " " }),
            place.what.clone(),
            at,
            short(&hidden(&place.value)),
            note,
        ]);
    }
    let width = |column: usize| {
        let widths = rows.iter().filter_map(|r| r.get(column));
        widths.map(|t| t.chars().count()).max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2), width(3)];
    let mut out = format!("{name} on {shown_hosts} {value}\n");
    for row in &rows {
        let mut line = String::new();
        for (text, width) in row.iter().zip(widths.iter().chain([&0])) {
            line.push_str(&format!("{text:<width$}  "));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Whether anything in a value is a secret.
fn is_secret(value: &Value) -> bool {
    match value {
        Value::Vault(_) => true,
        Value::Str(text) => text.is_secret(),
        Value::List(items) => items.to_vec().iter().any(is_secret),
        Value::Map(map) => map.values().iter().any(is_secret),
        _ => false,
    }
}

/// A value with its secrets replaced.
fn hidden(value: &Value) -> Value {
    match value {
        Value::Vault(_) => Value::str(HIDDEN),
        Value::Str(text) if text.is_secret() => Value::str(HIDDEN),
        Value::List(items) => Value::list(items.to_vec().iter().map(hidden)),
        Value::Tuple(items) => Value::list(items.iter().map(hidden)),
        Value::Map(map) => {
            let out = Map::new();
            map.for_each(|k, v| {
                out.insert(k.clone(), hidden(v));
            });
            Value::Map(out)
        }
        other => other.clone(),
    }
}

/// A value on one line, cut if it is long.
fn short(value: &Value) -> String {
    let layout = json::Layout {
        ensure_ascii: false,
        ..json::Layout::default()
    };
    let text = match value {
        Value::Object(_) => value.to_text(),
        _ => json::write(value, &layout).unwrap_or_else(|_| value.repr()),
    };
    if text.chars().count() <= MAX_WIDTH {
        return text;
    }
    let cut: String = text.chars().take(MAX_WIDTH - 1).collect();
    format!("{cut}…")
}

/// A place below the working directory is shown from there.
fn relative(place: &str) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    match Path::new(place).strip_prefix(here) {
        Ok(rest) => rest.display().to_string(),
        Err(_) => place.trim_start_matches("./").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, explanation, winner};
    use kdo_syntax::SourceMap;
    use kdo_value::{Origin, Text, Value};
    use std::path::Path;

    #[test]
    fn the_last_place_that_counts_everywhere_wins_and_secrets_are_hidden() {
        let sources = SourceMap::new();
        let file = sources.add(Path::new("hosts"), "");
        let at = |line| {
            Some(Origin {
                file,
                line,
                column: 3,
            })
        };
        let text = |t: &str, line| Value::Str(Text::trusted(t, at(line)));
        let places = [
            Place::new(3, "inventory, group web", text("low", 2)),
            Place::new(8, "inventory, host", text("{{ x }}", 4)),
            Place::new(20, "parameter of role r", Value::Int(5))
                .at(at(9))
                .only("in role r"),
        ];
        assert_eq!(winner(&places).map(|p| p.number), Some(8));
        let hosts: Vec<String> = ["a", "b"].map(str::to_owned).into();
        let shown = explanation("v", &hosts, &places, &Ok(Value::str("high")), &sources);
        assert_eq!(
            shown,
            "v on a, b = \"high\"\n  20  parameter of role r   hosts:9:3  5          (in role r only)\n\
             →  8  inventory, host       hosts:4:3  \"{{ x }}\"\n   3  inventory, group web  hosts:2:3  \"low\"\n"
        );
        let secret = [Place::new(9, "host_vars/a", Value::Str(Text::secret("pw")))];
        let shown = explanation("v", &hosts, &secret, &Ok(Value::str("pw")), &sources);
        assert!(
            !shown.contains("pw") && shown.starts_with("v on a, b = ********\n"),
            "{shown}"
        );
        assert!(
            explanation("v", &hosts, &[], &Ok(Value::None), &sources).starts_with("v on a, b is not set")
        );
    }
}
