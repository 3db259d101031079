//! What a package holds, file by file, by hashes: of an archive they are taken while it is unpacked, so that nothing is
//! read twice.

use crate::{
    Digest, Failure, Result,
    member::follow,
    tree::{LEFT_OUT, file_digest, walk},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
};

/// Files, folders and links of a package, by their paths in it.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) files: BTreeMap<PathBuf, FileContent>,
    /// Also those that only files imply.
    pub(crate) folders: BTreeSet<PathBuf>,
    /// Links and what is written in them.
    pub(crate) links: BTreeMap<PathBuf, PathBuf>,
}

/// What counts of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileContent {
    /// Whether it is a program.
    pub(crate) program: bool,
    /// The hash of its bytes.
    pub(crate) digest: Digest,
}

impl Content {
    /// What lies in a folder.
    pub(crate) fn of_folder(folder: &Path) -> Result<Self> {
        let mut content = Self::default();
        let folders = &mut content.folders;
        let paths = walk(folder, |inner| {
            folders.insert(inner.to_owned());
        })?;
        for relative in paths {
            let path = folder.join(&relative);
            let metadata = fs::symlink_metadata(&path).map_err(|e| Failure::file(&path, &e))?;
            if metadata.is_symlink() {
                let target = fs::read_link(&path).map_err(|e| Failure::file(&path, &e))?;
                content.links.insert(relative, target);
            } else {
                let file = FileContent {
                    program: metadata.permissions().mode() & 0o100 != 0,
                    digest: file_digest(&path)?,
                };
                content.files.insert(relative, file);
            }
        }
        Ok(content)
    }

    /// What lies below a folder of it.
    pub(crate) fn below(self, root: &Path) -> Self {
        if root.as_os_str().is_empty() {
            return self;
        }
        let inner = |path: PathBuf| path.strip_prefix(root).ok().map(Path::to_owned);
        let folders = self.folders.into_iter().filter_map(inner);
        Self {
            files: self
                .files
                .into_iter()
                .filter_map(|(p, f)| Some((inner(p)?, f)))
                .collect(),
            folders: folders.filter(|f| !f.as_os_str().is_empty()).collect(),
            links: self
                .links
                .into_iter()
                .filter_map(|(p, t)| Some((inner(p)?, t)))
                .collect(),
        }
    }

    /// Everything that is content and no folder, sorted by bytes.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let all = self.files.keys().chain(self.links.keys());
        let mut paths: Vec<PathBuf> = all.filter(|p| counts(p)).cloned().collect();
        paths.sort_by(|a, b| a.as_os_str().as_bytes().cmp(b.as_os_str().as_bytes()));
        paths
    }

    /// The hash over the sorted paths of files (with their content and whether they are programs) and links (with
    /// where they lead). Empty folders, owners and times do not count: git has none of them.
    pub(crate) fn digest(&self) -> Digest {
        let mut entries: Vec<(&Path, &str, Digest)> = Vec::new();
        for (path, file) in self.files.iter().filter(|(p, _)| counts(p)) {
            entries.push((path, if file.program { "program" } else { "file" }, file.digest));
        }
        for (path, target) in self.links.iter().filter(|(p, _)| counts(p)) {
            entries.push((path, "link", Digest::of(target.as_os_str().as_bytes())));
        }
        // By bytes, as everybody sorts; paths would be sorted by their parts.
        entries.sort_by(|a, b| a.0.as_os_str().as_bytes().cmp(b.0.as_os_str().as_bytes()));
        let mut text = String::new();
        for (path, word, digest) in entries {
            let name = kdo_value::json::quote(&path.to_string_lossy(), true);
            let _ = writeln!(text, "{word} {name} {}", digest.hex());
        }
        Digest::of(text.as_bytes())
    }

    /// The hash of a file, also through links that stay in the package.
    pub(crate) fn file(&self, path: &Path) -> Option<Digest> {
        let found = follow(path, &self.links)?;
        self.files.get(&found).map(|f| f.digest)
    }

    /// Whether a link leads to a folder of the package.
    pub(crate) fn leads_to_folder(&self, link: &Path) -> bool {
        follow(link, &self.links).is_some_and(|p| p.as_os_str().is_empty() || self.folders.contains(&p))
    }
}

/// Whether a path is content, and nothing that installers and repositories leave.
fn counts(path: &Path) -> bool {
    !LEFT_OUT.iter().any(|n| path.starts_with(n))
}
