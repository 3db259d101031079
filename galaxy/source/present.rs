//! What is installed already, as a source of itself: it tells what it needs, and is never fetched.

use super::Source;
use crate::{Artifact, Digest, Failure, Installed, Package, Release, Result, Version};

/// An installed package.
pub(crate) struct Present(pub(crate) Installed);

impl Source for Present {
    fn address(&self) -> String {
        self.0.path.display().to_string()
    }

    fn versions(&self, _package: &Package) -> Result<Vec<Version>> {
        Ok(self.0.version.iter().cloned().collect())
    }

    fn release(&self, package: &Package, version: &Version) -> Result<Release> {
        Ok(Release {
            package: package.clone(),
            version: version.clone(),
            dependencies: self.0.dependencies()?,
            artifact: Artifact::default(),
        })
    }

    fn fetch(&self, release: &Release) -> Result<Digest> {
        Err(Failure::not_found(format!(
            "{} {} is installed, and only there",
            release.package, release.version
        ))
        .help("--force asks the servers for it"))
    }
}
