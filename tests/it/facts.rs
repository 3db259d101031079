//! Facts that differ from ansible-core's on purpose (tests/facts/differences.toml, read by tests/facts/compare).

use crate::program::{root, said};
use kdo_value::{Value, json};
use std::{fs, process::Command};

/// Names of facts of this machine.
fn facts() -> Vec<String> {
    let scratch = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kdo"));
    command
        .args(["play", "-c", "local", "-i", "localhost,", "-e"])
        .arg(format!("out={}", scratch.path().display()))
        .arg(root().join("tests/facts/gather.yml"))
        .env("HOME", scratch.path());
    let said = said(&mut command);
    assert_eq!(said.code, 0, "{said:?}");
    let text = fs::read_to_string(scratch.path().join("localhost.json")).unwrap();
    let Value::Map(facts) = json::read(&text).unwrap() else {
        panic!("{text}")
    };
    facts.text_entries().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn differences_from_ansible_core_are_facts_with_a_reason() {
    let text = fs::read_to_string(root().join("tests/facts/differences.toml")).unwrap();
    let told: toml::Table = text.parse().unwrap();
    let names = facts();
    for entry in told["fact"].as_array().unwrap() {
        let (name, reason) = (entry["name"].as_str().unwrap(), entry["reason"].as_str().unwrap());
        assert!(reason.len() > 10, "{name}: {reason}");
        let fact = name.split('.').next().unwrap();
        assert!(
            names.iter().any(|n| n == fact),
            "{name} is no fact of this machine"
        );
    }
    // What a host without Python cannot have is not listed: the comparison is of hosts with Python.
    assert!(names.iter().any(|n| n == "ansible_distribution"), "{names:?}");
}
