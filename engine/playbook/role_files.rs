//! A role's files.

use std::{
    fs,
    path::{Component, Path, PathBuf, absolute},
};

const EXTENSIONS: &[&str] = &["", ".yml", ".yaml", ".json"];

/// The file `NAME` (with one of the usual extensions) in a folder.
pub(crate) fn file(folder: &Path, name: &str) -> Option<PathBuf> {
    EXTENSIONS
        .iter()
        .map(|e| folder.join(format!("{name}{e}")))
        .find(|p| p.is_file())
}

/// The file `main`; one without an extension comes last.
pub(crate) fn main_file(folder: &Path) -> Option<PathBuf> {
    [".yml", ".yaml", ".json", ""]
        .iter()
        .map(|e| folder.join(format!("main{e}")))
        .find(|p| p.is_file())
}

/// The file `NAME`, or all files of the folder `NAME`, sorted.
pub(crate) fn file_or_folder(folder: &Path, name: &str) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let inner = folder.join(name);
    if inner.is_dir() {
        collect(&inner, &mut out);
    } else if let Some(file) = file(folder, name) {
        out.push(file);
    }
    out
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        if path.is_dir() {
            collect(&path, out);
        } else if EXTENSIONS.iter().any(|e| !e.is_empty() && name.ends_with(e)) || !name.contains('.') {
            out.push(path);
        }
    }
}

/// Whether a file is below a folder, by their names alone: links may lead elsewhere.
pub(crate) fn inside(folder: &Path, file: &Path) -> bool {
    let plain = |path: &Path| {
        let mut out = PathBuf::new();
        for part in absolute(path).unwrap_or_else(|_| path.to_owned()).components() {
            match part {
                Component::ParentDir => {
                    out.pop();
                }
                Component::CurDir => {}
                part => out.push(part),
            }
        }
        out
    };
    plain(file).starts_with(plain(folder))
}
