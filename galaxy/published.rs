//! What servers publish, beside what is installed.

use crate::{
    Digest, Failure, Package, Requirement, Result, Sources, Version, inspect::inspect, tree::file_digest,
};
use std::path::Path;

/// The hash of the MANIFEST.json that a server publishes with that version of a collection.
pub fn published_manifest(sources: &Sources, package: &Package, version: &Version) -> Result<Digest> {
    let asked = Requirement::named(package.kind(), package.name(), version.as_str());
    for source in sources.of(&asked)? {
        if !source.versions(package)?.contains(version) {
            continue;
        }
        let release = source.release(package, version)?;
        let digest = source.fetch(&release)?;
        let staging = tempfile::tempdir()?;
        let inspected = inspect(sources.store(), &digest, package.kind(), staging.path())?;
        return manifest_digest(&inspected.folder);
    }
    Err(
        Failure::not_found(format!("no server has {package} {version} to compare with"))
            .help("--offline compares the collection with its own MANIFEST.json only"),
    )
}

/// The hash of an installed collection's MANIFEST.json.
pub fn manifest_digest(folder: &Path) -> Result<Digest> {
    file_digest(&folder.join("MANIFEST.json"))
}
