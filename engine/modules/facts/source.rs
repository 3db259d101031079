//! Reading the kernel's small files.

use std::{fs, path::Path};

/// A file's text without blanks at its ends; `None` if it cannot be read.
pub(super) fn text(path: impl AsRef<Path>) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// The same, empty files counting as none.
pub(super) fn word(path: impl AsRef<Path>) -> Option<String> {
    text(path).filter(|t| !t.is_empty())
}

/// Names in a folder, sorted; empty if there is none.
pub(super) fn names(path: impl AsRef<Path>) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The last part of where a link leads.
pub(super) fn link_name(path: impl AsRef<Path>) -> Option<String> {
    let target = fs::read_link(path).ok()?;
    Some(target.file_name()?.to_string_lossy().into_owned())
}
