//! What a Galaxy server tells to people: searches, and all it knows of one package.

use super::{Found, Query, galaxy::Galaxy, galaxy_v1::is_asked};
use crate::{Kind, Package, Result, auth::encode};
use kdo_value::{Map, Value};
use std::fmt::Write as _;

/// Packages that are asked for at most.
const MOST: usize = 1000;

fn text(value: &Value, path: &[&str]) -> Option<String> {
    let mut at = value.clone();
    for key in path {
        at = at.get(key)?;
    }
    Some(at).filter(|v| !v.is_none()).map(|v| v.to_text())
}

/// Searches.
pub(super) fn search(server: &Galaxy, query: &Query) -> Result<Vec<Found>> {
    let mut found = match query.kind {
        Kind::Role => roles(server, query)?,
        Kind::Collection => collections(server, query)?,
    };
    found.truncate(MOST);
    Ok(found)
}

fn roles(server: &Galaxy, query: &Query) -> Result<Vec<Found>> {
    let Some(v1) = server.v1()? else {
        return Ok(Vec::new());
    };
    let mut url = format!("{v1}search/roles/?");
    let list = |items: &[String]| items.iter().map(|i| encode(i)).collect::<Vec<_>>().join("+");
    if !query.words.is_empty() {
        let _ = write!(url, "&autocomplete={}", encode(&query.words.join("+")));
    }
    if !query.tags.is_empty() {
        let _ = write!(url, "&tags_autocomplete={}", list(&query.tags));
    }
    if !query.platforms.is_empty() {
        let _ = write!(url, "&platforms_autocomplete={}", list(&query.platforms));
    }
    let _ = write!(url, "&page_size={MOST}");
    if let Some(author) = &query.author {
        let _ = write!(url, "&username_autocomplete={}", encode(author));
    }
    let page = server.page(&url)?.unwrap_or(Value::None);
    let results = page
        .get("results")
        .and_then(|r| r.as_sequence())
        .unwrap_or_default();
    let one = |entry: &Value| {
        let owner = text(entry, &["username"])
            .or_else(|| text(entry, &["summary_fields", "namespace", "name"]))
            .or_else(|| text(entry, &["github_user"]))?;
        Some(Found {
            name: format!("{owner}.{}", text(entry, &["name"])?),
            version: None,
            description: text(entry, &["description"]).unwrap_or_default(),
        })
    };
    Ok(results.iter().filter_map(one).collect())
}

fn collections(server: &Galaxy, query: &Query) -> Result<Vec<Found>> {
    let Some(v3) = server.v3()? else {
        return Ok(Vec::new());
    };
    let mut url = format!("{v3}plugin/ansible/search/collection-versions/?is_highest=true&limit=100");
    if !query.words.is_empty() {
        let _ = write!(url, "&keywords={}", encode(&query.words.join(" ")));
    }
    if let Some(author) = &query.author {
        let _ = write!(url, "&namespace={}", encode(author));
    }
    if !query.tags.is_empty() {
        let _ = write!(url, "&tags={}", encode(&query.tags.join(",")));
    }
    let page = server.page(&url)?.unwrap_or(Value::None);
    let list = page.get("data").or_else(|| page.get("results"));
    let list = list.and_then(|l| l.as_sequence()).unwrap_or_default();
    let one = |entry: &Value| {
        let version = entry.get("collection_version").unwrap_or(entry.clone());
        Some(Found {
            name: format!(
                "{}.{}",
                text(&version, &["namespace"])?,
                text(&version, &["name"])?
            ),
            version: text(&version, &["version"]),
            description: text(&version, &["description"]).unwrap_or_default(),
        })
    };
    Ok(list.iter().filter_map(one).collect())
}

/// What the server tells of a package; none if it does not have it.
pub(super) fn about(server: &Galaxy, package: &Package) -> Result<Option<Map>> {
    match package.kind() {
        Kind::Role => about_role(server, package),
        Kind::Collection => about_collection(server, package),
    }
}

fn about_role(server: &Galaxy, package: &Package) -> Result<Option<Map>> {
    let (Some(v1), Some(namespace)) = (server.v1()?, package.namespace()) else {
        return Ok(None);
    };
    let url = format!(
        "{v1}roles/?owner__username={}&name={}",
        encode(namespace),
        encode(package.short())
    );
    let page = server.page(&url)?.unwrap_or(Value::None);
    let results = page
        .get("results")
        .and_then(|r| r.as_sequence())
        .unwrap_or_default();
    let found = results
        .iter()
        .find(|r| is_asked(r, namespace, package.short()))
        .and_then(|r| r.as_map());
    Ok(found.cloned())
}

fn about_collection(server: &Galaxy, package: &Package) -> Result<Option<Map>> {
    let Some(v3) = server.v3()? else {
        return Ok(None);
    };
    let namespace = package.namespace().unwrap_or_default();
    let url = format!("{v3}collections/{namespace}/{}/", package.short());
    let Some(Value::Map(found)) = server.page(&url)? else {
        return Ok(None);
    };
    let newest = super::galaxy_v3::versions(server, package)?.into_iter();
    let (releases, before): (Vec<_>, Vec<_>) = newest.partition(|v| !v.is_prerelease());
    let newest = releases.iter().max().or(before.iter().max());
    if let Some(newest) = newest {
        found.insert("version", newest.as_str());
        let page = server.page(&format!("{url}versions/{newest}/"))?;
        if let Some(Value::Map(told)) = page.and_then(|p| p.get("metadata")) {
            for (key, value) in told.entries() {
                found.insert(&*key.to_text(), value);
            }
        }
    }
    Ok(Some(found))
}
