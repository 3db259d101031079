//! One version of a package, as a source tells of it.

use crate::{Digest, Package, Requirement, Version};

/// A version with what it needs and where its bytes are.
#[derive(Clone, Debug)]
pub struct Release {
    /// The package.
    pub package: Package,
    /// The version.
    pub version: Version,
    /// What it needs.
    pub dependencies: Vec<Requirement>,
    /// Its bytes.
    pub artifact: Artifact,
}

/// Where the bytes of a release are, and what is known of them before they are here.
#[derive(Clone, Debug, Default)]
pub struct Artifact {
    /// Where: an URL, a path, a commit; the source that told it understands it.
    pub address: String,
    /// The hash of the archive, where the source tells it.
    pub digest: Option<Digest>,
    /// The hash of an OCI manifest.
    pub manifest: Option<Digest>,
    /// The page that told of the release.
    pub page: Option<String>,
    /// Detached signatures over MANIFEST.json, or over the artifact.
    pub signatures: Vec<String>,
}
