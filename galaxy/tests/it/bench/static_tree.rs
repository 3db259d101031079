//! Galaxy as pages that any web server serves: here that of Python, started on a free port.

use super::{FileServer, collection_archive};
use kdo_galaxy::Digest;
use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

/// The tree and its server, which ends with it.
pub(crate) struct StaticTree {
    folder: tempfile::TempDir,
    server: Option<FileServer>,
    versions: BTreeMap<String, Vec<String>>,
}

impl StaticTree {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = FileServer::start(folder.path());
        Self::of(folder, Some(server))
    }

    /// One that is read without a server.
    pub(crate) fn of_files() -> Self {
        Self::of(tempfile::tempdir().unwrap(), None)
    }

    fn of(folder: tempfile::TempDir, server: Option<FileServer>) -> Self {
        let tree = Self {
            folder,
            server,
            versions: BTreeMap::new(),
        };
        tree.page("api", r#"{"available_versions": {"v3": "v3/"}}"#);
        tree
    }

    pub(crate) fn url(&self) -> String {
        match &self.server {
            Some(server) => server.url("api/"),
            None => format!("file://{}/api/", self.folder().display()),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn page(&self, path: &str, text: &str) {
        let folder = self.folder().join(path);
        fs::create_dir_all(&folder).unwrap();
        for name in ["index.html", "index.json"] {
            fs::write(folder.join(name), text).unwrap();
        }
    }

    /// Publishes a collection made on the spot.
    pub(crate) fn publish(&mut self, name: &str, version: &str, needs: &[(&str, &str)]) {
        self.publish_archive(name, version, needs, &collection_archive(name, version, needs));
    }

    /// Publishes bytes as that version.
    pub(crate) fn publish_archive(
        &mut self,
        name: &str,
        version: &str,
        needs: &[(&str, &str)],
        archive: &[u8],
    ) {
        let file = format!("{}-{version}.tar.gz", name.replace('.', "-"));
        fs::create_dir_all(self.folder().join("files")).unwrap();
        fs::write(self.folder().join("files").join(&file), archive).unwrap();
        self.tell(name, version, needs, &Digest::of(archive).hex());
    }

    /// The pages of that version, for an archive with that hash.
    pub(crate) fn tell(&mut self, name: &str, version: &str, needs: &[(&str, &str)], hash: &str) {
        let (namespace, short) = name.split_once('.').unwrap();
        let file = format!("{namespace}-{short}-{version}.tar.gz");
        let base = format!("api/v3/collections/{namespace}/{short}");
        let mut needed = String::new();
        for (name, range) in needs {
            let _ = write!(
                needed,
                "{}\"{name}\": \"{range}\"",
                if needed.is_empty() { "" } else { ", " }
            );
        }
        let artifact = match hash {
            "" => "{}".to_owned(),
            hash => format!(r#"{{"sha256": "{hash}"}}"#),
        };
        self.page(
            &format!("{base}/versions/{version}"),
            &format!(
                r#"{{"version": "{version}", "namespace": {{"name": "{namespace}"}}, "collection": {{"name": "{short}"}},
                "href": "/{base}/versions/{version}/", "download_url": "/files/{file}", "artifact": {artifact},
                "metadata": {{"dependencies": {{{needed}}}}}, "signatures": []}}"#
            ),
        );
        let versions = self.versions.entry(name.to_owned()).or_default();
        if !versions.iter().any(|v| v == version) {
            versions.push(version.to_owned());
        }
        let list: Vec<String> = versions
            .iter()
            .map(|v| format!(r#"{{"version": "{v}"}}"#))
            .collect();
        let list = list.join(", ");
        self.page(
            &base,
            r#"{"created_at": "2026-01-01", "updated_at": "2026-01-01"}"#,
        );
        self.page(
            &format!("{base}/versions"),
            &format!(r#"{{"data": [{list}], "links": {{"next": null}}}}"#),
        );
    }
}
