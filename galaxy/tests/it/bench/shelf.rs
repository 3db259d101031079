//! A source that is nowhere but here, and has no archives.

use kdo_galaxy::{Artifact, Digest, Failure, Kind, Package, Release, Requirement, Result, Source, Version};
use std::collections::BTreeMap;

/// What it has, under the URL by which it is known.
pub(crate) struct Shelf {
    address: String,
    packages: BTreeMap<Package, Vec<Release>>,
}

impl Shelf {
    pub(crate) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            packages: BTreeMap::new(),
        }
    }

    pub(crate) fn put(&mut self, kind: Kind, name: &str, version: &str, needs: Vec<Requirement>) {
        let package = Package::new(kind, name).unwrap();
        let releases = self.packages.entry(package.clone()).or_default();
        releases.push(Release {
            version: Version::new(kind, version).unwrap(),
            package,
            dependencies: needs,
            artifact: Artifact::default(),
        });
    }
}

impl Source for Shelf {
    fn address(&self) -> String {
        self.address.clone()
    }

    fn versions(&self, package: &Package) -> Result<Vec<Version>> {
        let releases = self.packages.get(package).into_iter().flatten();
        Ok(releases.map(|r| r.version.clone()).collect())
    }

    fn release(&self, package: &Package, version: &Version) -> Result<Release> {
        let found = self.packages[package].iter().find(|r| r.version == *version);
        Ok(found.unwrap().clone())
    }

    fn fetch(&self, _release: &Release) -> Result<Digest> {
        Err(Failure::not_found("there are no archives"))
    }
}
