//! `MANIFEST.json` and `FILES.json` of collections.

use crate::{
    Digest, Failure, Kind, Package, Requirement, Result, Version, collection_spec, content::Content,
};
use kdo_value::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

const LISTING: &str = "FILES.json";

/// Larger ones are refused.
const MOST: u64 = 32 << 20;

/// What a collection says of itself.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Its name.
    pub package: Package,
    /// Its version.
    pub version: Version,
    /// Collections that it needs: names and ranges.
    pub dependencies: BTreeMap<String, String>,
    /// The hash of FILES.json.
    files: Option<Digest>,
}

impl Manifest {
    /// Reads the file of an installed or unpacked collection.
    pub fn of_folder(folder: &Path) -> Result<Self> {
        Self::parse(&read(&folder.join("MANIFEST.json"))?).map_err(|f| f.of("MANIFEST.json"))
    }

    /// Reads its text.
    pub fn parse(text: &str) -> Result<Self> {
        let value = json::read(text).map_err(Failure::refused)?;
        let info = value.get("collection_info").unwrap_or(Value::None);
        let field = |key: &str| {
            let text = info.get(key).and_then(|v| v.as_str().map(str::to_owned));
            text.ok_or_else(|| Failure::refused(format!("there is no `{key}`")))
        };
        let listed = value.get("file_manifest_file");
        let files = listed.and_then(|f| f.get("chksum_sha256")?.as_str().map(Digest::parse));
        Ok(Self {
            package: Package::collection(&format!("{}.{}", field("namespace")?, field("name")?))?,
            version: Version::semantic(&field("version")?)?,
            dependencies: dependencies(info.get("dependencies"))?,
            files: files.transpose()?,
        })
    }

    /// The dependencies as requirements.
    pub fn requirements(&self) -> Vec<Requirement> {
        requirements(&self.dependencies)
    }
}

/// A mapping of names to ranges.
pub(crate) fn dependencies(value: Option<Value>) -> Result<BTreeMap<String, String>> {
    match value {
        None | Some(Value::None) => Ok(BTreeMap::new()),
        Some(Value::Map(map)) => map
            .text_entries()
            .into_iter()
            .map(|(name, range)| {
                requirement(&name, "*")?;
                Ok((
                    name,
                    if range.is_none() {
                        "*".to_owned()
                    } else {
                        range.to_text()
                    },
                ))
            })
            .collect(),
        Some(_) => Err(Failure::refused(
            "`dependencies` must be a mapping of names to versions",
        )),
    }
}

/// The same as requirements.
pub(crate) fn requirements(dependencies: &BTreeMap<String, String>) -> Vec<Requirement> {
    let named = |(name, range): (&String, &String)| requirement(name, range).ok();
    dependencies.iter().filter_map(named).collect()
}

/// A dependency: by name, or a repository or URL with a revision. Files of this machine are nothing that a package may
/// ask for.
fn requirement(name: &str, range: &str) -> Result<Requirement> {
    let address = ["git+", "git@", "ssh://", "http://", "https://"];
    if !address.iter().any(|a| name.starts_with(a)) {
        Package::collection(name)?;
        return Ok(Requirement::named(Kind::Collection, name, range));
    }
    let mut requirement = collection_spec::of_word(name, Path::new("."))?;
    if range != "*" && !range.is_empty() {
        range.clone_into(&mut requirement.version);
    }
    Ok(requirement)
}

/// What differs between a collection's folder and what it says of itself: the chain of hashes from MANIFEST.json to
/// each file, with nothing beside it. Empty if nothing does.
pub fn check_collection(folder: &Path) -> Result<Vec<String>> {
    check_content(
        &Manifest::of_folder(folder)?,
        folder,
        &Content::of_folder(folder)?,
    )
}

/// The same for a folder of which the content is known.
pub(crate) fn check_content(manifest: &Manifest, folder: &Path, content: &Content) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    let announced = manifest
        .files
        .ok_or_else(|| Failure::refused("MANIFEST.json has no hash of FILES.json"))?;
    if content.file(Path::new(LISTING)) != Some(announced) {
        wrong.push(format!("{LISTING} is not the one that MANIFEST.json tells of"));
        return Ok(wrong);
    }
    let listed = Listing::parse(&read(&folder.join(LISTING))?).map_err(|f| f.of(LISTING))?;
    for (name, digest) in &listed.files {
        // A link has the hash of what it leads to.
        if !content.files.contains_key(name) && !content.links.contains_key(name) {
            wrong.push(format!("{} is missing", name.display()));
        } else if content.file(name) != Some(*digest) {
            wrong.push(format!("{} is changed", name.display()));
        }
    }
    let known = |name: &Path| {
        ["MANIFEST.json", LISTING]
            .iter()
            .any(|own| name == Path::new(own))
            || listed.files.contains_key(name)
    };
    for name in content
        .files
        .keys()
        .chain(content.links.keys())
        .filter(|n| !known(n))
    {
        // Links to folders are listed as folders.
        if !(content.leads_to_folder(name) && listed.folders.contains(name)) {
            wrong.push(format!("{} is not in {LISTING}", name.display()));
        }
    }
    Ok(wrong)
}

struct Listing {
    files: BTreeMap<PathBuf, Digest>,
    folders: BTreeSet<PathBuf>,
}

impl Listing {
    fn parse(text: &str) -> Result<Self> {
        let value = json::read(text).map_err(Failure::refused)?;
        let mut listing = Self {
            files: BTreeMap::new(),
            folders: BTreeSet::new(),
        };
        let entries = value.get("files").and_then(|f| f.as_sequence());
        for entry in entries.ok_or_else(|| Failure::refused("there is no list of files"))? {
            let text = |key: &str| entry.get(key).and_then(|v| v.as_str().map(str::to_owned));
            let name = text("name").ok_or_else(|| Failure::refused("a file has no name"))?;
            let path = crate::member::member_path(name.as_bytes(), &crate::Limits::default())?;
            if text("ftype").as_deref() == Some("dir") {
                listing.folders.insert(path);
                continue;
            }
            let digest = text("chksum_sha256").filter(|_| text("chksum_type").as_deref() == Some("sha256"));
            let digest = digest.ok_or_else(|| Failure::refused(format!("{name:?} has no hash")))?;
            listing.files.insert(path, Digest::parse(&digest)?);
        }
        Ok(listing)
    }
}

fn read(path: &Path) -> Result<String> {
    let small = fs::metadata(path).map_err(|e| Failure::file(path, &e))?.len() <= MOST;
    if !small {
        return Err(Failure::refused(format!("{} is too large", path.display())));
    }
    fs::read_to_string(path).map_err(|e| Failure::file(path, &e))
}

/// MANIFEST.json and FILES.json of a collection as they are written: two values to be made JSON.
pub(crate) fn compose(info: Map, files: &[(PathBuf, Option<Digest>)]) -> Result<(String, String)> {
    let entry = |name: &str, digest: Option<&Digest>| {
        let map = Map::new();
        map.insert("name", name);
        map.insert("ftype", if digest.is_some() { "file" } else { "dir" });
        map.insert("chksum_type", digest.map_or(Value::None, |_| "sha256".into()));
        map.insert(
            "chksum_sha256",
            digest.map_or(Value::None, |d| Value::str(d.hex())),
        );
        map.insert("format", 1);
        Value::Map(map)
    };
    let listed = std::iter::once(entry(".", None));
    let listed = listed.chain(files.iter().map(|(p, d)| entry(&p.to_string_lossy(), d.as_ref())));
    let listing = Map::new();
    listing.insert("files", Value::list(listed));
    listing.insert("format", 1);
    let layout = json::Layout::pretty(1);
    let listing = json::write(&Value::Map(listing), &layout).map_err(Failure::invalid)?;
    let manifest = Map::new();
    manifest.insert("collection_info", Value::Map(info));
    manifest.insert(
        "file_manifest_file",
        entry("FILES.json", Some(&Digest::of(listing.as_bytes()))),
    );
    manifest.insert("format", 1);
    let manifest = json::write(&Value::Map(manifest), &layout).map_err(Failure::invalid)?;
    Ok((manifest, listing))
}
