//! A source whose packages must be signed by those whom the user allows.

use super::{Found, Query, Signature, Source};
use crate::{Activity, Digest, Package, Release, Result, Version, trust::Trust};
use kdo_value::Map;
use std::{path::Path, sync::Arc};

/// The source with the policy.
pub(super) struct Trusted {
    pub(super) inner: Arc<dyn Source>,
    pub(super) trust: Arc<Trust>,
    pub(super) offline: bool,
    pub(super) activity: Arc<Activity>,
}

impl Source for Trusted {
    fn address(&self) -> String {
        self.inner.address()
    }

    fn contents(&self) -> Result<Vec<Package>> {
        self.inner.contents()
    }

    fn versions(&self, package: &Package) -> Result<Vec<Version>> {
        let _going = self.activity.begin(format!("asking for {package}"));
        self.inner.versions(package)
    }

    fn release(&self, package: &Package, version: &Version) -> Result<Release> {
        let _going = self.activity.begin(format!("asking for {package} {version}"));
        self.inner.release(package, version)
    }

    fn locked_release(&self, package: &Package, version: &Version, manifest: &Digest) -> Result<Release> {
        let _going = self.activity.begin(format!("asking for {package} {version}"));
        self.inner.locked_release(package, version, manifest)
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
        let (package, version) = (&release.package, &release.version);
        let _going = self.activity.begin(format!("fetching {package} {version}"));
        self.inner.fetch(release).inspect(|_| self.activity.add_fetched())
    }

    fn signatures(&self, release: &Release, offline: bool) -> Result<Vec<Signature>> {
        self.inner.signatures(release, offline)
    }

    fn signers(&self, release: &Release, folder: &Path) -> Result<Vec<String>> {
        let wanted = self
            .trust
            .concerns(release.package.kind(), release.package.name());
        let mut signatures = match self.inner.signatures(release, self.offline) {
            // Where no signature is wanted, those that are known of will do.
            Err(_) if !wanted => self.inner.signatures(release, true).unwrap_or_default(),
            found => found?,
        };
        let told = release.artifact.signatures.iter().cloned();
        signatures.extend(told.map(|armour| Signature::Gpg { armour }));
        self.trust.check(release, &signatures, folder)
    }
}
