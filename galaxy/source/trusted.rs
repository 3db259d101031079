//! A source whose packages must be signed by those whom the user allows.

use super::{Found, Query, Signature, Source};
use crate::{Digest, Package, Release, Result, Version, trust::Trust};
use kdo_value::Map;
use std::{path::Path, sync::Arc};

/// The source with the policy.
pub(super) struct Trusted {
    pub(super) inner: Arc<dyn Source>,
    pub(super) trust: Arc<Trust>,
    pub(super) offline: bool,
}

impl Source for Trusted {
    fn address(&self) -> String {
        self.inner.address()
    }

    fn contents(&self) -> Result<Vec<Package>> {
        self.inner.contents()
    }

    fn versions(&self, package: &Package) -> Result<Vec<Version>> {
        self.inner.versions(package)
    }

    fn release(&self, package: &Package, version: &Version) -> Result<Release> {
        self.inner.release(package, version)
    }

    fn remembered(&self, package: &Package, version: &Version) -> Option<Release> {
        self.inner.remembered(package, version)
    }

    fn search(&self, query: &Query) -> Result<Vec<Found>> {
        self.inner.search(query)
    }

    fn about(&self, package: &Package) -> Result<Option<Map>> {
        self.inner.about(package)
    }

    fn fetch(&self, release: &Release) -> Result<Digest> {
        self.inner.fetch(release)
    }

    fn signatures(&self, release: &Release, offline: bool) -> Result<Vec<Signature>> {
        self.inner.signatures(release, offline)
    }

    fn signers(&self, release: &Release, folder: &Path) -> Result<Vec<String>> {
        let wanted = self
            .trust
            .concerns(release.package.kind(), release.package.name());
        let mut signatures = match self.inner.signatures(release, self.offline) {
            // Where no signature is wanted, none can be missing.
            Err(_) if !wanted => Vec::new(),
            found => found?,
        };
        let told = release.artifact.signatures.iter().cloned();
        signatures.extend(told.map(|armour| Signature::Gpg { armour }));
        self.trust.check(release, &signatures, folder)
    }
}
