//! Roles of a Galaxy server. Its interface tells no hashes and no needs: those are in the archive.

use super::galaxy::Galaxy;
use crate::{
    Artifact, Failure, Package, Release, Result, Version,
    auth::{absolute, encode},
    inspect::identify,
};
use kdo_value::Value;

/// Pages of versions that are read at most.
const MOST_PAGES: usize = 1000;

/// What the server says of a role.
pub(super) struct Role {
    versions: Vec<(Version, Option<String>)>,
    /// `user/repository` on GitHub.
    github: Option<String>,
}

fn text(value: &Value, key: &str) -> Option<String> {
    let found = value.get(key).filter(|v| !v.is_none())?;
    Some(found.to_text()).filter(|t| !t.is_empty())
}

/// Asks for a role.
pub(super) fn role(server: &Galaxy, v1: &str, package: &Package) -> Result<Option<Role>> {
    let Some(namespace) = package.namespace() else {
        return Ok(None);
    };
    let url = format!(
        "{v1}roles/?owner__username={}&name={}",
        encode(namespace),
        encode(package.short())
    );
    let Some(page) = server.page(&url)? else {
        return Ok(None);
    };
    let results = page
        .get("results")
        .and_then(|r| r.as_sequence())
        .unwrap_or_default();
    let Some(found) = results.iter().find(|r| is_asked(r, namespace, package.short())) else {
        if results.is_empty() {
            return Ok(None);
        }
        return Err(Failure::mismatch(format!(
            "{url}: the server answers with another role than {package}"
        )));
    };
    let github = text(found, "github_user")
        .zip(text(found, "github_repo"))
        .map(|(u, r)| format!("{u}/{r}"));
    let id = text(found, "id").ok_or_else(|| Failure::server(format!("{url}: the role has no id")))?;
    let mut versions = Vec::new();
    let mut next = Some(format!("{v1}roles/{}/versions/?page_size=50", encode(&id)));
    for _ in 0..MOST_PAGES {
        let Some(url) = next.take() else { break };
        let Some(page) = server.page(&url)? else { break };
        for entry in page
            .get("results")
            .and_then(|r| r.as_sequence())
            .unwrap_or_default()
        {
            let Some(name) = text(&entry, "name").or_else(|| text(&entry, "version")) else {
                continue;
            };
            // What is no version, such as one with spaces, nobody can ask for.
            if let Ok(version) = Version::loose(&name) {
                versions.push((
                    version,
                    text(&entry, "download_url").or_else(|| text(&entry, "source")),
                ));
            }
        }
        next = text(&page, "next_link")
            .or_else(|| text(&page, "next"))
            .map(|n| absolute(&url, &n));
    }
    if versions.is_empty() {
        let branch = text(found, "github_branch").unwrap_or_else(|| "master".to_owned());
        versions.push((Version::loose(&branch)?, None));
    }
    Ok(Some(Role { versions, github }))
}

/// Whether an answer is the role that was asked for: no field may say otherwise.
pub(super) fn is_asked(found: &Value, namespace: &str, name: &str) -> bool {
    let same = |told: Option<String>, asked: &str| told.is_none_or(|t| t.eq_ignore_ascii_case(asked));
    let summary = found
        .get("summary_fields")
        .and_then(|s| s.get("namespace"))
        .and_then(|n| text(&n, "name"));
    let owner = summary
        .or_else(|| text(found, "namespace"))
        .or_else(|| text(found, "username"));
    same(text(found, "name"), name) && same(owner.or_else(|| text(found, "github_user")), namespace)
}

impl Role {
    pub(super) fn versions(&self) -> Vec<Version> {
        self.versions.iter().map(|(v, _)| v.clone()).collect()
    }

    pub(super) fn release(&self, server: &Galaxy, package: &Package, version: &Version) -> Result<Release> {
        let listed = self.versions.iter().find(|(v, _)| v == version);
        let told = listed.and_then(|(_, address)| address.clone());
        let github = || {
            let repository = self.github.as_ref()?;
            Some(format!(
                "https://github.com/{repository}/archive/{version}.tar.gz"
            ))
        };
        let address = told.or_else(github).ok_or_else(|| {
            Failure::server(format!(
                "{}: the server does not tell where {package} {version} is",
                server.server.name
            ))
        })?;
        let address = server.located(&server.server.url, &address);
        let note = format!("role {address}");
        let known = server
            .http
            .is_offline()
            .then(|| server.store.noted(&note))
            .flatten();
        let digest = match known {
            Some(known) => crate::Digest::parse(known.trim())?,
            None => server
                .http
                .download(&address, server.server.auth.as_deref(), &server.store, None)?,
        };
        server.store.note(&note, &digest.to_string())?;
        let role = Some((package.name(), version.as_str()));
        let identity = identify(&server.store, &digest, package.kind(), role).map_err(|f| f.of(package))?;
        Ok(Release {
            package: package.clone(),
            version: version.clone(),
            dependencies: identity.dependencies,
            artifact: Artifact {
                address,
                digest: Some(digest),
                ..Artifact::default()
            },
        })
    }
}
