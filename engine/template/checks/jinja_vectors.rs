//! Every template of `tests/templates/*_vectors.json` gives what ansible-core gives.

#![allow(clippy::unwrap_used)]

use kdo_template::{Environment, Templar, TemplateError};
use kdo_value::{Map, Text, Value, json};
use std::collections::BTreeMap;

/// Vectors where kdo differs on purpose or for now, with the reason.
const DIFFERENT: &[(&str, &str)] = &[
    ("{{ td.items() | list | length }}", LAZY),
    ("{{ (td | combine({'x': 1})).x }}", LAZY),
    ("{{ td | combine({'bad': 2, 'err': 3}) }}", LAZY),
    ("{% for i in td.values() %}x{% endfor %}", LAZY),
    (
        "{% for k, v in td.items() if k == 'a' %}{{ k }}={{ v }}{% endfor %}",
        LAZY,
    ),
    (
        "{{ ifel | default('q') }}",
        "an inline `if` without `else` that did not apply counts as missing",
    ),
    ("{{ [['a',1]] | community.general.dict }}", COLLECTION),
    ("{{ query('flattened',[1,[2,[3]]],4) }}", COLLECTION),
    (
        "{{ 1e400 | int }}",
        "an infinite literal is a float like any other",
    ),
    (
        "{{ [{'g':'b','n':1},{'n':2}] | groupby('g', default='zz') }}",
        "the default that Jinja documents applies",
    ),
    ("{{ '<a>' | e | e }}", "texts carry no mark of being escaped"),
    ("{{ 'abc' | hash('blake2b') }}", "not among the digests yet"),
    ("{{ 'abc' | hash('sha3_256') }}", "not among the digests yet"),
    (
        "{{ ('1970-01-01 00:00:00' | to_datetime) | to_json }}",
        "objects are written as their text",
    ),
    (
        "{{ query('sequence','0x10-0x12:%x') }}",
        "hexadecimal ends are taken, as documented",
    ),
    (
        "{{ '2020-01-02 03:04:05+0100' | to_datetime('%Y-%m-%d %H:%M:%S%z') | string }}",
        "times have no zone",
    ),
    (
        "{{ 'abc'.translate('abc'.maketrans({'a': 'x'})) }}{{ 'abc'.translate(''.maketrans('ab', 'xy', 'c')) }}",
        PYTHON,
    ),
    (
        "{{ d.fromkeys(['a', 'b'], 0) }}{{ d.get('nope') }}{{ d.get('c').x }}",
        PYTHON,
    ),
    (
        "{{ l.count(3) }}{{ l.index(2) }}{{ [1, 2, 1].index(1, 1) }}{{ (1, 2, 1).count(1) }}{{ (1, 2).index(2) }}",
        PYTHON,
    ),
    (
        "{% for i, in [[1]] %}{{ i }}{% endfor %}",
        "a target with a comma after it is allowed",
    ),
    (
        "{{ '<b>' | e | e }}{{ '<b>' | safe | e }}",
        "text has no mark for being escaped already",
    ),
];

const COLLECTION: &str = "the collection was not installed where the vectors were recorded";

const PYTHON: &str = "works on plain values in Python; ansible-core's lazy containers break it";
const LAZY: &str = "an entry that cannot be evaluated is no error before it is used";

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
    let path = format!("{}/../../tests/templates/{file}", env!("CARGO_MANIFEST_DIR"));
    let file = json::read(&std::fs::read_to_string(path).unwrap()).unwrap();
    let Some(Value::Map(base)) = file.get("base") else {
        panic!("no base variables")
    };
    let base = trusted_map(&base);
    let mut figures: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut failures = Vec::new();
    for vector in file.get("vectors").unwrap().as_sequence().unwrap() {
        let figure = figures.entry(vector.get("cat").unwrap().to_text()).or_default();
        figure.1 += 1;
        match outcome(&base, &vector) {
            Ok(()) => figure.0 += 1,
            Err(why) => {
                let template = vector.get("template").unwrap();
                if !DIFFERENT
                    .iter()
                    .any(|(known, _)| Some(*known) == template.as_str())
                {
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
    check("jinja_vectors.json");
}

#[test]
fn the_evaluator_does_what_ansible_core_does() {
    check("evaluator_vectors.json");
}

#[test]
fn filters_tests_and_lookups_do_what_ansible_core_does() {
    check("filter_vectors.json");
}

#[test]
fn operators_and_methods_are_those_of_python() {
    check("python_vectors.json");
}

#[test]
fn plugins_take_and_refuse_what_ansible_core_does() {
    check("plugin_vectors.json");
}

#[test]
fn tags_and_headers_do_what_ansible_core_does() {
    check("syntax_vectors.json");
}

#[test]
fn plugins_of_collections_do_what_the_collections_do() {
    check("collection_vectors.json");
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
