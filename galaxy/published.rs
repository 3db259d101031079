//! What servers publish, beside what is installed.

use crate::{
    Artifact, Digest, Failure, Installed, Package, Release, Requirement, Result, Sources, Version,
    inspect::inspect, install::known_signatures, tree::file_digest,
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

/// Checks the signatures of an installed collection by the keyring: those that are named, and those that its server
/// has, or had when it was installed. Gives the keys that made good ones; none if there is no keyring.
pub fn check_signatures(
    sources: &Sources,
    present: &Installed,
    asked: &Requirement,
    offline: bool,
) -> Result<Option<Vec<String>>> {
    let mut release = Release {
        package: present.package.clone(),
        version: Version::padded("0")?,
        dependencies: Vec::new(),
        artifact: Artifact::default(),
    };
    release.artifact.signatures = if offline {
        known_signatures(present)
    } else {
        let mut told = Vec::new();
        let version = present.version.as_ref();
        for source in sources.of(asked)? {
            let there =
                version.filter(|v| matches!(source.versions(&present.package), Ok(all) if all.contains(v)));
            if let Some(version) = there {
                told = source.release(&present.package, version)?.artifact.signatures;
                break;
            }
        }
        told
    };
    sources.add_signatures(&mut release, std::slice::from_ref(asked))?;
    sources.check_installed(&release.artifact.signatures, &present.path)
}

/// The hash of an installed collection's MANIFEST.json.
pub fn manifest_digest(folder: &Path) -> Result<Digest> {
    file_digest(&folder.join("MANIFEST.json"))
}
