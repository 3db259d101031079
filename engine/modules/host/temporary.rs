//! Files and folders for a while: under names that nobody can guess, and only for this user.

use super::errno;
use crate::Failure;
use std::{
    fs,
    io::{ErrorKind, Read},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// What is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
}

/// Letters that nobody can guess.
pub(crate) fn random_name() -> Result<String, Failure> {
    let mut bytes = [0_u8; 8];
    fs::File::open("/dev/urandom")
        .and_then(|mut f| f.read_exact(&mut bytes))
        .map_err(|e| Failure::new(format!("no random numbers: {e}")))?;
    let letters = b"abcdefghijklmnopqrstuvwxyz012345";
    Ok(bytes
        .iter()
        .filter_map(|b| letters.get(usize::from(*b) % letters.len()))
        .map(|b| char::from(*b))
        .collect())
}

/// Makes an empty file or folder in `base`; its name begins and ends as said.
pub(crate) fn make(base: &Path, prefix: &str, suffix: &str, kind: Kind) -> Result<PathBuf, Failure> {
    for _ in 0..100 {
        let path = base.join(format!("{prefix}{}{suffix}", random_name()?));
        let made = match kind {
            Kind::Folder => fs::DirBuilder::new().mode(0o700).create(&path),
            Kind::File => fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
                .map(|_| ()),
        };
        match made {
            Ok(()) => return Ok(path),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(errno(&e, &path.to_string_lossy()).into()),
        }
    }
    Err(Failure::new(format!("no free name in {}", base.display())))
}

#[cfg(test)]
mod tests {
    use super::{Kind, make};
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn new_files_and_folders_are_private_and_different() {
        let dir = tempfile::tempdir().unwrap();
        let a = make(dir.path(), "a.", ".x", Kind::File).unwrap();
        let b = make(dir.path(), "a.", ".x", Kind::Folder).unwrap();
        assert_ne!(a, b);
        assert!(a.is_file() && b.is_dir() && a.to_string_lossy().ends_with(".x"));
        assert_eq!(a.metadata().unwrap().mode() & 0o777, 0o600);
        assert_eq!(b.metadata().unwrap().mode() & 0o777, 0o700);
        let gone = make(&dir.path().join("no"), "", "", Kind::File).unwrap_err();
        assert!(
            gone.message.starts_with("[Errno 2] No such file or directory: '"),
            "{}",
            gone.message
        );
    }
}
