//! The examples of filters, tests and lookups hold.

use crate::{Callable, Environment, Templar};
use kdo_value::{Map, Text, json};

fn check(kind: &str, families: &[&'static [Callable]]) {
    let variables = Map::new();
    let environment = Environment {
        escape_backslashes: true,
        ..Environment::default()
    };
    let templar = Templar::new(&variables, &environment);
    let mut failures = Vec::new();
    for c in families.iter().flat_map(|f| f.iter()) {
        for example in c.examples {
            let got = match templar.template(&Text::trusted(example.template, None)) {
                Ok(v) => json::line(&v),
                Err(e) => format!("error: {}", e.message),
            };
            let wanted = json::read(example.result).map_or_else(|e| e, |v| json::line(&v));
            if got != wanted {
                failures.push(format!(
                    "{kind} {}: {} gives {got} instead of {wanted}",
                    c.name, example.template
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn filters_do_what_their_examples_say() {
    check("filter", crate::filters::FAMILIES);
}

#[test]
fn tests_do_what_their_examples_say() {
    check("test", crate::tests::FAMILIES);
}

#[test]
fn lookups_do_what_their_examples_say() {
    check("lookup", crate::lookups::FAMILIES);
}
