//! `kdo config dump`

use crate::{
    config::Format,
    config_value::{map, value},
    screen,
    settings::Settings,
    stop::{Result, Stop},
};
use kdo_config::{CATEGORIES, Shown};
use kdo_syntax::{EmitOptions, emit_yaml};
use kdo_value::{Value, json};

/// Shows settings with values and where those were set.
pub(crate) fn dump(settings: &Settings, what: &str, only_changed: bool, format: Format) -> Result<()> {
    let chosen = |list: Vec<Shown>| -> Vec<Shown> {
        list.into_iter().filter(|s| !only_changed || s.is_set()).collect()
    };
    let categories: Vec<&str> = match what {
        "all" => CATEGORIES.to_vec(),
        "base" => Vec::new(),
        one => vec![one],
    };
    let base = matches!(what, "all" | "base").then(|| chosen(settings.base_settings()));
    let servers = settings.galaxy_servers();
    let mut plugins = Vec::new();
    for category in categories {
        let found = settings.plugin_settings(category).into_iter();
        let list: Vec<_> = found
            .map(|(plugin, list)| (plugin, chosen(list)))
            .filter(|(_, list)| !list.is_empty())
            .collect();
        plugins.push((category, list));
    }
    if format == Format::Text {
        let servers = servers
            .into_iter()
            .map(|(name, list)| (name, chosen(list)))
            .collect();
        screen::say(&text(base, servers, &plugins, what == "all", only_changed));
        return Ok(());
    }
    let mut out: Vec<Value> = Vec::new();
    if let Some(base) = base {
        out.extend(base.iter().map(|s| entry(s, false)));
        let mut servers = servers;
        servers.sort_by(|a, b| a.0.cmp(&b.0));
        let servers = servers.iter().map(|(name, list)| {
            let list = list.iter().map(|s| entry(s, true));
            (name.as_str(), Value::list(list))
        });
        out.push(map([("GALAXY_SERVERS", map(servers))]));
    }
    for (category, list) in plugins {
        let list = list
            .iter()
            .map(|(plugin, list)| map([(*plugin, Value::list(list.iter().map(|s| entry(s, false))))]));
        if what == "all" {
            let name = format!("{}_PLUGINS", category.to_uppercase());
            out.push(map([(name.as_str(), Value::list(list))]));
        } else {
            out.extend(list);
        }
    }
    screen::say(&structured(&Value::list(out), format)?);
    Ok(())
}

/// A value as JSON or YAML.
pub(crate) fn structured(value: &Value, format: Format) -> Result<String> {
    match format {
        Format::Json => json::write(value, &json::Layout::pretty(4)).map_err(Stop::new),
        _ => Ok(emit_yaml(value, &EmitOptions::default())),
    }
}

fn entry(shown: &Shown, with_type: bool) -> Value {
    let kind = with_type.then_some(("type", Value::None));
    let first = [
        ("name", Value::str(shown.name.as_str())),
        ("origin", Value::str(shown.origin.as_str())),
    ];
    map(first.into_iter().chain(kind).chain([("value", value(shown))]))
}

fn line(shown: &Shown) -> String {
    format!("{}({}) = {}\n", shown.name, shown.origin, value(shown).to_text())
}

fn heading(name: &str, under: char) -> String {
    format!("\n{name}:\n{}\n", under.to_string().repeat(name.chars().count()))
}

fn text(
    base: Option<Vec<Shown>>,
    servers: Vec<(String, Vec<Shown>)>,
    plugins: &[(&str, Vec<(&'static str, Vec<Shown>)>)],
    all: bool,
    only_changed: bool,
) -> String {
    let mut out = String::new();
    if let Some(base) = base {
        base.iter().for_each(|s| out.push_str(&line(s)));
        out.push_str("\nGALAXY_SERVERS:\n");
        let without = servers.is_empty();
        if !without {
            out.push('\n');
        }
        for (name, mut list) in servers {
            list.sort_by(|a, b| a.name.cmp(&b.name));
            out.push_str(&format!("\n{name}\n{}\n", "=".repeat(name.chars().count())));
            list.iter().for_each(|s| out.push_str(&line(s)));
        }
        if all && without && plugins.iter().any(|(_, list)| !list.is_empty()) {
            out.push('\n');
        }
    }
    for (category, list) in plugins {
        if all && (!only_changed || !list.is_empty()) {
            out.push_str(&heading(&category.to_uppercase(), '='));
        }
        for (plugin, list) in list {
            out.push_str(&heading(plugin, '_'));
            list.iter().for_each(|s| out.push_str(&line(s)));
        }
    }
    out
}
