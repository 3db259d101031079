//! Folders beside the target in which packages are made ready, so that a rename puts them in their place.

use crate::{Failure, Package, Result, Version};
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};
use tempfile::TempDir;

const PREFIX: &str = ".kdo-staging-";

/// A folder of ours. Its lock tells others that we live.
pub(super) struct Staging {
    folder: TempDir,
    _lock: File,
}

impl Staging {
    /// A fresh folder.
    pub(super) fn near(folder: &Path) -> Result<Self> {
        let fresh = tempfile::Builder::new().prefix(PREFIX).tempdir_in(folder);
        let fresh = fresh.map_err(|e| Failure::file(folder, &e))?;
        let lock = File::open(fresh.path()).map_err(|e| Failure::file(fresh.path(), &e))?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|e| Failure::file(fresh.path(), &e.into()))?;
        Ok(Self {
            folder: fresh,
            _lock: lock,
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes what killed installers left. A folder that was made this moment may not be locked yet, so the young stay.
pub(super) fn clear(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let age = entry
            .metadata()
            .and_then(|m| m.modified())
            .ok()
            .and_then(|m| m.elapsed().ok());
        let old = age.is_some_and(|a| a.as_secs() >= 10);
        let dead = |file: &File| flock(file, FlockOperation::NonBlockingLockExclusive).is_ok();
        if old && File::open(entry.path()).is_ok_and(|f| dead(&f)) {
            // Who cannot clear up is none the worse for it.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A package that is ready.
pub(super) struct Staged {
    /// Where the bytes came from.
    pub(super) from: String,
    /// Keys that had signed it, and whose signatures were not found.
    pub(super) unsigned: Vec<String>,
    pub(super) staging: Staging,
    pub(super) folder: PathBuf,
    pub(super) target: PathBuf,
    pub(super) package: Package,
    pub(super) version: Version,
}
