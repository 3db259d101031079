//! A registry of OCI artifacts, or a layout folder of one.

use super::{Signature, Source};
use crate::{
    Artifact, Cause, Digest, Failure, Kind, Package, Release, Result, Store, Version,
    inspect::identify,
    oci::{
        Address, CONFIG, Descriptor, Image, Layout, PackageConfig, Registry, Remote, SIGNATURE,
        SIGNATURE_LAYER, repository_of, tag_of, type_of, version_of_tag,
    },
};
use kdo_value::{Value, json};
use std::{
    collections::HashMap,
    io::Read,
    sync::{Arc, Mutex},
};

/// Signatures of one artifact that are looked at.
const MOST_SIGNATURES: usize = 50;
/// A signature or a config that is larger is none of ours.
const MOST_SMALL: u64 = 4 << 20;

/// The registry as a source.
pub(super) struct Oci {
    address: String,
    place: Place,
    registry: Box<dyn Registry>,
    store: Arc<Store>,
    repositories: Mutex<HashMap<Package, (String, Vec<String>)>>,
}

enum Place {
    /// The path that packages lie below, or the repository of one.
    Path(String),
    Layout,
}

impl Oci {
    pub(super) fn new(
        address: &str,
        store: Arc<Store>,
        remote: impl FnOnce(&str, bool) -> Result<Remote>,
    ) -> Result<Self> {
        let (place, registry): (_, Box<dyn Registry>) = match Address::parse(address)? {
            Address::Registry { plain, host, path } => (Place::Path(path), Box::new(remote(&host, plain)?)),
            Address::Layout(folder) => (Place::Layout, Box::new(Layout { folder })),
        };
        Ok(Self {
            address: address.trim_end_matches('/').to_owned(),
            place,
            registry,
            store,
            repositories: Mutex::default(),
        })
    }

    /// Repositories that may be a package's. An address may name the repository itself, or what is above it.
    fn names(&self, package: &Package) -> Vec<String> {
        let Place::Path(path) = &self.place else {
            return vec![package.name().to_lowercase()];
        };
        let itself = path.contains('/').then(|| path.clone());
        let below = repository_of(path, package).ok();
        let last = path.rsplit('/').next().unwrap_or_default();
        if last == package.short().to_lowercase() {
            itself.into_iter().chain(below).collect()
        } else {
            below.into_iter().chain(itself).collect()
        }
    }

    /// The repository of a package and its tags.
    fn repository(&self, package: &Package) -> Result<(String, Vec<String>)> {
        let lock = || {
            self.repositories
                .lock()
                .map_err(|_| Failure::server("an earlier request failed"))
        };
        if let Some(known) = lock()?.get(package) {
            return Ok(known.clone());
        }
        let names = self.names(package);
        let mut found = (names.first().cloned().unwrap_or_default(), Vec::new());
        let mut refused = None;
        for name in names {
            match self.registry.tags(&name) {
                Ok(tags) if !tags.is_empty() => {
                    found = (name, tags);
                    refused = None;
                    break;
                }
                Ok(_) => {}
                Err(failure) if failure.cause == Cause::NotFound => {}
                // Some registries do not say of others' repositories whether they are there.
                Err(failure) => refused = refused.or(Some(failure)),
            }
        }
        if let Some(failure) = refused {
            return Err(failure);
        }
        lock()?.insert(package.clone(), found.clone());
        Ok(found)
    }

    /// Whether what a manifest is about must bear the package's name: not where a repository itself was named, whose
    /// role may be called as the user likes.
    fn is_named(&self, repository: &str) -> bool {
        !matches!(&self.place, Place::Path(path) if path == repository)
    }

    fn small(&self, repository: &str, blob: &Descriptor) -> Result<String> {
        if blob.size > MOST_SMALL {
            return Err(Failure::refused(format!(
                "{repository}: {} is too large",
                blob.digest
            )));
        }
        self.registry.blob(repository, blob, &self.store)?;
        let mut text = String::new();
        let mut file = self.store.must_get(&blob.digest)?.take(MOST_SMALL);
        file.read_to_string(&mut text)
            .map_err(|_| Failure::refused(format!("{repository}: {} is no text", blob.digest)))?;
        Ok(text)
    }

    /// The one layer, of an artifact of the right type.
    fn layer<'a>(&self, image: &'a Image, package: &Package) -> Result<&'a Descriptor> {
        let told = image.artifact_type.as_deref().unwrap_or_default();
        let ours = [Kind::Role, Kind::Collection].map(type_of);
        let other = ours.contains(&told) && told != type_of(package.kind());
        match image.layers.as_slice() {
            [layer] if !other && image.subject.is_none() => Ok(layer),
            _ => Err(Failure::refused(format!(
                "{}: this is no artifact of a {}: its type is {told:?}, and it has {} layers",
                self.address,
                package.kind().word(),
                image.layers.len()
            ))),
        }
    }

    /// What a manifest tells of a version.
    fn release_of(
        &self,
        package: &Package,
        version: &Version,
        repository: &str,
        bytes: &[u8],
    ) -> Result<Release> {
        let tag = tag_of(version.as_str())?;
        let manifest = self.store.keep_bytes(bytes)?;
        let about = |f: Failure| f.of(format!("{repository}:{tag}"));
        let image = Image::parse(bytes).map_err(about)?;
        let layer = self.layer(&image, package).map_err(about)?;
        let dependencies = if image.config.media_type == CONFIG {
            let text = self.small(repository, &image.config)?;
            let config = PackageConfig::parse(&text).map_err(about)?;
            // A role's namespace may be known to one side only: the repository's path has it too.
            let half = package.namespace().is_none() || config.package.namespace().is_none();
            let same_name = config.package.name().eq_ignore_ascii_case(package.name())
                || half && config.package.short().eq_ignore_ascii_case(package.short());
            let other = config.package.kind() != package.kind() || self.is_named(repository) && !same_name;
            if other || tag_of(&config.version)? != tag {
                return Err(about(Failure::mismatch(format!(
                    "it holds the {} {} {}",
                    config.package.kind().word(),
                    config.package,
                    config.version
                ))));
            }
            config.dependencies
        } else {
            // Made by another tool: what it needs is in the archive.
            self.registry.blob(repository, layer, &self.store)?;
            let role = Some((package.name(), version.as_str()));
            identify(&self.store, &layer.digest, package.kind(), role)
                .map_err(about)?
                .dependencies
        };
        Ok(Release {
            package: package.clone(),
            version: version.clone(),
            dependencies,
            artifact: Artifact {
                address: format!("{repository}@{}", layer.digest),
                digest: Some(layer.digest),
                manifest: Some(manifest),
                ..Artifact::default()
            },
        })
    }

    fn note(package: &Package, manifest: &Digest) -> String {
        format!("signatures {} {package} {manifest}", package.kind().word())
    }
}

impl Source for Oci {
    fn address(&self) -> String {
        self.address.clone()
    }

    fn versions(&self, package: &Package) -> Result<Vec<Version>> {
        let (_, tags) = self.repository(package)?;
        let kind = package.kind();
        Ok(tags.iter().filter_map(|t| version_of_tag(kind, t)).collect())
    }

    fn release(&self, package: &Package, version: &Version) -> Result<Release> {
        let (repository, _) = self.repository(package)?;
        let missing = || Failure::not_found(format!("{package} {version} was not found on {}", self.address));
        let tag = tag_of(version.as_str())?;
        let bytes = self.registry.manifest(&repository, &tag)?.ok_or_else(missing)?;
        self.release_of(package, version, &repository, &bytes)
    }

    fn locked_release(&self, package: &Package, version: &Version, manifest: &Digest) -> Result<Release> {
        let (first, _) = self.repository(package)?;
        let mut names = self.names(package);
        names.sort_by_key(|n| *n != first);
        for repository in &names {
            if let Some(bytes) = self.registry.manifest(repository, &manifest.to_string())? {
                return self.release_of(package, version, repository, &bytes);
            }
        }
        let tag = tag_of(version.as_str())?;
        let now = match self.registry.manifest(&first, &tag)? {
            Some(bytes) => format!("the tag {tag} leads to {} now", Digest::of(&bytes)),
            None => format!("neither is the tag {tag}"),
        };
        Err(Failure::mismatch(format!(
            "{package} {version}: the manifest that was locked, {manifest}, is not on {}; {now}",
            self.address
        ))
        .help("somebody removed or replaced a published version; find out why before you lock it again"))
    }

    fn fetch(&self, release: &Release) -> Result<Digest> {
        let artifact = &release.artifact;
        let (Some(digest), Some((repository, _))) = (artifact.digest, artifact.address.split_once('@'))
        else {
            return Err(Failure::invalid(format!(
                "{} is not of a registry",
                artifact.address
            )));
        };
        let layer = Descriptor::new("", digest, 0);
        self.registry.blob(repository, &layer, &self.store)?;
        Ok(digest)
    }

    fn signatures(&self, release: &Release, offline: bool) -> Result<Vec<Signature>> {
        let artifact = &release.artifact;
        let (Some(manifest), Some((repository, _))) = (artifact.manifest, artifact.address.split_once('@'))
        else {
            return Ok(Vec::new());
        };
        let note = Self::note(&release.package, &manifest);
        let known = self.store.noted(&note).and_then(|t| json::read(&t).ok());
        let known = known.and_then(|k| k.as_sequence()).unwrap_or_default();
        // One that was good once still is, whichever registry was asked.
        let mut armours: Vec<String> = known.iter().map(Value::to_text).collect();
        if !offline {
            let about = self.registry.referrers(repository, &manifest)?;
            let signatures = about
                .iter()
                .filter(|d| d.artifact_type.as_deref().is_none_or(|t| t == SIGNATURE));
            for entry in signatures.take(MOST_SIGNATURES) {
                let Some(bytes) = self.registry.manifest(repository, &entry.digest.to_string())? else {
                    continue;
                };
                let Ok(image) = Image::parse(&bytes) else { continue };
                if image.artifact_type.as_deref() != Some(SIGNATURE) {
                    continue;
                }
                for layer in image.layers.iter().filter(|l| l.media_type == SIGNATURE_LAYER) {
                    let armour = self.small(repository, layer)?;
                    if !armours.contains(&armour) {
                        armours.push(armour);
                    }
                }
            }
            let list = Value::list(armours.iter().map(|s| Value::str(s.as_str())));
            self.store.note(&note, &json::line(&list))?;
        }
        if armours.is_empty() {
            return Ok(Vec::new());
        }
        let mut message = Vec::new();
        self.store.must_get(&manifest)?.read_to_end(&mut message)?;
        // What is signed is the manifest: it must name the bytes that are installed.
        let image = Image::parse(&message)?;
        let layer = self.layer(&image, &release.package)?;
        if artifact.digest != Some(layer.digest) {
            return Err(Failure::mismatch(
                "the signed manifest names another archive than the one that was fetched",
            ));
        }
        let message: Arc<[u8]> = message.into();
        Ok(armours
            .into_iter()
            .map(|armour| Signature::Ssh {
                armour,
                message: message.clone(),
            })
            .collect())
    }
}
