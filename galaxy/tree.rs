//! One hash of a folder's content: the same whether it came by git, in an archive, or lies installed.

use crate::{Digest, Failure, Result};
use std::{
    fmt::Write as _,
    fs::{self, File},
    io,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
};

/// Left by installers and repositories: no content.
const NO_CONTENT: &[&str] = &["meta/.galaxy_install_info", ".git"];

/// The hash over the sorted paths of files (with their content and whether they are programs) and links (with
/// where they lead). Empty folders, owners and times do not count: git has none of them.
pub fn tree_digest(folder: &Path) -> Result<Digest> {
    let mut text = String::new();
    for relative in files(folder)? {
        let path = folder.join(&relative);
        let metadata = fs::symlink_metadata(&path).map_err(|e| Failure::file(&path, &e))?;
        let name = kdo_value::json::quote(&relative.to_string_lossy(), true);
        if metadata.is_symlink() {
            let target = fs::read_link(&path).map_err(|e| Failure::file(&path, &e))?;
            let _ = writeln!(
                text,
                "link {name} {}",
                Digest::of(target.as_os_str().as_bytes()).hex()
            );
        } else {
            let word = if metadata.permissions().mode() & 0o100 == 0 {
                "file"
            } else {
                "program"
            };
            let _ = writeln!(text, "{word} {name} {}", file_digest(&path)?.hex());
        }
    }
    Ok(Digest::of(text.as_bytes()))
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
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(relative) = open.pop() {
        let path = folder.join(&relative);
        let entries = fs::read_dir(&path).map_err(|e| Failure::file(&path, &e))?;
        for entry in entries {
            let entry = entry.map_err(|e| Failure::file(&path, &e))?;
            let inner = relative.join(entry.file_name());
            if NO_CONTENT.iter().any(|n| inner == Path::new(n)) {
                continue;
            }
            let kind = entry.file_type().map_err(|e| Failure::file(&path, &e))?;
            if kind.is_dir() {
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
    found.sort_by(|a, b| a.as_os_str().as_bytes().cmp(b.as_os_str().as_bytes()));
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
