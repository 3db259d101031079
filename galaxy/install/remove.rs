//! Packages taken away again.

use super::info::remove_sources;
use crate::{Failure, Installed, Kind, Package, Result, installed::collections_folder, role_meta::is_role};
use std::{fs, path::Path};

/// Removes a package from one roles path or collections path; says whether it was there. A folder that holds no
/// package is left alone.
pub fn remove(package: &Package, path: &Path) -> Result<bool> {
    let Some(found) = Installed::below(package.clone(), path) else {
        return Ok(false);
    };
    let target = found.path.clone();
    if !found.is_managed() && package.kind() == Kind::Role && !is_role(&target) {
        return Ok(false);
    }
    let linked = fs::symlink_metadata(&target).is_ok_and(|m| m.is_symlink());
    // What is linked belongs to somebody else.
    let gone = if linked {
        fs::remove_file(&target)
    } else {
        fs::remove_dir_all(&target)
    };
    gone.map_err(|e| Failure::file(&target, &e))?;
    if package.kind() == Kind::Collection {
        remove_sources(&collections_folder(path), package);
        if let Some(namespace) = target.parent() {
            // Only an empty one goes.
            let _ = fs::remove_dir(namespace);
        }
    }
    Ok(true)
}
