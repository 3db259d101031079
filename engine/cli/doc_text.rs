//! Documentation for the terminal and as JSON.

use crate::doc::{Kind, Topic, summary};
use kdo_modules::{
    Support,
    params::{Param, Spec},
};
use kdo_run::About;
use kdo_value::{Map, Value, json as json_text};

/// The kind's word.
pub(crate) fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Module => "module",
        Kind::Filter => "filter",
        Kind::Test => "test",
        Kind::Lookup => "lookup",
        Kind::Keyword => "keyword",
    }
}

/// How far a mode is supported.
pub(crate) fn support(of: Support) -> &'static str {
    match of {
        Support::Full => "full",
        Support::Partial => "partial",
        Support::None => "none",
    }
}

/// Indented JSON.
pub(crate) fn json(value: &Value) -> String {
    json_text::write(
        value,
        &json_text::Layout {
            ensure_ascii: false,
            ..json_text::Layout::pretty(4)
        },
    )
    .unwrap_or_else(|_| json_text::line(value))
}

/// A page for the terminal.
pub(crate) fn as_text(topic: &Topic) -> String {
    match topic {
        Topic::Module(about) => module(*about),
        Topic::Callable(kind, c) => {
            let mut text = format!("{} ({})\n\n{}\n", c.name, word(*kind), c.doc);
            if !c.aliases.is_empty() {
                text.push_str(&format!("\nAlso called: {}\n", c.aliases.join(", ")));
            }
            for example in c.examples {
                text.push_str(&format!(
                    "\n    {}\n      -> {}\n",
                    example.template, example.result
                ));
            }
            text
        }
        Topic::Keyword(k) => {
            let places: Vec<String> = k.places.iter().map(|p| format!("{p:?}").to_lowercase()).collect();
            format!("{} (keyword of {})\n\n{}\n", k.name, places.join(", "), k.doc)
        }
    }
}

fn module(entry: About) -> String {
    let meta = entry.meta;
    let mut text = format!("{} (module)\n\n{}\n", meta.name, entry.spec.doc.trim());
    if !meta.aliases.is_empty() {
        text.push_str(&format!("\nAlso called: {}\n", meta.aliases.join(", ")));
    }
    text.push_str(&format!(
        "\nCheck mode: {}; diff mode: {}\n",
        support(meta.check),
        support(meta.diff)
    ));
    text.push_str("\nPARAMETERS\n");
    parameters(entry.spec, 1, &mut text);
    for rule in rules(entry.spec) {
        text.push_str(&format!("  {rule}\n"));
    }
    if !meta.returns.is_empty() {
        text.push_str("\nRETURNS\n");
        for r in meta.returns {
            text.push_str(&format!("  {}\n      {}\n", r.name, r.doc));
        }
    }
    if !meta.examples.is_empty() {
        text.push_str("\nEXAMPLES\n");
        for example in meta.examples {
            text.push_str(&format!(
                "  - name: {}\n    {}: {}\n",
                example.title, meta.name, example.args
            ));
        }
    }
    text
}

/// The parameters that are for users, sorted.
pub(crate) fn visible(spec: &'static Spec) -> Vec<&'static Param> {
    let mut all: Vec<&Param> = spec.all().into_iter().filter(|p| !p.hidden).collect();
    all.sort_by_key(|p| (!p.required, p.name));
    all
}

/// Type, default, choices and the like in a few words.
pub(crate) fn facts(p: &Param) -> String {
    let mut facts = vec![match p.elements {
        Some(of) => format!("{} of {}", p.kind.name(), of.name()),
        None => p.kind.name().to_owned(),
    }];
    if p.required {
        facts.push("required".into());
    }
    if !p.default.value().is_none() {
        facts.push(format!("default {}", json_text::line(&p.default.value())));
    }
    if !p.choices.is_empty() {
        facts.push(format!("one of {}", p.choices.join(", ")));
    }
    if !p.aliases.is_empty() {
        facts.push(format!("also {}", p.aliases.join(", ")));
    }
    if p.no_log {
        facts.push("never shown".into());
    }
    facts.join("; ")
}

fn parameters(spec: &'static Spec, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    for p in visible(spec) {
        text.push_str(&format!("{indent}{} ({})\n", p.name, facts(p)));
        for line in p.doc.lines() {
            text.push_str(&format!("{indent}    {}\n", line.trim()));
        }
        if let Some(sub) = p.options {
            parameters(sub, depth + 2, text);
        }
    }
}

/// The rules between parameters, one sentence each.
pub(crate) fn rules(spec: &Spec) -> Vec<String> {
    let mut rules = Vec::new();
    let list = |names: &[&str]| names.join(", ");
    rules.extend(
        spec.exclusive
            .iter()
            .map(|g| format!("At most one of: {}.", list(g))),
    );
    rules.extend(
        spec.together
            .iter()
            .map(|g| format!("All or none of: {}.", list(g))),
    );
    rules.extend(
        spec.one_of
            .iter()
            .map(|g| format!("At least one of: {}.", list(g))),
    );
    rules.extend(spec.required_if.iter().map(|(name, value, needed, any)| {
        let how = if *any { "one of" } else { "all of" };
        format!("With {name}={value} {how} these must be given: {}.", list(needed))
    }));
    rules.extend(
        spec.required_by
            .iter()
            .map(|(name, needed)| format!("With {name} these must be given: {}.", list(needed))),
    );
    rules
}

/// Name and description in the shape that `ansible-doc --json` has.
pub(crate) fn as_json(topic: &Topic) -> (&'static str, Value) {
    let out = Map::new();
    match topic {
        Topic::Module(entry) => {
            let doc = Map::new();
            doc.insert("module", kdo_modules::short(entry.meta.name));
            doc.insert("plugin_name", entry.meta.name);
            doc.insert("short_description", summary(entry.spec.doc));
            doc.insert("description", Value::list([Value::str(entry.spec.doc.trim())]));
            doc.insert("options", options(entry.spec));
            let attributes = Map::new();
            for (name, mode) in [("check_mode", entry.meta.check), ("diff_mode", entry.meta.diff)] {
                let map = Map::new();
                map.insert("support", support(mode));
                attributes.insert(name, map);
            }
            doc.insert("attributes", attributes);
            out.insert("doc", doc);
            let examples: Vec<String> = entry
                .meta
                .examples
                .iter()
                .map(|e| format!("- name: {}\n  {}: {}\n", e.title, entry.meta.name, e.args))
                .collect();
            out.insert("examples", examples.join("\n"));
            let returns = Map::new();
            for r in entry.meta.returns {
                let map = Map::new();
                map.insert("description", r.doc);
                returns.insert(r.name, map);
            }
            out.insert("return", returns);
            (entry.meta.name, out.into())
        }
        Topic::Callable(kind, c) => {
            let doc = Map::new();
            doc.insert("name", c.name);
            doc.insert("plugin_type", word(*kind));
            doc.insert("short_description", c.doc);
            out.insert("doc", doc);
            let examples: Vec<&str> = c.examples.iter().map(|e| e.template).collect();
            out.insert("examples", examples.join("\n"));
            (c.name, out.into())
        }
        Topic::Keyword(k) => {
            out.insert("description", k.doc);
            out.insert(
                "applies_to",
                Value::list(k.places.iter().map(|p| Value::str(format!("{p:?}")))),
            );
            (k.name, out.into())
        }
    }
}

fn options(spec: &'static Spec) -> Map {
    let out = Map::new();
    for p in visible(spec) {
        let map = Map::new();
        map.insert("type", p.kind.name());
        if let Some(of) = p.elements {
            map.insert("elements", of.name());
        }
        map.insert("description", Value::list([Value::str(p.doc.trim())]));
        if p.required {
            map.insert("required", true);
        }
        if !p.default.value().is_none() {
            map.insert("default", p.default.value());
        }
        let texts = |items: &[&str]| Value::list(items.iter().map(|i| Value::str(*i)));
        if !p.choices.is_empty() {
            map.insert("choices", texts(p.choices));
        }
        if !p.aliases.is_empty() {
            map.insert("aliases", texts(p.aliases));
        }
        if let Some(sub) = p.options {
            map.insert("suboptions", options(sub));
        }
        out.insert(p.name, map);
    }
    out
}
