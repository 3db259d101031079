//! Into a registry of OCI: all blobs, the manifest by its digest, the signature, and the tag last.

use super::{Publication, Published, taken};
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
    let (registry, repository, shown): (Box<dyn Registry>, _, _) = match Address::parse(address)? {
        Address::Registry { plain, host, path } => {
            let repository = repository_of(&path, &made.package)?;
            let scheme = if plain { "oci+http" } else { "oci" };
            let shown = format!("{scheme}://{host}/{repository}");
            (Box::new(sources.remote(&host, plain)?), repository, shown)
        }
        Address::Layout(folder) => {
            fs::create_dir_all(&folder).map_err(|e| Failure::file(&folder, &e))?;
            let shown = format!("oci:{}:{}", folder.display(), made.package);
            (
                Box::new(Layout { folder }),
                made.package.name().to_lowercase(),
                shown,
            )
        }
    };
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
    let there = registry.manifest(&repository, &tag)?;
    let was_there = there.is_some();
    let manifest = match there {
        Some(bytes) => {
            let other = Image::parse(&bytes)?;
            if other.layers != image.layers || other.config != image.config {
                let there = other.layers.first().map_or(Digest::of(&bytes), |l| l.digest);
                return Err(taken(&place, &there.to_string(), &made.archive.to_string()));
            }
            bytes
        }
        None => image.bytes(),
    };
    let digest = Digest::of(&manifest);
    if !was_there {
        must_be_of_one_kind(registry.as_ref(), &repository, made)?;
        let work = tempfile::NamedTempFile::new()?;
        io::copy(&mut sources.store().must_get(&made.archive)?, &mut work.as_file())?;
        registry.put_blob(&repository, &made.archive, &Payload::File(work.path()))?;
        let bytes = config.bytes();
        registry.put_blob(&repository, &Digest::of(&bytes), &Payload::Bytes(&bytes))?;
        registry.put_manifest(&repository, None, &manifest)?;
    }
    let signer = key
        .map(|key| attach(registry.as_ref(), &repository, &manifest, key))
        .transpose()?
        .flatten();
    if !was_there {
        registry.put_manifest(&repository, Some(&tag), &manifest)?;
        // Two may have been at it: a tag has no lock.
        let now = registry.manifest(&repository, &tag)?.map(|b| Digest::of(&b));
        if now != Some(digest) {
            let now = now.map_or_else(|| "nothing".to_owned(), |d| d.to_string());
            return Err(taken(&place, &now, &digest.to_string()));
        }
    }
    Ok(Published {
        address: place,
        digest,
        was_there,
        signer,
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

/// Signs a manifest that is there, unless the key has done so; gives the signer.
fn attach(registry: &dyn Registry, repository: &str, manifest: &[u8], key: &Path) -> Result<Option<String>> {
    let signed = sign::sign(key, manifest)?;
    let mark = format!("ssh:{}", signed.fingerprint);
    let (image, blobs) = compose_signature(manifest, &signed.armour, &mark);
    let about = registry.referrers(repository, &Digest::of(manifest))?;
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
    registry.put_manifest(repository, None, &image.bytes())?;
    Ok(Some(mark))
}
