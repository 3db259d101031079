//! `kdo config init`

use crate::{
    config_value::value,
    screen,
    settings::Settings,
    stop::{Result, Stop},
};
use kdo_config::{BASE, CATEGORIES, Effect, PLUGINS, Shown};
use kdo_value::Value;

/// A setting of the file to be written.
struct Line {
    /// `section.key`, or a variable's name.
    key: String,
    about: String,
    value: String,
}

/// Prints a configuration file with every setting at its default; `env` prints variables instead.
pub(crate) fn init(settings: &Settings, what: &str, format: &str, disabled: bool) -> Result<()> {
    let mut lines: Vec<Line> = Vec::new();
    let env = match format {
        "ini" => false,
        "env" => true,
        _ => return Err(Stop::usage("kdo config init writes ini or env")),
    };
    let mut add = |keys: &[&str], variables: &[&str], about: String, value: String| {
        let key = if env { variables.last() } else { keys.last() };
        if let Some(key) = key
            && !lines.iter().any(|l| l.key == *key)
        {
            let key = (*key).to_owned();
            lines.push(Line { key, about, value });
        }
    };
    if matches!(what, "all" | "base") {
        let shown = settings.base_settings();
        for (base, shown) in BASE.iter().zip(shown) {
            if let Some(s) = base.setting() {
                let about = match s.effect {
                    Effect::Used => format!("({})", type_word(base.kind)),
                    _ => format!("({}) without effect in kdo", type_word(base.kind)),
                };
                add(s.keys, s.env, about, text(&default(&shown), base.kind));
            }
        }
    }
    for p in PLUGINS {
        let wanted = what == "all" || what == p.category;
        if wanted && CATEGORIES.contains(&p.category) {
            let about = format!("({}) of {} {}", type_word(p.kind), p.category, p.plugin);
            let shown = Shown {
                name: p.name.to_owned(),
                origin: String::new(),
                value: None,
                default: if p.default.is_empty() { "null" } else { p.default }.to_owned(),
            };
            add(p.keys, p.env, about, text(&value(&shown), p.kind));
        }
    }
    screen::say(&if env {
        variables(&lines, disabled)
    } else {
        sections(&lines, disabled)
    });
    Ok(())
}

fn default(shown: &Shown) -> Value {
    value(&Shown {
        value: None,
        ..shown.clone()
    })
}

fn type_word(kind: &str) -> &str {
    match kind {
        "" => "string",
        "bool" => "boolean",
        "int" => "integer",
        "str" => "string",
        other => other,
    }
}

fn text(value: &Value, kind: &str) -> String {
    match value {
        Value::None => String::new(),
        Value::List(items) => {
            let between = if kind == "pathspec" { ":" } else { ", " };
            let items: Vec<String> = items.to_vec().iter().map(Value::to_text).collect();
            items.join(between)
        }
        other => other.to_text(),
    }
}

fn variables(lines: &[Line], disabled: bool) -> String {
    let mark = if disabled { "# " } else { "" };
    let lines = lines.iter().map(|l| {
        let value = l.value.replace('\'', "'\\''");
        format!("# {}\n{mark}{}='{value}'\n", l.about, l.key)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn sections(lines: &[Line], disabled: bool) -> String {
    let mut names: Vec<&str> = Vec::new();
    let section = |l: &Line| {
        l.key
            .split_once('.')
            .map(|(s, _)| s.to_owned())
            .unwrap_or_default()
    };
    let all: Vec<String> = lines.iter().map(section).collect();
    for name in &all {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let mark = if disabled { ";" } else { "" };
    let mut out = String::new();
    for name in names {
        out.push_str(&format!("[{name}]\n"));
        for line in lines.iter().filter(|l| section(l) == name) {
            let key = line.key.split_once('.').map_or(line.key.as_str(), |(_, k)| k);
            // `%` and line ends mean something in such files.
            let value = line.value.replace('\n', "\n    ");
            out.push_str(&format!("# {}\n{mark}{key}={value}\n\n", line.about));
        }
        out.push('\n');
    }
    out
}
