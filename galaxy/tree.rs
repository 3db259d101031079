//! One hash of a folder's content: the same whether it came by git, in an archive, or lies installed.

use crate::{Digest, Failure, Result, content::Content};
use std::{
    fs::{self, File},
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// The file by which installers of roles know what they installed.
pub(crate) const INSTALL_INFO: &str = "meta/.galaxy_install_info";

/// What installers and repositories leave is no content.
pub(crate) const LEFT_OUT: &[&str] = &[INSTALL_INFO, ".git"];

/// The hash of what counts in a folder: see [`Content::digest`].
pub fn tree_digest(folder: &Path) -> Result<Digest> {
    Ok(Content::of_folder(folder)?.digest())
}

/// The hash of one file.
pub(crate) fn file_digest(path: &Path) -> Result<Digest> {
    let read = || {
        let mut hashing = crate::digest::Hashing::new(File::open(path)?);
        io::copy(&mut hashing, &mut io::sink())?;
        Ok(hashing.finish().1)
    };
    read().map_err(|e| Failure::file(path, &e))
}

/// Everything in a folder that is content and no folder, relative to it, sorted by bytes.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = walk(folder, |_| {})?;
    found.sort_by(|a, b| a.as_os_str().as_bytes().cmp(b.as_os_str().as_bytes()));
    Ok(found)
}

/// The same in no order; tells of each folder in it too.
pub(crate) fn walk(folder: &Path, mut inner_folder: impl FnMut(&Path)) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(relative) = open.pop() {
        let path = folder.join(&relative);
        let entries = fs::read_dir(&path).map_err(|e| Failure::file(&path, &e))?;
        for entry in entries {
            let entry = entry.map_err(|e| Failure::file(&path, &e))?;
            let inner = relative.join(entry.file_name());
            if LEFT_OUT.iter().any(|n| inner == Path::new(n)) {
                continue;
            }
            let kind = entry.file_type().map_err(|e| Failure::file(&path, &e))?;
            if kind.is_dir() {
                inner_folder(&inner);
                open.push(inner);
            } else if kind.is_file() || kind.is_symlink() {
                found.push(inner);
            } else {
                return Err(Failure::refused(format!(
                    "{} is neither file, folder nor link",
                    folder.join(inner).display()
                )));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::tree_digest;
    use std::{
        fs,
        os::unix::fs::{PermissionsExt, symlink},
    };

    #[test]
    fn content_counts_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("meta")).unwrap();
        fs::write(at("meta/main.yml"), "a").unwrap();
        let first = tree_digest(folder.path()).unwrap();
        fs::write(at("meta/.galaxy_install_info"), "x").unwrap();
        fs::create_dir(at("empty")).unwrap();
        assert_eq!(tree_digest(folder.path()).unwrap(), first);
        fs::set_permissions(at("meta/main.yml"), PermissionsExt::from_mode(0o755)).unwrap();
        let program = tree_digest(folder.path()).unwrap();
        assert_ne!(program, first);
        symlink("main.yml", at("meta/link")).unwrap();
        assert_ne!(tree_digest(folder.path()).unwrap(), program);
    }
}
