//! Home folders.

use super::{shadow, user::User};
use crate::prelude::*;
use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt, lchown},
    path::Path,
};

impl User {
    /// Makes the folder with its parents and fills it from the skeleton; all belongs to root yet.
    pub(super) fn fill_home(&self, home: &Path) -> Result<(), Failure> {
        let failed = |e: io::Error| Failure::new(format!("could not make {}: {e}", home.display()));
        if home.exists() {
            return Ok(());
        }
        fs::create_dir_all(home).map_err(failed)?;
        let skeleton = Path::new(self.skeleton.as_deref().unwrap_or("/etc/skel"));
        if skeleton.is_dir() {
            copy_tree(skeleton, home).map_err(failed)?;
        }
        if let Some(mode) = shadow::home_mode() {
            fs::set_permissions(home, fs::Permissions::from_mode(mode)).map_err(failed)?;
        }
        Ok(())
    }
}

/// Gives a folder and all that is in it to that user; links are not followed.
pub(super) fn give(path: &Path, uid: u32, gid: u32) -> Result<(), Failure> {
    let failed = |e: io::Error| Failure::new(format!("could not give {} away: {e}", path.display()));
    lchown(path, Some(uid), Some(gid)).map_err(failed)?;
    if fs::symlink_metadata(path).is_ok_and(|m| m.is_dir()) {
        for entry in fs::read_dir(path).map_err(failed)? {
            give(&entry.map_err(failed)?.path(), uid, gid)?;
        }
    }
    Ok(())
}

/// Copies a folder's content with its modes, links as links.
fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let meta = fs::symlink_metadata(&source)?;
        if meta.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
            continue;
        }
        if meta.is_dir() {
            fs::create_dir_all(&target)?;
            copy_tree(&source, &target)?;
        } else {
            fs::copy(&source, &target)?;
        }
        fs::set_permissions(&target, fs::Permissions::from_mode(meta.mode() & 0o7777))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::copy_tree;
    use std::{fs, os::unix::fs::PermissionsExt};

    #[test]
    fn a_skeleton_is_copied_with_modes_and_links() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("skel"), dir.path().join("home"));
        fs::create_dir_all(from.join("bin")).unwrap();
        fs::create_dir(&to).unwrap();
        fs::write(from.join("bin/tool"), "x").unwrap();
        fs::set_permissions(from.join("bin/tool"), fs::Permissions::from_mode(0o751)).unwrap();
        std::os::unix::fs::symlink("bin/tool", from.join("link")).unwrap();
        copy_tree(&from, &to).unwrap();
        let mode = fs::metadata(to.join("bin/tool")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o751);
        assert_eq!(fs::read_link(to.join("link")).unwrap().to_str(), Some("bin/tool"));
    }
}
