//! What lies in roles paths and collections paths.

use crate::{
    Failure, Kind, Manifest, Package, Requirement, Result, Version, manifest, role_meta, tree::INSTALL_INFO,
};
use kdo_syntax::{LoadOptions, SourceMap, load_file};
use kdo_value::{Map, Value};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A package that is installed.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The package.
    pub package: Package,
    /// Its version; none of a role that no installer brought, or of a collection that says none.
    pub version: Option<Version>,
    /// Its folder.
    pub path: PathBuf,
}

impl Installed {
    /// A package in that folder, if one is there.
    pub fn at(package: Package, path: PathBuf) -> Option<Self> {
        let version = match package.kind() {
            Kind::Role if path.is_dir() => role_version(&path),
            Kind::Collection if path.join("MANIFEST.json").is_file() => {
                Manifest::of_folder(&path).ok().map(|m| m.version)
            }
            Kind::Collection if path.join("galaxy.yml").is_file() => {
                galaxy_yml(&path, "version").and_then(|v| Version::semantic(&v.to_text()).ok())
            }
            _ => return None,
        };
        Some(Self {
            package,
            version,
            path,
        })
    }

    /// Its version for people: whatever galaxy.yml has in its place, where that is no version.
    pub fn version_text(&self) -> Option<String> {
        let said = || {
            galaxy_yml(&self.path, "version")
                .filter(Value::truthy)
                .map(|v| v.to_text())
        };
        self.version.as_ref().map(ToString::to_string).or_else(said)
    }

    /// A package below a roles path or collections path, if it is there.
    pub fn below(package: Package, path: &Path) -> Option<Self> {
        let folder = match package.kind() {
            Kind::Role => path.join(package.name()),
            Kind::Collection => collections_folder(path)
                .join(package.namespace().unwrap_or_default())
                .join(package.short()),
        };
        Self::at(package, folder)
    }

    /// Whether an installer brought it here.
    pub fn is_managed(&self) -> bool {
        match self.package.kind() {
            Kind::Role => self.path.join(INSTALL_INFO).is_file(),
            Kind::Collection => self.path.join("MANIFEST.json").is_file(),
        }
    }

    /// What it needs.
    pub fn dependencies(&self) -> Result<Vec<Requirement>> {
        match self.package.kind() {
            Kind::Role => role_meta::role_dependencies(&self.path),
            Kind::Collection if self.path.join("MANIFEST.json").is_file() => {
                Ok(Manifest::of_folder(&self.path)?.requirements())
            }
            Kind::Collection => {
                let needed = manifest::dependencies(galaxy_yml(&self.path, "dependencies"))?;
                Ok(manifest::requirements(&needed))
            }
        }
    }
}

/// A file of YAML; none if there is no such file or it cannot be read.
fn load(path: &Path) -> Option<Value> {
    let read = load_file(&SourceMap::new(), path, LoadOptions::UNTRUSTED);
    read.ok()?.single().ok()
}

fn galaxy_yml(folder: &Path, key: &str) -> Option<Value> {
    load(&folder.join("galaxy.yml"))?.get(key)
}

fn role_version(folder: &Path) -> Option<Version> {
    let version = load(&folder.join(INSTALL_INFO))?.get("version")?;
    Version::loose(&version.to_text())
        .ok()
        .filter(|_| !version.is_none())
}

/// What an installed package says of itself to people.
pub fn about_installed(found: &Installed) -> Result<Map> {
    let said = match found.package.kind() {
        Kind::Role => {
            let about = Map::new();
            let info = load(&found.path.join(INSTALL_INFO));
            if let Some(date) = info.and_then(|i| i.get("install_date")) {
                about.insert("install_date", date);
            }
            if let Some(Value::Map(meta)) = role_meta::load(&found.path, "main")? {
                for (key, value) in meta.entries() {
                    about.insert(key, value);
                }
            }
            return Ok(about);
        }
        Kind::Collection if found.path.join("MANIFEST.json").is_file() => {
            let path = found.path.join("MANIFEST.json");
            let text = fs::read_to_string(&path).map_err(|e| Failure::file(&path, &e))?;
            kdo_value::json::read(&text)
                .map_err(Failure::refused)?
                .get("collection_info")
        }
        Kind::Collection => load(&found.path.join("galaxy.yml")),
    };
    Ok(said.and_then(|s| s.as_map().cloned()).unwrap_or_default())
}

/// The packages of a kind in one path: a roles path, or a folder that holds `ansible_collections`. In the order of
/// their names.
pub fn installed(kind: Kind, path: &Path) -> Vec<Installed> {
    let mut found = Vec::new();
    match kind {
        Kind::Role => {
            for (name, folder) in folders(path) {
                if !role_meta::is_role(&folder) && !folder.join(INSTALL_INFO).is_file() {
                    continue;
                }
                let package = Package::role(&name).ok();
                found.extend(package.and_then(|p| Installed::at(p, folder)));
            }
        }
        Kind::Collection => {
            for (namespace, folder) in folders(&collections_folder(path)) {
                for (name, folder) in folders(&folder) {
                    let package = Package::collection(&format!("{namespace}.{name}")).ok();
                    found.extend(package.and_then(|p| Installed::at(p, folder)));
                }
            }
        }
    }
    found.sort_by(|a, b| a.package.cmp(&b.package));
    found
}

/// The folder `ansible_collections` of a collections path, which may name it itself.
pub(crate) fn collections_folder(path: &Path) -> PathBuf {
    if path.file_name().is_some_and(|n| n == "ansible_collections") {
        path.to_owned()
    } else {
        path.join("ansible_collections")
    }
}

fn folders(path: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter(|e| e.path().is_dir())
        .filter_map(|e| Some((e.file_name().into_string().ok()?, e.path())))
        .filter(|(name, _)| !name.starts_with('.'))
        .collect();
    found.sort();
    found
}
