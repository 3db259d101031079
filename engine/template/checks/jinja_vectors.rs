//! Every template of `tests/templates/*_vectors.json` gives what ansible-core gives.

#![allow(clippy::unwrap_used)]

use kdo_template::{Environment, NoSetting, SettingValue, Settings, Templar, TemplateError};
use kdo_value::{Map, Text, Value, json};
use std::collections::BTreeMap;

/// Templates whose result differs, with the reason.
fn divergences() -> BTreeMap<String, String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../divergences.toml");
    let all: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let text = |entry: &toml::Value, key: &str| entry[key].as_str().unwrap().to_owned();
    let entries = all["template"].as_array().unwrap().iter();
    entries
        .map(|e| (text(e, "template"), text(e, "reason")))
        .collect()
}

fn trusted(value: &Value) -> Value {
    match value {
        Value::Str(s) => Value::trusted(s.as_str()),
        Value::List(l) => Value::List(kdo_value::List::frozen(l.to_vec().iter().map(trusted).collect())),
        Value::Map(m) => Value::Map(trusted_map(m)),
        other => other.clone(),
    }
}

fn trusted_map(map: &Map) -> Map {
    let out: Map = map
        .entries()
        .iter()
        .map(|(k, v)| (k.clone(), trusted(v)))
        .collect();
    out.freeze();
    out
}

/// The same value of the same types.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(x), Value::List(y)) => {
            x.len() == y.len() && x.to_vec().iter().zip(y.to_vec().iter()).all(|(a, b)| same(a, b))
        }
        (Value::Map(x), Value::Map(y)) => {
            x.len() == y.len()
                && x.entries()
                    .iter()
                    .zip(y.entries())
                    .all(|((k, v), (l, w))| same(k, &l) && same(v, &w))
        }
        (Value::Float(x), Value::Float(y)) if x.is_nan() => y.is_nan(),
        _ => a.type_name() == b.type_name() && a.py_eq(b),
    }
}

/// What a task registers has been through JSON.
fn registered(value: Value) -> Result<Value, TemplateError> {
    let text = json::write(&value, &json::Layout::default())?;
    Ok(json::read(&text)?)
}

/// The defaults of the settings that the vectors ask for; the real table is not known here.
struct Defaults;

impl Settings for Defaults {
    fn setting(&self, name: &str, _plugin: Option<(&str, &str)>) -> Result<SettingValue, NoSetting> {
        let value = match name {
            "DEFAULT_FORKS" => Value::Int(5),
            "DEFAULT_ROLES_PATH" => Value::list([Value::str("/usr/share/ansible/roles")]),
            _ => return Err(NoSetting::Unknown),
        };
        let origin = "default".to_owned();
        Ok(SettingValue { value, origin })
    }
}

fn outcome(base: &Map, vector: &Value) -> Result<(), String> {
    let text = |key: &str| vector.get(key).map(|v| v.to_text()).unwrap_or_default();
    let variables = base.copied();
    if let Some(Value::Map(own)) = vector.get("vars") {
        for (k, v) in own.entries() {
            variables.insert(k, trusted(&v));
        }
    }
    let environment = Environment {
        escape_backslashes: true,
        settings: Some(&Defaults),
        ..Environment::default()
    };
    let got =
        Templar::new(&variables, &environment).resolve(&Value::Str(Text::trusted(text("template"), None)));
    let got = got.and_then(registered);
    let ok = vector.get("ok").is_some_and(|v| v.truthy());
    match got {
        Err(_) if !ok => Ok(()),
        Err(e) => Err(format!("error: {}", e.message)),
        Ok(v) if !ok => Err(format!("should be an error, is {}", v.repr())),
        Ok(v) => {
            let wanted = vector.get("value").unwrap_or(Value::None);
            if same(&v, &wanted) {
                Ok(())
            } else {
                Err(format!(
                    "{} {} instead of {}",
                    v.type_name(),
                    v.repr(),
                    wanted.repr()
                ))
            }
        }
    }
}

fn check(file: &str) {
    let path = format!("{}/../../tests/{file}", env!("CARGO_MANIFEST_DIR"));
    let file = json::read(&std::fs::read_to_string(path).unwrap()).unwrap();
    let Some(Value::Map(base)) = file.get("base") else {
        panic!("no base variables")
    };
    let base = trusted_map(&base);
    let mut figures: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let (different, mut failures) = (divergences(), Vec::new());
    for vector in file.get("vectors").unwrap().as_sequence().unwrap() {
        let figure = figures.entry(vector.get("cat").unwrap().to_text()).or_default();
        figure.1 += 1;
        let template = vector.get("template").unwrap();
        let listed = template.as_str().is_some_and(|t| different.contains_key(t));
        match outcome(&base, &vector) {
            Ok(()) if listed => failures.push(format!(
                "{} does as Ansible does: take it out of divergences.toml",
                template.repr()
            )),
            Ok(()) => figure.0 += 1,
            Err(why) => {
                if !listed {
                    failures.push(format!(
                        "{} {}\n    {why}",
                        vector.get("id").unwrap().repr(),
                        template.repr()
                    ));
                }
            }
        }
    }
    let table: Vec<String> = figures
        .iter()
        .map(|(cat, (good, all))| format!("{cat} {good}/{all}"))
        .collect();
    assert!(
        failures.is_empty(),
        "{}\n{}",
        failures.join("\n"),
        table.join("  ")
    );
}

#[test]
fn templates_give_what_ansible_core_gives() {
    check("templates/jinja_vectors.json");
}

#[test]
fn the_evaluator_does_what_ansible_core_does() {
    check("templates/evaluator_vectors.json");
}

#[test]
fn filters_tests_and_lookups_do_what_ansible_core_does() {
    check("templates/filter_vectors.json");
}

#[test]
fn operators_and_methods_are_those_of_python() {
    check("templates/python_vectors.json");
}

#[test]
fn plugins_take_and_refuse_what_ansible_core_does() {
    check("templates/plugin_vectors.json");
}

#[test]
fn tags_and_headers_do_what_ansible_core_does() {
    check("templates/syntax_vectors.json");
}

#[test]
fn plugins_of_collections_do_what_the_collections_do() {
    check("templates/collection_vectors.json");
}

#[test]
fn generated_values_are_shown_and_compared_as_ansible_core_does() {
    check("properties/values.json");
}

/// For trying further vectors: `KDO_VECTORS` names a file in the same form; every row that differs is printed.
#[test]
fn a_file_named_from_outside_agrees() {
    let Ok(path) = std::env::var("KDO_VECTORS") else {
        return;
    };
    let file = json::read(&std::fs::read_to_string(path).unwrap()).unwrap();
    let base = match file.get("base") {
        Some(Value::Map(base)) => trusted_map(&base),
        _ => Map::new(),
    };
    let mut differ = Vec::new();
    for vector in file.get("vectors").unwrap().as_sequence().unwrap() {
        if let Err(why) = outcome(&base, &vector) {
            let template = vector.get("template").unwrap();
            differ.push(format!(
                "{} {}\n    {why}",
                vector.get("id").unwrap().repr(),
                template.repr()
            ));
        }
    }
    assert!(
        differ.is_empty(),
        "{}\n{} differ",
        differ.join("\n"),
        differ.len()
    );
}
