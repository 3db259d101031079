//! No filter, test or lookup may panic, whatever it is given.

use crate::{Callable, Environment, Templar};
use kdo_value::{Map, Text, Value};

/// Left out because they run commands, write files or are slow on purpose.
const LEFT_OUT: [&str; 7] = [
    "pipe",
    "lines",
    "password",
    "password_hash",
    "vault",
    "unvault",
    "url",
];

fn odd_values() -> Map {
    let values = Map::new();
    for (i, v) in [
        Value::None,
        Value::Bool(true),
        Value::Int(0),
        Value::Int(-1),
        Value::Int(i64::MAX),
        Value::Int(i64::MIN),
        Value::big("123456789012345678901234567890".parse().unwrap()),
        Value::Float(f64::NAN),
        Value::Float(f64::INFINITY),
        Value::Float(-2.5),
        Value::str(""),
        Value::str("é%\\1{[(<"),
        Value::str("a b=c\n\n"),
        Value::str("10.0.0.1/24"),
        Value::str("%Y %(x)s %*d {}"),
        Value::list([]),
        Value::list([Value::Int(1), Value::str("a"), Value::None]),
        Value::list([Value::list([Value::Int(1)]), Value::Tuple([Value::Int(2)].into())]),
        Value::Map(Map::new()),
        Value::Map(
            [("a", Value::list([Value::Int(1)])), ("é", Value::None)]
                .into_iter()
                .collect(),
        ),
        Value::list([Value::Map([("a", 1_i64)].into_iter().collect())]),
        Value::Bytes(vec![0xff, 0].into()),
    ]
    .into_iter()
    .enumerate()
    {
        values.insert(format!("v{i}"), v);
    }
    values
}

fn run(families: &[&'static [Callable]], write: impl Fn(&str, &str) -> String) {
    let variables = odd_values();
    let environment = Environment::default();
    let templar = Templar::new(&variables, &environment);
    let names: Vec<String> = variables.keys().iter().map(Value::to_text).collect();
    for c in families.iter().flat_map(|f| f.iter()) {
        let short = c.name.rsplit('.').next().unwrap_or(c.name);
        if LEFT_OUT.contains(&short) {
            continue;
        }
        for value in &names {
            let mut arguments = vec![String::new()];
            arguments.extend(names.iter().cloned());
            arguments.extend(names.iter().map(|n| format!("v11, {n}")));
            for arguments in arguments {
                let call = write(c.name, &arguments).replace('$', value);
                let _ = templar.template(&Text::trusted(format!("{{{{ {call} }}}}"), None));
            }
        }
    }
}

#[test]
fn filters_survive_odd_arguments() {
    run(crate::filters::FAMILIES, |name, arguments| {
        format!("$ | {name}({arguments})")
    });
}

#[test]
fn tests_survive_odd_arguments() {
    run(crate::tests::FAMILIES, |name, arguments| {
        format!("$ is {name}({arguments})")
    });
}

#[test]
fn lookups_survive_odd_arguments() {
    run(crate::lookups::FAMILIES, |name, arguments| match arguments {
        "" => format!("query('{name}', $)"),
        more => format!("query('{name}', $, {more})"),
    });
}
