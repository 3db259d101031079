//! Packages to where others install them from: a registry of OCI, a server of Galaxy, a tree of static pages.

mod derive;
mod galaxy;
mod oci;
mod settling;
mod sign;
mod static_tree;

use crate::{
    Building, Digest, Failure, Kind, Package, Requirement, Result, Sources, Store, Version,
    collection_spec::is_collection,
    inspect::{identify, inspect_file},
    neighbours::role_with_neighbours,
    oci::tag_of,
    pack::{Member, pack},
    source::{Server, is_oci},
};
use settling::Settling;
pub use sign::{Signed, sign};
use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
};

/// What the user says of a package that is published.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Role or collection, where the folder leaves a doubt.
    pub kind: Option<Kind>,
    /// The name of a role.
    pub name: Option<String>,
    /// The namespace of roles that say none.
    pub namespace: Option<String>,
    /// The version of a role.
    pub version: Option<String>,
}

/// A package made ready: its archive lies in the store.
pub struct Publication {
    /// Its name.
    pub package: Package,
    /// Its version.
    pub version: Version,
    /// The hash of the archive.
    pub archive: Digest,
    /// The size of the archive.
    pub size: u64,
    /// The files in it.
    pub files: Vec<PathBuf>,
    /// What it does not say of itself and was found out: what, and how.
    pub derived: Vec<(String, String)>,
    tree: Digest,
    dependencies: Vec<Requirement>,
    annotations: BTreeMap<String, String>,
}

/// Where to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `oci://HOST/NAMESPACE`, `oci:FOLDER`
    Oci(String),
    /// `galaxy+https://…`, or a server of the configuration.
    Galaxy(String),
    /// `static:FOLDER`
    Static {
        /// The folder.
        folder: PathBuf,
        /// The URL that it is served at.
        url: Option<String>,
    },
}

/// By whose key it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignBy {
    /// The file of an SSH key: of OCI.
    Ssh(PathBuf),
    /// A key of GnuPG, or its default one: of Galaxy.
    Gpg(Option<String>),
}

/// What became of it.
pub struct Published {
    /// Where it is now.
    pub address: String,
    /// The digest it has there.
    pub digest: Digest,
    /// Whether it was there already, with the same content.
    pub was_there: bool,
    /// Who signed it now.
    pub signer: Option<String>,
    settling: Option<Settling>,
}

impl Target {
    /// From what the command line says, or the name of a server.
    pub fn parse(text: &str, servers: &[Server]) -> Result<Self> {
        let named = servers.iter().find(|s| s.name == text);
        if let Some(registry) = named.filter(|s| is_oci(&s.url)) {
            return Ok(Self::Oci(registry.url.clone()));
        }
        if let Some(folder) = text.strip_prefix("static:") {
            return Ok(Self::Static {
                folder: folder.into(),
                url: None,
            });
        }
        if is_oci(text) {
            return Ok(Self::Oci(text.to_owned()));
        }
        if let Some(url) = text.strip_prefix("galaxy+") {
            return Ok(Self::Galaxy(url.to_owned()));
        }
        if text.starts_with("https://") || text.starts_with("http://") || named.is_some() {
            return Ok(Self::Galaxy(text.to_owned()));
        }
        Err(Failure::invalid(format!("{text:?} is no place to publish to"))
            .help("write oci://HOST/NAMESPACE, galaxy+https://…, static:FOLDER, or a server of the configuration"))
    }
}

impl Publication {
    /// Makes a folder or an archive of a collection ready.
    pub fn of_path(path: &Path, wish: &Wish, store: &Store) -> Result<Self> {
        if path.is_file() {
            return Self::of_archive(path, store);
        }
        let kind = wish.kind.unwrap_or(if is_collection(path) {
            Kind::Collection
        } else {
            Kind::Role
        });
        match kind {
            Kind::Collection => Self::of_collection(path, wish, store),
            Kind::Role => Self::of_role(path, wish, store),
        }
    }

    fn of_collection(path: &Path, wish: &Wish, store: &Store) -> Result<Self> {
        if wish.name.is_some() || wish.version.is_some() {
            return Err(Failure::invalid(
                "a collection has the name and version of its galaxy.yml",
            ));
        }
        let building = Building::of_folder(path)?;
        let mut incoming = store.incoming()?;
        building.write(&mut incoming)?;
        let archive = store.keep(incoming, None)?;
        Self::of_kept_collection(archive, store)
    }

    fn of_archive(path: &Path, store: &Store) -> Result<Self> {
        let mut file = File::open(path).map_err(|e| Failure::file(path, &e))?;
        let mut incoming = store.incoming()?;
        incoming.take_all(&mut file)?;
        let archive = store.keep(incoming, None)?;
        Self::of_kept_collection(archive, store).map_err(|f| f.of(path.display()))
    }

    fn of_kept_collection(archive: Digest, store: &Store) -> Result<Self> {
        let identity = identify(store, &archive, Kind::Collection, None)?;
        Self::of_kept(archive, identity.package, identity.version, Vec::new(), store)
    }

    fn of_role(path: &Path, wish: &Wish, store: &Store) -> Result<Self> {
        let mut derived = derive::of_role(path, wish)?;
        let (mut members, links) = role_with_neighbours(path, &BTreeMap::new())?;
        derived.shown.extend(links);
        if let Some(meta) = derived.meta {
            members.push(("meta/main.yml".into(), Member::Text(meta)));
            members.sort_by(|a, b| a.0.cmp(&b.0));
        }
        let mut incoming = store.incoming()?;
        pack(&members, &mut incoming)?;
        let archive = store.keep(incoming, None)?;
        let mut made = Self::of_kept(archive, derived.package, derived.version, derived.shown, store)?;
        made.annotations.extend(derived.annotations);
        Ok(made)
    }

    /// What is published is what others will unpack: it passes the same checks here.
    fn of_kept(
        archive: Digest,
        package: Package,
        version: Version,
        derived: Vec<(String, String)>,
        store: &Store,
    ) -> Result<Self> {
        tag_of(version.as_str())?;
        let staging = tempfile::tempdir()?;
        let file = store.must_get(&archive)?;
        let size = file.metadata()?.len();
        let inspected = inspect_file(file, package.kind(), staging.path(), store.limits())?;
        Ok(Self {
            size,
            files: inspected.content.paths(),
            tree: inspected.content.digest(),
            dependencies: inspected.dependencies,
            annotations: BTreeMap::new(),
            package,
            version,
            archive,
            derived,
        })
    }

    fn send(&self, to: &Target, sign: Option<&SignBy>, sources: &Sources) -> Result<Published> {
        let told = |f: Failure| f.of(format!("{} {}", self.package, self.version));
        match (to, sign) {
            (Target::Oci(address), None | Some(SignBy::Ssh(_))) => {
                let key = match sign {
                    Some(SignBy::Ssh(key)) => Some(key.as_path()),
                    _ => None,
                };
                oci::publish(self, address, key, sources).map_err(told)
            }
            (Target::Galaxy(server), None) => galaxy::publish(self, server, sources).map_err(told),
            (Target::Static { folder, url }, None | Some(SignBy::Gpg(_))) => {
                let key = match sign {
                    Some(SignBy::Gpg(key)) => Some(key.as_deref()),
                    _ => None,
                };
                static_tree::publish(self, folder, url.as_deref(), key, sources.store()).map_err(told)
            }
            (Target::Oci(_), Some(SignBy::Gpg(_))) => Err(Failure::invalid(
                "in a registry of OCI a package is signed by an SSH key: --sign KEYFILE",
            )),
            (Target::Static { .. }, Some(SignBy::Ssh(_))) => Err(Failure::invalid(
                "in a static tree a collection is signed by GnuPG, as ansible-galaxy checks it: --sign-gpg",
            )),
            (Target::Galaxy(_), Some(_)) => Err(Failure::invalid(
                "a Galaxy server takes no signatures with an upload: its operators sign what it serves",
            )),
        }
    }
}

/// Publishes packages, one after the other until one fails, and looks then whether others published the same versions at
/// the same moment.
pub fn publish(
    ready: &[Publication],
    to: &Target,
    sign: Option<&SignBy>,
    sources: &Sources,
) -> Vec<Result<Published>> {
    let mut sent = Vec::new();
    for made in ready {
        sent.push(made.send(to, sign, sources));
        if sent.last().is_some_and(Result::is_err) {
            break;
        }
    }
    let finish = |(sent, made): (Result<Published>, &Publication)| {
        let told = |f: Failure| f.of(format!("{} {}", made.package, made.version));
        sent.and_then(|s| s.finish(sign).map_err(told))
    };
    sent.into_iter().zip(ready).map(finish).collect()
}

impl Published {
    fn finish(mut self, sign: Option<&SignBy>) -> Result<Self> {
        let key = match sign {
            Some(SignBy::Ssh(key)) => Some(key.as_path()),
            _ => None,
        };
        if let Some(settling) = self.settling.take()
            && let Some(digest) = settling.finish(key)?
        {
            self.digest = digest;
        }
        Ok(self)
    }
}

/// A version that is there already with other content.
pub(crate) fn taken(place: &str, there: &str, ours: &str) -> Failure {
    Failure::mismatch(format!(
        "{place} is there already with other content: {there} instead of {ours}"
    ))
    .help("a published version never changes: publish under a new one")
}
