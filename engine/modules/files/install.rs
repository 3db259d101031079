//! A whole file put in its place: compared by checksum first, streamed when it is large.

use super::{file::resolve, stat::file_checksum};
use crate::{
    Failure, Host,
    host::{FileAttrs, Save},
};
use kdo_value::Map;
use sha1::Digest;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Larger files are not shown as a diff.
const DIFF_LIMIT: u64 = 104_448;

/// A NUL among the first bytes of a file tells that it is no text.
const BINARY_HEAD: usize = 8192;

/// Where a file's new content comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Content at hand.
    Bytes(Vec<u8>),
    /// Content that the controller offers under a name.
    Offered {
        /// Its name.
        name: String,
        /// Its length.
        size: u64,
        /// Its SHA-1.
        checksum: String,
    },
    /// A file of the host.
    File(PathBuf),
}

/// What was done.
#[derive(Debug, Default)]
pub struct Installed {
    /// Whether content or attributes were different.
    pub changed: bool,
    /// Whether the content was different.
    pub content_changed: bool,
    /// The copy of the old file.
    pub backup_file: Option<PathBuf>,
}

impl Source {
    /// SHA-1 of the content.
    pub fn checksum(&self) -> Result<String, Failure> {
        match self {
            Self::Bytes(bytes) => {
                Ok(super::stat::checksum(&mut bytes.as_slice(), "sha1").unwrap_or_default())
            }
            Self::Offered { checksum, .. } => Ok(checksum.clone()),
            Self::File(path) => file_checksum(path, "sha1")
                .ok_or_else(|| Failure::new(format!("Source {} not readable", path.display()))),
        }
    }

    fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Offered { size, .. } => *size,
            Self::File(path) => fs::metadata(path).map_or(0, |m| m.len()),
        }
    }

    /// Whether there is no content.
    pub fn is_empty(&self) -> bool {
        self.size() == 0
    }

    /// Whether `meta` is of a regular file at `path` with just this content.
    pub fn is_in(&self, path: &Path, meta: &fs::Metadata) -> Result<bool, Failure> {
        if !meta.is_file() || meta.len() != self.size() {
            return Ok(false);
        }
        Ok(match self {
            Self::Bytes(bytes) => fs::read(path).is_ok_and(|old| old == *bytes),
            _ => file_checksum(path, "sha1") == Some(self.checksum()?),
        })
    }

    fn write(&self, host: &mut Host<'_>, into: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Bytes(bytes) => into.write_all(bytes),
            Self::Offered { name, checksum, .. } => {
                let mut checked = Checked::new(into);
                host.link().fetch(name, &mut checked)?;
                if checked.sum() == *checksum {
                    return Ok(());
                }
                Err(io::Error::other(
                    "Copied file does not match the expected checksum. Transfer failed.",
                ))
            }
            Self::File(path) => io::copy(&mut fs::File::open(path)?, into).map(|_| ()),
        }
    }
}

/// Passes on what is written and computes its SHA-1.
struct Checked<'w> {
    into: &'w mut dyn io::Write,
    digest: sha1::Sha1,
}

impl<'w> Checked<'w> {
    fn new(into: &'w mut dyn io::Write) -> Self {
        Self {
            into,
            digest: sha1::Sha1::default(),
        }
    }

    fn sum(self) -> String {
        self.digest
            .finalize()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect()
    }
}

impl io::Write for Checked<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.into.write(bytes)?;
        self.digest.update(bytes.get(..n).unwrap_or_default());
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}

impl Host<'_> {
    /// Gives `dest` the content and the attributes. A link at `dest` is replaced, or followed with `follow`.
    pub fn install(
        &mut self,
        dest: &Path,
        source: &Source,
        title: &str,
        save: &Save,
        attrs: &FileAttrs,
        follow: bool,
    ) -> Result<Installed, Failure> {
        let dest = if follow && dest.is_symlink() {
            &resolve(dest)
        } else {
            dest
        };
        let mut done = Installed::default();
        let same = match self.lstat(dest)? {
            Some(meta) => source.is_in(dest, &meta)?,
            None => false,
        };
        if !same {
            (done.changed, done.content_changed) = (true, true);
            if self.wants_diff() {
                let difference = self.content_difference(dest, source, title)?;
                self.record(difference);
            }
            done.backup_file = self.put(dest, source, save, attrs)?;
            if self.check() {
                return Ok(done);
            }
        }
        done.changed |= self.apply(dest, attrs, false)?;
        Ok(done)
    }

    /// Replaces what is at `dest` by a file of this content; gives the copy of the old one, if it was to be kept.
    pub fn put(
        &mut self,
        dest: &Path,
        source: &Source,
        save: &Save,
        attrs: &FileAttrs,
    ) -> Result<Option<PathBuf>, Failure> {
        self.mark_changed();
        if self.check() {
            return Ok(None);
        }
        let backup = match save.backup && dest.exists() {
            true => Some(self.backup(dest)?),
            false => None,
        };
        let fill = &mut |host: &mut Host<'_>, file: &mut fs::File| {
            source.write(host, file)?;
            // A copy is as old as what it was made of.
            if let Source::File(path) = source
                && let Ok(meta) = fs::metadata(path)
            {
                let times = fs::FileTimes::new().set_modified(meta.modified()?);
                file.set_times(times.set_accessed(meta.accessed()?))?;
            }
            Ok(())
        };
        self.replace_filled(dest, fill, save, attrs)?;
        Ok(backup)
    }

    /// What differs between the file at `dest` and the new content, as far as both are texts of moderate size.
    pub fn content_difference(&mut self, dest: &Path, source: &Source, title: &str) -> Result<Map, Failure> {
        let out = Map::new();
        match fs::metadata(dest) {
            Err(_) => {
                out.insert("before", "");
            }
            Ok(meta) if !meta.is_file() => {}
            Ok(meta) if meta.len() > DIFF_LIMIT => {
                out.insert("dst_larger", DIFF_LIMIT);
            }
            Ok(_) => {
                let old = self.read(dest)?;
                if old.iter().take(BINARY_HEAD).any(|b| *b == 0) {
                    out.insert("dst_binary", 1);
                } else {
                    out.insert("before_header", dest.to_string_lossy().into_owned());
                    out.insert("before", String::from_utf8_lossy(&old).into_owned());
                }
            }
        }
        if source.size() > DIFF_LIMIT {
            out.insert("src_larger", DIFF_LIMIT);
            return Ok(out);
        }
        let mut new = Vec::new();
        source
            .write(self, &mut new)
            .map_err(|e| Failure::new(format!("could not read the new content: {e}")))?;
        if new.contains(&0) {
            out.insert("src_binary", 1);
        } else {
            out.insert("after_header", title);
            out.insert("after", String::from_utf8_lossy(&new).into_owned());
        }
        Ok(out)
    }
}
