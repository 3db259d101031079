//! Home folders.

use super::{shadow, user::User};
use crate::{host::io_failure, prelude::*};
use std::{
    fs, io,
    os::unix::fs::{MetadataExt, lchown},
    path::Path,
};

impl User {
    /// Makes the folder with its parents and fills it from the skeleton; all belongs to root yet.
    pub(super) fn fill_home(&self, host: &mut Host<'_>, home: &Path) -> Result<(), Failure> {
        if home.exists() {
            return Ok(());
        }
        host.quietly(|host| {
            host.make_directory(home)?;
            let skeleton = Path::new(self.skeleton.as_deref().unwrap_or("/etc/skel"));
            if skeleton.is_dir() {
                copy_tree(host, skeleton, home)?;
            }
            if let Some(mode) = shadow::home_mode() {
                host.apply(home, &FileAttrs::of_mode(mode), true)?;
            }
            Ok(())
        })
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
fn copy_tree(host: &mut Host<'_>, from: &Path, to: &Path) -> Result<(), Failure> {
    let unreadable = |path: &Path, e: io::Error| io_failure("could not read", path, &e);
    for entry in fs::read_dir(from).map_err(|e| unreadable(from, e))? {
        let entry = entry.map_err(|e| unreadable(from, e))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let meta = fs::symlink_metadata(&source).map_err(|e| unreadable(&source, e))?;
        if meta.is_symlink() {
            let leads_to = fs::read_link(&source).map_err(|e| unreadable(&source, e))?;
            host.make_symlink(&leads_to, &target)?;
        } else if meta.is_dir() {
            host.make_directory(&target)?;
            copy_tree(host, &source, &target)?;
            host.apply(&target, &FileAttrs::of_mode(meta.mode()), true)?;
        } else {
            let mut content = fs::File::open(&source).map_err(|e| unreadable(&source, e))?;
            host.replace(
                &target,
                &mut content,
                &Save::default(),
                &FileAttrs::of_mode(meta.mode()),
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::copy_tree;
    use crate::{Host, NoLink, host::Context};
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
        let mut link = NoLink;
        let mut host = Host::new(Context::default(), &mut link);
        copy_tree(&mut host, &from, &to).unwrap();
        let mode = fs::metadata(to.join("bin/tool")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o751);
        assert_eq!(fs::read_link(to.join("link")).unwrap().to_str(), Some("bin/tool"));
    }
}
