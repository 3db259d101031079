//! Where plugins of users lie.

use crate::Options;
use kdo_template::PluginKind;
use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    rc::Rc,
};

/// The folders: beside the playbooks, in the roles read so far, in collections, and those of the configuration.
pub(crate) struct Folders {
    /// Folders of the playbooks.
    pub(crate) playbooks: Vec<PathBuf>,
    /// Folders of the roles that were read; the loader adds to them.
    pub(crate) roles: Rc<RefCell<Vec<PathBuf>>>,
    collections: Vec<PathBuf>,
    configured: Vec<(String, Vec<PathBuf>)>,
}

impl Folders {
    /// As the options of a run say.
    pub(crate) fn new(options: &Options, roles: Rc<RefCell<Vec<PathBuf>>>) -> Self {
        let mut playbooks: Vec<PathBuf> = Vec::new();
        for playbook in &options.playbooks {
            let folder = playbook.parent().map(Path::to_owned).unwrap_or_default();
            if !playbooks.contains(&folder) {
                playbooks.push(folder);
            }
        }
        Self {
            playbooks,
            roles,
            collections: options.collections_path.clone(),
            configured: options.plugin_folders.clone(),
        }
    }

    /// Where plugins called `name` may be, nearest first, and the name without namespace and collection.
    pub(crate) fn of(&self, kind: PluginKind, name: &str) -> (Vec<PathBuf>, String) {
        let word = kind.word();
        if let Some((folder, short)) = self.in_collection(name, word) {
            return (folder, short);
        }
        (self.beside(&format!("{word}_plugins")), short(name).to_owned())
    }

    /// All folders called `folder`, and those that the configuration names under that word.
    pub(crate) fn beside(&self, folder: &str) -> Vec<PathBuf> {
        let roles = self.roles.borrow();
        let near = self.playbooks.iter().chain(roles.iter());
        let mut out: Vec<PathBuf> = near.map(|p| p.join(folder)).collect();
        let configured = self.configured.iter().filter(|(word, _)| word == folder);
        out.extend(configured.flat_map(|(_, folders)| folders.iter().cloned()));
        out
    }

    /// The folders for a name with namespace and collection: `a.b.c.d` is `c/d`.
    pub(crate) fn in_collection(&self, name: &str, kind: &str) -> Option<(Vec<PathBuf>, String)> {
        let mut parts = name.splitn(3, '.');
        let (namespace, collection, rest) = (parts.next()?, parts.next()?, parts.next()?);
        if namespace == "ansible" && matches!(collection, "builtin" | "legacy") {
            return None;
        }
        let inner: Vec<&str> = rest.split('.').collect();
        let (last, folders) = inner.split_last()?;
        let own = |root: &Path| {
            let mut path = root.join("ansible_collections").join(namespace).join(collection);
            path.extend(["plugins", kind]);
            path.extend(folders);
            path
        };
        let beside = self.playbooks.iter().map(|p| p.join("collections"));
        let roots = beside.chain(self.collections.iter().cloned());
        Some((roots.map(|r| own(&r)).collect(), (*last).to_owned()))
    }
}

/// A name without the words for what is built in.
pub(crate) fn short(name: &str) -> &str {
    ["ansible.builtin.", "ansible.legacy."]
        .iter()
        .find_map(|p| name.strip_prefix(p))
        .unwrap_or(name)
}
