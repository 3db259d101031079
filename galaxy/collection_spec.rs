//! Collections as requirements and the command line name them.

use crate::{
    Failure, Kind, Location, Package, Requirement, Result,
    requirement::{git, here, of_address, text_of},
};
use kdo_value::{Map, Value};
use std::path::{Path, PathBuf};

const TYPES: &[&str] = &["galaxy", "git", "url", "file", "dir", "subdirs"];

/// On the command line: `NAMESPACE.NAME[:RANGE]`, `NAMESPACE.NAME>=1`, a path, an URL, `git+URL[#FOLDER][,REVISION]`.
pub(crate) fn of_word(text: &str, base: &Path) -> Result<Requirement> {
    let text = text.trim();
    if let Some(at) = text.find([':', '=', '<', '>', '!']) {
        let (name, version) = text.split_at(at);
        if Package::collection(name).is_ok() {
            let version = version.strip_prefix(':').unwrap_or(version);
            return Ok(Requirement::named(Kind::Collection, name, version));
        }
    }
    make(text, None, "", None, base)
}

/// An entry with keys.
pub(crate) fn of_map(map: &Map, base: &Path) -> Result<Requirement> {
    let text = |key: &str| text_of(map, key);
    let (name, source) = (text("name"), text("source"));
    // With a type it is clear what a source is.
    let Some(main) = name.or_else(|| source.clone().filter(|_| text("type").is_some())) else {
        return Err(Failure::invalid(
            "Neither the collection requirement entry key 'name', nor 'source' point to a concrete resolvable collection \
             artifact. Also 'name' is not an FQCN. A valid collection name must be in the format \
             <namespace>.<collection>. Please make sure that the namespace and the collection name contain characters \
             from [a-zA-Z0-9_] only.",
        ));
    };
    let version = text("version").unwrap_or_default();
    let mut requirement = make(&main, source.as_deref(), &version, text("type").as_deref(), base)?;
    requirement.signatures = match map.get("signatures") {
        Some(Value::List(list)) => list.to_vec().iter().map(signature).collect::<Result<_>>()?,
        Some(value) if !value.is_none() => vec![signature(&value)?],
        _ => Vec::new(),
    };
    Ok(requirement)
}

fn signature(value: &Value) -> Result<String> {
    match value {
        Value::Str(text) => Ok(text.as_str().to_owned()),
        other => Err(Failure::invalid("a signature is the path or URL of a file")
            .at(other.origin())
            .help("write `signatures: URI`, or a list of them")),
    }
}

fn make(
    name: &str,
    source: Option<&str>,
    version: &str,
    sort: Option<&str>,
    base: &Path,
) -> Result<Requirement> {
    let is_name = Package::collection(name).is_ok();
    // With a type that is not Galaxy's, the address is `source`, or `name` itself.
    let address = source.filter(|_| is_name).unwrap_or(name);
    let path = || here(address, base).unwrap_or_else(|| PathBuf::from(address));
    let mut revision = None;
    let location = match sort {
        Some("galaxy") => Location::Registry(source.map(str::to_owned)),
        Some("git") => {
            let (location, named) = git(address);
            revision = named;
            location
        }
        Some("url") => Location::Url(address.to_owned()),
        Some("file") => Location::File(path()),
        Some("dir") => Location::Directory(path()),
        Some("subdirs") if address.contains("://") || address.starts_with("git") => {
            let (location, named) = git(address);
            revision = named;
            Location::Subdirectories(Box::new(location))
        }
        Some("subdirs") => Location::Subdirectories(Box::new(Location::Directory(path()))),
        Some(other) => {
            let failure = Failure::invalid(format!(
                "{other:?} is no type of a collection's source: those are {}",
                TYPES.join(", ")
            ));
            let near = kdo_syntax::nearest(other, TYPES.iter().copied());
            return Err(near
                .into_iter()
                .fold(failure, |f, n| f.help(format!("did you mean {n}?"))));
        }
        None if is_name => match source {
            Some(source) if source.starts_with("git+") || source.starts_with("git@") => {
                return Err(Failure::invalid(format!(
                    "Collections requirement 'source' entry should contain a valid Galaxy API URL but it does not: \
                     {source} is not an HTTP URL."
                ))
                .help("a repository is named by `name`, or by `source` with `type: git`"));
            }
            other => Location::Registry(other.map(str::to_owned)),
        },
        None => {
            if name.starts_with("git+") || name.starts_with("git@") {
                revision = git(name).1;
            }
            match of_address(name, base)? {
                Location::Registry(None) => return Err(unknown(name)),
                Location::Directory(path) if !is_collection(&path) => {
                    let inner = std::fs::read_dir(&path).into_iter().flatten().flatten();
                    if inner.into_iter().any(|e| is_collection(&e.path())) {
                        Location::Subdirectories(Box::new(Location::Directory(path)))
                    } else if path.is_dir() && path.ends_with(".git") {
                        return Err(unknown(name));
                    } else {
                        Location::Directory(path)
                    }
                }
                other => other,
            }
        }
    };
    let version = match (version, revision) {
        ("" | "*", Some(revision)) => revision,
        ("*", None) => String::new(),
        _ => version.to_owned(),
    };
    Ok(Requirement {
        kind: Kind::Collection,
        name: is_name.then(|| name.to_owned()),
        version,
        location,
        signatures: Vec::new(),
        origin: None,
    })
}

pub(crate) fn is_collection(folder: &Path) -> bool {
    ["galaxy.yml", "galaxy.yaml", "MANIFEST.json"]
        .iter()
        .any(|n| folder.join(n).is_file())
}

fn unknown(name: &str) -> Failure {
    Failure::invalid(format!(
        "{name:?} is neither NAMESPACE.NAME of a collection nor a file, folder, URL or git+URL"
    ))
    .help("a collection's name must be in the format <namespace>.<collection>")
}
