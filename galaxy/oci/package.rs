//! A role or collection as an artifact: the archive is the one layer; what a resolver needs is in the config, so that
//! it never fetches the archive.

use super::image::{Descriptor, Image, MANIFEST};
use crate::{
    Digest, Failure, Kind, Package, Requirement, Result,
    lock::{location_of_text, location_text},
};
use kdo_value::{Map, Value, json};
use std::collections::BTreeMap;

/// Types of artifacts, and of what is in them.
const ROLE: &str = "application/vnd.kdo.role.v1";
const COLLECTION: &str = "application/vnd.kdo.collection.v1";
pub(crate) const CONFIG: &str = "application/vnd.kdo.package.config.v1+json";
pub(crate) const LAYER: &str = "application/vnd.kdo.package.content.v1.tar+gzip";
pub(crate) const SIGNATURE: &str = "application/vnd.kdo.signature.v1";
pub(crate) const SIGNATURE_LAYER: &str = "application/vnd.kdo.signature.v1.sshsig";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// The type of a package's artifact.
pub(crate) fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Role => ROLE,
        Kind::Collection => COLLECTION,
    }
}

/// What the config says.
#[derive(Clone, Debug)]
pub(crate) struct PackageConfig {
    pub(crate) package: Package,
    pub(crate) version: String,
    pub(crate) tree: Digest,
    pub(crate) dependencies: Vec<Requirement>,
}

impl PackageConfig {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let needed = self.dependencies.iter().map(|d| {
            let map = Map::new();
            map.insert("kind", d.kind.word());
            map.insert("name", d.name.clone().unwrap_or_default());
            map.insert("version", d.version.clone());
            map.insert("source", location_text(&d.location));
            Value::Map(map)
        });
        let map = Map::new();
        map.insert("kind", self.package.kind().word());
        map.insert("name", self.package.name());
        map.insert("version", self.version.as_str());
        map.insert("tree", self.tree.to_string());
        map.insert("dependencies", Value::list(needed));
        json::line(&Value::Map(map)).into_bytes()
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let value = json::read(text).map_err(Failure::refused)?;
        let text = |value: &Value, key: &str| {
            let found = value.get(key).and_then(|v| v.as_str().map(str::to_owned));
            found.ok_or_else(|| Failure::refused(format!("the config has no `{key}`")))
        };
        let kind = |value: &Value| {
            let word = text(value, "kind")?;
            Kind::of_word(&word).ok_or_else(|| Failure::refused(format!("{word:?} is no kind of package")))
        };
        let list = value.get("dependencies").and_then(|d| d.as_sequence());
        let mut dependencies = Vec::new();
        for entry in list.unwrap_or_default() {
            let name = text(&entry, "name")?;
            // A path in a name leads nowhere.
            let kind = kind(&entry)?;
            Package::new(kind, &name)?;
            let mut requirement = Requirement::named(kind, &name, &text(&entry, "version")?);
            let source = text(&entry, "source")?;
            if source.starts_with("path+") || source.starts_with("folders+path+") {
                return Err(Failure::refused(format!(
                    "{name} is wanted from {source}: a path here"
                )));
            }
            requirement.location = location_of_text(&source)?.0;
            dependencies.push(requirement);
        }
        Ok(Self {
            package: Package::new(kind(&value)?, &text(&value, "name")?)?,
            version: text(&value, "version")?,
            tree: Digest::parse(&text(&value, "tree")?)?,
            dependencies,
        })
    }
}

/// The manifest of a package.
pub(crate) fn compose_package(
    config: &PackageConfig,
    layer: Descriptor,
    file_name: &str,
    more: &BTreeMap<String, String>,
) -> Image {
    let mut annotations = more.clone();
    let mut note = |key: &str, value: &str| {
        annotations.insert(format!("org.opencontainers.image.{key}"), value.to_owned());
    };
    note("title", config.package.name());
    note("version", &config.version);
    let mut layer = layer;
    layer
        .annotations
        .insert("org.opencontainers.image.title".to_owned(), file_name.to_owned());
    Image {
        artifact_type: Some(type_of(config.package.kind()).to_owned()),
        config: Descriptor::of_bytes(CONFIG, &config.bytes()),
        layers: vec![layer],
        subject: None,
        annotations,
    }
}

/// The manifest of a signature, with the blobs it names.
pub(crate) fn compose_signature(subject: &[u8], armour: &str, signer: &str) -> (Image, Vec<Vec<u8>>) {
    let layer = Descriptor::of_bytes(SIGNATURE_LAYER, armour.as_bytes());
    let image = Image {
        artifact_type: Some(SIGNATURE.to_owned()),
        config: Descriptor::of_bytes(EMPTY, b"{}"),
        layers: vec![layer],
        subject: Some(Descriptor::of_bytes(MANIFEST, subject)),
        annotations: BTreeMap::from([("dev.kdo.signer".to_owned(), signer.to_owned())]),
    };
    (image, vec![b"{}".to_vec(), armour.as_bytes().to_vec()])
}
