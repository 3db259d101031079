//! A collection's folder into the archive that Galaxy takes.

use crate::{
    Digest, Failure, Manifest, Package, Result, Version,
    directives::{Own, choose},
    manifest::{self, compose},
    pack::{Member, pack},
    tree::file_digest,
};
use kdo_syntax::{LoadOptions, SourceMap, load_file};
use kdo_value::{Map, Value, glob};
use regex::Regex;
use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Files that are never part of a collection: by pattern, and folders by name.
const NEVER: &[&str] = &[
    "MANIFEST.json",
    "FILES.json",
    "galaxy.yml",
    "galaxy.yaml",
    ".git",
    "*.pyc",
    "*.retry",
    "tests/output",
];
const NEVER_FOLDERS: &[&str] = &["CVS", ".bzr", ".hg", ".git", ".svn", "__pycache__", ".tox"];

/// What is to be built: `galaxy.yml` and the files.
pub struct Building {
    /// Its name.
    pub package: Package,
    /// Its version.
    pub version: Version,
    manifest: String,
    members: Vec<(PathBuf, Member)>,
}

impl Building {
    /// Reads a folder with `galaxy.yml`, or one that was unpacked or installed.
    pub fn of_folder(folder: &Path) -> Result<Self> {
        if folder.join("MANIFEST.json").is_file() {
            return Self::of_unpacked(folder);
        }
        let info = galaxy_yml(folder)?;
        let text = |key: &str| info.get(key).map(|v| v.to_text()).unwrap_or_default();
        let package = Package::collection(&format!("{}.{}", text("namespace"), text("name")))?;
        let version = Version::semantic(&text("version"))
            .map_err(|f| f.help("`version` of galaxy.yml must be MAJOR.MINOR.PATCH"))?;
        let found = chosen(folder, &info)?;
        let mut hashed = Vec::new();
        for name in &found {
            let path = folder.join(name);
            hashed.push((name.clone(), digest_of(&path)?));
        }
        let (manifest, listing) = compose(collection_info(&info)?, &hashed)?;
        let mut members = vec![
            ("MANIFEST.json".into(), Member::Text(manifest.clone())),
            ("FILES.json".into(), Member::Text(listing)),
        ];
        members.extend(found.into_iter().map(|n| {
            let path = folder.join(&n);
            (n, Member::Path(path))
        }));
        Ok(Self {
            package,
            version,
            manifest,
            members,
        })
    }

    fn of_unpacked(folder: &Path) -> Result<Self> {
        let path = folder.join("MANIFEST.json");
        let manifest = fs::read_to_string(&path).map_err(|e| Failure::file(&path, &e))?;
        let read = Manifest::parse(&manifest)?;
        Ok(Self {
            package: read.package,
            version: read.version,
            manifest,
            members: crate::pack::role_members(folder)?,
        })
    }

    /// What its MANIFEST.json says.
    pub fn manifest(&self) -> Result<Manifest> {
        Manifest::parse(&self.manifest)
    }

    /// The file name that Galaxy wants.
    pub fn file_name(&self) -> String {
        format!(
            "{}-{}.tar.gz",
            self.package.name().replacen('.', "-", 1),
            self.version
        )
    }

    /// Writes the archive.
    pub fn write(&self, out: impl Write) -> Result<()> {
        pack(&self.members, out)
    }

    /// Writes the archive into a file: whole or not at all.
    pub fn write_file(&self, path: &Path) -> Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
        let made = tempfile::Builder::new()
            .permissions(fs::Permissions::from_mode(0o644))
            .tempfile_in(folder);
        let mut file = made.map_err(|e| Failure::file(folder, &e))?;
        self.write(&mut file)?;
        file.as_file().sync_all()?;
        file.persist(path)
            .map(drop)
            .map_err(|e| Failure::file(path, &e.error))
    }
}

/// Files and folders that are part of the collection.
fn chosen(folder: &Path, info: &Map) -> Result<Vec<PathBuf>> {
    let text = |key: &str| info.get(key).filter(|v| !v.is_none()).map(|v| v.to_text());
    let (namespace, name) = (
        text("namespace").unwrap_or_default(),
        text("name").unwrap_or_default(),
    );
    let build_ignore = texts(info.get("build_ignore"));
    if let Some(manifest) = info.get("manifest") {
        if !build_ignore.is_empty() {
            return Err(Failure::invalid(
                "galaxy.yml: 'build_ignore' and 'manifest' are mutually exclusive",
            ));
        }
        let license_file = text("license_file").filter(|f| !f.is_empty());
        let own = Own {
            namespace: &namespace,
            name: &name,
            license_file: license_file.as_deref(),
        };
        return choose(&crate::tree::files(folder)?, &manifest, &own);
    }
    let mut ignored: Vec<String> = NEVER.iter().map(|p| (*p).to_owned()).collect();
    ignored.push(format!("{namespace}-{name}-*.tar.gz"));
    ignored.extend(build_ignore);
    let patterns: Vec<Regex> = ignored.iter().map(|p| fnmatch(p)).collect::<Result<_>>()?;
    let mut found = Vec::new();
    walk(folder, Path::new(""), &patterns, &mut found)?;
    Ok(found)
}

fn digest_of(path: &Path) -> Result<Option<Digest>> {
    if path.is_dir() {
        return Ok(None);
    }
    if !path.exists() {
        return Err(Failure::invalid(format!(
            "Failed to find the target path '{}' for the symlink '{}'.",
            fs::read_link(path).unwrap_or_default().display(),
            path.display()
        )));
    }
    file_digest(path).map(Some)
}

fn galaxy_yml(folder: &Path) -> Result<Map> {
    let file = ["galaxy.yml", "galaxy.yaml"]
        .iter()
        .map(|n| folder.join(n))
        .find(|p| p.is_file());
    let Some(file) = file else {
        return Err(Failure::not_found(format!(
            "{} holds no collection: there is neither galaxy.yml nor MANIFEST.json",
            folder.display()
        )));
    };
    let sources = SourceMap::new();
    let value = load_file(&sources, &file, LoadOptions::UNTRUSTED).and_then(|d| d.single());
    let Value::Map(map) = value.map_err(|d| Failure::from(d).of("galaxy.yml"))? else {
        return Err(Failure::invalid(format!("{} is no mapping", file.display())));
    };
    let missing: Vec<&str> = ["namespace", "name", "version", "readme", "authors"]
        .into_iter()
        .filter(|k| map.get(k).is_none_or(|v| v.is_none()))
        .collect();
    if missing.is_empty() {
        Ok(map)
    } else {
        Err(Failure::invalid(format!(
            "{} lacks {}",
            file.display(),
            missing.join(", ")
        )))
    }
}

/// A text or list as texts.
fn texts(value: Option<Value>) -> Vec<String> {
    match value {
        Some(Value::List(list)) => list.to_vec().iter().map(Value::to_text).collect(),
        Some(value) if !value.is_none() => vec![value.to_text()],
        _ => Vec::new(),
    }
}

fn collection_info(galaxy: &Map) -> Result<Map> {
    let info = Map::new();
    let list = |key: &str| Value::list(texts(galaxy.get(key)).into_iter().map(Value::from));
    let text = |key: &str| {
        galaxy
            .get(key)
            .filter(|v| !v.is_none())
            .map_or(Value::None, |v| Value::str(v.to_text()))
    };
    for key in ["namespace", "name", "version"] {
        info.insert(key, text(key));
    }
    info.insert("authors", list("authors"));
    info.insert("readme", text("readme"));
    info.insert("tags", list("tags"));
    info.insert("description", text("description"));
    info.insert("license", list("license"));
    // Said to be empty it is none.
    info.insert(
        "license_file",
        Some(text("license_file"))
            .filter(Value::truthy)
            .unwrap_or(Value::None),
    );
    let needed = Map::new();
    for (name, range) in manifest::dependencies(galaxy.get("dependencies"))? {
        needed.insert(name, range);
    }
    // Said to be nothing it stays that: so does ansible-galaxy.
    let none = galaxy.get("dependencies").is_some_and(|d| d.is_none());
    info.insert(
        "dependencies",
        if none { Value::None } else { Value::Map(needed) },
    );
    for key in ["repository", "documentation", "homepage", "issues"] {
        info.insert(key, text(key));
    }
    Ok(info)
}

fn walk(root: &Path, at: &Path, ignored: &[Regex], found: &mut Vec<PathBuf>) -> Result<()> {
    let folder = root.join(at);
    let entries = fs::read_dir(&folder).map_err(|e| Failure::file(&folder, &e))?;
    let mut names: Vec<_> = entries.collect::<std::io::Result<Vec<_>>>()?;
    names.sort_by_key(fs::DirEntry::file_name);
    for entry in names {
        let name = at.join(entry.file_name());
        let kind = entry.file_type()?;
        let shown = name.to_string_lossy();
        let never = kind.is_dir() && NEVER_FOLDERS.iter().any(|n| entry.file_name() == *n);
        if never || ignored.iter().any(|p| p.is_match(&shown)) {
            continue;
        }
        found.push(name.clone());
        if kind.is_dir() {
            walk(root, &name, ignored, found)?;
        }
    }
    Ok(())
}

/// A pattern as Python's `fnmatch` reads it: `*` passes `/` too.
fn fnmatch(pattern: &str) -> Result<Regex> {
    Regex::new(&format!("(?s)^{}$", glob::as_regex(pattern, ".")))
        .map_err(|_| Failure::invalid(format!("{pattern:?} is no pattern for build_ignore")))
}

#[cfg(test)]
mod tests {
    use super::{Building, fnmatch};
    use crate::Digest;
    use std::fs;

    #[test]
    fn patterns_are_those_of_python() {
        let matches = |pattern: &str, name: &str| fnmatch(pattern).unwrap().is_match(name);
        assert!(matches("*.pyc", "a/b.pyc") && !matches("*.pyc", "a.pyco"));
        assert!(matches("[!a]?", "bc") && !matches("[!a]?", "ac"));
        assert!(matches("[x", "[x"));
        assert!(matches("[]]", "]") && matches("[^a]", "^"));
    }

    #[test]
    fn the_same_folder_gives_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let at = |n: &str| folder.path().join(n);
        let info = "namespace: a\nname: b\nversion: 1.0.0\nreadme: README.md\nauthors: [x]\nbuild_ignore: ['*.tmp']\n";
        fs::write(at("galaxy.yml"), info).unwrap();
        fs::write(at("README.md"), "text").unwrap();
        fs::write(at("left.tmp"), "").unwrap();
        let bytes = || {
            let mut out = Vec::new();
            Building::of_folder(folder.path())
                .unwrap()
                .write(&mut out)
                .unwrap();
            out
        };
        let first = bytes();
        fs::write(at("README.md"), "text").unwrap();
        assert_eq!(Digest::of(&bytes()), Digest::of(&first));
        fs::remove_file(at("left.tmp")).unwrap();
        assert_eq!(bytes(), first);
    }
}
