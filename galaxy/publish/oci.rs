//! Into a registry of OCI: all blobs, the manifest by its digest, the signature, and the tag last.

use super::{Publication, Published, settling::Settling, taken};
use crate::{
    Cause, Digest, Failure, Result, Sources, archive_name,
    oci::{
        Address, Descriptor, Image, LAYER, Layout, PackageConfig, Payload, Registry, SIGNATURE,
        compose_package, compose_signature, repository_of, tag_of, type_of,
    },
    sign,
};
use std::{fs, io, path::Path};

pub(super) fn publish(
    made: &Publication,
    address: &str,
    key: Option<&Path>,
    sources: &Sources,
) -> Result<Published> {
    let address = Address::parse(address)?;
    let (repository, shown) = match &address {
        Address::Registry { plain, host, path } => {
            let repository = repository_of(path, &made.package)?;
            let scheme = if *plain { "oci+http" } else { "oci" };
            let shown = format!("{scheme}://{host}/{repository}");
            (repository, shown)
        }
        Address::Layout(folder) => {
            fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
            let shown = format!("oci:{}:{}", folder.display(), made.package);
            (made.package.name().to_lowercase(), shown)
        }
    };
    let registry = open(address, sources)?;
    let config = PackageConfig {
        package: made.package.clone(),
        version: made.version.as_str().to_owned(),
        tree: made.tree,
        dependencies: made.dependencies.clone(),
    };
    let layer = Descriptor::new(LAYER, made.archive, made.size);
    let image = compose_package(
        &config,
        layer,
        &archive_name(&made.package, &made.version),
        &made.annotations,
    );
    let tag = tag_of(made.version.as_str())?;
    let place = format!("{shown}:{tag}");
    let there = |registry: &dyn Registry| -> Result<Option<Vec<u8>>> {
        let Some(bytes) = registry.manifest(&repository, &tag)? else {
            return Ok(None);
        };
        must_be_same(&bytes, &image, &place, &made.archive)?;
        Ok(Some(bytes))
    };
    let before = there(registry.as_ref())?;
    let was_there = before.is_some();
    let manifest = before.unwrap_or_else(|| image.bytes());
    if !was_there {
        must_be_of_one_kind(registry.as_ref(), &repository, made)?;
        let work = tempfile::NamedTempFile::new()?;
        io::copy(&mut sources.store().must_get(&made.archive)?, &mut work.as_file())?;
        registry.put_blob(&repository, &made.archive, &Payload::File(work.path()))?;
        let bytes = config.bytes();
        registry.put_blob(&repository, &Digest::of(&bytes), &Payload::Bytes(&bytes))?;
        registry.put_manifest(&repository, None, &manifest)?;
    }
    let signed = key
        .map(|key| attach(registry.as_ref(), &repository, &manifest, key))
        .transpose()?
        .flatten();
    let signer = signed.as_ref().map(|s| s.signer.clone());
    let mut settling = Settling::new(registry, &repository, signed);
    if !was_there {
        // Another may have been faster while the archive was on its way.
        settling.put_tag(&tag, &place, &manifest, made.archive, there)?;
    }
    Ok(Published {
        address: place.clone(),
        digest: Digest::of(&manifest),
        was_there,
        signer,
        settling: Some(settling),
    })
}

/// Refuses a manifest of another content than the image has. What else they say may differ.
pub(super) fn must_be_same(there: &[u8], image: &Image, place: &str, archive: &Digest) -> Result<()> {
    let other = Image::parse(there)?;
    if other.layers == image.layers && other.config == image.config {
        return Ok(());
    }
    let there = other.layers.first().map_or(Digest::of(there), |l| l.digest);
    Err(taken(place, &there.to_string(), &archive.to_string()))
}

/// The registry of an address.
pub(super) fn open(address: Address, sources: &Sources) -> Result<Box<dyn Registry>> {
    Ok(match address {
        Address::Registry { plain, host, .. } => Box::new(sources.remote(&host, plain)?),
        Address::Layout(folder) => Box::new(Layout { folder }),
    })
}

/// Roles and collections of the same name would share a repository, and nobody could tell their versions apart.
fn must_be_of_one_kind(registry: &dyn Registry, repository: &str, made: &Publication) -> Result<()> {
    let tags = match registry.tags(repository) {
        Err(failure) if failure.cause == Cause::NotFound => return Ok(()),
        tags => tags?,
    };
    let Some(tag) = tags.iter().find(|t| !t.starts_with("sha256-")) else {
        return Ok(());
    };
    let Some(bytes) = registry.manifest(repository, tag)? else {
        return Ok(());
    };
    let other = Image::parse(&bytes).ok().and_then(|i| i.artifact_type);
    if other.as_deref() == Some(type_of(made.package.kind())) {
        return Ok(());
    }
    Err(Failure::invalid(format!(
        "{repository} holds something else than {}s: {}",
        made.package.kind().word(),
        other.as_deref().unwrap_or("no artifact of kdo")
    ))
    .help("publish to another path of the registry"))
}

/// A signature that was put beside a manifest.
pub(super) struct Attached {
    pub(super) signer: String,
    pub(super) subject: Digest,
    pub(super) manifest: Vec<u8>,
}

/// Signs a manifest that is there; none if the key has done so.
pub(super) fn attach(
    registry: &dyn Registry,
    repository: &str,
    manifest: &[u8],
    key: &Path,
) -> Result<Option<Attached>> {
    let signed = sign::sign(key, manifest)?;
    let signer = format!("ssh:{}", signed.fingerprint);
    let (image, blobs) = compose_signature(manifest, &signed.armour, &signer);
    let subject = Digest::of(manifest);
    let about = registry.referrers(repository, &subject)?;
    for entry in about
        .iter()
        .filter(|d| d.artifact_type.as_deref() == Some(SIGNATURE))
    {
        let bytes = registry.manifest(repository, &entry.digest.to_string())?;
        let other = bytes.and_then(|b| Image::parse(&b).ok());
        if other.is_some_and(|o| o.annotations == image.annotations) {
            return Ok(None);
        }
    }
    for blob in &blobs {
        registry.put_blob(repository, &Digest::of(blob), &Payload::Bytes(blob))?;
    }
    let manifest = image.bytes();
    registry.put_manifest(repository, None, &manifest)?;
    Ok(Some(Attached {
        signer,
        subject,
        manifest,
    }))
}
