//! Filling a new home folder.

use std::{
    fs,
    os::unix::fs::{MetadataExt, lchown},
    path::Path,
};

/// Copies a folder's content; everything belongs to the user then, links are copied as links.
pub(super) fn copy_tree(from: &Path, to: &Path, uid: u32, gid: u32) -> std::io::Result<()> {
    let Ok(entries) = fs::read_dir(from) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let meta = fs::symlink_metadata(&source)?;
        if meta.is_dir() {
            fs::create_dir_all(&target)?;
            copy_tree(&source, &target, uid, gid)?;
        } else if meta.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
        } else {
            fs::copy(&source, &target)?;
        }
        if !meta.is_symlink() {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(meta.mode() & 0o7777);
            fs::set_permissions(&target, mode)?;
        }
        lchown(&target, Some(uid), Some(gid))?;
    }
    Ok(())
}
