//! Callbacks of the user's: programs, and plugins in Python, which are only named.

use crate::settings::Settings;
use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A program that reads events.
    Program,
    /// A plugin in Python.
    Python,
}

/// Callbacks by name: the first folder that has one wins.
#[derive(Debug, Default)]
pub(crate) struct Plugins(pub(crate) BTreeMap<String, (Kind, PathBuf)>);

impl Plugins {
    /// Looks in the folders of the setting `callback_plugins` and beside the playbooks.
    pub(crate) fn find(settings: &Settings, playbooks: &[PathBuf]) -> Self {
        let mut folders = settings.paths("callback_plugins");
        let beside: Vec<PathBuf> = playbooks
            .iter()
            .map(|p| p.parent().unwrap_or(Path::new("")).to_owned())
            .collect();
        folders.extend(beside.iter().map(|folder| folder.join("callback_plugins")));
        let mut found = Self::default();
        for folder in folders {
            found.add(&folder);
        }
        found
    }

    /// The plugin of a collection's callback (`NAMESPACE.COLLECTION.NAME`), a Python one or a program.
    pub(crate) fn of_collection(settings: &Settings, name: &str) -> Option<(Kind, PathBuf)> {
        let mut parts = name.split('.');
        let (Some(namespace), Some(collection), Some(name), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        settings.paths("collections_path").iter().find_map(|path| {
            let folder = path
                .join("ansible_collections")
                .join(namespace)
                .join(collection)
                .join("plugins/callback");
            let mut found = Self::default();
            found.add(&folder);
            found.0.remove(name)
        })
    }

    fn add(&mut self, folder: &Path) {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return;
        };
        for path in entries.flatten().map(|e| e.path()) {
            let Some(stem) = path.file_stem().and_then(|s| s.to_str()) else {
                continue;
            };
            if stem.starts_with(['.', '_']) {
                continue;
            }
            if let Some(kind) = kind(&path) {
                self.0.entry(stem.to_owned()).or_insert((kind, path.clone()));
            }
        }
    }
}

/// What a file is; `None` for what is no callback.
fn kind(path: &Path) -> Option<Kind> {
    let meta = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    if path.extension().is_some_and(|e| e == "py") {
        return Some(Kind::Python);
    }
    if meta.permissions().mode() & 0o111 == 0 {
        return None;
    }
    let mut head = [0; 128];
    let read = File::open(path).and_then(|mut f| f.read(&mut head)).unwrap_or(0);
    let head = String::from_utf8_lossy(head.get(..read).unwrap_or_default()).into_owned();
    let line = head.lines().next().unwrap_or_default();
    // A plugin for Ansible has no business with a line that starts it; a program in Python has.
    let plugin = line.starts_with("#!") && line.contains("python") && head.contains("CallbackBase");
    Some(if plugin { Kind::Python } else { Kind::Program })
}

#[cfg(test)]
mod tests {
    use super::{Kind, Plugins};
    use std::{fs, os::unix::fs::PermissionsExt};

    #[test]
    fn programs_and_plugins_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text, mode) in [
            ("a.py", "x", 0o644),
            ("b", "#!/bin/sh\n", 0o755),
            ("c.txt", "x", 0o644),
            ("__init__.py", "", 0o644),
            ("d.sh", "#!/bin/sh\n", 0o700),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let mut found = Plugins::default();
        found.add(folder.path());
        found.add(&folder.path().join("none"));
        let kinds: Vec<(&str, Kind)> = found.0.iter().map(|(n, (k, _))| (n.as_str(), *k)).collect();
        assert_eq!(
            kinds,
            [("a", Kind::Python), ("b", Kind::Program), ("d", Kind::Program)]
        );
    }
}
