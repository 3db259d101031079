//! Into a folder that any web server serves as a Galaxy server.

use super::{Publication, Published};
use crate::{
    Artifact, Digest, Failure, Kind, Package, Release, Result, StaticTree, Store, Version,
    inspect::inspect,
    sign::{Gpg, Signed, Verdict, sign_gpg},
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

pub(super) fn publish(
    made: &Publication,
    folder: &Path,
    url: Option<&str>,
    key: Option<Option<&str>>,
    store: &Store,
) -> Result<Published> {
    if key.is_some() {
        must_be_collection(&made.package)?;
    }
    let release = Release {
        package: made.package.clone(),
        version: made.version.clone(),
        dependencies: made.dependencies.clone(),
        artifact: Artifact {
            digest: Some(made.archive),
            ..Artifact::default()
        },
    };
    let tree = StaticTree::open(folder, url)?;
    // Before it is published: who cannot sign shall not publish either.
    let signing = key
        .map(|key| Signing::of(&made.archive, key, store))
        .transpose()?;
    let new = tree.add(store, &release, &made.archive)?;
    let signer = signing
        .as_ref()
        .map(|s| s.put(&tree, &made.package, &made.version));
    Ok(Published {
        address: format!("static:{} {}:{}", folder.display(), made.package, made.version),
        digest: made.archive,
        was_there: !new,
        signer: signer.transpose()?.flatten(),
        settling: None,
    })
}

/// Signs a version that is there; gives who did, or none if the key had done so.
pub(super) fn sign(
    tree: &StaticTree,
    package: &Package,
    version: &Version,
    key: Option<&str>,
    store: &Store,
) -> Result<Option<String>> {
    must_be_collection(package)?;
    let archive = tree.take(package, version, store)?;
    Signing::of(&archive, key, store)?.put(tree, package, version)
}

/// A signature over a collection's MANIFEST.json, which covers all of it.
struct Signing {
    _staging: TempDir,
    message: PathBuf,
    signed: Signed,
}

impl Signing {
    fn of(archive: &Digest, key: Option<&str>, store: &Store) -> Result<Self> {
        let staging = tempfile::tempdir()?;
        let inspected = inspect(store, archive, Kind::Collection, staging.path())?;
        let message = inspected.folder.join("MANIFEST.json");
        let signed = sign_gpg(key, &fs::read(&message)?)?;
        Ok(Self {
            _staging: staging,
            message,
            signed,
        })
    }

    /// Puts it beside the version; gives who signed, or none if the key had done so.
    fn put(&self, tree: &StaticTree, package: &Package, version: &Version) -> Result<Option<String>> {
        // With the keys that the user has.
        let gpg = Gpg { keyring: None };
        for known in tree.signatures(package, version) {
            let verdict = gpg.verify(&known, &self.message, &BTreeSet::new())?;
            if matches!(verdict, Verdict::Good { key, .. } if key == self.signed.fingerprint) {
                return Ok(None);
            }
        }
        tree.add_signature(package, version, &self.signed.armour)?;
        Ok(Some(format!("gpg:{}", self.signed.fingerprint)))
    }
}

fn must_be_collection(package: &Package) -> Result<()> {
    if package.kind() == Kind::Collection {
        return Ok(());
    }
    Err(Failure::invalid(
        "a role has no MANIFEST.json that GnuPG could sign: sign it by an SSH key in a registry of OCI",
    ))
}
