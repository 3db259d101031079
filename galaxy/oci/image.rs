//! Manifests of OCI.

use super::MOST_MANIFEST;
use crate::{Digest, Failure, Result};
use kdo_value::{Map, Value, json};
use std::collections::BTreeMap;

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// What a manifest says of a blob or of another manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    pub(crate) artifact_type: Option<String>,
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Descriptor {
    pub(crate) fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest,
            size,
            artifact_type: None,
            annotations: BTreeMap::new(),
        }
    }

    pub(crate) fn of_bytes(media_type: &str, bytes: &[u8]) -> Self {
        Self::new(media_type, Digest::of(bytes), bytes.len() as u64)
    }

    pub(crate) fn to_value(&self) -> Value {
        let map = Map::new();
        map.insert("mediaType", self.media_type.as_str());
        map.insert("digest", self.digest.to_string());
        map.insert("size", i64::try_from(self.size).unwrap_or(i64::MAX));
        if let Some(artifact_type) = &self.artifact_type {
            map.insert("artifactType", artifact_type.as_str());
        }
        if !self.annotations.is_empty() {
            map.insert("annotations", of_annotations(&self.annotations));
        }
        Value::Map(map)
    }

    pub(crate) fn read(value: &Value) -> Result<Self> {
        let text = |key: &str| value.get(key).and_then(|v| v.as_str().map(str::to_owned));
        let digest =
            text("digest").ok_or_else(|| Failure::refused("a descriptor of the manifest has no digest"))?;
        let size = value
            .get("size")
            .and_then(|s| s.as_int())
            .and_then(|s| s.try_into().ok());
        Ok(Self {
            media_type: text("mediaType").unwrap_or_default(),
            digest: Digest::parse(&digest)?,
            size: size.ok_or_else(|| Failure::refused("a descriptor of the manifest has no size"))?,
            artifact_type: text("artifactType"),
            annotations: annotations(value),
        })
    }
}

/// A manifest.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) artifact_type: Option<String>,
    pub(crate) config: Descriptor,
    pub(crate) layers: Vec<Descriptor>,
    pub(crate) subject: Option<Descriptor>,
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Image {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        let value = parse(bytes)?;
        let config = value.get("config").ok_or_else(|| {
            Failure::refused("this is no manifest of a role or collection: there is no config")
        })?;
        Ok(Self {
            artifact_type: value
                .get("artifactType")
                .and_then(|v| v.as_str().map(str::to_owned)),
            config: Descriptor::read(&config)?,
            layers: descriptors(&value, "layers")?,
            subject: value
                .get("subject")
                .filter(|s| !s.is_none())
                .map(|s| Descriptor::read(&s))
                .transpose()?,
            annotations: annotations(&value),
        })
    }

    /// The bytes: the same for the same content.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let map = Map::new();
        map.insert("schemaVersion", 2);
        map.insert("mediaType", MANIFEST);
        if let Some(artifact_type) = &self.artifact_type {
            map.insert("artifactType", artifact_type.as_str());
        }
        map.insert("config", self.config.to_value());
        map.insert(
            "layers",
            Value::list(self.layers.iter().map(Descriptor::to_value)),
        );
        if let Some(subject) = &self.subject {
            map.insert("subject", subject.to_value());
        }
        if !self.annotations.is_empty() {
            map.insert("annotations", of_annotations(&self.annotations));
        }
        json::line(&Value::Map(map)).into_bytes()
    }
}

/// The manifests that an index lists; none if it is no index.
pub(crate) fn index_entries(bytes: &[u8]) -> Result<Vec<Descriptor>> {
    descriptors(&parse(bytes)?, "manifests")
}

/// An index of manifests.
pub(crate) fn index_bytes(entries: &[Descriptor]) -> Vec<u8> {
    let map = Map::new();
    map.insert("schemaVersion", 2);
    map.insert("mediaType", INDEX);
    map.insert("manifests", Value::list(entries.iter().map(Descriptor::to_value)));
    json::line(&Value::Map(map)).into_bytes()
}

fn parse(bytes: &[u8]) -> Result<Value> {
    if bytes.len() as u64 > MOST_MANIFEST {
        return Err(Failure::refused("the manifest is too large"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Failure::refused("the manifest is no JSON"))?;
    json::read(text).map_err(|e| Failure::refused(format!("the manifest is no JSON: {e}")))
}

fn descriptors(value: &Value, key: &str) -> Result<Vec<Descriptor>> {
    let list = value.get(key).and_then(|l| l.as_sequence()).unwrap_or_default();
    list.iter().map(Descriptor::read).collect()
}

fn annotations(value: &Value) -> BTreeMap<String, String> {
    let map = value.get("annotations").and_then(|a| a.as_map().cloned());
    let entries = map.map(|m| m.text_entries()).unwrap_or_default();
    entries.into_iter().map(|(k, v)| (k, v.to_text())).collect()
}

fn of_annotations(annotations: &BTreeMap<String, String>) -> Value {
    let map = Map::new();
    for (key, value) in annotations {
        map.insert(key.as_str(), value.as_str());
    }
    Value::Map(map)
}
