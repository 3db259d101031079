//! Which crate may know which: the table of ARCHITECTURE.md, checked against `cargo metadata`.

use crate::program::root;
use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

/// Each crate and those it may depend on. Another edge is a decision: it is made here and told in ARCHITECTURE.md.
const ALLOWED: &[(&str, &[&str])] = &[
    ("kdo-value", &[]),
    ("kdo-crypt", &[]),
    ("kdo-derive", &[]),
    ("kdo-config", &[]),
    ("kdo-vault", &[]),
    ("kdo-results", &[]),
    ("kdo-lab", &[]),
    ("kdo-wire", &["kdo-value"]),
    ("kdo-syntax", &["kdo-value"]),
    ("kdo-event", &["kdo-value"]),
    (
        "kdo-template",
        &["kdo-crypt", "kdo-value", "kdo-syntax", "kdo-vault"],
    ),
    (
        "kdo-modules",
        &["kdo-crypt", "kdo-value", "kdo-wire", "kdo-derive"],
    ),
    ("kdo-agent", &["kdo-value", "kdo-wire", "kdo-modules"]),
    ("kdo-transport", &["kdo-wire"]),
    ("kdo-ssh", &["kdo-transport"]),
    ("kdo-report", &["kdo-value", "kdo-event"]),
    ("kdo-inventory", &["kdo-value", "kdo-syntax"]),
    ("kdo-galaxy", &["kdo-config", "kdo-value", "kdo-syntax"]),
    ("kdo-playbook", &["kdo-value", "kdo-syntax", "kdo-template"]),
    (
        "kdo-vars",
        &[
            "kdo-value",
            "kdo-syntax",
            "kdo-template",
            "kdo-inventory",
            "kdo-playbook",
        ],
    ),
    ("kdo-plan", &["kdo-playbook"]),
    (
        "kdo-run",
        &[
            "kdo-event",
            "kdo-inventory",
            "kdo-modules",
            "kdo-plan",
            "kdo-playbook",
            "kdo-syntax",
            "kdo-template",
            "kdo-transport",
            "kdo-value",
            "kdo-vars",
            "kdo-vault",
            "kdo-wire",
        ],
    ),
    (
        "kdo",
        &[
            "kdo-config",
            "kdo-event",
            "kdo-galaxy",
            "kdo-inventory",
            "kdo-lab",
            "kdo-modules",
            "kdo-playbook",
            "kdo-report",
            "kdo-results",
            "kdo-run",
            "kdo-ssh",
            "kdo-syntax",
            "kdo-template",
            "kdo-transport",
            "kdo-value",
            "kdo-vars",
            "kdo-vault",
        ],
    ),
];

/// Libraries that only some crates may use, because of what they bring along.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("clap", &["kdo", "kdo-lab"]),
    ("encoding_rs", &["kdo-run"]),
    ("libyaml-safer", &["kdo-syntax"]),
    ("minijinja", &["kdo-template"]),
    ("pubgrub", &["kdo-galaxy"]),
    ("ureq", &["kdo-galaxy"]),
    ("petgraph", &["kdo-plan", "kdo-run"]),
    ("russh", &["kdo-ssh"]),
    ("tokio", &["kdo-transport", "kdo-ssh", "kdo-run"]),
];

/// Ordinary dependencies of each crate of the workspace, from `cargo metadata`.
fn edges() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata = kdo_value::json::read(&String::from_utf8(output.stdout).unwrap()).unwrap();
    let text =
        |value: &kdo_value::Value, key: &str| value.get(key).and_then(|v| v.as_str().map(str::to_owned));
    let list = |value: &kdo_value::Value, key: &str| {
        value.get(key).and_then(|v| v.as_sequence()).unwrap_or_default()
    };
    list(&metadata, "packages")
        .iter()
        .map(|package| {
            let known = list(package, "dependencies")
                .iter()
                // Development dependencies have a kind.
                .filter(|d| d.get("kind").is_none_or(|k| k.is_none()))
                .filter_map(|d| text(d, "name"))
                .collect();
            (text(package, "name").unwrap(), known)
        })
        .collect()
}

#[test]
fn crates_know_only_whom_they_may_know() {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut wrong = Vec::new();
    for (name, known) in edges() {
        let Some(may) = allowed.get(name.as_str()) else {
            wrong.push(format!("{name} is not in the table"));
            continue;
        };
        for other in &known {
            if other.starts_with("kdo-") && !may.contains(&other.as_str()) {
                wrong.push(format!("{name} must not know {other}"));
            }
            if let Some((_, users)) = LIBRARIES.iter().find(|(library, _)| library == other)
                && !users.contains(&name.as_str())
            {
                wrong.push(format!("{name} must not use {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_table_has_no_dead_rows() {
    let edges = edges();
    let mut dead = Vec::new();
    for (name, may) in ALLOWED {
        match edges.get(*name) {
            None => dead.push(format!("{name} does not exist")),
            Some(known) => dead.extend(
                may.iter()
                    .filter(|m| !known.contains(**m))
                    .map(|m| format!("{name} does not use {m}")),
            ),
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

#[test]
fn the_table_is_the_one_in_the_document() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for (name, may) in ALLOWED.iter().filter(|(name, _)| *name != "kdo") {
        let short = |n: &str| n.trim_start_matches("kdo-").to_owned();
        let names: Vec<String> = may.iter().map(|m| short(m)).collect();
        let row = if names.is_empty() {
            "nobody".to_owned()
        } else {
            names.join(", ")
        };
        let row = format!("| `{}` | {row} |", short(name));
        assert!(text.contains(&row), "ARCHITECTURE.md lacks the row {row}");
    }
}
