//! From resolved packages to folders: fetched and checked all before the first is put in its place.

mod info;
mod remove;
mod staging;
mod swap;

use crate::{
    Digest, Failure, Installed, Kind, Lock, Locked, Package, Resolved, Result, Store, Version,
    inspect::{inspect, inspect_file},
    installed::collections_folder,
    resolve::in_parallel,
    tree_digest,
};
pub(crate) use info::known_signatures;
pub use remove::remove;
use staging::{Staged, Staging};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use swap::Swaps;

/// Where packages are put.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The folder for roles.
    pub roles: PathBuf,
    /// The folder for collections; `ansible_collections` is in it, or is it.
    pub collections: PathBuf,
    /// Where collections may lie already.
    pub collections_path: Vec<PathBuf>,
}

/// What is done with what is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Only other versions are replaced.
    #[default]
    Needed,
    /// What is asked for is installed again.
    Force,
    /// And what it needs.
    ForceAll,
}

/// What became of a package.
#[derive(Clone, Debug)]
pub struct Done {
    /// The package.
    pub package: Package,
    /// The version that is there now.
    pub version: Version,
    /// Its folder.
    pub path: PathBuf,
    /// The version that was there before.
    pub before: Option<Version>,
    /// Whether anything was done.
    pub changed: bool,
    /// Where its bytes came from, if it was installed.
    pub from: Option<String>,
    /// Keys that had signed it when it was locked, and whose signatures were not found now.
    pub unsigned: Vec<String>,
}

/// Installs into paths.
pub struct Installer {
    /// Where bytes are kept.
    pub store: Arc<Store>,
    /// Where packages are put.
    pub paths: Paths,
    /// What is done with what is there.
    pub mode: Mode,
}

/// A package with what its content must be.
struct Wanted<'a> {
    resolved: &'a Resolved,
    locked: Option<&'a Locked>,
}

impl Wanted<'_> {
    fn kind(&self) -> Kind {
        self.resolved.release.package.kind()
    }
}

impl Installer {
    /// Where a package belongs.
    pub fn target(&self, package: &Package) -> PathBuf {
        match package.kind() {
            Kind::Role => self.near(Kind::Role).join(package.name()),
            Kind::Collection => self
                .near(Kind::Collection)
                .join(package.namespace().unwrap_or_default())
                .join(package.short()),
        }
    }

    /// The folder in which packages of this kind are made ready, on the file system that they come to.
    fn near(&self, kind: Kind) -> PathBuf {
        match kind {
            Kind::Role => self.paths.roles.clone(),
            Kind::Collection => collections_folder(&self.paths.collections),
        }
    }

    /// The package as it is installed now.
    pub fn present(&self, package: &Package) -> Option<Installed> {
        let at = |path: PathBuf| Installed::at(package.clone(), path);
        let own = at(self.target(package));
        if package.kind() == Kind::Role {
            return own;
        }
        let inner = |path: &PathBuf| Installed::below(package.clone(), path);
        own.or_else(|| self.paths.collections_path.iter().find_map(inner))
    }

    /// Installs all or none. With a lock the content must be what was locked.
    pub fn install(&self, resolved: &[Resolved], lock: Option<&Lock>) -> Result<Vec<Done>> {
        let mut done = Vec::new();
        let mut wanted = Vec::new();
        for resolved in resolved {
            let package = &resolved.release.package;
            let locked = lock.and_then(|l| l.find(package));
            let present = self.present(package);
            let before = present.as_ref().and_then(|p| p.version.clone());
            let needed = self.is_needed(resolved, present.as_ref(), locked)?;
            if needed {
                wanted.push(Wanted { resolved, locked });
            }
            let target = self.target(package);
            done.push(Done {
                package: package.clone(),
                version: resolved.release.version.clone(),
                path: present.filter(|_| !needed).map_or(target, |p| p.path),
                before,
                changed: needed,
                from: None,
                unsigned: Vec::new(),
            });
        }
        let near: BTreeSet<PathBuf> = wanted.iter().map(|w| self.near(w.kind())).collect();
        for folder in &near {
            fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
            staging::clear(folder);
        }
        let staged = in_parallel(&wanted, |w| self.stage(w))?;
        let staged: Vec<Staged> = staged.into_iter().collect::<Result<_>>()?;
        let mut swaps = Swaps::default();
        for staged in staged {
            if let Some(done) = done.iter_mut().find(|d| d.package == staged.package) {
                done.from = Some(staged.from.clone());
                done.unsigned.clone_from(&staged.unsigned);
            }
            swaps.put(staged)?;
        }
        swaps.keep();
        Ok(done)
    }

    fn is_needed(
        &self,
        resolved: &Resolved,
        present: Option<&Installed>,
        locked: Option<&Locked>,
    ) -> Result<bool> {
        let Some(present) = present else { return Ok(true) };
        let package = &resolved.release.package;
        let forced = self.mode == Mode::ForceAll || self.mode == Mode::Force && resolved.asked;
        if !forced && !present.is_managed() {
            // Somebody's own work: it is neither replaced nor is it an error to need it.
            return match (present.version.as_ref(), package.kind()) {
                (Some(version), Kind::Collection) if *version != resolved.release.version => {
                    Err(Failure::invalid(format!(
                        "{} holds {package} {version}, which no installer put there",
                        present.path.display()
                    ))
                    .help("--force replaces it"))
                }
                (_, Kind::Role) if resolved.asked => Err(Failure::invalid(format!(
                    "the specified role {package} appears to already exist. Use --force to replace it."
                ))),
                _ => Ok(false),
            };
        }
        if forced || present.version.as_ref() != Some(&resolved.release.version) {
            return Ok(true);
        }
        match locked {
            Some(locked) => Ok(tree_digest(&present.path)? != locked.tree),
            None => self.is_other_content(resolved, present),
        }
    }

    /// Whether a collection of a repository or folder is another than the one that is there: its version may stand
    /// still while its files change.
    fn is_other_content(&self, resolved: &Resolved, present: &Installed) -> Result<bool> {
        let (package, artifact) = (&resolved.release.package, &resolved.release.artifact);
        let made = artifact.address.starts_with("git+") || artifact.address.starts_with("path+");
        let digest = artifact
            .digest
            .filter(|_| made && package.kind() == Kind::Collection);
        let Some(digest) = digest else { return Ok(false) };
        let staging = tempfile::tempdir()?;
        let inspected = inspect(&self.store, &digest, package.kind(), staging.path())?;
        Ok(inspected.content.digest() != tree_digest(&present.path)?)
    }

    fn stage(&self, wanted: &Wanted<'_>) -> Result<Staged> {
        let release = &wanted.resolved.release;
        let target = self.target(&release.package);
        let staging = Staging::near(&self.near(wanted.kind()))?;
        let content = prepare(&self.store, wanted.resolved, wanted.locked, staging.path())
            .map_err(|f| f.of(format!("{} {}", release.package, release.version)))?;
        info::write(&content.folder, wanted.resolved, staging.path())?;
        // Those of OpenPGP are known only where there is a keyring.
        let locked = wanted.locked.map(|l| l.signers.as_slice()).unwrap_or_default();
        let lost = |s: &&String| s.starts_with("ssh:") && !content.signers.contains(s);
        Ok(Staged {
            from: content.from,
            unsigned: locked.iter().filter(lost).cloned().collect(),
            staging,
            folder: content.folder,
            target,
            package: release.package.clone(),
            version: release.version.clone(),
        })
    }
}

/// The bytes and the content of a package.
struct Content {
    folder: PathBuf,
    artifact: Digest,
    tree: Digest,
    signers: Vec<String>,
    /// Where the bytes came from.
    from: String,
}

/// Fetches a package and unpacks it below a fresh folder. Nothing but what was resolved, and locked, passes.
fn prepare(store: &Store, resolved: &Resolved, locked: Option<&Locked>, staging: &Path) -> Result<Content> {
    let release = &resolved.release;
    let at_hand = match locked.and_then(|l| l.artifact) {
        Some(digest) => store.get(&digest)?.map(|file| (digest, file)),
        None => None,
    };
    let kept = at_hand.is_some() || release.artifact.digest.is_some_and(|d| store.holds(&d));
    let (artifact, file) = match at_hand {
        Some(at_hand) => at_hand,
        None => {
            let digest = resolved.source.fetch(release)?;
            (digest, store.must_get(&digest)?)
        }
    };
    let size = file.metadata()?.len();
    let from = match release.artifact.address.as_str() {
        _ if kept => "the store".to_owned(),
        whole if whole.contains("://") || whole.contains('+') => whole.to_owned(),
        part => format!("{} {part}", resolved.source.address()),
    };
    if let Some(locked) = locked.and_then(|l| l.artifact)
        && locked != artifact
    {
        return Err(Failure::mismatch(format!(
            "the archive is not the one that was locked: {artifact} instead of {locked}"
        ))
        .help("somebody replaced a published version; find out why before you lock it again"));
    }
    let inspected = inspect_file(file, release.package.kind(), staging, store.limits())?;
    if let Some(manifest) = &inspected.manifest
        && (manifest.package != release.package || manifest.version != release.version)
    {
        return Err(Failure::mismatch(format!(
            "the archive holds {} {}",
            manifest.package, manifest.version
        )));
    }
    let mut signers = resolved.source.signers(release, &inspected.folder)?;
    signers.sort();
    let tree = inspected.content.digest();
    if let Some(locked) = locked
        && locked.tree != tree
    {
        return Err(Failure::mismatch(format!(
            "the content is not what was locked: {tree} instead of {}",
            locked.tree
        ))
        .help("somebody replaced a published version; find out why before you lock it again"));
    }
    Ok(Content {
        folder: inspected.folder,
        artifact,
        tree,
        signers,
        from: format!("{from} ({size} bytes)"),
    })
}

/// What a lock file says of resolved packages: each is fetched and checked, and none installed.
pub fn lock(store: &Store, requirements: Digest, resolved: &[Resolved]) -> Result<Lock> {
    let locked = in_parallel(resolved, |resolved| {
        let release = &resolved.release;
        let staging = tempfile::tempdir()?;
        let content = prepare(store, resolved, None, staging.path())
            .map_err(|f| f.of(format!("{} {}", release.package, release.version)))?;
        // What a direct source made here may be made otherwise elsewhere; its content may not.
        let address = &release.artifact.address;
        let made = address.starts_with("git+") || address.starts_with("path+");
        Ok(Locked {
            package: release.package.clone(),
            version: release.version.clone(),
            source: resolved.place(),
            revision: resolved.revision(),
            artifact: (!made).then_some(content.artifact),
            manifest: release.artifact.manifest,
            tree: content.tree,
            signers: content.signers,
            dependencies: resolved.needs.clone(),
        })
    })?;
    Ok(Lock {
        requirements,
        packages: locked.into_iter().collect::<Result<_>>()?,
    })
}
