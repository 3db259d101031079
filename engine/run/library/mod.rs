//! Modules that users bring: programs in `library` folders beside playbooks and in roles, where the configuration says,
//! and in collections.

mod program;

pub(crate) use program::{How, Program};

use crate::options::Options;
use kdo_playbook::{Play, Scope};
use std::{
    cell::RefCell,
    collections::HashMap,
    path::{Path, PathBuf},
    rc::Rc,
};

/// Files that are no modules, by the end of their names.
const NO_MODULES: &[&str] = &[
    ".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".yaml", ".yml", ".ini",
];

/// Files of a folder by the name that they are called by.
type Folder = Rc<HashMap<String, PathBuf>>;

/// Where modules are looked for.
pub(crate) struct Library {
    configured: Vec<PathBuf>,
    collections: Vec<PathBuf>,
    folders: RefCell<HashMap<PathBuf, Folder>>,
}

impl Library {
    pub(crate) fn new(options: &Options) -> Self {
        // Below a configured folder, two levels of folders count too, before it.
        let mut configured = Vec::new();
        let own = options
            .plugin_folders
            .iter()
            .filter(|(name, _)| name == "library");
        for path in own.flat_map(|(_, paths)| paths) {
            for child in folders(path) {
                configured.extend(folders(&child));
                configured.push(child);
            }
            configured.push(path.clone());
        }
        Self {
            configured,
            collections: options.collections_path.clone(),
            folders: RefCell::default(),
        }
    }

    /// The file of a module as a task of the play sees it.
    pub(crate) fn find(
        &self,
        name: &str,
        play: &Play,
        playbook_dir: &Path,
        scope: &Rc<Scope>,
    ) -> Option<PathBuf> {
        if name.starts_with("ansible.builtin.") {
            return None;
        }
        let short = name.strip_prefix("ansible.legacy.").unwrap_or(name);
        if short.contains('.') {
            return self.in_collections(short, playbook_dir);
        }
        let places = self.places(play, playbook_dir, scope);
        places.iter().find_map(|p| self.folder(p).get(short).cloned())
    }

    /// All modules that a task of the play may call by a short name.
    pub(crate) fn files(&self, play: &Play, playbook_dir: &Path, scope: &Rc<Scope>) -> Vec<PathBuf> {
        let places = self.places(play, playbook_dir, scope);
        let folders = places.iter().map(|p| self.folder(p));
        folders
            .flat_map(|f| f.values().cloned().collect::<Vec<_>>())
            .collect()
    }

    /// Where a short name is looked for.
    fn places(&self, play: &Play, playbook_dir: &Path, scope: &Rc<Scope>) -> Vec<PathBuf> {
        // What a task does not find in the nearest folders may be in one of the play's other roles.
        let mut places = vec![playbook_dir.join("library")];
        let roles = play.roles.borrow();
        let own = scope.chain().filter_map(|s| s.role());
        for role in roles.iter().cloned().chain(own) {
            places.push(role.role.path.join("library"));
        }
        places.extend(self.configured.iter().cloned());
        places
    }

    /// The file of a module of a collection.
    fn in_collections(&self, name: &str, playbook_dir: &Path) -> Option<PathBuf> {
        let [namespace, collection, rest] = name.splitn(3, '.').collect::<Vec<_>>()[..] else {
            return None;
        };
        let (sub, module) = rest.rsplit_once('.').unwrap_or(("", rest));
        let home = self.collection(&format!("{namespace}.{collection}"), playbook_dir)?;
        let modules = home.join("plugins/modules").join(sub.replace('.', "/"));
        self.folder(&modules).get(module).cloned()
    }

    /// The folder of a collection.
    pub(crate) fn collection(&self, name: &str, playbook_dir: &Path) -> Option<PathBuf> {
        let path = Path::new("ansible_collections").join(name.replace('.', "/"));
        let beside = playbook_dir.join("collections");
        std::iter::once(&beside)
            .chain(&self.collections)
            .map(|base| base.join(&path))
            .find(|p| p.is_dir())
    }

    fn folder(&self, path: &Path) -> Folder {
        if let Some(known) = self.folders.borrow().get(path) {
            return Rc::clone(known);
        }
        let found = Rc::new(modules_in(path));
        self.folders
            .borrow_mut()
            .insert(path.to_owned(), Rc::clone(&found));
        found
    }
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| p.is_dir()).collect();
    found.sort();
    found
}

/// Modules of a folder. Of several files for one name the first in order counts.
fn modules_in(path: &Path) -> HashMap<String, PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| p.is_file()).collect();
    files.sort();
    let mut found = HashMap::new();
    for file in files {
        let name = file
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        if name.starts_with('.') || NO_MODULES.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let stem = file
            .file_stem()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        found
            .entry(stem.trim_start_matches('_').to_owned())
            .or_insert_with(|| file.clone());
        found.entry(name).or_insert(file);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::modules_in;
    use std::fs;

    #[test]
    fn modules_are_called_by_their_stems() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.sh", "b.md", "c", "_old.sh", ".hidden", "d.x.sh", "e.yml"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let mut names: Vec<String> = modules_in(dir.path()).into_keys().collect();
        names.sort();
        assert_eq!(names, ["_old.sh", "b", "b.sh", "c", "d.x", "d.x.sh", "old"]);
    }
}
