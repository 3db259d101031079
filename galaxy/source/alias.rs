//! A role that is installed under another name than the one it has where it comes from.

use super::{Found, Query, Signature, Source};
use crate::{Digest, Package, Release, Result, Version};
use kdo_value::Map;
use std::{path::Path, sync::Arc};

/// The source, asked by the role's name there.
pub(super) struct Alias {
    pub(super) inner: Arc<dyn Source>,
    pub(super) package: Package,
}

impl Alias {
    fn there(&self, release: &Release) -> Release {
        Release {
            package: self.package.clone(),
            ..release.clone()
        }
    }
}

impl Source for Alias {
    fn address(&self) -> String {
        alias_text(self.package.name(), &self.inner.address())
    }

    fn name_there(&self, _package: &Package) -> Package {
        self.package.clone()
    }

    fn versions(&self, _package: &Package) -> Result<Vec<Version>> {
        self.inner.versions(&self.package)
    }

    fn release(&self, package: &Package, version: &Version) -> Result<Release> {
        Ok(Release {
            package: package.clone(),
            ..self.inner.release(&self.package, version)?
        })
    }

    fn remembered(&self, package: &Package, version: &Version) -> Option<Release> {
        Some(Release {
            package: package.clone(),
            ..self.inner.remembered(&self.package, version)?
        })
    }

    fn search(&self, query: &Query) -> Result<Vec<Found>> {
        self.inner.search(query)
    }

    fn about(&self, _package: &Package) -> Result<Option<Map>> {
        self.inner.about(&self.package)
    }

    fn fetch(&self, release: &Release) -> Result<Digest> {
        self.inner.fetch(&self.there(release))
    }

    fn signatures(&self, release: &Release, offline: bool) -> Result<Vec<Signature>> {
        self.inner.signatures(&self.there(release), offline)
    }

    fn signers(&self, release: &Release, folder: &Path) -> Result<Vec<String>> {
        self.inner.signers(&self.there(release), folder)
    }
}

/// Name and address as the lock file writes them, and people read them.
pub(crate) fn alias_text(name: &str, address: &str) -> String {
    format!("{name} of {address}")
}

/// Name and address of such a text: names have no spaces.
pub(crate) fn alias_of_text(text: &str) -> Option<(&str, &str)> {
    text.split_once(" of ")
        .filter(|(name, _)| !name.contains(['/', ' ']))
}
