//! A folder that any web server serves as a Galaxy server, and `file://` without one.
//!
//! Pages are `index.html` and `index.json` of a folder for each; an archive is written before the page of its
//! version, and that before the list of versions, so that readers never see what is not there yet.

use crate::{
    Digest, Failure, Kind, Package, Release, Result, Store, Version, archive_name, download::write_blob,
    inspect::inspect,
};
use kdo_value::{Map, Value, json};
use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// The tree, which nobody else writes to as long as this lives.
pub struct StaticTree {
    folder: PathBuf,
    /// Where the folder is served, without a slash at its end; empty at the root of some server.
    url: String,
    _lock: File,
}

impl StaticTree {
    /// The tree in that folder, which is made. It is served at that URL; ansible-galaxy finds roles only with one.
    pub fn open(folder: &Path, url: Option<&str>) -> Result<Self> {
        let api = folder.join("api");
        fs::create_dir_all(&api).map_err(|e| Failure::file(&api, &e))?;
        let path = folder.join(".lock");
        let lock = File::create(&path).and_then(|file| file.lock().map(|()| file));
        let tree = Self {
            folder: folder.to_owned(),
            url: url.unwrap_or_default().trim_end_matches('/').to_owned(),
            _lock: lock.map_err(|e| Failure::file(&path, &e))?,
        };
        let versions = Map::new();
        versions.insert("v1", "v1/");
        versions.insert("v3", "v3/");
        let root = Map::new();
        root.insert("available_versions", Value::Map(versions));
        tree.page("api", &Value::Map(root))?;
        // What nobody published is answered as a server would.
        tree.write("api/v1/q/none.json", &results(Vec::new()))?;
        Ok(tree)
    }

    /// Puts a release into the tree. A version that is there with other bytes is refused.
    pub fn add(&self, store: &Store, release: &Release, digest: &Digest) -> Result<bool> {
        let (package, version) = (&release.package, &release.version);
        if package.namespace().is_none() {
            return Err(Failure::invalid(format!(
                "{package} has no namespace: a server has roles as NAMESPACE.NAME"
            ))
            .help("give it one: by --namespace where it is published, by `name: NAMESPACE.NAME` in requirements.yml"));
        }
        let file = archive_name(package, version);
        let path = self.folder.join("files").join(&file);
        if path.is_file() {
            if crate::tree::file_digest(&path)? == *digest {
                self.tell_url(store, release, digest, &file)?;
                return Ok(false);
            }
            return Err(Failure::mismatch(format!(
                "{} holds {package} {version} with other content",
                self.folder.display()
            ))
            .help("a published version never changes: publish another one"));
        }
        let staging = tempfile::tempdir()?;
        let inspected = inspect(store, digest, package.kind(), staging.path())?;
        fs::create_dir_all(self.folder.join("files"))?;
        write_blob(store, digest, &path)?;
        match package.kind() {
            Kind::Collection => {
                let info = fs::read_to_string(inspected.folder.join("MANIFEST.json"))?;
                let info = json::read(&info).map_err(Failure::refused)?;
                let info = info.get("collection_info").unwrap_or(Value::None);
                self.collection(release, digest, &file, info)?;
            }
            Kind::Role => self.role(package, version, digest, &file, &inspected.folder)?,
        }
        Ok(true)
    }

    /// Pages that were written without the URL of the tree, which only roles need, get it now.
    fn tell_url(&self, store: &Store, release: &Release, digest: &Digest, file: &str) -> Result<()> {
        if self.url.is_empty() || release.package.kind() == Kind::Collection {
            return Ok(());
        }
        let staging = tempfile::tempdir()?;
        let inspected = inspect(store, digest, Kind::Role, staging.path())?;
        self.role(
            &release.package,
            &release.version,
            digest,
            file,
            &inspected.folder,
        )
    }

    fn collection(&self, release: &Release, digest: &Digest, file: &str, info: Value) -> Result<()> {
        let (package, version) = (&release.package, &release.version);
        let (namespace, name) = (package.namespace().unwrap_or_default(), package.short());
        let base = format!("api/v3/collections/{namespace}/{name}");
        let artifact = Map::new();
        artifact.insert("filename", file);
        artifact.insert("sha256", digest.hex());
        let page = Map::new();
        page.insert("artifact", Value::Map(artifact));
        page.insert("collection", named(name));
        page.insert("download_url", format!("{}/files/{file}", self.url));
        page.insert("href", format!("/{base}/versions/{version}/"));
        page.insert("metadata", info);
        page.insert("name", name);
        page.insert("namespace", named(namespace));
        page.insert("signatures", signature_list(&release.artifact.signatures));
        page.insert("version", version.as_str());
        self.page(&version_page(package, version), &Value::Map(page))?;
        let mut versions: Vec<Version> = fs::read_dir(self.folder.join(&base).join("versions"))?
            .flatten()
            .filter_map(|e| Version::semantic(&e.file_name().to_string_lossy()).ok())
            .collect();
        versions.sort_by(|a, b| b.cmp(a));
        let entries = versions.iter().map(|v| {
            let entry = Map::new();
            entry.insert("version", v.as_str());
            entry.insert("href", format!("/{base}/versions/{v}/"));
            Value::Map(entry)
        });
        let links = Map::new();
        links.insert("next", Value::None);
        let list = Map::new();
        list.insert("data", Value::list(entries));
        list.insert("links", Value::Map(links));
        self.page(&format!("{base}/versions"), &Value::Map(list))?;
        let now = jiff::Timestamp::now().to_string();
        let index = Map::new();
        index.insert("created_at", now.as_str());
        index.insert("href", format!("/{base}/"));
        index.insert("name", name);
        index.insert("namespace", namespace);
        // Clients keep lists of versions until this changes.
        index.insert("updated_at", now);
        self.page(&base, &Value::Map(index))
    }

    /// Brings the archive of a version that is there into the store.
    pub(crate) fn take(&self, package: &Package, version: &Version, store: &Store) -> Result<Digest> {
        let path = self.folder.join("files").join(archive_name(package, version));
        let mut file = File::open(&path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => Failure::not_found(format!(
                "{} does not have {package} {version}",
                self.folder.display()
            )),
            _ => Failure::file(&path, &e),
        })?;
        let mut incoming = store.incoming()?;
        incoming.take_all(&mut file)?;
        store.keep(incoming, None)
    }

    /// The signatures of a version of a collection.
    pub(crate) fn signatures(&self, package: &Package, version: &Version) -> Vec<String> {
        let page = self.read(&format!("{}/index.json", version_page(package, version)));
        let listed = page.and_then(|p| p.get("signatures")?.as_sequence());
        let listed = listed.unwrap_or_default();
        let one = |s: &Value| s.get("signature")?.as_str().map(str::to_owned);
        listed.iter().filter_map(one).collect()
    }

    /// Adds a signature to those of a version of a collection.
    pub(crate) fn add_signature(&self, package: &Package, version: &Version, armour: &str) -> Result<()> {
        let folder = version_page(package, version);
        let mut all = self.signatures(package, version);
        all.push(armour.to_owned());
        let page = self.read(&format!("{folder}/index.json"));
        let page = page.and_then(|p| p.as_map().cloned()).ok_or_else(|| {
            Failure::not_found(format!(
                "{} has no page of {package} {version}",
                self.folder.display()
            ))
        })?;
        page.insert("signatures", signature_list(&all));
        self.page(&folder, &Value::Map(page))
    }

    fn role(
        &self,
        package: &Package,
        version: &Version,
        digest: &Digest,
        file: &str,
        folder: &Path,
    ) -> Result<()> {
        let namespace = package.namespace().unwrap_or_default();
        let base = format!("api/v1/roles/{package}/versions");
        let known = self.read(&format!("{base}/index.json"));
        let known = known
            .and_then(|p| p.get("results")?.as_sequence())
            .unwrap_or_default();
        let entry = Map::new();
        entry.insert("name", version.as_str());
        entry.insert("download_url", format!("{}/files/{file}", self.url));
        entry.insert("sha256", digest.hex());
        let mut versions: Vec<Value> = vec![Value::Map(entry)];
        let is_other = |k: &Value| k.get("name").is_none_or(|n| n.to_text() != version.as_str());
        versions.extend(known.into_iter().filter(is_other));
        self.page(&base, &results(versions))?;
        let summary = Map::new();
        summary.insert("namespace", named(namespace));
        let role = Map::new();
        role.insert("id", package.name());
        role.insert("name", package.short());
        role.insert("username", namespace);
        role.insert("summary_fields", Value::Map(summary));
        let meta = crate::role_meta::load(folder, "main").ok().flatten();
        let said = meta.and_then(|m| m.get("galaxy_info")?.get("description"));
        role.insert("description", said.map_or_else(String::new, |d| d.to_text()));
        self.write(
            &format!("api/v1/q/{package}.json"),
            &results(vec![Value::Map(role)]),
        )
    }

    fn page(&self, folder: &str, page: &Value) -> Result<()> {
        for name in ["index.json", "index.html"] {
            self.write(&format!("{folder}/{name}"), page)?;
        }
        Ok(())
    }

    fn write(&self, name: &str, page: &Value) -> Result<()> {
        let path = self.folder.join(name);
        let write = || {
            let folder = path.parent().unwrap_or(&self.folder);
            fs::create_dir_all(folder)?;
            let mut file = tempfile::Builder::new()
                .permissions(fs::Permissions::from_mode(0o644))
                .tempfile_in(folder)?;
            file.write_all(json::line(page).as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|e| e.error)
        };
        write()
            .map(drop)
            .map_err(|e: std::io::Error| Failure::file(&path, &e))
    }

    fn read(&self, name: &str) -> Option<Value> {
        json::read(&fs::read_to_string(self.folder.join(name)).ok()?).ok()
    }
}

/// The folder of the page of a collection's version.
fn version_page(package: &Package, version: &Version) -> String {
    let (namespace, name) = (package.namespace().unwrap_or_default(), package.short());
    format!("api/v3/collections/{namespace}/{name}/versions/{version}")
}

fn signature_list(armours: &[String]) -> Value {
    Value::list(armours.iter().map(|armour| {
        let map = Map::new();
        map.insert("signature", armour.as_str());
        Value::Map(map)
    }))
}

fn named(name: &str) -> Value {
    let map = Map::new();
    map.insert("name", name);
    Value::Map(map)
}

fn results(list: Vec<Value>) -> Value {
    let page = Map::new();
    page.insert("count", list.len() as i64);
    page.insert("next_link", Value::None);
    page.insert("results", Value::list(list));
    Value::Map(page)
}

/// The file behind an URL of such a tree.
pub(crate) fn file_of_url(url: &str) -> Option<PathBuf> {
    let url = url.strip_prefix("file://")?;
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut at = PathBuf::from("/");
    for part in path.split('/').filter(|p| !p.is_empty() && *p != ".") {
        if part == ".." {
            at.pop();
        } else {
            at.push(part);
        }
    }
    let value = |key: &str| {
        query
            .split('&')
            .find_map(|p| p.strip_prefix(key)?.strip_prefix('='))
    };
    if at.ends_with("v1/roles")
        && let (Some(owner), Some(name)) = (value("owner__username"), value("name"))
    {
        return Some(at.with_file_name("q").join(format!("{owner}.{name}.json")));
    }
    Some(if path.ends_with('/') {
        at.join("index.json")
    } else {
        at
    })
}

#[cfg(test)]
mod tests {
    use super::file_of_url;

    #[test]
    fn urls_are_files_of_the_tree() {
        let file = |url: &str| file_of_url(url).unwrap().display().to_string();
        assert_eq!(file("file:///m/api/"), "/m/api/index.json");
        assert_eq!(
            file("file:///m/api/v3/x/versions/?limit=100"),
            "/m/api/v3/x/versions/index.json"
        );
        assert_eq!(file("file:///m/api/v3/1/../../files/a"), "/m/api/files/a");
        assert_eq!(
            file("file:///m/api/v1/roles/?owner__username=a&name=b"),
            "/m/api/v1/q/a.b.json"
        );
        assert_eq!(file_of_url("http://a.test/"), None);
    }
}
