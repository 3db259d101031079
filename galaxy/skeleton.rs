//! The files that a new role or collection begins with.

use crate::{Failure, Kind, Result};
use regex::Regex;
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

const ROLE: &[(&str, &str)] = &[
    ("README.md.j2", include_str!("skeleton/role/README.md.j2")),
    (
        "defaults/main.yml.j2",
        "---\n# defaults file for {{ role_name }}\n",
    ),
    (
        "handlers/main.yml.j2",
        "---\n# handlers file for {{ role_name }}\n",
    ),
    ("meta/main.yml.j2", include_str!("skeleton/role/meta.yml.j2")),
    (
        "meta/argument_specs.yml.j2",
        include_str!("skeleton/role/argument_specs.yml.j2"),
    ),
    ("tasks/main.yml.j2", "---\n# tasks file for {{ role_name }}\n"),
    ("tests/inventory", "localhost\n"),
    ("tests/test.yml.j2", include_str!("skeleton/role/test.yml.j2")),
    ("vars/main.yml.j2", "---\n# vars file for {{ role_name }}\n"),
];
const ROLE_FOLDERS: &[&str] = &["files", "templates"];
const COLLECTION: &[(&str, &str)] = &[
    ("README.md.j2", include_str!("skeleton/collection/README.md.j2")),
    ("galaxy.yml.j2", include_str!("skeleton/collection/galaxy.yml.j2")),
    (
        "meta/runtime.yml",
        include_str!("skeleton/collection/runtime.yml"),
    ),
    (
        "plugins/README.md",
        include_str!("skeleton/collection/plugins.md"),
    ),
];
const COLLECTION_FOLDERS: &[&str] = &["docs", "roles"];

enum Entry {
    Folder,
    Text(&'static str),
    File(PathBuf),
    Link(PathBuf),
}

/// Files by their paths; those that end in `.j2` are templates and lose that end.
pub struct Skeleton {
    entries: Vec<(PathBuf, Entry)>,
}

impl Skeleton {
    /// The one of that kind.
    pub fn new(kind: Kind) -> Self {
        let (files, folders) = match kind {
            Kind::Role => (ROLE, ROLE_FOLDERS),
            Kind::Collection => (COLLECTION, COLLECTION_FOLDERS),
        };
        let folders = folders.iter().map(|f| (PathBuf::from(f), Entry::Folder));
        let files = files
            .iter()
            .map(|(name, text)| (PathBuf::from(name), Entry::Text(text)));
        Self {
            entries: folders.chain(files).collect(),
        }
    }

    /// One of the user's own, without what the patterns match.
    pub fn of_folder(folder: &Path, ignored: &[String]) -> Result<Self> {
        let patterns: std::result::Result<Vec<Regex>, _> =
            ignored.iter().map(|p| Regex::new(&format!("^(?:{p})"))).collect();
        let patterns = patterns.map_err(|e| Failure::invalid(format!("the files to leave out: {e}")))?;
        let mut entries = Vec::new();
        let mut open = vec![PathBuf::new()];
        while let Some(at) = open.pop() {
            let path = folder.join(&at);
            for entry in fs::read_dir(&path).map_err(|e| Failure::file(&path, &e))? {
                let entry = entry?;
                let name = at.join(entry.file_name());
                if entry.file_name() == ".git" || patterns.iter().any(|p| p.is_match(&name.to_string_lossy()))
                {
                    continue;
                }
                let kind = entry.file_type()?;
                if kind.is_symlink() {
                    entries.push((name, Entry::Link(fs::read_link(entry.path())?)));
                } else if kind.is_dir() {
                    entries.push((name.clone(), Entry::Folder));
                    open.push(name);
                } else {
                    entries.push((name, Entry::File(entry.path())));
                }
            }
        }
        Ok(Self { entries })
    }

    /// Writes it into a folder, which must be new or empty unless by force: then what is in it goes.
    pub fn write(
        &self,
        folder: &Path,
        force: bool,
        render: &dyn Fn(&str) -> std::result::Result<String, String>,
    ) -> Result<()> {
        if folder.is_file() {
            return Err(Failure::invalid(format!(
                "- the path {} already exists, but is a file - aborting",
                folder.display()
            )));
        }
        let there = fs::read_dir(folder).into_iter().flatten().flatten();
        let there: Vec<PathBuf> = there.map(|e| e.path()).collect();
        if folder.is_dir() && !force {
            return Err(Failure::invalid(format!(
                "- the directory {} already exists. You can use --force to re-initialize this directory,\n\
                 however it will reset any main.yml files that may have\nbeen modified there already.",
                folder.display()
            )));
        }
        // All is rendered before anything is removed.
        let mut ready = Vec::new();
        for (name, entry) in &self.entries {
            let template = name.extension().is_some_and(|e| e == "j2") && !in_templates(name);
            let text = match entry {
                Entry::Text(text) => Some((*text).to_owned()),
                Entry::File(path) if template => {
                    Some(fs::read_to_string(path).map_err(|e| Failure::file(path, &e))?)
                }
                _ => None,
            };
            let text = text
                .map(|t| if template { render(&t) } else { Ok(t) })
                .transpose();
            let text = text.map_err(|e| Failure::invalid(format!("{}: {e}", name.display())))?;
            let name = if template {
                name.with_extension("")
            } else {
                name.clone()
            };
            ready.push((folder.join(name), entry, text));
        }
        for path in there {
            let folder = path.is_dir() && !path.is_symlink();
            let gone = if folder {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            gone.map_err(|e| Failure::file(&path, &e))?;
        }
        fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
        for (path, entry, text) in ready {
            let write = || {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)?;
                }
                match (text, entry) {
                    (Some(text), _) => fs::write(&path, text),
                    (None, Entry::Folder) => fs::create_dir_all(&path),
                    (None, Entry::Link(target)) => symlink(target, &path),
                    (None, Entry::File(from)) => fs::copy(from, &path).map(drop),
                    (None, Entry::Text(text)) => fs::write(&path, text),
                }
            };
            write().map_err(|e| Failure::file(&path, &e))?;
        }
        Ok(())
    }
}

/// Templates of the role itself are left as they are.
fn in_templates(name: &Path) -> bool {
    name.parent()
        .is_some_and(|p| p.components().any(|c| c.as_os_str() == "templates"))
}

#[cfg(test)]
mod tests {
    use super::Skeleton;
    use crate::Kind;
    use std::fs;

    #[test]
    fn a_skeleton_of_ones_own_is_rendered_and_its_templates_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("own");
        for (name, text) in [
            ("README.j2", "{{ x }}"),
            ("templates/a.conf.j2", "{{ x }}"),
            (".git/config", ""),
            ("files/.git_keep", ""),
        ] {
            fs::create_dir_all(own.join(name).parent().unwrap()).unwrap();
            fs::write(own.join(name), text).unwrap();
        }
        std::os::unix::fs::symlink("../elsewhere", own.join("link")).unwrap();
        let ignored = ["^.git$".to_owned(), "^.*/.git_keep$".to_owned()];
        let skeleton = Skeleton::of_folder(&own, &ignored).unwrap();
        let made = folder.path().join("made");
        let render = |text: &str| Ok(text.replace("{{ x }}", "rendered"));
        skeleton.write(&made, false, &render).unwrap();
        assert_eq!(fs::read_to_string(made.join("README")).unwrap(), "rendered");
        assert_eq!(
            fs::read_to_string(made.join("templates/a.conf.j2")).unwrap(),
            "{{ x }}"
        );
        assert!(made.join("files").is_dir() && !made.join("files/.git_keep").exists());
        assert!(made.join("link").is_symlink() && !made.join(".git").exists());
    }

    #[test]
    fn what_is_there_goes_only_by_force_and_only_if_all_can_be_rendered() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("kept");
        fs::write(&kept, "").unwrap();
        let skeleton = Skeleton::new(Kind::Role);
        assert!(
            skeleton
                .write(folder.path(), false, &|t| Ok(t.to_owned()))
                .is_err()
        );
        assert!(
            skeleton
                .write(folder.path(), true, &|_| Err("bad".to_owned()))
                .is_err()
        );
        assert!(kept.exists());
        skeleton
            .write(folder.path(), true, &|t| Ok(t.to_owned()))
            .unwrap();
        assert!(!kept.exists() && folder.path().join("tasks/main.yml").is_file());
    }
}
