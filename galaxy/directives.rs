//! `manifest` of `galaxy.yml`: which files a collection has, in the words of Python's MANIFEST.in.

use crate::{Failure, Result};
use kdo_value::{Value, glob};
use regex::Regex;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// Plugins that are written in YAML too, beside Python.
const WITH_YAML: &[&str] = &[
    "become",
    "cache",
    "callback",
    "cliconf",
    "connection",
    "filter",
    "httpapi",
    "inventory",
    "lookup",
    "netconf",
    "shell",
    "strategy",
    "test",
    "vars",
];

/// The files that the directives choose, and the folders they lie in, sorted.
pub(crate) fn choose(all: &[PathBuf], manifest: &Value, own: &Own<'_>) -> Result<Vec<PathBuf>> {
    let given = manifest
        .get("directives")
        .and_then(|d| d.as_sequence())
        .unwrap_or_default();
    let given: Vec<String> = given.iter().map(Value::to_text).collect();
    let bare = manifest
        .get("omit_default_directives")
        .is_some_and(|v| v.truthy());
    if bare && given.is_empty() {
        return Err(Failure::invalid(
            "'manifest.omit_default_directives' was set to True, but no directives were defined in 'manifest.directives'",
        ));
    }
    let directives = if bare { given } else { with_defaults(given, own) };
    let mut chosen = BTreeSet::new();
    for directive in &directives {
        apply(directive, all, &mut chosen)?;
    }
    let folders: BTreeSet<PathBuf> = chosen
        .iter()
        .flat_map(|f| f.ancestors().skip(1))
        .filter(|f| !f.as_os_str().is_empty())
        .map(Path::to_path_buf)
        .collect();
    chosen.extend(folders);
    Ok(chosen.into_iter().collect())
}

/// What the defaults need to know of the collection.
pub(crate) struct Own<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) license_file: Option<&'a str>,
}

fn with_defaults(given: Vec<String>, own: &Own<'_>) -> Vec<String> {
    let mut all: Vec<String> = [
        "include meta/*.yml",
        "include *.txt *.md *.rst *.license COPYING LICENSE",
        "recursive-include .reuse **",
        "recursive-include LICENSES **",
        "recursive-include tests **",
        "recursive-include docs **.rst **.yml **.yaml **.json **.j2 **.txt **.license",
        "recursive-include roles **.yml **.yaml **.json **.j2 **.license",
        "recursive-include playbooks **.yml **.yaml **.json **.license",
        "recursive-include changelogs **.yml **.yaml **.license",
        "recursive-include plugins */**.py */**.license",
        "recursive-include plugins/modules **.ps1 **.yml **.yaml **.license",
        "recursive-include plugins/module_utils **.ps1 **.psm1 **.cs **.license",
    ]
    .map(str::to_owned)
    .to_vec();
    all.extend(
        WITH_YAML
            .iter()
            .map(|p| format!("recursive-include plugins/{p} **.yml **.yaml")),
    );
    all.extend(own.license_file.map(|f| format!("include {f}")));
    all.extend(given);
    let (namespace, name) = (own.namespace, own.name);
    all.push(format!(
        "exclude galaxy.yml galaxy.yaml MANIFEST.json FILES.json {namespace}-{name}-*.tar.gz"
    ));
    all.push("recursive-exclude tests/output **".to_owned());
    all.push("global-exclude /.* /__pycache__".to_owned());
    all
}

fn apply(directive: &str, all: &[PathBuf], chosen: &mut BTreeSet<PathBuf>) -> Result<()> {
    let bad = || Failure::invalid(format!("{directive:?} is no directive of a manifest"));
    let mut words = directive.split_whitespace();
    let Some(verb) = words.next() else {
        return Ok(());
    };
    let folder = if verb.starts_with("recursive-") || matches!(verb, "graft" | "prune") {
        Some(words.next().ok_or_else(bad)?.trim_matches('/'))
    } else {
        None
    };
    let mut patterns: Vec<&str> = words.collect();
    match verb {
        "graft" | "prune" if patterns.is_empty() => patterns.push("**"),
        "graft" | "prune" => return Err(bad()),
        _ if patterns.is_empty() => return Err(bad()),
        _ => {}
    }
    let adds = matches!(verb, "include" | "global-include" | "recursive-include" | "graft");
    if !adds && !matches!(verb, "exclude" | "global-exclude" | "recursive-exclude" | "prune") {
        return Err(bad());
    }
    for pattern in patterns {
        // Within one name.
        let segment = |pattern: &str| glob::as_regex(pattern, "[^/]");
        let pattern = segment(pattern);
        let pattern = match folder {
            Some(folder) => format!("^/{}/.*{pattern}$", segment(folder)),
            None if verb.starts_with("global-") => format!("{pattern}$"),
            None => format!("^/{pattern}$"),
        };
        let pattern = Regex::new(&format!("(?s){pattern}")).map_err(|_| bad())?;
        let fits = |p: &&PathBuf| pattern.is_match(&format!("/{}", p.display()));
        for path in all.iter().filter(fits) {
            if adds {
                chosen.insert(path.clone());
            } else {
                chosen.remove(path);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Own, choose};
    use kdo_value::{Map, Value};
    use std::path::PathBuf;

    fn chosen(files: &[&str], directives: &[&str]) -> Vec<String> {
        let manifest = Map::new();
        manifest.insert(
            "directives",
            Value::list(directives.iter().map(|d| Value::from(*d))),
        );
        let own = Own {
            namespace: "ns",
            name: "col",
            license_file: Some("GPL"),
        };
        let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        let found = choose(&files, &Value::Map(manifest), &own).unwrap();
        found.iter().map(|p| p.display().to_string()).collect()
    }

    #[test]
    fn the_defaults_take_what_collections_have() {
        let files = [
            "README.rst",
            "GPL",
            "foo.txt",
            "galaxy.yml",
            "other",
            "ns-col-1.0.0.tar.gz",
            ".reuse/dep5",
            "artifacts/.gitkeep",
            "plugins/vars/a.yml",
            "plugins/vars/docs.md",
            "plugins/action/a.py",
            "plugins/action/a.yml",
            "tests/output/x",
            "tests/units/.hidden",
            "tests/units/t.py",
        ];
        let expected = [
            ".reuse",
            ".reuse/dep5",
            "GPL",
            "README.rst",
            "plugins",
            "plugins/action",
            "plugins/action/a.py",
            "plugins/vars",
            "plugins/vars/a.yml",
            "tests",
            "tests/units",
            "tests/units/t.py",
        ];
        assert_eq!(chosen(&files, &["exclude foo.txt"]), expected);
    }

    #[test]
    fn a_slip_is_told() {
        let manifest = Map::new();
        manifest.insert("omit_default_directives", true);
        let own = Own {
            namespace: "a",
            name: "b",
            license_file: None,
        };
        assert!(choose(&[], &Value::Map(manifest), &own).is_err());
        let manifest = Map::new();
        manifest.insert("directives", Value::list([Value::from("inclde x")]));
        assert!(choose(&[], &Value::Map(manifest), &own).is_err());
    }
}
