//! What a role does not say of itself: most roles of playbooks have no metadata at all.

use super::Wish;
use crate::{Failure, Package, Result, Version, inspect::must_be_role, role_meta::load};
use kdo_syntax::{EmitOptions, emit_yaml};
use kdo_value::{Map, Value};
use std::{collections::BTreeMap, fs, path::Path, process::Command};

/// Name, version and metadata of a role.
pub(super) struct Derived {
    pub(super) package: Package,
    pub(super) version: Version,
    /// A meta/main.yml, where the role has none.
    pub(super) meta: Option<String>,
    /// What was found out, and how.
    pub(super) shown: Vec<(String, String)>,
    pub(super) annotations: BTreeMap<String, String>,
}

pub(super) fn of_role(folder: &Path, wish: &Wish) -> Result<Derived> {
    must_be_role(folder)?;
    let mut shown = Vec::new();
    let main = load(folder, "main")?;
    let info = main.as_ref().and_then(|m| m.get("galaxy_info"));
    let told = |key: &str| {
        let value = info.as_ref()?.get(key).filter(|v| !v.is_none())?;
        Some(value.to_text()).filter(|t| !t.trim().is_empty())
    };
    let mut derive = |what: &str, value: String, how: &str| {
        shown.push((what.to_owned(), format!("{value} ({how})")));
        value
    };
    let name = match &wish.name {
        Some(name) => name.clone(),
        None => {
            let short = told("role_name").map_or_else(
                || {
                    let folder = folder.canonicalize().map_err(|e| Failure::file(folder, &e))?;
                    let name = folder.file_name().unwrap_or_default().to_string_lossy();
                    Ok::<_, Failure>(derive("name", name.into_owned(), "the folder's"))
                },
                Ok,
            )?;
            let namespace = told("namespace").or_else(|| wish.namespace.clone());
            match namespace.filter(|_| !short.contains('.')) {
                Some(namespace) => format!("{namespace}.{short}"),
                None => short,
            }
        }
    };
    let package = Package::role(&name)?;
    let version = match wish.version.clone().or_else(|| told("version")) {
        Some(version) => version,
        None => {
            let tag = git(folder, &["describe", "--tags", "--exact-match", "HEAD"]);
            let tag = tag.ok_or_else(|| {
                Failure::invalid("there is no version: neither --version nor a tag of git at this commit")
                    .help("write --version 1.0.0, or tag the commit")
            })?;
            derive("version", tag, "the tag of git")
        }
    };
    let description = told("description").or_else(|| {
        let text = readme(folder)?;
        Some(derive("description", text, "README"))
    });
    let license = told("license").or_else(|| {
        let text = license(folder)?;
        Some(derive("license", text, "the licence's file"))
    });
    let mut meta = None;
    if main.is_none() {
        let author = git(folder, &["log", "-1", "--format=%an"]);
        let author = match author {
            Some(author) => derive("author", author, "the last commit"),
            None => derive("author", "unknown".to_owned(), "it lies in no repository of git"),
        };
        let info = Map::new();
        info.insert("role_name", package.short());
        if let Some(namespace) = package.namespace() {
            info.insert("namespace", namespace);
        }
        info.insert("author", author);
        info.insert(
            "description",
            description
                .clone()
                .unwrap_or_else(|| format!("The role {}", package.short())),
        );
        info.insert("license", license.clone().unwrap_or_else(|| "unknown".to_owned()));
        info.insert("min_ansible_version", "2.10");
        let top = Map::new();
        top.insert("galaxy_info", Value::Map(info));
        top.insert("dependencies", Value::list(std::iter::empty::<Value>()));
        meta = Some(emit_yaml(&Value::Map(top), &EmitOptions::default()));
        shown.push((
            "meta/main.yml".to_owned(),
            "written into the archive, as there is none".to_owned(),
        ));
    }
    let mut annotations = BTreeMap::new();
    for (key, value) in [("description", description), ("licenses", license)] {
        let plain = value.map(|v| v.split_whitespace().collect::<Vec<_>>().join(" "));
        annotations.extend(plain.map(|v| (format!("org.opencontainers.image.{key}"), v)));
    }
    Ok(Derived {
        package,
        version: Version::loose(&version)?,
        meta,
        shown,
        annotations,
    })
}

/// What git says in a folder; nothing where it knows nothing.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Some(said).filter(|s| output.status.success() && !s.is_empty())
}

/// The first line of prose.
fn readme(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join("README.md")).ok()?;
    let prose = |l: &&str| l.starts_with(|c: char| c.is_alphabetic() || c == '`');
    let line = text.lines().map(str::trim).find(prose)?;
    Some(line.chars().take(200).collect())
}

/// The licence that a file's first lines name.
fn license(folder: &Path) -> Option<String> {
    let known = [
        ("MIT License", "MIT"),
        ("Apache License", "Apache-2.0"),
        ("GNU GENERAL PUBLIC LICENSE", "GPL-3.0-or-later"),
        ("BSD 3-Clause", "BSD-3-Clause"),
        ("copyleft-next", "copyleft-next-0.3.1"),
    ];
    let text = ["LICENSE", "LICENSE.md", "COPYING"]
        .iter()
        .find_map(|n| fs::read_to_string(folder.join(n)).ok())?;
    let spdx = text
        .lines()
        .find_map(|l| l.split_once("SPDX-License-Identifier:").map(|(_, id)| id.trim()));
    let named = known
        .iter()
        .find(|(words, _)| text.contains(words))
        .map(|(_, id)| *id);
    spdx.or(named).map(str::to_owned)
}
