//! A layout folder of OCI: a registry without a server, to be carried where there is no network. One of `skopeo copy`
//! is as good as one of ours: packages are known by what their manifests say.

use super::{
    Payload, Registry,
    address::tag_of,
    image::{Descriptor, INDEX, Image, MANIFEST, index_bytes, index_entries},
};
use crate::{Digest, Failure, Result, Store, tree::file_digest};
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

const TITLE: &str = "org.opencontainers.image.title";
const VERSION: &str = "org.opencontainers.image.version";
const NAME: &str = "org.opencontainers.image.ref.name";
/// Indexes in indexes are followed that deep.
const DEPTH: usize = 3;

/// The folder.
pub(crate) struct Layout {
    pub(crate) folder: PathBuf,
}

impl Layout {
    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.folder.join("blobs/sha256").join(digest.hex())
    }

    fn read(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let path = self.blob_path(digest);
        match fs::read(&path) {
            Ok(bytes) if Digest::of(&bytes) == *digest => Ok(Some(bytes)),
            Ok(_) => Err(Failure::mismatch(format!(
                "{} is not what its name says",
                path.display()
            ))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Failure::file(&path, &e)),
        }
    }

    fn index(&self) -> Result<Vec<Descriptor>> {
        let path = self.folder.join("index.json");
        match fs::read(&path) {
            Ok(bytes) => index_entries(&bytes).map_err(|f| f.of(path.display())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(Failure::not_found(format!(
                "{} is no layout folder of OCI: there is no index.json",
                self.folder.display()
            ))),
            Err(e) => Err(Failure::file(&path, &e)),
        }
    }

    /// All manifests.
    fn images(&self) -> Result<Vec<(Descriptor, Image)>> {
        let mut found = Vec::new();
        let mut open: Vec<(usize, Descriptor)> = self.index()?.into_iter().map(|d| (0, d)).collect();
        while let Some((depth, entry)) = open.pop() {
            let Some(bytes) = self.read(&entry.digest)? else {
                continue;
            };
            if entry.media_type == INDEX {
                if depth < DEPTH {
                    open.extend(index_entries(&bytes)?.into_iter().map(|d| (depth + 1, d)));
                }
            } else if let Ok(image) = Image::parse(&bytes) {
                // What is no manifest of artifacts is none of ours.
                found.push((entry, image));
            }
        }
        Ok(found)
    }

    /// The manifests of a package: `repository` is its name.
    fn packages(&self, repository: &str) -> Result<Vec<(Descriptor, String)>> {
        let of = |(entry, image): (Descriptor, Image)| {
            let title = image.annotations.get(TITLE)?.to_lowercase();
            let short = title.split_once('.').map_or(title.as_str(), |(_, s)| s);
            // A role that is asked for without its namespace is found as in a registry.
            let same = title == repository || !repository.contains('.') && short == repository;
            if image.subject.is_some() || !same {
                return None;
            }
            Some((entry, tag_of(image.annotations.get(VERSION)?).ok()?))
        };
        Ok(self.images()?.into_iter().filter_map(of).collect())
    }

    fn write(&self, path: &Path, copy: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
        let folder = path.parent().unwrap_or(&self.folder);
        let write = || {
            fs::create_dir_all(folder)?;
            let mut new = tempfile::Builder::new()
                .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
                .tempfile_in(folder)?;
            copy(new.as_file_mut())?;
            new.as_file().sync_all()?;
            new.persist(path).map_err(|e| e.error)?;
            Ok(())
        };
        write().map_err(|e: io::Error| Failure::file(path, &e))
    }
}

impl Registry for Layout {
    fn tags(&self, repository: &str) -> Result<Vec<String>> {
        Ok(self
            .packages(repository)?
            .into_iter()
            .map(|(_, tag)| tag)
            .collect())
    }

    fn manifest(&self, repository: &str, reference: &str) -> Result<Option<Vec<u8>>> {
        if let Some(digest) = reference.strip_prefix("sha256:") {
            return self.read(&Digest::parse(digest)?);
        }
        if !self.folder.join("index.json").exists() {
            return Ok(None);
        }
        let found = self.packages(repository)?;
        let found = found.into_iter().find(|(_, tag)| tag == reference);
        found.map_or(Ok(None), |(entry, _)| self.read(&entry.digest))
    }

    fn blob(&self, _repository: &str, blob: &Descriptor, store: &Store) -> Result<()> {
        if store.get(&blob.digest)?.is_some() {
            return Ok(());
        }
        let path = self.blob_path(&blob.digest);
        let mut file = File::open(&path).map_err(|e| Failure::file(&path, &e))?;
        let mut incoming = store.incoming()?;
        incoming.take_all(&mut file)?;
        store
            .keep(incoming, Some(&blob.digest))
            .map_err(|f| f.of(path.display()))?;
        Ok(())
    }

    fn referrers(&self, _repository: &str, subject: &Digest) -> Result<Vec<Descriptor>> {
        let about = |(mut entry, image): (Descriptor, Image)| {
            entry.artifact_type = image.artifact_type;
            image.subject.filter(|s| s.digest == *subject).map(|_| entry)
        };
        Ok(self.images()?.into_iter().filter_map(about).collect())
    }

    fn put_blob(&self, _repository: &str, digest: &Digest, payload: &Payload<'_>) -> Result<()> {
        let path = self.blob_path(digest);
        if path.is_file() && file_digest(&path)? == *digest {
            return Ok(());
        }
        self.write(&path, |new| match payload {
            Payload::Bytes(bytes) => new.write_all(bytes),
            Payload::File(from) => io::copy(&mut File::open(from)?, new).map(|_| ()),
        })
    }

    fn put_manifest(&self, repository: &str, tag: Option<&str>, manifest: &[u8]) -> Result<()> {
        let image = Image::parse(manifest)?;
        let digest = Digest::of(manifest);
        self.put_blob(repository, &digest, &Payload::Bytes(manifest))?;
        if tag.is_none() && image.subject.is_none() {
            return Ok(());
        }
        let lock = File::open(&self.folder).map_err(|e| Failure::file(&self.folder, &e))?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|e| Failure::file(&self.folder, &e.into()))?;
        self.write(&self.folder.join("oci-layout"), |new| {
            new.write_all(br#"{"imageLayoutVersion":"1.0.0"}"#)
        })?;
        let path = self.folder.join("index.json");
        let mut entries = if path.exists() { self.index()? } else { Vec::new() };
        // Whoever published the same version a moment ago was first.
        if let Some(tag) = tag
            && let Some(there) = self.manifest(repository, tag)?
            && there != manifest
        {
            return Err(Failure::mismatch(format!(
                "{} holds {repository}:{tag} already, with other content",
                self.folder.display()
            ))
            .help("a published version never changes: publish under a new one"));
        }
        if entries.iter().any(|e| e.digest == digest) {
            return Ok(());
        }
        let mut entry = Descriptor::of_bytes(MANIFEST, manifest);
        entry.artifact_type = image.artifact_type;
        if let Some(tag) = tag {
            entry
                .annotations
                .insert(NAME.to_owned(), format!("{repository}:{tag}"));
        }
        entries.push(entry);
        self.write(&path, |new| new.write_all(&index_bytes(&entries)))
    }

    fn settling(&self) -> Duration {
        Duration::ZERO
    }
}
