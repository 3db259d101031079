//! Parameters and return values of the modules, against what ansible-doc says of them (tests/specs).
//!
//! Keeps `docs/coverage.md`: `KDO_WRITE=1` writes it.

use crate::program::root;
use kdo_modules::{
    Meta,
    params::{Param, Spec, convert, parse_bool},
    registry,
};
use kdo_value::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write,
    fs,
};

/// Keys that every result may have.
const USUAL: &[&str] = &["changed", "diff", "failed", "msg", "skipped", "warnings"];

fn map(value: &Value, key: &str) -> Map {
    match value.as_map().and_then(|m| m.get(key)) {
        Some(Value::Map(map)) => map,
        _ => Map::new(),
    }
}

fn texts(value: Option<Value>) -> BTreeSet<String> {
    match value {
        Some(Value::List(list)) => list.to_vec().iter().map(Value::to_text).collect(),
        _ => BTreeSet::new(),
    }
}

/// A default as one text, however it is written.
fn default(value: &Value, kind: &str) -> String {
    match value {
        Value::None => String::new(),
        Value::List(list) if list.to_vec().is_empty() => String::new(),
        Value::Map(map) if map.entries().is_empty() => String::new(),
        Value::List(_) | Value::Map(_) => json::line(value),
        _ if kind == "bool" => {
            let is = parse_bool(&value.to_text()).unwrap_or_else(|| value.truthy());
            is.to_string()
        }
        // A list whose default is written as one text.
        Value::Str(text) if kind == "list" => json::line(&Value::list([Value::str(text.as_str())])),
        other => other.to_text(),
    }
}

/// The default of a parameter; those of lists are written as texts.
fn own_default(param: &Param) -> Value {
    let value = param.default.value();
    match (value.as_sequence(), param.elements) {
        (Some(items), Some(kind)) => Value::list(items.iter().map(|i| convert(i, kind).unwrap())),
        _ => value,
    }
}

/// What is said of the action or module of that name.
fn about(name: &str) -> Option<(&'static Meta, &'static Spec)> {
    let action = kdo_run::actions().find(|a| a.meta.name == name);
    let module = || registry::find(name).map(|e| (e.meta, e.spec));
    action.map(|a| (a.meta, a.spec)).or_else(module)
}

/// What of a parameter differs from the facts.
fn differences(param: &Param, facts: &Map) -> Vec<String> {
    let mut out = Vec::new();
    let text = |key: &str| facts.get(key).map(|v| v.to_text()).unwrap_or_default();
    let mut compare = |what: &str, is: String, recorded: String| {
        if is != recorded {
            out.push(format!("{what} is {is:?}, recorded {recorded:?}"));
        }
    };
    let kind = text("type");
    compare("type", param.kind.name().to_owned(), kind.clone());
    if kind == "list" {
        let of = param.elements.map_or("", |k| k.name());
        compare("elements", of.to_owned(), text("elements"));
    }
    compare(
        "required",
        param.required.to_string(),
        facts.get("required").is_some_and(|v| v.truthy()).to_string(),
    );
    compare(
        "default",
        default(&own_default(param), &kind),
        default(&facts.get("default").unwrap_or(Value::None), &kind),
    );
    let show = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join(" ");
    let named = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<BTreeSet<_>>();
    compare(
        "choices",
        show(named(param.choices)),
        show(texts(facts.get("choices"))),
    );
    // kdo may know more spellings; none may be missing.
    let missing: Vec<_> = texts(facts.get("aliases"))
        .into_iter()
        .filter(|a| !param.aliases.contains(&a.as_str()))
        .collect();
    compare("missing aliases", missing.join(" "), String::new());
    out
}

/// Numbers of parameters recorded and known; what is missing goes to `gaps` as name and words.
fn parameters(
    spec: Option<&Spec>,
    options: &Map,
    prefix: &str,
    gaps: &mut Vec<(String, String)>,
) -> (usize, usize) {
    let (mut all, mut known) = (0, 0);
    for (name, facts) in options.text_entries() {
        let facts = facts.as_map().unwrap().clone();
        let full = format!("{prefix}{name}");
        all += 1;
        // What is written as free text goes by another name inside.
        let own = matches!(name.as_str(), "free_form" | "free-form").then_some("_raw_params");
        let called = |p: &&Param| (p.name == name && !p.hidden) || own == Some(p.name);
        let param = spec.and_then(|s| s.all().into_iter().find(called));
        match param {
            None => gaps.push((full.clone(), "missing".into())),
            Some(param) => {
                let found = match own {
                    Some(own) if own == param.name => Vec::new(),
                    _ => differences(param, &facts),
                };
                if found.is_empty() {
                    known += 1;
                } else {
                    gaps.push((full.clone(), found.join("; ")));
                }
            }
        }
        if let Some(Value::Map(sub)) = facts.get("options") {
            let below = parameters(param.and_then(|p| p.options), &sub, &format!("{full}."), gaps);
            all += below.0;
            known += below.1;
        }
    }
    (all, known)
}

/// Reasons for gaps, by module and name: `[[parameter]]` and `[[return]]` of divergences.toml.
fn reasons(kind: &str) -> BTreeMap<(String, String), String> {
    let text = fs::read_to_string(root().join("divergences.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let text = |entry: &toml::Value, key: &str| entry[key].as_str().unwrap().to_owned();
    let all = table
        .get(kind)
        .and_then(|v| v.as_array())
        .cloned()
        .unwrap_or_default();
    all.iter()
        .map(|e| ((text(e, "module"), text(e, "name")), text(e, "reason")))
        .collect()
}

#[test]
fn modules_have_the_parameters_and_return_values_that_ansible_doc_tells() {
    let recorded = fs::read_to_string(root().join("tests/specs/facts.json")).unwrap();
    let recorded = json::read(&recorded).unwrap();
    let (mut params, mut returns) = (reasons("parameter"), reasons("return"));
    let mut wrong = Vec::new();
    let mut table = String::new();
    let mut listed = String::new();
    let mut sum = [0; 4];
    for (module, facts) in recorded.as_map().unwrap().text_entries() {
        let known = about(&module);
        let mut gaps = Vec::new();
        let (all, have) = parameters(
            known.map(|(_, spec)| spec),
            &map(&facts, "options"),
            "",
            &mut gaps,
        );
        for (name, what) in gaps {
            match params.remove(&(module.clone(), name.clone())) {
                Some(reason) => {
                    let _ = writeln!(listed, "- `{module}` `{name}` ({what}): {reason}");
                }
                None => wrong.push(format!("{module}: parameter {name}: {what}")),
            }
        }
        let told = texts(facts.as_map().unwrap().get("returns"));
        let missing: Vec<_> = told
            .iter()
            .filter(|r| !USUAL.contains(&r.as_str()))
            .filter(|r| !known.is_some_and(|(meta, _)| meta.returns.iter().any(|k| k.name == r.as_str())))
            .collect();
        for name in &missing {
            match returns.remove(&(module.clone(), (*name).clone())) {
                Some(reason) => {
                    let _ = writeln!(listed, "- `{module}` returns no `{name}`: {reason}");
                }
                None => wrong.push(format!("{module}: return value {name} is missing")),
            }
        }
        let has = told.len() - missing.len();
        let _ = writeln!(table, "| {module} | {have} / {all} | {has} / {} |", told.len());
        for (total, number) in sum.iter_mut().zip([have, all, has, told.len()]) {
            *total += number;
        }
    }
    for (module, name) in params.keys().chain(returns.keys()) {
        wrong.push(format!(
            "{module}: {name} is in divergences.toml, but is as recorded"
        ));
    }
    let [have, all, has, told] = sum;
    let text = format!(
        "<!-- Made by tests/it/specs.rs (KDO_WRITE=1); do not edit. -->\n\n# Coverage\n\nParameters with the name, type, \
         default, choices and aliases that ansible-doc tells, and return values, of the modules that kdo promises: known / \
         told.\n\n| module | parameters | return values |\n|---|---|---|\n{table}| **all** | {have} / {all} | {has} / {told} |\n\n\
         ## What differs, and why\n\n{listed}"
    );
    let file = root().join("docs/coverage.md");
    if env::var_os("KDO_WRITE").is_some() {
        fs::write(&file, &text).unwrap();
    }
    assert!(
        wrong.is_empty(),
        "{have} of {all} parameters, {has} of {told} return values\n{}",
        wrong.join("\n")
    );
    assert!(have * 100 >= all * 98, "{have} of {all} parameters");
    assert_eq!(
        fs::read_to_string(&file).unwrap_or_default(),
        text,
        "docs/coverage.md is stale: KDO_WRITE=1"
    );
}
