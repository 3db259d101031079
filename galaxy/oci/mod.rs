//! Registries of OCI artifacts: a server, or a layout folder as `skopeo` and `oras` make them. What is told apart
//! here is only where bytes lie; what a package is among them is in `package`.

mod address;
mod certificates;
mod challenge;
mod credentials;
mod image;
mod layout;
mod package;
mod remote;
mod token;

pub(crate) use address::{Address, host_of, repository_of, tag_of, version_of_tag};
pub(crate) use certificates::HostCertificates;
pub(crate) use credentials::{Credentials, forget, keep};
pub(crate) use image::{Descriptor, Image};
pub(crate) use layout::Layout;
pub(crate) use package::{
    CONFIG, LAYER, PackageConfig, SIGNATURE, SIGNATURE_LAYER, compose_package, compose_signature, type_of,
};
pub(crate) use remote::Remote;

use crate::{Digest, Result, Store};
use std::{path::Path, time::Duration};

/// Manifests that are larger are none of ours.
pub(crate) const MOST_MANIFEST: u64 = 4 << 20;

/// Bytes that are sent.
pub(crate) enum Payload<'a> {
    Bytes(&'a [u8]),
    File(&'a Path),
}

/// Where artifacts lie. Blobs and manifests are checked against the digest they are asked for by.
pub(crate) trait Registry: Send + Sync {
    /// The tags of a repository; none if there is no such repository.
    fn tags(&self, repository: &str) -> Result<Vec<String>>;
    /// A manifest by tag or digest.
    fn manifest(&self, repository: &str, reference: &str) -> Result<Option<Vec<u8>>>;
    /// Brings a blob into the store.
    fn blob(&self, repository: &str, blob: &Descriptor, store: &Store) -> Result<()>;
    /// The artifacts that are about another one.
    fn referrers(&self, repository: &str, subject: &Digest) -> Result<Vec<Descriptor>>;
    /// Puts a blob there, unless it is there.
    fn put_blob(&self, repository: &str, digest: &Digest, payload: &Payload<'_>) -> Result<()>;
    /// Puts a manifest there, under a tag, or by its digest only.
    fn put_manifest(&self, repository: &str, tag: Option<&str>, manifest: &[u8]) -> Result<()>;
    /// How long somebody who looked before it was there may still overwrite what was put: where tags are put without
    /// a condition.
    fn settling(&self) -> Duration;
}
