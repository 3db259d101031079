//! Archives into a folder, with requirements that install them from there.

use crate::{
    Digest, Failure, Kind, Package, Release, Resolved, Result, StaticTree, Store, resolve::in_parallel,
};
use kdo_syntax::{EmitOptions, emit_yaml};
use kdo_value::{Map, Value};
use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// An archive that was written.
#[derive(Clone, Debug)]
pub struct Downloaded {
    /// What it holds.
    pub release: Release,
    /// Its hash.
    pub digest: Digest,
    /// Its file.
    pub path: PathBuf,
}

/// The name of a release's archive.
pub fn archive_name(package: &Package, version: impl std::fmt::Display) -> String {
    let name = match package.kind() {
        Kind::Collection => package.name().replacen('.', "-", 1),
        Kind::Role => package.name().to_owned(),
    };
    format!("{name}-{}.tar.gz", version.to_string().replace('/', "-"))
}

/// Fetches all, then writes them and `requirements.yml`.
pub fn download(store: &Store, resolved: &[Resolved], folder: &Path) -> Result<Vec<Downloaded>> {
    let fetched = fetch(resolved)?;
    fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
    let mut done = Vec::new();
    for (resolved, digest) in resolved.iter().zip(fetched) {
        let release = resolved.release.clone();
        let path = folder.join(archive_name(&release.package, &release.version));
        write_blob(store, &digest, &path)?;
        done.push(Downloaded {
            release,
            digest,
            path,
        });
    }
    let path = folder.join("requirements.yml");
    fs::write(&path, requirements(&done)).map_err(|e| Failure::file(&path, &e))?;
    Ok(done)
}

/// Fetches all, then puts them into a static tree; says of each whether it was new there.
pub fn mirror(store: &Store, resolved: &[Resolved], folder: &Path, url: Option<&str>) -> Result<Vec<bool>> {
    let fetched = fetch(resolved)?;
    let tree = StaticTree::open(folder, url)?;
    let add = |(r, digest): (&Resolved, &Digest)| {
        let release = Release {
            package: r.source.name_there(&r.release.package),
            ..r.release.clone()
        };
        tree.add(store, &release, digest)
    };
    resolved.iter().zip(&fetched).map(add).collect()
}

fn fetch(resolved: &[Resolved]) -> Result<Vec<Digest>> {
    let fetched = in_parallel(resolved, |r| {
        let of = |f: Failure| f.of(format!("{} {}", r.release.package, r.release.version));
        r.source.fetch(&r.release).map_err(of)
    })?;
    fetched.into_iter().collect()
}

/// Copies a blob of the store to a place where others may read it: whole or not at all.
pub(crate) fn write_blob(store: &Store, digest: &Digest, path: &Path) -> Result<()> {
    let mut blob = store.must_get(digest)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut write = || {
        let mut file = tempfile::Builder::new()
            .permissions(fs::Permissions::from_mode(0o644))
            .tempfile_in(folder)?;
        io::copy(&mut blob, &mut file)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|e| e.error)
    };
    write().map(drop).map_err(|e: io::Error| Failure::file(path, &e))
}

fn requirements(done: &[Downloaded]) -> String {
    let all = Map::new();
    for (kind, key) in [(Kind::Collection, "collections"), (Kind::Role, "roles")] {
        let entries = done.iter().filter(|d| d.release.package.kind() == kind).map(|d| {
            let file = d
                .path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let entry = Map::new();
            match kind {
                Kind::Collection => {
                    entry.insert("name", file);
                    entry.insert("version", d.release.version.as_str());
                }
                Kind::Role => {
                    entry.insert("name", d.release.package.name());
                    entry.insert("src", file);
                    entry.insert("version", d.release.version.as_str());
                }
            }
            Value::Map(entry)
        });
        let entries: Vec<Value> = entries.collect();
        if !entries.is_empty() {
            all.insert(key, Value::list(entries));
        }
    }
    emit_yaml(&Value::Map(all), &EmitOptions::default())
}
