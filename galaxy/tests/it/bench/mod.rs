//! What the tests of this crate share: packages made on the spot, archives with anything in them, a static tree of
//! Galaxy on a real web server, repositories of git, and a project of its own for each test.

mod archive;
mod file_server;
mod git_http;
mod nginx;
mod repository;
mod shelf;
mod static_tree;
mod venv;
mod web;

pub(crate) use archive::ArchiveFile;
pub(crate) use file_server::FileServer;
pub(crate) use git_http::GitHttp;
pub(crate) use nginx::Nginx;
pub(crate) use repository::Repository;
pub(crate) use shelf::Shelf;
pub(crate) use static_tree::StaticTree;
pub(crate) use venv::python_program;
pub(crate) use web::{Answer, Asked, Web};

use kdo_config::{Config, Environment};
use kdo_galaxy::{
    Building, Choice, Done, Installer, Kind, Limits, Lock, Mode, Overrides, Paths, Requirement, Requirements,
    Resolved, Result, Sources, Store, lock, requirements_digest, resolve, resolve_locked,
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A user with a store, and folders for roles and collections.
pub(crate) struct Project {
    folder: tempfile::TempDir,
    pub(crate) overrides: Overrides,
    pub(crate) settings: String,
    pub(crate) mode: Mode,
}

impl Project {
    pub(crate) fn new() -> Self {
        let project = Self {
            folder: tempfile::tempdir().unwrap(),
            overrides: Overrides::default(),
            settings: String::new(),
            mode: Mode::Needed,
        };
        // Whatever lies beside the target must stay as it is.
        fs::write(project.path("sentinel"), "untouched").unwrap();
        project
    }

    /// One that asks that server.
    pub(crate) fn of_server(server: &StaticTree) -> Self {
        let mut project = Self::new();
        project.overrides.server = Some(server.url());
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn store(&self) -> Arc<Store> {
        Arc::new(Store::open(&self.path("store"), Limits::default()).unwrap())
    }

    pub(crate) fn sources(&self) -> Sources {
        let file = self.write("ansible.cfg", &self.settings);
        let mut environment = Environment::of_process();
        environment
            .variables
            .retain(|name, _| !name.starts_with("ANSIBLE_"));
        environment
            .variables
            .insert("ANSIBLE_CONFIG".to_owned(), file.display().to_string());
        let config = Config::load_from(environment).unwrap();
        Sources::new(&config, &self.overrides, self.store()).unwrap()
    }

    pub(crate) fn installer(&self) -> Installer {
        Installer {
            store: self.store(),
            paths: Paths {
                roles: self.path("roles"),
                collections: self.path("collections"),
                collections_path: vec![self.path("collections")],
            },
            mode: self.mode,
        }
    }

    pub(crate) fn resolve(&self, list: &[Requirement]) -> Result<Vec<Resolved>> {
        resolve(list, &self.sources(), &Choice::default())
    }

    pub(crate) fn install(&self, list: &[Requirement]) -> Result<Vec<Done>> {
        self.installer().install(&self.resolve(list)?, None)
    }

    pub(crate) fn lock(&self, list: &[Requirement]) -> Result<Lock> {
        lock(
            &self.store(),
            requirements_digest(list, None),
            &self.resolve(list)?,
        )
    }

    pub(crate) fn install_locked(&self, list: &[Requirement], lock: &Lock) -> Result<Vec<Done>> {
        let resolved = resolve_locked(lock, list, &self.sources())?;
        self.installer().install(&resolved, Some(lock))
    }

    /// Fails if anything was left of a failed install, or anything outside was touched.
    pub(crate) fn must_be_untouched(&self) {
        assert_eq!(fs::read_to_string(self.path("sentinel")).unwrap(), "untouched");
        for folder in ["roles", "collections", "collections/ansible_collections"] {
            let entries = fs::read_dir(self.path(folder)).into_iter().flatten().flatten();
            let left: Vec<_> = entries
                .map(|e| e.path())
                .filter(|p| !p.ends_with("ansible_collections"))
                .collect();
            assert!(left.is_empty(), "left behind: {left:?}");
        }
        let known = ["sentinel", "store", "roles", "collections", "ansible.cfg"];
        for entry in fs::read_dir(self.folder.path()).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            let ours = known.contains(&&*name) || name.starts_with("given");
            assert!(ours, "{name} was made outside of the target");
        }
    }
}

pub(crate) fn word(kind: Kind, text: impl AsRef<Path>) -> Requirement {
    Requirements::of_word(kind, text.as_ref().to_str().unwrap()).unwrap()
}

pub(crate) fn collection(name: &str, range: &str) -> Requirement {
    Requirement::named(Kind::Collection, name, range)
}

/// A folder of a collection, to be built.
pub(crate) fn collection_folder(folder: &Path, name: &str, version: &str, needs: &[(&str, &str)]) {
    let (namespace, short) = name.split_once('.').unwrap();
    let mut text = format!(
        "namespace: {namespace}\nname: {short}\nversion: '{version}'\nreadme: README.md\nauthors: [someone]\n"
    );
    text += if needs.is_empty() {
        "dependencies: {}\n"
    } else {
        "dependencies:\n"
    };
    for (name, range) in needs {
        text += &format!("  {name}: '{range}'\n");
    }
    fs::create_dir_all(folder.join("roles/demo/tasks")).unwrap();
    fs::write(folder.join("galaxy.yml"), text).unwrap();
    fs::write(folder.join("README.md"), format!("{name} {version}\n")).unwrap();
    fs::write(folder.join("roles/demo/tasks/main.yml"), "- debug:\n").unwrap();
}

/// The archive of such a collection.
pub(crate) fn collection_archive(name: &str, version: &str, needs: &[(&str, &str)]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    collection_folder(folder.path(), name, version, needs);
    let mut bytes = Vec::new();
    Building::of_folder(folder.path())
        .unwrap()
        .write(&mut bytes)
        .unwrap();
    bytes
}

/// A folder of a role.
pub(crate) fn role_folder(folder: &Path, meta: &str) {
    for name in ["meta", "tasks"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    if !meta.is_empty() {
        fs::write(folder.join("meta/main.yml"), meta).unwrap();
    }
    fs::write(folder.join("tasks/main.yml"), "- debug:\n").unwrap();
}
