//! `kdo config list`

use crate::{config::Format, config_dump::structured, config_value::map, screen, stop::Result};
use kdo_config::{BASE, BaseSetting, CATEGORIES, Effect, PLUGINS, PluginSetting};
use kdo_value::{Value, json};

/// Shows what settings there are: default, keys, variables and type, and what kdo makes of them.
pub(crate) fn list(what: &str, format: Format) -> Result<()> {
    let mut out: Vec<(&str, Value)> = Vec::new();
    if matches!(what, "all" | "base") {
        out.extend(BASE.iter().map(|b| (b.name, base(b))));
    }
    let categories = CATEGORIES.iter().filter(|c| what == "all" || **c == what);
    let plugins: Vec<(String, Value)> = categories
        .map(|c| {
            (
                if what == "all" {
                    c.to_uppercase()
                } else {
                    (*c).to_owned()
                },
                category(c),
            )
        })
        .collect();
    if !plugins.is_empty() {
        out.push((
            "PLUGINS",
            map(plugins.iter().map(|(n, v)| (n.as_str(), v.clone()))),
        ));
    }
    let format = if format == Format::Text {
        Format::Yaml
    } else {
        format
    };
    screen::say(&structured(&map(out), format)?);
    Ok(())
}

fn base(base: &BaseSetting) -> Value {
    let (keys, env, effect): (&[&str], &[&str], _) = match base.setting() {
        Some(s) => (s.keys, s.env, s.effect),
        None => (&[], &[], Effect::Harmless),
    };
    let effect = match effect {
        Effect::Used => "kdo follows it.",
        Effect::Harmless => "Accepted; it has no effect in kdo.",
        Effect::Unsupported => "kdo cannot follow it and says so where it is set.",
    };
    entry(base.default, Some(effect), env, keys, base.kind)
}

fn category(name: &str) -> Value {
    let of = |plugin: &str| {
        let options = PLUGINS
            .iter()
            .filter(|p| p.category == name && p.plugin == plugin);
        map(options.map(|p| (p.name, option(p))))
    };
    let mut plugins: Vec<&str> = PLUGINS
        .iter()
        .filter(|p| p.category == name)
        .map(|p| p.plugin)
        .collect();
    plugins.dedup();
    map(plugins.into_iter().map(|p| (p, of(p))))
}

fn option(p: &PluginSetting) -> Value {
    entry(p.default, None, p.env, p.keys, p.kind)
}

fn entry(default: &str, effect: Option<&str>, env: &[&str], keys: &[&str], kind: &str) -> Value {
    let mut out = Vec::new();
    if !default.is_empty() {
        out.push(("default", json::read(default).unwrap_or(Value::None)));
    }
    if let Some(effect) = effect {
        out.push(("description", Value::str(effect)));
    }
    if !env.is_empty() {
        let env = env.iter().map(|e| map([("name", Value::str(*e))]));
        out.push(("env", Value::list(env)));
    }
    if !keys.is_empty() {
        let keys = keys.iter().map(|k| {
            let (section, key) = k.split_once('.').unwrap_or(("", k));
            map([("key", Value::str(key)), ("section", Value::str(section))])
        });
        out.push(("ini", Value::list(keys)));
    }
    if !kind.is_empty() {
        out.push(("type", Value::str(kind)));
    }
    map(out)
}
