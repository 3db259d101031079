//! Files whose content is a secret.

use std::{
    fs::{self, File, Permissions},
    io::{Read, Result, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

/// The bytes of a file.
pub fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Puts the bytes in the place of a file in one step, readable for its owner only. A link stays: the file it points to is
/// replaced. Whatever happens there is either the old file or the new one.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, bytes, None)
}

/// As [`write`], but the file keeps its owner's permissions.
pub fn rewrite(path: &Path, bytes: &[u8]) -> Result<()> {
    let about = fs::metadata(path)?;
    replace(path, bytes, Some(about.permissions()))
}

fn replace(path: &Path, bytes: &[u8], permissions: Option<Permissions>) -> Result<()> {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = match real.parent() {
        Some(p) if !p.as_os_str().is_empty() => p.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    if let Some(permissions) = permissions {
        let mode = permissions.mode() & 0o777;
        file.as_file().set_permissions(Permissions::from_mode(mode))?;
    }
    file.as_file().sync_all()?;
    file.persist(&real).map_err(|e| e.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{read, rewrite, write};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    #[test]
    fn what_is_written_is_private_and_links_stay_links() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("f"), dir.path().join("l"));
        std::fs::write(&file, "old").unwrap();
        symlink(&file, &link).unwrap();
        write(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(read(&file).unwrap().as_slice(), b"new");
        let mode = || std::fs::metadata(&file).unwrap().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
        rewrite(&file, b"newer").unwrap();
        assert_eq!((mode(), read(&file).unwrap().as_slice()), (0o640, &b"newer"[..]));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
