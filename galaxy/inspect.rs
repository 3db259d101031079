//! What an archive in the store holds.

use crate::{
    Digest, Failure, Kind, Limits, Manifest, Package, Requirement, Result, Store, Version,
    content::Content,
    manifest::check_content,
    role_meta::{self, role_dependencies},
    unpack::{make_links, unpack},
};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

/// A package that was unpacked and found to be whole and harmless.
pub(crate) struct Inspected {
    /// Its folder, within what was given to unpack into.
    pub(crate) folder: PathBuf,
    /// What is in it.
    pub(crate) content: Content,
    /// What it needs.
    pub(crate) dependencies: Vec<Requirement>,
    /// Name and version, of a collection.
    pub(crate) manifest: Option<Manifest>,
}

/// Unpacks an archive of the store as [`inspect_file`] does.
pub(crate) fn inspect(store: &Store, digest: &Digest, kind: Kind, staging: &Path) -> Result<Inspected> {
    inspect_file(store.must_get(digest)?, kind, staging, store.limits())
}

/// Unpacks an archive below `staging`, which is fresh and ours, and checks all that can be checked.
pub(crate) fn inspect_file(archive: File, kind: Kind, staging: &Path, limits: &Limits) -> Result<Inspected> {
    let raw = staging.join("raw");
    fs::create_dir(&raw).map_err(|e| Failure::file(&raw, &e))?;
    let unpacked = unpack(archive, &raw, limits)?;
    let root = match kind {
        Kind::Role => role_root(&unpacked)?,
        Kind::Collection => PathBuf::new(),
    };
    let folder = raw.join(&root);
    let content = unpacked.below(&root);
    make_links(&folder, &content)?;
    if kind == Kind::Role {
        return Ok(Inspected {
            dependencies: role_dependencies(&folder)?,
            folder,
            content,
            manifest: None,
        });
    }
    if content.file(Path::new("MANIFEST.json")).is_none() {
        return Err(Failure::refused(
            "there is no MANIFEST.json: it is no archive of a collection",
        ));
    }
    let manifest = Manifest::of_folder(&folder)?;
    if let Some(first) = check_content(&manifest, &folder, &content)?.first() {
        return Err(Failure::refused(format!(
            "the collection does not fit its MANIFEST.json: {first}"
        )));
    }
    Ok(Inspected {
        folder,
        content,
        dependencies: manifest.requirements(),
        manifest: Some(manifest),
    })
}

/// The folder of the role in an archive: above the topmost `meta/main.yml`; of a role without one, the only folder
/// that all lies in, or the top.
fn role_root(unpacked: &Content) -> Result<PathBuf> {
    let mut roots: Vec<&Path> = unpacked
        .files
        .keys()
        .filter(|p| p.ends_with("meta/main.yml") || p.ends_with("meta/main.yaml"))
        .filter_map(|p| p.parent()?.parent())
        .collect();
    roots.sort_by_key(|r| (r.components().count(), r.as_os_str().len()));
    if let Some(root) = roots.first() {
        return Ok(root.to_path_buf());
    }
    let holds = |root: &Path| {
        let folders = ["tasks", "defaults", "handlers", "vars", "templates", "files"];
        folders.iter().any(|n| unpacked.folders.contains(&root.join(n)))
    };
    let mut root = PathBuf::new();
    loop {
        if holds(&root) {
            return Ok(root);
        }
        let mut inner = unpacked.folders.iter().filter(|f| f.parent() == Some(&root));
        match (inner.next(), inner.next()) {
            (Some(only), None) => root = only.clone(),
            _ => {
                return Err(Failure::refused(
                    "the archive holds no role: there are neither meta nor tasks in it",
                ));
            }
        }
    }
}

/// Name, version and needs of an archive's package, without installing it.
pub(crate) struct Identity {
    pub(crate) package: Package,
    pub(crate) version: Version,
    pub(crate) dependencies: Vec<Requirement>,
}

/// Identifies the package of an archive. A role has the name and version that it is asked for by.
pub(crate) fn identify(
    store: &Store,
    digest: &Digest,
    kind: Kind,
    role: Option<(&str, &str)>,
) -> Result<Identity> {
    let staging = tempfile::tempdir()?;
    let inspected = inspect(store, digest, kind, staging.path())?;
    if let Some(manifest) = inspected.manifest {
        return Ok(Identity {
            package: manifest.package,
            version: manifest.version,
            dependencies: inspected.dependencies,
        });
    }
    let (name, version) = role.unwrap_or_default();
    Ok(Identity {
        package: Package::role(name)?,
        version: Version::loose(version)?,
        dependencies: inspected.dependencies,
    })
}

/// Whether a folder is a role.
pub(crate) fn must_be_role(folder: &Path) -> Result<()> {
    if role_meta::is_role(folder) {
        return Ok(());
    }
    Err(Failure::not_found(format!(
        "{} holds no role: there are neither meta nor tasks in it",
        folder.display()
    )))
}
