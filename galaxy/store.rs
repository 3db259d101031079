//! Bytes by their hash, shared by all projects of a user: what was fetched once is not fetched again.
//!
//! A blob is written beside, brought to the disk and renamed, so that whoever is killed leaves at most a temporary
//! file, and any number of installers may write the same blob. Whoever reads one hashes it: a bad one is as none.

use crate::{Digest, Failure, Limits, Result, digest::Hashing, tree::file_digest};
use std::{
    fs::{self, File},
    io::{self, Read, Seek, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};
use tempfile::{NamedTempFile, TempDir};

/// Temporary files of the dead are removed when they are that old.
const STALE: Duration = Duration::from_secs(24 * 3600);

/// The store.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    limits: Limits,
    /// What stands in for a folder that cannot be written to, until the process ends.
    aside: Option<TempDir>,
}

/// Bytes on their way into the store.
pub struct Incoming {
    file: Hashing<NamedTempFile>,
    left: u64,
}

impl Store {
    /// The store in that folder, which is made.
    pub fn open(folder: &Path, limits: Limits) -> Result<Self> {
        let mut store = Self {
            folder: folder.to_owned(),
            limits,
            aside: None,
        };
        let made =
            fs::create_dir_all(store.temporary()).and_then(|()| NamedTempFile::new_in(store.temporary()));
        if made.is_err() {
            store.aside = Some(tempfile::tempdir()?);
            fs::create_dir_all(store.temporary())?;
        } else {
            store.clear_stale();
        }
        Ok(store)
    }

    /// The store of this user: `$KDO_GALAXY_STORE`, else below the cache folder.
    pub fn of_user(limits: Limits) -> Result<Self> {
        let set = |name: &str| {
            std::env::var_os(name)
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        };
        let folder = set("KDO_GALAXY_STORE")
            .or_else(|| Some(set("XDG_CACHE_HOME")?.join("kdo/galaxy")))
            .or_else(|| Some(std::env::home_dir()?.join(".cache/kdo/galaxy")));
        let folder = folder.ok_or_else(|| {
            Failure::invalid("there is no home folder for downloads; name a folder in KDO_GALAXY_STORE")
        })?;
        Self::open(&folder, limits)
    }

    /// How large packages may be.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    fn written(&self) -> &Path {
        self.aside.as_ref().map_or(&self.folder, TempDir::path)
    }

    fn temporary(&self) -> PathBuf {
        self.written().join("tmp")
    }

    fn blob(root: &Path, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        root.join("sha256").join(&hex[..2]).join(hex)
    }

    fn clear_stale(&self) {
        let old = |entry: &fs::DirEntry| {
            let modified = entry.metadata().and_then(|m| m.modified()).ok()?;
            SystemTime::now().duration_since(modified).ok()
        };
        // Whoever cannot clear up is none the worse for it.
        for entry in fs::read_dir(self.temporary()).into_iter().flatten().flatten() {
            if old(&entry).is_some_and(|age| age > STALE) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Begins a blob.
    pub fn incoming(&self) -> Result<Incoming> {
        let file =
            NamedTempFile::new_in(self.temporary()).map_err(|e| Failure::file(&self.temporary(), &e))?;
        Ok(Incoming {
            file: Hashing::new(file),
            left: self.limits.download,
        })
    }

    /// Keeps what came in, if it is what was announced.
    pub fn keep(&self, mut incoming: Incoming, announced: Option<&Digest>) -> Result<Digest> {
        incoming.flush()?;
        let (file, digest) = incoming.file.finish();
        if let Some(announced) = announced
            && digest != *announced
        {
            return Err(Failure::mismatch(format!(
                "the file has another hash than announced: {digest} instead of {announced}"
            ))
            .help("it was changed or cut on its way, or replaced on the server; nothing was installed"));
        }
        let path = Self::blob(self.written(), &digest);
        let write = || {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            file.as_file()
                .set_permissions(fs::Permissions::from_mode(0o444))?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|e| e.error)?;
            Ok(())
        };
        write().map_err(|e| Failure::file(&path, &e))?;
        Ok(digest)
    }

    /// Keeps bytes that are at hand.
    pub fn keep_bytes(&self, bytes: &[u8]) -> Result<Digest> {
        let mut incoming = self.incoming()?;
        incoming.write_all(bytes)?;
        self.keep(incoming, None)
    }

    /// A blob, at its start, after its hash was checked; none if it is not there. A bad one is removed.
    pub fn get(&self, digest: &Digest) -> Result<Option<File>> {
        for root in [self.written(), &self.folder] {
            let path = Self::blob(root, digest);
            let mut file = match File::open(&path) {
                Ok(file) => file,
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => return Err(Failure::file(&path, &e)),
            };
            let mut hashing = Hashing::new(&mut file);
            io::copy(&mut hashing, &mut io::sink()).map_err(|e| Failure::file(&path, &e))?;
            if hashing.finish().1 == *digest {
                file.rewind()?;
                return Ok(Some(file));
            }
            let _ = fs::remove_file(&path);
        }
        Ok(None)
    }

    /// Whether a blob seems to be there: its hash is not checked.
    pub(crate) fn holds(&self, digest: &Digest) -> bool {
        [self.written(), &self.folder]
            .into_iter()
            .any(|root| Self::blob(root, digest).is_file())
    }

    /// A blob that must be there.
    pub(crate) fn must_get(&self, digest: &Digest) -> Result<File> {
        let missing = || Failure::not_found(format!("{digest} is not in the store"));
        self.get(digest)?.ok_or_else(missing)
    }

    /// Writes a note under a name; names are whatever a caller makes up.
    pub(crate) fn note(&self, name: &str, text: &str) -> Result<()> {
        if self.noted(name).as_deref() == Some(text) {
            return Ok(());
        }
        let path = Self::note_path(self.written(), name);
        let write = || {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut file = NamedTempFile::new_in(self.temporary())?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|e| e.error)?;
            Ok(())
        };
        write().map_err(|e: io::Error| Failure::file(&path, &e))
    }

    /// What was noted under that name.
    pub(crate) fn noted(&self, name: &str) -> Option<String> {
        [self.written(), &self.folder]
            .into_iter()
            .find_map(|root| fs::read_to_string(Self::note_path(root, name)).ok())
    }

    fn note_path(root: &Path, name: &str) -> PathBuf {
        let hex = Digest::of(name.as_bytes()).hex();
        root.join("notes").join(&hex[..2]).join(hex)
    }

    /// Checks every blob; gives those that are bad.
    pub fn check(&self) -> Result<Vec<PathBuf>> {
        let mut bad = Vec::new();
        for folder in fs::read_dir(self.folder.join("sha256"))
            .into_iter()
            .flatten()
            .flatten()
        {
            for blob in fs::read_dir(folder.path())?.flatten() {
                if file_digest(&blob.path())?.hex() != blob.file_name().to_string_lossy() {
                    bad.push(blob.path());
                }
            }
        }
        Ok(bad)
    }
}

impl Write for Incoming {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            return Err(io::Error::other("the file is larger than a package may be"));
        };
        let n = self.file.write(bytes)?;
        self.left = left + (bytes.len() - n) as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Incoming {
    /// Bytes so far.
    pub(crate) fn size(&self) -> u64 {
        self.file.size
    }

    /// Takes all that a reader gives.
    pub fn take_all(&mut self, reader: &mut impl Read) -> Result<()> {
        io::copy(reader, self)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Store;
    use crate::{Cause, Digest, Limits};
    use std::{fs, io::Write, os::unix::fs::PermissionsExt};

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Limits::default()).unwrap();
        (folder, store)
    }

    #[test]
    fn a_changed_blob_is_as_none_and_can_be_written_again() {
        let (_folder, store) = store();
        let digest = store.keep_bytes(b"abc").unwrap();
        assert!(store.get(&digest).unwrap().is_some());
        let path = Store::blob(store.written(), &digest);
        fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        fs::write(&path, "abd").unwrap();
        assert_eq!(store.check().unwrap(), [path]);
        assert!(store.get(&digest).unwrap().is_none());
        store.keep_bytes(b"abc").unwrap();
        assert!(store.get(&digest).unwrap().is_some());
    }

    #[test]
    fn what_is_not_as_announced_is_not_kept() {
        let (_folder, store) = store();
        let mut incoming = store.incoming().unwrap();
        incoming.write_all(b"abc").unwrap();
        let failure = store.keep(incoming, Some(&Digest::of(b"x"))).unwrap_err();
        assert_eq!(failure.cause, Cause::Mismatch);
        assert!(store.get(&Digest::of(b"abc")).unwrap().is_none());
        assert_eq!(fs::read_dir(store.temporary()).unwrap().count(), 0);
    }

    #[test]
    fn a_store_that_cannot_be_written_to_is_read_and_something_stands_in_for_it() {
        let (folder, store) = store();
        let digest = store.keep_bytes(b"abc").unwrap();
        fs::remove_dir_all(store.temporary()).unwrap();
        // Also for root, who may write anywhere: no folder can be made where a file is.
        fs::write(folder.path().join("tmp"), "").unwrap();
        let late = Store::open(folder.path(), Limits::default()).unwrap();
        assert!(late.get(&digest).unwrap().is_some());
        let new = late.keep_bytes(b"new").unwrap();
        assert!(late.get(&new).unwrap().is_some());
        assert!(store.get(&new).unwrap().is_none());
    }

    #[test]
    fn a_download_has_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits {
            download: 10,
            ..Limits::default()
        };
        let store = Store::open(folder.path(), limits).unwrap();
        let mut incoming = store.incoming().unwrap();
        assert!(incoming.take_all(&mut [0; 11].as_slice()).is_err());
    }
}
