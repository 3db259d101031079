//! Settings of the configuration have the effect that their table promises.

use crate::program::root;
use kdo_config::{Effect, SETTINGS};
use std::{fs, path::Path};

/// Where settings are named and not read.
const TABLES: &[&str] = &["config/table.rs", "config/base.rs", "config/plugins.rs"];

/// Names that the program puts together.
const BUILT: &[&str] = &[
    "galaxy_collection_skeleton",
    "galaxy_collection_skeleton_ignore",
    "galaxy_role_skeleton",
    "galaxy_role_skeleton_ignore",
];

/// The sources below a folder, but for the tables of settings.
fn sources(folder: &Path, out: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let table = TABLES.iter().any(|t| path.ends_with(t));
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") && !table {
            out.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_setting_that_is_said_to_count_is_read_somewhere() {
    let mut text = String::new();
    for folder in ["engine", "galaxy"] {
        sources(&root().join(folder), &mut text);
    }
    let unread: Vec<&str> = SETTINGS
        .iter()
        .filter(|s| s.effect == Effect::Used && !BUILT.contains(&s.name))
        .filter(|s| {
            let mut names = s.env.iter().chain([&s.name]);
            !names.any(|n| text.contains(&format!("\"{n}\"")))
        })
        .map(|s| s.name)
        .collect();
    assert!(unread.is_empty(), "nobody reads {unread:?}");
}
