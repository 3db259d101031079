//! Sources that hold a package, or a few, themselves.

use super::Source;
use crate::{Artifact, Digest, Failure, Package, Release, Requirement, Result, Version};
use std::sync::OnceLock;

/// A package that was found, with its bytes in the store.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) package: Package,
    pub(super) version: Version,
    pub(super) dependencies: Vec<Requirement>,
    pub(super) digest: Digest,
    /// The address for the lock file: exactly this content.
    pub(super) address: String,
}

/// Brings packages into the store.
pub(super) trait Holder: Send + Sync {
    /// The address before anything was brought.
    fn address(&self) -> String;
    /// Brings them.
    fn bring(&self) -> Result<Vec<Held>>;
}

/// A holder as a source: it brings once.
pub(super) struct Direct<H> {
    holder: H,
    held: OnceLock<Result<Vec<Held>>>,
}

impl<H: Holder> Direct<H> {
    pub(super) fn new(holder: H) -> Self {
        Self {
            holder,
            held: OnceLock::new(),
        }
    }

    fn held(&self) -> Result<&[Held]> {
        let held = self.held.get_or_init(|| self.holder.bring());
        held.as_deref().map_err(Clone::clone)
    }

    fn find(&self, package: &Package) -> Result<&Held> {
        let found = self.held()?.iter().find(|h| h.package == *package);
        found.ok_or_else(|| Failure::not_found(format!("{} does not hold {package}", self.holder.address())))
    }
}

impl<H: Holder> Source for Direct<H> {
    fn address(&self) -> String {
        self.holder.address()
    }

    fn contents(&self) -> Result<Vec<Package>> {
        Ok(self.held()?.iter().map(|h| h.package.clone()).collect())
    }

    fn versions(&self, package: &Package) -> Result<Vec<Version>> {
        let held = self.held()?.iter().filter(|h| h.package == *package);
        Ok(held.map(|h| h.version.clone()).collect())
    }

    fn release(&self, package: &Package, version: &Version) -> Result<Release> {
        let held = self.find(package)?;
        Ok(Release {
            package: package.clone(),
            version: version.clone(),
            dependencies: held.dependencies.clone(),
            artifact: Artifact {
                address: held.address.clone(),
                digest: Some(held.digest),
                ..Artifact::default()
            },
        })
    }

    fn fetch(&self, release: &Release) -> Result<Digest> {
        self.find(&release.package).map(|h| h.digest)
    }
}
