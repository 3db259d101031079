//! A registry whose answers are noted in the store, so that the same is installed when nobody may be asked.

use super::{Found, Query, Signature, Source};
use crate::{Artifact, Digest, Failure, Kind, Package, Release, Requirement, Result, Store, Version};
use kdo_value::{Map, Value, json};
use std::sync::Arc;

/// The source with the notes.
pub(super) struct Remembered {
    pub(super) inner: Box<dyn Source>,
    pub(super) store: Arc<Store>,
    pub(super) offline: bool,
}

impl Remembered {
    fn note_of_versions(&self, package: &Package) -> String {
        format!("versions {} {} {package}", self.address(), package.kind().word())
    }

    fn note_of_release(&self, package: &Package, version: &Version) -> String {
        format!(
            "release {} {} {package} {version}",
            self.address(),
            package.kind().word()
        )
    }

    /// Versions that were fetched before.
    fn known(&self, package: &Package) -> Vec<Version> {
        let text = self
            .store
            .noted(&self.note_of_versions(package))
            .unwrap_or_default();
        let versions = text.lines().filter_map(|l| Version::new(package.kind(), l).ok());
        versions.collect()
    }

    fn note(&self, release: &Release, digest: &Digest) -> Result<()> {
        let package = &release.package;
        self.store.note(
            &self.note_of_release(package, &release.version),
            &write(release, digest),
        )?;
        let mut versions = self.known(package);
        if !versions.contains(&release.version) {
            versions.push(release.version.clone());
            let lines: Vec<&str> = versions.iter().map(Version::as_str).collect();
            self.store
                .note(&self.note_of_versions(package), &lines.join("\n"))?;
        }
        Ok(())
    }

    /// Notes a release whose archive is in the store already, so that nobody will fetch it: that of a role was read for
    /// what the role needs.
    fn note_what_is_here(&self, release: &Release) -> Result<()> {
        let here = release.artifact.digest.filter(|d| self.store.holds(d));
        here.map_or(Ok(()), |digest| self.note(release, &digest))
    }
}

impl Source for Remembered {
    fn address(&self) -> String {
        self.inner.address()
    }

    fn versions(&self, package: &Package) -> Result<Vec<Version>> {
        if self.offline {
            return Ok(self.known(package));
        }
        self.inner.versions(package)
    }

    fn release(&self, package: &Package, version: &Version) -> Result<Release> {
        if !self.offline {
            let release = self.inner.release(package, version)?;
            self.note_what_is_here(&release)?;
            return Ok(release);
        }
        self.remembered(package, version).ok_or_else(|| {
            Failure::not_found(format!(
                "{package} {version} is not in the store, and nobody may be asked (--offline)"
            ))
        })
    }

    fn locked_release(&self, package: &Package, version: &Version, manifest: &Digest) -> Result<Release> {
        if self.offline {
            return self.release(package, version);
        }
        let release = self.inner.locked_release(package, version, manifest)?;
        self.note_what_is_here(&release)?;
        Ok(release)
    }

    fn remembered(&self, package: &Package, version: &Version) -> Option<Release> {
        let text = self.store.noted(&self.note_of_release(package, version))?;
        read(&text, package, version)
    }

    fn search(&self, query: &Query) -> Result<Vec<Found>> {
        self.inner.search(query)
    }

    fn about(&self, package: &Package) -> Result<Option<Map>> {
        self.inner.about(package)
    }

    fn fetch(&self, release: &Release) -> Result<Digest> {
        if self.offline {
            let digest = release.artifact.digest.as_ref();
            let there = digest.map(|d| self.store.get(d)).transpose()?.flatten();
            return digest.filter(|_| there.is_some()).copied().ok_or_else(|| {
                Failure::not_found(format!(
                    "the archive of {} {} is not in the store, and nobody may be asked (--offline)",
                    release.package, release.version
                ))
            });
        }
        let digest = self.inner.fetch(release)?;
        self.note(release, &digest)?;
        Ok(digest)
    }

    fn signatures(&self, release: &Release, offline: bool) -> Result<Vec<Signature>> {
        self.inner.signatures(release, offline || self.offline)
    }
}

fn write(release: &Release, digest: &Digest) -> String {
    let needed = release.dependencies.iter().map(|d| {
        let map = Map::new();
        map.insert("kind", d.kind.word());
        map.insert("name", d.name.clone().unwrap_or_default());
        map.insert("version", d.version.clone());
        map.insert("location", crate::lock::location_text(&d.location));
        Value::Map(map)
    });
    let map = Map::new();
    map.insert("dependencies", Value::list(needed));
    map.insert("address", release.artifact.address.clone());
    map.insert("artifact", digest.to_string());
    map.insert(
        "manifest",
        release
            .artifact
            .manifest
            .map_or(Value::None, |d| Value::str(d.to_string())),
    );
    map.insert(
        "page",
        release.artifact.page.clone().map_or(Value::None, Value::str),
    );
    map.insert(
        "signatures",
        Value::list(release.artifact.signatures.iter().map(|s| Value::str(s.as_str()))),
    );
    json::line(&Value::Map(map))
}

fn read(text: &str, package: &Package, version: &Version) -> Option<Release> {
    let value = json::read(text).ok()?;
    let field = |v: &Value, key: &str| v.get(key)?.as_str().map(str::to_owned);
    let mut dependencies = Vec::new();
    for entry in value.get("dependencies")?.as_sequence()? {
        let kind = Kind::of_word(&field(&entry, "kind")?)?;
        let mut requirement = Requirement::named(kind, &field(&entry, "name")?, &field(&entry, "version")?);
        requirement.name = requirement.name.filter(|n| !n.is_empty());
        requirement.location = crate::lock::location_of_text(&field(&entry, "location")?).ok()?.0;
        dependencies.push(requirement);
    }
    let digest = |key: &str| field(&value, key).and_then(|d| Digest::parse(&d).ok());
    Some(Release {
        package: package.clone(),
        version: version.clone(),
        dependencies,
        artifact: Artifact {
            address: field(&value, "address")?,
            digest: Some(digest("artifact")?),
            manifest: digest("manifest"),
            page: field(&value, "page"),
            signatures: value
                .get("signatures")?
                .as_sequence()?
                .iter()
                .map(Value::to_text)
                .collect(),
        },
    })
}
