//! A folder here: of a role, of a collection, or of several collections.

use super::direct::{Held, Holder};
use crate::{
    Building, Digest, Kind, Package, Result, Store, Version, collection_spec::is_collection,
    inspect::must_be_role, neighbours::role_with_neighbours, pack::pack, role_meta::role_dependencies,
    tree::tree_digest,
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A folder.
pub(super) struct Directory {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    /// The name of a role.
    pub(super) name: Option<String>,
    /// The version of a role, as it was asked for.
    pub(super) version: Option<String>,
    /// The collections are in folders of the folder.
    pub(super) several: bool,
    pub(super) store: Arc<Store>,
}

impl Holder for Directory {
    fn address(&self) -> String {
        format!("path+{}", self.path.display())
    }

    fn bring(&self) -> Result<Vec<Held>> {
        let address = self.address();
        match self.kind {
            Kind::Role => {
                let name = self.name.as_deref().unwrap_or_default();
                Ok(vec![hold_role(
                    &self.store,
                    &self.path,
                    &BTreeMap::new(),
                    name,
                    self.version.as_deref(),
                    address,
                )?])
            }
            Kind::Collection if self.several => folders(&self.path)?
                .iter()
                .map(|p| hold_collection(&self.store, p, format!("path+{}", p.display())))
                .collect(),
            Kind::Collection => Ok(vec![hold_collection(&self.store, &self.path, address)?]),
        }
    }
}

/// The folders of collections in a folder.
pub(super) fn folders(path: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(path).map_err(|e| crate::Failure::file(path, &e))?;
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .map(|e| e.path())
        .filter(|p| is_collection(p))
        .collect();
    found.sort();
    Ok(found)
}

/// Whether a folder is no collection itself, but holds some.
pub(super) fn holds_several(path: &Path) -> Result<bool> {
    Ok(!is_collection(path) && !folders(path)?.is_empty())
}

/// Builds a collection's folder into the store.
pub(super) fn hold_collection(store: &Store, folder: &Path, address: String) -> Result<Held> {
    let building = Building::of_folder(folder).map_err(|f| f.of(&address))?;
    let mut incoming = store.incoming()?;
    building.write(&mut incoming)?;
    Ok(Held {
        dependencies: building.manifest()?.requirements(),
        package: building.package,
        version: building.version,
        digest: store.keep(incoming, None)?,
        address,
    })
}

/// Packs a role's folder into the store; `left_out` are links that should be there.
pub(super) fn hold_role(
    store: &Store,
    folder: &Path,
    left_out: &BTreeMap<PathBuf, PathBuf>,
    name: &str,
    version: Option<&str>,
    address: String,
) -> Result<Held> {
    must_be_role(folder)?;
    let package = Package::role(name)?;
    let mut incoming = store.incoming()?;
    let (members, _) = role_with_neighbours(folder, left_out)?;
    pack(&members, &mut incoming)?;
    let digest: Digest = store.keep(incoming, None)?;
    let version = match version {
        Some(version) => version.to_owned(),
        None => tree_digest(folder)?.hex()[..12].to_owned(),
    };
    Ok(Held {
        package,
        version: Version::loose(&version)?,
        dependencies: role_dependencies(folder).map_err(|f| f.of(&address))?,
        digest,
        address,
    })
}
