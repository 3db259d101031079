//! The files by which installers, ansible-galaxy among them, know what they installed.

use super::staging::Staged;
use crate::{Failure, Installed, Kind, Package, Resolved, Result, tree::INSTALL_INFO};
use jiff::{Timestamp, tz::TimeZone};
use kdo_syntax::{EmitOptions, LoadOptions, SourceMap, emit_yaml, load_file};
use kdo_value::{Map, Value};
use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

const SOURCE: &str = "GALAXY.yml";

/// Writes them: a role's into its folder, a collection's beside, to be put in place after it.
pub(super) fn write(folder: &Path, resolved: &Resolved, staging: &Path) -> Result<()> {
    match resolved.release.package.kind() {
        Kind::Role => role(folder, resolved.release.version.as_str()),
        Kind::Collection => source(resolved, staging),
    }
}

fn role(folder: &Path, version: &str) -> Result<()> {
    let path = folder.join(INSTALL_INFO);
    let info = Map::new();
    info.insert("install_date", date(Timestamp::now()));
    info.insert("version", version);
    let write = || {
        fs::create_dir_all(folder.join("meta"))?;
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        fs::write(&path, emit_yaml(&Value::Map(info), &EmitOptions::default()))
    };
    write().map_err(|e| Failure::file(&path, &e))
}

/// As `strftime("%c")` in the locale of C.
fn date(now: Timestamp) -> String {
    now.to_zoned(TimeZone::UTC)
        .strftime("%a %b %e %H:%M:%S %Y")
        .to_string()
}

fn source(resolved: &Resolved, staging: &Path) -> Result<()> {
    let release = &resolved.release;
    let address = resolved.source.address();
    let (Some(server), Some(page)) = (address.strip_prefix("galaxy+"), &release.artifact.page) else {
        return Ok(());
    };
    let signatures = release.artifact.signatures.iter().map(|s| {
        let map = Map::new();
        map.insert("signature", s.as_str());
        Value::Map(map)
    });
    let info = Map::new();
    info.insert("download_url", release.artifact.address.as_str());
    info.insert("format_version", "1.0.0");
    info.insert("name", release.package.short());
    info.insert("namespace", release.package.namespace().unwrap_or_default());
    info.insert("server", server);
    info.insert("signatures", Value::list(signatures));
    info.insert("version", release.version.as_str());
    info.insert("version_url", page.as_str());
    let path = staging.join(SOURCE);
    fs::write(&path, emit_yaml(&Value::Map(info), &EmitOptions::default()))
        .map_err(|e| Failure::file(&path, &e))
}

/// Puts those of collections in their places and removes those of other versions. Without them the collections are as
/// good.
pub(super) fn put_sources(staged: &[&Staged]) {
    let mut known = HashMap::new();
    for staged in staged.iter().filter(|s| s.package.kind() == Kind::Collection) {
        let Some(folder) = staged.target.parent().and_then(Path::parent) else {
            continue;
        };
        // Read once, not for each package.
        let there: &Vec<PathBuf> = known.entry(folder).or_insert_with(|| sources_in(folder));
        remove_those_of(there, &staged.package);
        let written = staged.staging.path().join(SOURCE);
        if written.is_file() {
            let place = folder.join(format!("{}-{}.info", staged.package, staged.version));
            let _ = fs::create_dir_all(&place).and_then(|()| fs::rename(written, place.join(SOURCE)));
        }
    }
}

/// The signatures that a collection's server had when it was installed.
pub(crate) fn known_signatures(present: &Installed) -> Vec<String> {
    let folder = present.path.parent().and_then(Path::parent);
    let (Some(folder), Some(version)) = (folder, &present.version) else {
        return Vec::new();
    };
    let path = folder
        .join(format!("{}-{version}.info", present.package))
        .join(SOURCE);
    let read = load_file(&SourceMap::new(), &path, LoadOptions::UNTRUSTED).and_then(|d| d.single());
    // Whoever changes what is here can change this too: what is missing is only missing.
    let told = read.ok().and_then(|r| r.get("signatures"));
    let told = told.as_ref().and_then(|s| s.as_sequence()).unwrap_or_default();
    told.iter()
        .filter_map(|s| Some(s.get("signature")?.as_str()?.to_owned()))
        .collect()
}

/// Removes what tells where a collection came from, of all its versions.
pub(crate) fn remove_sources(folder: &Path, package: &Package) {
    remove_those_of(&sources_in(folder), package);
}

/// All folders that tell where collections came from.
fn sources_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|e| e.path());
    paths
        .filter(|p| p.extension().is_some_and(|e| e == "info"))
        .collect()
}

fn remove_those_of(sources: &[PathBuf], package: &Package) {
    let start = format!("{package}-");
    let ours = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&start)
    };
    for path in sources.iter().filter(ours) {
        let _ = fs::remove_dir_all(path);
    }
}
