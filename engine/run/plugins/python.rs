//! Plugins written in Python: kdo does not run them, but it can say which file a name comes from.

use super::{Folders, files, folders::short};
use kdo_template::PluginKind;
use std::path::{Path, PathBuf};

/// What to do about it.
pub(super) const ADVICE: &str =
    "use a built-in one, or write it as a program that takes and gives JSON (docs/plugins.md)";

/// The Python file in `folder` that gives a filter, test or lookup of that name.
pub(super) fn giving(folder: &Path, kind: PluginKind, name: &str) -> Option<PathBuf> {
    let python = files(folder)
        .into_iter()
        .filter(|p| p.extension().is_some_and(|e| e == "py"));
    let by_name = |p: &PathBuf| p.file_stem().is_some_and(|s| s == name);
    if kind == PluginKind::Lookup {
        return python.into_iter().find(by_name);
    }
    // A file gives any number of filters or tests, by a dictionary of their names.
    let mut files: Vec<PathBuf> = python.collect();
    files.sort_by_key(|p| !by_name(p));
    files
        .into_iter()
        .find(|p| std::fs::read(p).is_ok_and(|text| names(&String::from_utf8_lossy(&text), name)))
}

/// Whether a Python text has the name as a string, as a keyword (`dict(name=…)`) or as a function.
fn names(text: &str, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + name.len()..).unwrap_or_default();
        let quoted = ['\'', '"']
            .iter()
            .any(|q| before.ends_with(*q) && after.starts_with(*q));
        let alone = !before.ends_with(word) && !after.starts_with(word);
        quoted || alone && (before.ends_with("def ") || after.trim_start().starts_with('='))
    })
}

/// The Python file of a module or action of that name.
pub(crate) fn module(folders: &Folders, name: &str) -> Option<PathBuf> {
    let places: Vec<(Vec<PathBuf>, String)> = match (
        folders.in_collection(name, "modules"),
        folders.in_collection(name, "action"),
    ) {
        (Some(modules), Some(actions)) => vec![modules, actions],
        _ => ["library", "action_plugins"]
            .map(|f| (folders.beside(f), short(name).to_owned()))
            .into(),
    };
    places
        .iter()
        .flat_map(|(folders, name)| folders.iter().map(move |f| (f, name)))
        .find_map(|(folder, name)| {
            [name.clone(), format!("_{name}")]
                .iter()
                .map(|n| folder.join(format!("{n}.py")))
                .find(|p| p.is_file())
        })
}

/// The Python file of a plugin that is found by its file's name alone: a strategy, connection, become method …
pub(crate) fn of_kind(folders: &Folders, kind: &str, name: &str) -> Option<PathBuf> {
    let (places, name) = folders
        .in_collection(name, kind)
        .unwrap_or_else(|| (folders.beside(&format!("{kind}_plugins")), short(name).to_owned()));
    places
        .iter()
        .map(|p| p.join(format!("{name}.py")))
        .find(|p| p.is_file())
}

/// Python files that Ansible would ask for variables, unasked.
pub(crate) fn of_variables(folders: &Folders) -> Vec<PathBuf> {
    let all = folders.beside("vars_plugins");
    let python = all.iter().flat_map(|f| files(f));
    python
        .filter(|p| p.extension().is_some_and(|e| e == "py") && !p.ends_with("__init__.py"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn names_are_seen_as_keys_keywords_and_functions() {
        for text in [
            "return {'shout': shout}",
            "{ \"shout\" : f }",
            "dict(shout=f)",
            "def shout(value):",
        ] {
            assert!(names(text, "shout"), "{text}");
        }
        for text in ["# shout it out", "def shouting(x):", "unshout = 1", ""] {
            assert!(!names(text, "shout"), "{text}");
        }
    }
}
