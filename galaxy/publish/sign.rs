//! Signs what was published already.

use super::{
    SignBy,
    oci::{attach, open},
    settling::Settling,
    static_tree,
};
use crate::{
    Digest, Failure, Kind, Lock, Locked, Package, Release, Requirement, Result, Source, Sources, StaticTree,
    Version,
    oci::{Address, Image, Registry, type_of},
    source::{Moves, is_oci},
};
use std::{io::Read, path::Path, sync::Arc};

/// What was signed.
#[derive(Clone, Debug)]
pub struct Signed {
    /// What, and where.
    pub address: String,
    /// The digest of the manifest in a registry, of the archive in a static tree.
    pub digest: Digest,
    /// By whom; none if that key had done so.
    pub signer: Option<String>,
}

/// A package as the command line names it.
struct Named<'a> {
    /// A name, or an address of OCI.
    what: &'a str,
    version: Option<&'a str>,
}

impl<'a> Named<'a> {
    /// `NAME[:VERSION]`, `NAME[,VERSION]`, `oci://HOST/PATH[:VERSION]`
    fn parse(word: &'a str) -> Self {
        let start = if is_oci(word) {
            word.rfind('/').unwrap_or(0)
        } else {
            0
        };
        let (what, version) = match word[start..].find([':', ',']) {
            Some(at) => (&word[..start + at], Some(&word[start + at + 1..])),
            None => (word, None),
        };
        let version = version
            .map(|v| v.trim_start_matches('='))
            .filter(|v| !v.is_empty());
        Self { what, version }
    }

    /// The packages that may be meant.
    fn packages(&self, kind: Option<Kind>) -> Result<Vec<Package>> {
        let parts: Vec<&str> = self.what.rsplit('/').collect();
        let name = |kind: Kind| match (is_oci(self.what), kind, parts.as_slice()) {
            (true, Kind::Collection, [last, before, _, ..]) => format!("{before}.{last}"),
            _ => parts.first().copied().unwrap_or_default().to_owned(),
        };
        let kinds = kind.map_or_else(|| vec![Kind::Role, Kind::Collection], |k| vec![k]);
        let mut found: Vec<Result<Package>> = kinds.into_iter().map(|k| Package::new(k, &name(k))).collect();
        if found.iter().any(Result::is_ok) {
            found.retain(Result::is_ok);
        }
        found.into_iter().collect()
    }
}

/// Signs a version of a package: where the lock file has it, by the hash of the manifest that is locked. `place` is
/// where it was published, if that is not where its name is asked for.
pub fn sign(
    kind: Option<Kind>,
    word: &str,
    place: Option<&str>,
    by: &SignBy,
    lock: Option<&Lock>,
    sources: &Sources,
) -> Result<Signed> {
    if let (SignBy::Ssh(key), Some((address, hex))) = (by, word.split_once("@sha256:")) {
        return sign_manifest(address, &Digest::parse(&format!("sha256:{hex}"))?, key, sources);
    }
    if is_oci(word) && !word.contains("://") {
        return Err(
            Failure::invalid(format!("{word} is a folder, not a package in it"))
                .help(format!("write NAME:VERSION -s {word}")),
        );
    }
    let named = Named::parse(word);
    let packages = named.packages(kind).map_err(|f| f.of(word))?;
    let is_it = |l: &&Locked| {
        let version = named.version.is_none_or(|v| v == l.version.as_str());
        let here = if is_oci(named.what) {
            l.source.trim_end_matches('/') == named.what
        } else {
            packages.contains(&l.package)
        };
        version && here
    };
    let locked = lock.and_then(|l| l.packages.iter().find(is_it));
    let Some(version) = named.version.or(locked.map(|l| l.version.as_str())) else {
        return Err(
            Failure::invalid(format!("{word}: which version is to be signed?"))
                .help(format!("write {word}:VERSION, or lock it by `kdo galaxy lock`")),
        );
    };
    match by {
        SignBy::Gpg(key) => {
            let folder = place.and_then(|p| p.strip_prefix("static:")).ok_or_else(|| {
                Failure::invalid("GnuPG signs collections of a static tree: name it by -s static:FOLDER")
            })?;
            // Roles and collections of that name may lie there; only collections can be signed so.
            let package = packages.iter().max_by_key(|p| p.kind() == Kind::Collection);
            let package = package.ok_or_else(|| Failure::invalid(format!("{word:?} is no package")))?;
            sign_in_tree(Path::new(folder), package, version, key.as_deref(), sources)
        }
        SignBy::Ssh(key) => {
            let place = if is_oci(named.what) {
                Some(named.what)
            } else {
                place
            };
            let mut failure = None;
            for package in &packages {
                let locked = locked.filter(|l| l.package == *package || is_oci(named.what));
                let found = Version::new(package.kind(), version).and_then(|version| {
                    let manifest = locked.and_then(|l| l.manifest);
                    find(package, &version, manifest.as_ref(), place, locked, sources)
                });
                match found {
                    Ok((release, source)) => {
                        return sign_in_registry(&release, source.as_ref(), key, sources);
                    }
                    Err(other) => failure = failure.or(Some(other)),
                }
            }
            let none = || Failure::not_found(format!("{word} was not found"));
            Err(failure.unwrap_or_else(none).of(word))
        }
    }
}

/// What is published of a version, and where.
fn find(
    package: &Package,
    version: &Version,
    manifest: Option<&Digest>,
    place: Option<&str>,
    locked: Option<&Locked>,
    sources: &Sources,
) -> Result<(Release, Arc<dyn Source>)> {
    let places = match (place, locked) {
        (Some(place), _) => vec![sources.registry(place)?],
        (None, Some(locked)) => vec![sources.locked(locked, Moves::WithPins)?],
        (None, None) => sources.of(&Requirement::named(
            package.kind(),
            package.name(),
            version.as_str(),
        ))?,
    };
    let mut failure = None;
    for source in places {
        let found = match manifest {
            _ if !is_oci(&source.address()) => Err(Failure::invalid(format!(
                "{} is no registry of OCI: nothing else holds signatures by SSH keys",
                source.address()
            ))),
            Some(manifest) => source.locked_release(package, version, manifest),
            None => source.release(package, version),
        };
        match found {
            Ok(release) => return Ok((release, source)),
            Err(other) => failure = failure.or(Some(other)),
        }
    }
    let none = || Failure::not_found("there is no registry to look for it: name one by -s");
    Err(failure.unwrap_or_else(none))
}

fn sign_in_registry(release: &Release, source: &dyn Source, key: &Path, sources: &Sources) -> Result<Signed> {
    let about = |f: Failure| f.of(format!("{} {}", release.package, release.version));
    let artifact = &release.artifact;
    let (Some(digest), Some((repository, _))) = (artifact.manifest, artifact.address.split_once('@')) else {
        return Err(about(Failure::invalid(format!(
            "{} is not of a registry of OCI",
            artifact.address
        ))));
    };
    let mut manifest = Vec::new();
    sources.store().must_get(&digest)?.read_to_end(&mut manifest)?;
    let registry = open(Address::parse(&source.address())?, sources)?;
    let address = format!("{} {} of {}", release.package, release.version, source.address());
    attach_settled(registry, repository, &manifest, address, key).map_err(about)
}

/// Signs what a repository has by the hash of its manifest.
fn sign_manifest(address: &str, digest: &Digest, key: &Path, sources: &Sources) -> Result<Signed> {
    let place = Address::parse(address)?;
    let repository = match &place {
        Address::Registry { path, .. } => path.clone(),
        Address::Layout(_) => String::new(),
    };
    let registry = open(place, sources)?;
    let missing = || Failure::not_found(format!("{address} has no manifest {digest}"));
    let manifest = registry
        .manifest(&repository, &digest.to_string())?
        .ok_or_else(missing)?;
    let told = Image::parse(&manifest)?.artifact_type.unwrap_or_default();
    if ![Kind::Role, Kind::Collection]
        .map(type_of)
        .contains(&told.as_str())
    {
        return Err(Failure::invalid(format!(
            "{address}: {digest} is neither a role nor a collection: its type is {told:?}"
        )));
    }
    attach_settled(registry, &repository, &manifest, address.to_owned(), key)
}

/// Signs a manifest, so that others who do so at the same time do not undo it.
fn attach_settled(
    registry: Box<dyn Registry>,
    repository: &str,
    manifest: &[u8],
    address: String,
    key: &Path,
) -> Result<Signed> {
    let signed = attach(registry.as_ref(), repository, manifest, key)?;
    let signer = signed.as_ref().map(|s| s.signer.clone());
    Settling::new(registry, repository, signed).finish(None)?;
    Ok(Signed {
        address,
        digest: Digest::of(manifest),
        signer,
    })
}

fn sign_in_tree(
    folder: &Path,
    package: &Package,
    version: &str,
    key: Option<&str>,
    sources: &Sources,
) -> Result<Signed> {
    if !folder.join("api").is_dir() {
        return Err(Failure::not_found(format!(
            "{} is no static tree: it has no folder api",
            folder.display()
        )));
    }
    let version = Version::new(package.kind(), version)?;
    let tree = StaticTree::open(folder, None)?;
    let about = |f: Failure| f.of(format!("{package} {version}"));
    let signer = static_tree::sign(&tree, package, &version, key, sources.store()).map_err(about)?;
    Ok(Signed {
        address: format!("{package} {version} of static:{}", folder.display()),
        digest: tree.take(package, &version, sources.store())?,
        signer,
    })
}

#[cfg(test)]
mod tests {
    use super::Named;

    #[test]
    fn packages_with_their_versions() {
        for (word, what, version) in [
            ("acme.web", "acme.web", None),
            ("acme.web:1.0", "acme.web", Some("1.0")),
            ("acme.web,v1", "acme.web", Some("v1")),
            ("acme.web:==1.0.0", "acme.web", Some("1.0.0")),
            ("oci://h:5000/a/web", "oci://h:5000/a/web", None),
            ("oci://h:5000/a/web:1.0", "oci://h:5000/a/web", Some("1.0")),
        ] {
            let named = Named::parse(word);
            assert_eq!((named.what, named.version), (what, version), "{word}");
        }
    }
}
