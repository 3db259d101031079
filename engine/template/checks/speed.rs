//! How long a large template takes. Run with `cargo test --release -p kdo-template --test speed -- --ignored --nocapture`.

#![allow(clippy::unwrap_used)]

use kdo_template::{Environment, FileOptions, Templar};
use kdo_value::{Map, Value};
use std::{fmt::Write, time::Instant};

/// The text of a kernel configuration of 10,000 lines: plain lines, switches, values and loops.
fn configuration() -> String {
    let mut text = String::new();
    for i in 0..10_000 {
        let line = match i % 10 {
            0 => format!(
                "{{% if flags.debug %}}CONFIG_DEBUG_{i}=y{{% else %}}# CONFIG_DEBUG_{i} is not set{{% endif %}}"
            ),
            1 => format!("CONFIG_LEVEL_{i}={{{{ level }}}}"),
            2 => format!("CONFIG_NAME_{i}=\"{{{{ name | upper }}}}\""),
            3 if i % 1000 == 3 => format!("{{% for d in drivers %}}CONFIG_{{{{ d }}}}_{i}=m\n{{% endfor %}}"),
            _ => format!("CONFIG_SOMETHING_LONGER_{i}=y"),
        };
        writeln!(text, "{line}").unwrap();
    }
    text
}

#[test]
#[ignore = "tells a time; meaningful in release builds only"]
fn a_kernel_configuration_is_quick() {
    let text = configuration();
    assert!(text.len() >= 300_000, "{}", text.len());
    let variables = Map::new();
    variables.insert("flags", [("debug", true)].into_iter().collect::<Map>());
    variables.insert("level", 3_i64);
    variables.insert("name", "kernel");
    variables.insert("drivers", Value::list(["A", "B", "C"].map(Value::str)));
    let environment = Environment::default();
    let templar = Templar::new(&variables, &environment);
    let mut best = f64::MAX;
    for _ in 0..10 {
        let begun = Instant::now();
        let out = templar.render(&text, &FileOptions::default()).unwrap();
        best = best.min(begun.elapsed().as_secs_f64() * 1000.0);
        assert!(out.contains("CONFIG_NAME_2=\"KERNEL\"\n"));
    }
    println!("{} bytes in {best:.1} ms", text.len());
    assert!(best <= 20.0, "{best} ms");
}
