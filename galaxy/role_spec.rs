//! Roles as requirements and dependencies name them.

use crate::{
    Failure, Kind, Location, Requirement, Result,
    requirement::{git, of_address, text_of},
};
use kdo_value::{Map, Value};
use std::path::Path;

/// `SRC[,VERSION[,NAME]]`
pub(crate) fn of_text(text: &str, base: &Path) -> Result<Requirement> {
    let parts: Vec<&str> = text.trim().split(',').collect();
    if parts.len() > 3 {
        return Err(Failure::invalid(format!(
            "{text:?} is no role: it is written SRC[,VERSION[,NAME]]"
        )));
    }
    let part = |at: usize| parts.get(at).copied().filter(|p| !p.is_empty());
    make(part(0).unwrap_or_default(), part(1), part(2), None, base)
}

/// An entry with keys.
pub(crate) fn of_map(map: &Map, base: &Path) -> Result<Requirement> {
    let text = |key: &str| text_of(map, key);
    let name = text("name").or_else(|| text("role"));
    let Some(src) = text("src").or_else(|| name.clone()) else {
        return Err(Failure::invalid("a role needs `name` or `src`"));
    };
    if text("src").is_none() && name.as_deref().is_some_and(|n| n.contains(',')) {
        return of_text(&src, base);
    }
    make(
        &src,
        text("version").as_deref(),
        name.as_deref(),
        text("scm").as_deref(),
        base,
    )
}

/// A dependency: a role of Galaxy or elsewhere, none of the playbook's own.
pub(crate) fn dependency(value: &Value) -> Result<Option<Requirement>> {
    let base = Path::new(".");
    let requirement = match value {
        Value::Map(map) => of_map(map, base)?,
        other => of_text(&other.to_text(), base)?,
    };
    let local = matches!(requirement.location, Location::Registry(None))
        && !requirement.name.as_deref().unwrap_or("").contains('.');
    // Files of this machine are nothing that a package may ask for.
    match &requirement.location {
        Location::File(_) | Location::Directory(_) => Ok(None),
        _ => Ok(Some(requirement).filter(|_| !local)),
    }
}

fn make(
    src: &str,
    version: Option<&str>,
    name: Option<&str>,
    scm: Option<&str>,
    base: &Path,
) -> Result<Requirement> {
    let github =
        src.contains("github.com") && src.contains("http") && !src.contains('+') && !src.ends_with(".tar.gz");
    let location = match scm {
        Some("git") => git(src).0,
        Some(other) => {
            return Err(Failure::invalid(format!("scm: {other} is not supported"))
                .help("git is; an archive of the repository will do as well"));
        }
        None if github => git(src).0,
        None => of_address(src, base)?,
    };
    let name = match (name, &location) {
        (Some(name), _) => name.to_owned(),
        (
            None,
            Location::Git {
                folder: Some(folder), ..
            },
        ) => last(folder),
        (None, Location::Registry(Some(_))) => last(src),
        (None, Location::Registry(None)) => src.to_owned(),
        (None, Location::Directory(path)) => path
            .canonicalize()
            .ok()
            .and_then(|p| Some(p.file_name()?.to_string_lossy().into_owned()))
            .unwrap_or_else(|| last(src)),
        (None, _) => last(src),
    };
    let location = match location {
        Location::Registry(None) if name != src => Location::Alias {
            server: None,
            package: src.to_owned(),
        },
        location => location,
    };
    Ok(Requirement {
        kind: Kind::Role,
        name: Some(name),
        version: version.unwrap_or_default().to_owned(),
        location,
        signatures: Vec::new(),
        origin: None,
    })
}

/// The name that an address suggests.
fn last(address: &str) -> String {
    let address = address.split(['?', '#']).next().unwrap_or(address);
    let last = address
        .trim_end_matches('/')
        .rsplit(['/', ':'])
        .next()
        .unwrap_or(address);
    let last = last.strip_suffix(".git").unwrap_or(last);
    last.strip_suffix(".tar.gz").unwrap_or(last).to_owned()
}
