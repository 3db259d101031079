//! Reading the kernel's small files.

use rustix::{
    fs::{AtFlags, Dir, Mode, OFlags, accessat, open, openat, readlinkat},
    io::read,
};
use std::{fs, os::fd::OwnedFd, path::Path};

/// A folder of `/sys`, held open: hundreds of values are read from there, each by a short way.
pub(super) struct Folder(OwnedFd);

const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::PATH).union(OFlags::CLOEXEC);

impl Folder {
    /// Opens one; `None` if there is none.
    pub(super) fn open(path: &str) -> Option<Self> {
        open(path, FOLDER, Mode::empty()).ok().map(Self)
    }

    /// One below this.
    pub(super) fn folder(&self, name: &str) -> Option<Self> {
        openat(&self.0, name, FOLDER, Mode::empty()).ok().map(Self)
    }

    /// The value of an attribute; `None` if there is none, or it is empty.
    pub(super) fn word(&self, name: &str) -> Option<String> {
        let file = openat(&self.0, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
        // An attribute is at most one page, and one read gives it whole.
        let mut page = [0_u8; 4096];
        let length = read(&file, &mut page).ok()?;
        let text = String::from_utf8_lossy(page.get(..length)?).trim().to_owned();
        Some(text).filter(|t| !t.is_empty())
    }

    /// Whether there is something of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        accessat(&self.0, name, rustix::fs::Access::EXISTS, AtFlags::empty()).is_ok()
    }

    /// Where a link leads.
    pub(super) fn link(&self, name: &str) -> Option<String> {
        let target = readlinkat(&self.0, name, Vec::new()).ok()?;
        Some(target.to_string_lossy().into_owned())
    }

    /// The last part of where a link leads.
    pub(super) fn link_name(&self, name: &str) -> Option<String> {
        self.link(name)?.rsplit('/').next().map(str::to_owned)
    }

    /// Names in a folder below, sorted; empty if there is none.
    pub(super) fn names(&self, name: &str) -> Vec<String> {
        let folder = openat(&self.0, name, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        let entries = folder.and_then(Dir::new).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries
            .map(|e| e.file_name().to_string_lossy().into_owned())
            .filter(|n| n != "." && n != "..")
            .collect();
        names.sort();
        names
    }
}

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
