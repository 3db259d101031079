//! Where roles, modules and playbooks of collections are, and roles by their short names.

use crate::{Loader, Role, Scope, ScopeKind, loader::list};
use kdo_syntax::Diagnostic;
use kdo_value::{Map, Origin, Value};
use std::{
    path::{Component, Path, PathBuf},
    rc::Rc,
};

/// Names in `collections` that stand for Ansible's own modules.
const OWN: &[&str] = &["ansible.builtin", "ansible.legacy"];

impl Loader {
    /// The folder of an installed collection: beside the playbook, or in the configured paths.
    pub(crate) fn collection_folder(&self, namespace: &str, name: &str) -> Option<PathBuf> {
        let dir = self.playbook_dir.borrow();
        let beside = dir.join("collections");
        // A playbook of a collection: where that collection is, others are too.
        let around = dir
            .ancestors()
            .find(|a| a.file_name().is_some_and(|n| n == "ansible_collections"))
            .and_then(Path::parent)
            .map(Path::to_owned);
        std::iter::once(&beside)
            .chain(&around)
            .chain(&self.collections_path)
            .map(|base| base.join("ansible_collections").join(namespace).join(name))
            .find(|folder| folder.is_dir())
    }

    /// The collections in which short names are looked for, at a task with these keywords.
    pub(crate) fn searched_collections(&self, scope: &Rc<Scope>, keywords: &Map) -> Vec<String> {
        let texts = |v: Option<Value>| list(v).iter().map(Value::to_text).collect::<Vec<_>>();
        if let Some(own) = keywords.get("collections").filter(|v| !v.is_none()) {
            return texts(Some(own));
        }
        for s in scope.chain() {
            if s.kind == ScopeKind::Role
                && let Some(role) = s.role()
            {
                // A role does not inherit the play's.
                let mut all: Vec<String> = role.role.collection.iter().cloned().collect();
                all.extend(texts(role.role.meta.get("collections")));
                return all;
            }
            if let Some(found) = s.keywords.get("collections").filter(|v| !v.is_none()) {
                return texts(Some(found));
            }
        }
        collection_of(&self.playbook_dir.borrow()).into_iter().collect()
    }

    /// The name by which an action is known: as written, or with the collection in which its short name is found.
    pub(crate) fn qualified_action(&self, name: &str, collections: &[String]) -> Option<String> {
        if !name.contains('.') {
            let of_a_collection = collections.iter().find(|c| self.has_module(c, name));
            if let Some(collection) = of_a_collection {
                return Some(format!("{collection}.{name}"));
            }
        }
        if (self.known)(name).is_ok() {
            return Some(name.to_owned());
        }
        if name.contains('.') {
            return None;
        }
        let mut full = collections
            .iter()
            .filter(|c| !OWN.contains(&c.as_str()))
            .map(|collection| format!("{collection}.{name}"));
        full.find(|full| (self.known)(full).is_ok())
    }

    fn has_module(&self, collection: &str, name: &str) -> bool {
        let Some((namespace, rest)) = collection.split_once('.') else {
            return false;
        };
        self.collection_folder(namespace, rest).is_some_and(|folder| {
            let file = format!("{name}.py");
            let plugins = folder.join("plugins");
            plugins.join("modules").join(&file).is_file() || plugins.join("action").join(&file).is_file()
        })
    }

    /// A role of a collection, by its full name or its short name in one of `collections`.
    fn collection_role(&self, name: &str, collections: &[String]) -> Option<(PathBuf, String)> {
        let in_collection = |collection: &str, role: &str| {
            let (namespace, rest) = collection.split_once('.')?;
            let folder = self.collection_folder(namespace, rest)?;
            let path = folder.join("roles").join(role.replace('.', "/"));
            path.is_dir().then(|| (path, collection.to_owned()))
        };
        if let [namespace, collection, role] = name.splitn(3, '.').collect::<Vec<_>>()[..] {
            return in_collection(&format!("{namespace}.{collection}"), role);
        }
        collections.iter().find_map(|c| in_collection(c, name))
    }

    /// The role's folder, and its collection.
    pub(crate) fn find_role(
        &self,
        name: &str,
        scope: &Rc<Scope>,
        chain: &[Rc<Role>],
        origin: Option<Origin>,
    ) -> Option<FoundRole> {
        let found = |path, collection, name: &str| {
            Some(FoundRole {
                path,
                collection,
                name: name.to_owned(),
            })
        };
        let above = scope.parent.as_ref().unwrap_or(scope);
        let collections = self.searched_collections(above, &scope.keywords);
        if let Some((path, collection)) = self.collection_role(name, &collections) {
            let own = name
                .strip_prefix(collection.as_str())
                .and_then(|n| n.strip_prefix('.'))
                .unwrap_or(name);
            return found(path, Some(collection), own);
        }
        let dir = self.playbook_dir.borrow().clone();
        let mut bases = vec![dir.join("roles")];
        bases.extend(self.roles_path.iter().cloned());
        // The role that depends on this one, or whose tasks include it.
        let around = chain
            .last()
            .map(|r| r.path.clone())
            .or_else(|| Some(scope.parent.as_ref()?.role()?.role.path.clone()));
        if let Some(path) = around {
            bases.push(path.join("roles"));
            bases.extend(path.parent().map(Path::to_owned));
        }
        bases.push(dir);
        let expanded = match name.strip_prefix("~/") {
            Some(rest) => std::env::home_dir().unwrap_or_default().join(rest),
            None => PathBuf::from(name),
        };
        let mut looked = collections;
        for base in bases {
            let path = base.join(&expanded);
            if path.is_dir() {
                // The name as it was written, with folders.
                let up = expanded.components().any(|c| c == Component::ParentDir);
                let path = if up {
                    path.canonicalize().unwrap_or(path)
                } else {
                    path
                };
                return found(path, None, name);
            }
            let base = base.display().to_string();
            if !looked.contains(&base) {
                looked.push(base);
            }
        }
        if expanded.is_dir() {
            let last = expanded
                .file_name()
                .map_or_else(|| name.to_owned(), |n| n.to_string_lossy().into_owned());
            return found(std::path::absolute(&expanded).unwrap_or(expanded), None, &last);
        }
        self.report(
            Diagnostic::error(format!("the role '{name}' was not found in {}", looked.join(":")))
                .at(origin)
                .length(name.chars().count()),
        );
        None
    }
}

/// A role's folder, and how the role is called.
pub(crate) struct FoundRole {
    /// Its folder.
    pub(crate) path: PathBuf,
    /// The collection it is part of.
    pub(crate) collection: Option<String>,
    /// Its name without the collection.
    pub(crate) name: String,
}

/// The collection in whose folder a playbook lies.
fn collection_of(folder: &Path) -> Option<String> {
    let mut parts = folder.components().map(|c| c.as_os_str().to_string_lossy());
    parts.find(|part| part == "ansible_collections")?;
    let (namespace, name) = (parts.next()?, parts.next()?);
    (parts.next()? == "playbooks").then(|| format!("{namespace}.{name}"))
}
