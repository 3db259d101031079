//! Collections of a Galaxy server.

use super::galaxy::Galaxy;
use crate::{
    Artifact, Digest, Failure, Package, Release, Result, Version,
    auth::absolute,
    manifest::{dependencies, requirements},
};
use kdo_value::Value;

/// Pages of versions that are read at most.
const MOST_PAGES: usize = 1000;

fn versions_page(server: &Galaxy, package: &Package) -> Result<Option<String>> {
    let namespace = package.namespace().unwrap_or_default();
    let page = |v3: &str| format!("{v3}collections/{namespace}/{}/versions/", package.short());
    Ok(server.v3()?.map(page))
}

/// All versions.
pub(super) fn versions(server: &Galaxy, package: &Package) -> Result<Vec<Version>> {
    let Some(page) = versions_page(server, package)? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    let mut next = Some(format!("{page}?limit=100"));
    for _ in 0..MOST_PAGES {
        let Some(url) = next.take() else { break };
        let Some(page) = server.page(&url)? else { break };
        let list = page.get("data").or_else(|| page.get("results"));
        for entry in list.and_then(|l| l.as_sequence()).unwrap_or_default() {
            let text = entry.get("version").map(|v| v.to_text()).unwrap_or_default();
            // What is no semantic version is none of a collection.
            found.extend(Version::semantic(&text));
        }
        let link = page
            .get("links")
            .and_then(|l| l.get("next"))
            .filter(|n| !n.is_none());
        next = link.map(|n| absolute(&url, &n.to_text()));
    }
    Ok(found)
}

/// One version.
pub(super) fn release(server: &Galaxy, package: &Package, version: &Version) -> Result<Release> {
    let missing = || {
        Failure::not_found(format!(
            "{package} {version} was not found on {}",
            server.server.name
        ))
    };
    let base = versions_page(server, package)?.ok_or_else(missing)?;
    let url = format!("{base}{version}/");
    let page = server.page(&url)?.ok_or_else(missing)?;
    let text = |path: &[&str]| {
        let mut at = page.clone();
        for key in path {
            at = at.get(key)?;
        }
        Some(at).filter(|v| !v.is_none()).map(|v: Value| v.to_text())
    };
    let told = [
        (
            text(&["namespace", "name"]),
            package.namespace().unwrap_or_default(),
        ),
        (text(&["collection", "name"]), package.short()),
        (text(&["version"]), version.as_str()),
    ];
    for (told, asked) in told {
        if told.as_deref().is_some_and(|t| t != asked) {
            return Err(Failure::mismatch(format!(
                "{url}: the server answers with another version than {package} {version}"
            )));
        }
    }
    let address =
        text(&["download_url"]).ok_or_else(|| Failure::server(format!("{url}: there is no download_url")))?;
    let needed = page.get("metadata").and_then(|m| m.get("dependencies"));
    let needed = dependencies(needed).map_err(|f| f.of(&url))?;
    let signatures = page
        .get("signatures")
        .and_then(|s| s.as_sequence())
        .unwrap_or_default();
    let digest = text(&["artifact", "sha256"])
        .map(|d| Digest::parse(&d))
        .transpose()?;
    Ok(Release {
        package: package.clone(),
        version: version.clone(),
        dependencies: requirements(&needed),
        artifact: Artifact {
            address: server.located(&url, &address),
            digest,
            manifest: None,
            signatures: signatures
                .iter()
                .filter_map(|s| Some(s.get("signature")?.as_str()?.to_owned()))
                .collect(),
            page: text(&["href"]).map(|h| absolute(&url, &h)).or(Some(url)),
        },
    })
}
