//! Into a folder that any web server serves as a Galaxy server.

use super::{Publication, Published};
use crate::{Artifact, Failure, Kind, Release, Result, StaticTree, Store, inspect::inspect, sign::sign_gpg};
use std::{fs, path::Path};

pub(super) fn publish(
    made: &Publication,
    folder: &Path,
    url: Option<&str>,
    key: Option<Option<&str>>,
    store: &Store,
) -> Result<Published> {
    let signature = key.map(|key| sign(made, key, store)).transpose()?;
    let release = Release {
        package: made.package.clone(),
        version: made.version.clone(),
        dependencies: made.dependencies.clone(),
        artifact: Artifact {
            digest: Some(made.archive),
            signatures: signature.iter().cloned().collect(),
            ..Artifact::default()
        },
    };
    let new = StaticTree::open(folder, url)?.add(store, &release, &made.archive)?;
    if signature.is_some() && !new {
        return Err(Failure::invalid(format!(
            "{} {} is there already, without this signature",
            made.package, made.version
        ))
        .help("sign a version when it is published"));
    }
    Ok(Published {
        address: format!("static:{} {}:{}", folder.display(), made.package, made.version),
        digest: made.archive,
        was_there: !new,
        signer: signature.map(|_| "gpg".to_owned()),
    })
}

fn sign(made: &Publication, key: Option<&str>, store: &Store) -> Result<String> {
    if made.package.kind() == Kind::Role {
        return Err(Failure::invalid(
            "a role has no MANIFEST.json that GnuPG could sign: sign it by an SSH key in a registry of OCI",
        ));
    }
    let staging = tempfile::tempdir()?;
    let inspected = inspect(store, &made.archive, Kind::Collection, staging.path())?;
    sign_gpg(key, &fs::read(inspected.folder.join("MANIFEST.json"))?)
}
