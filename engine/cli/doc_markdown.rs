//! The reference as Markdown, made from the registries.

use crate::{
    doc::{modules, summary},
    doc_text::{facts, rules, support, visible},
};
use kdo_modules::params::Spec;
use kdo_playbook::KEYWORDS;
use kdo_run::About;
use kdo_template::Callable;
use std::fmt::Write;

/// Paths below the folder, and texts.
pub(crate) fn pages() -> Vec<(String, String)> {
    let mut pages = vec![
        ("modules/README.md".to_owned(), index()),
        ("callbacks.md".to_owned(), outputs()),
        ("keywords.md".to_owned(), keywords()),
        (
            "filters.md".to_owned(),
            callables("Filters", kdo_template::filters::FAMILIES),
        ),
        (
            "tests.md".to_owned(),
            callables("Tests", kdo_template::tests::FAMILIES),
        ),
        (
            "lookups.md".to_owned(),
            callables("Lookups", kdo_template::lookups::FAMILIES),
        ),
    ];
    pages.extend(
        modules()
            .into_iter()
            .map(|m| (format!("modules/{}.md", m.meta.name), module(m))),
    );
    pages
}

const HEAD: &str = "<!-- Made by `kdo doc --write docs`; do not edit. -->\n\n";

fn index() -> String {
    let mut text = format!("{HEAD}# Modules\n\n");
    for e in modules() {
        let _ = writeln!(text, "- [{0}]({0}.md): {1}", e.meta.name, summary(e.spec.doc));
    }
    text
}

fn module(entry: About) -> String {
    let meta = entry.meta;
    let mut text = format!("{HEAD}# {}\n\n{}\n\n", meta.name, entry.spec.doc.trim());
    if !meta.aliases.is_empty() {
        let _ = writeln!(text, "Also called {}.\n", meta.aliases.join(", "));
    }
    let _ = writeln!(
        text,
        "Check mode: {}. Diff mode: {}.\n\n## Parameters\n",
        support(meta.check),
        support(meta.diff)
    );
    parameters(entry.spec, 0, &mut text);
    for rule in rules(entry.spec) {
        let _ = writeln!(text, "\n{rule}");
    }
    if !meta.returns.is_empty() {
        text.push_str("\n## Returns\n\n");
        for r in meta.returns {
            let _ = writeln!(text, "- `{}`: {}", r.name, r.doc);
        }
    }
    if !meta.examples.is_empty() {
        text.push_str("\n## Examples\n\n```yaml\n");
        for e in meta.examples {
            let _ = writeln!(text, "- name: {}\n  {}: {}", e.title, meta.name, e.args);
        }
        text.push_str("```\n");
    }
    text
}

fn parameters(spec: &'static Spec, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    for p in visible(spec) {
        let doc: Vec<&str> = p.doc.lines().map(str::trim).collect();
        let _ = writeln!(text, "{indent}- `{}` ({}): {}", p.name, facts(p), doc.join(" "));
        if let Some(sub) = p.options {
            parameters(sub, depth + 1, text);
        }
    }
}

fn keywords() -> String {
    let mut text = format!("{HEAD}# Keywords\n\n");
    for k in KEYWORDS {
        let places: Vec<String> = k.places.iter().map(|p| format!("{p:?}").to_lowercase()).collect();
        let _ = writeln!(text, "- `{}` ({}): {}", k.name, places.join(", "), k.doc);
    }
    text
}

fn outputs() -> String {
    let mut text = format!(
        "{HEAD}# Callbacks\n\nViews are chosen by `stdout_callback` or `--output`; the others by `callbacks_enabled`. Views also take the options of `ansible.builtin.default`, which are settings of their own (`kdo config`).\n"
    );
    for callback in kdo_report::callbacks::CALLBACKS {
        let kind = match callback.kind {
            kdo_report::callbacks::Use::View => "View.",
            kdo_report::callbacks::Use::Also => "Besides a view.",
        };
        let _ = writeln!(text, "\n## {}\n\n{} {kind}", callback.name, callback.doc);
        for (i, option) in callback.options.iter().enumerate() {
            let mut from: Vec<String> = option.env.iter().map(|e| format!("`{e}`")).collect();
            from.extend(
                option
                    .ini
                    .iter()
                    .map(|(section, key)| format!("`[{section}] {key}`")),
            );
            let default = match option.default {
                "" => String::new(),
                default => format!("; default `{default}`"),
            };
            let gap = if i == 0 { "\n" } else { "" };
            let _ = writeln!(
                text,
                "{gap}- `{}` ({}{default}): {}",
                option.name,
                from.join(", "),
                option.doc
            );
        }
    }
    text
}

fn callables(title: &str, families: &[&'static [Callable]]) -> String {
    let mut all: Vec<&Callable> = families.iter().flat_map(|f| f.iter()).collect();
    all.sort_by_key(|c| c.name);
    let mut text = format!("{HEAD}# {title}\n");
    for c in all {
        let _ = writeln!(text, "\n## {}\n\n{}", c.name, c.doc);
        if !c.aliases.is_empty() {
            let _ = writeln!(text, "\nAlso called {}.", c.aliases.join(", "));
        }
        for e in c.examples {
            let _ = writeln!(text, "\n    {} -> {}", e.template, e.result);
        }
    }
    text
}
