//! Where packages come from: one trait, one file each.

mod alias;
mod archive;
mod direct;
mod directory;
mod galaxy;
mod galaxy_search;
mod galaxy_upload;
mod galaxy_v1;
mod galaxy_v3;
mod git;
mod git_program;
mod multipart;
mod oci;
mod open;
mod present;
mod pulp;
mod remembered;
mod repository;
mod role_import;
mod servers;
mod trusted;

pub(crate) use alias::{alias_of_text, alias_text};
pub use galaxy::Server;
pub(crate) use git_program::check_address;
pub(crate) use open::Moves;
pub(crate) use open::is_oci;
pub use open::{Overrides, Sources};
pub(crate) use present::Present;
pub use role_import::{Repository, RoleImport, RoleImports};

use crate::{Digest, Kind, Package, Release, Result, Version};
use kdo_value::Map;
use std::{path::Path, sync::Arc};

/// What is searched for.
#[derive(Clone, Debug)]
pub struct Query {
    /// Roles or collections.
    pub kind: Kind,
    /// Words of the name or description.
    pub words: Vec<String>,
    /// Whose they are.
    pub author: Option<String>,
    /// Words that authors gave to them.
    pub tags: Vec<String>,
    /// Platforms that roles are for.
    pub platforms: Vec<String>,
}

/// A package that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Its newest version, where the server tells.
    pub version: Option<String>,
    /// What its author says of it.
    pub description: String,
}

/// A place with packages. Asked from several threads at once.
///
/// A registry is asked for packages by name. An archive, a folder or a repository holds one package, or a few, and
/// tells which; its bytes are then in the store already.
pub trait Source: Send + Sync {
    /// The address as it is written into the lock file; `open` makes the source from it again.
    fn address(&self) -> String;

    /// The packages that it holds, where the source is not a registry.
    fn contents(&self) -> Result<Vec<Package>> {
        Ok(Vec::new())
    }

    /// The versions of a package, in any order; none if the source does not have the package.
    fn versions(&self, package: &Package) -> Result<Vec<Version>>;

    /// The name that a package has there.
    fn name_there(&self, package: &Package) -> Package {
        package.clone()
    }

    /// What it tells of one version.
    fn release(&self, package: &Package, version: &Version) -> Result<Release>;

    /// What it tells of a version that was locked by the hash of its manifest, wherever the version's name leads now.
    fn locked_release(&self, package: &Package, version: &Version, _manifest: &Digest) -> Result<Release> {
        self.release(package, version)
    }

    /// What it told of a version that was fetched before; asks nobody.
    fn remembered(&self, _package: &Package, _version: &Version) -> Option<Release> {
        None
    }

    /// Packages that fit a query; none where the source cannot search.
    fn search(&self, _query: &Query) -> Result<Vec<Found>> {
        Ok(Vec::new())
    }

    /// What the source tells people of a package; none if it does not have it, or tells nothing.
    fn about(&self, _package: &Package) -> Result<Option<Map>> {
        Ok(None)
    }

    /// Brings the archive of a release into the store. The source checks what was announced of it.
    fn fetch(&self, release: &Release) -> Result<Digest>;

    /// Detached signatures of a release that was fetched.
    fn signatures(&self, _release: &Release, _offline: bool) -> Result<Vec<Signature>> {
        Ok(Vec::new())
    }

    /// Who signed a release whose archive was unpacked to `folder`; fails where others must have.
    fn signers(&self, _release: &Release, _folder: &Path) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

/// A detached signature, which is not checked yet.
pub enum Signature {
    /// By an SSH key, over the manifest of an OCI artifact.
    Ssh {
        /// The text of the signature.
        armour: String,
        /// What it is over.
        message: Arc<[u8]>,
    },
    /// By OpenPGP, over MANIFEST.json of a collection.
    Gpg {
        /// The text of the signature.
        armour: String,
    },
}
