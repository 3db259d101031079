//! A whole file put in its place: compared by checksum first, streamed when it is large.

use super::{file::resolve, stat::file_checksum};
use crate::{
    Failure, Host,
    host::{FileAttrs, Save},
};
use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Larger files are not shown as a diff.
const DIFF_LIMIT: u64 = 104_448;

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

    fn write(&self, host: &mut Host<'_>, into: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Bytes(bytes) => into.write_all(bytes),
            Self::Offered { name, .. } => host.link().fetch(name, into).map(|_| ()),
            Self::File(path) => io::copy(&mut fs::File::open(path)?, into).map(|_| ()),
        }
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
        let old = self.lstat(dest)?.filter(fs::Metadata::is_file);
        let same = match &old {
            Some(meta) => {
                meta.len() == source.size() && file_checksum(dest, "sha1") == Some(source.checksum()?)
            }
            None => false,
        };
        if !same {
            (done.changed, done.content_changed) = (true, true);
            self.mark_changed();
            self.file_diff(dest, source, title)?;
            if self.check() {
                return Ok(done);
            }
            if save.backup && (old.is_some() || dest.is_symlink()) {
                done.backup_file = Some(self.backup(dest)?);
            }
            let expected = source.checksum()?;
            self.replace_filled(dest, &mut |host, file| source.write(host, file), save, attrs)?;
            if matches!(source, Source::Offered { .. }) && file_checksum(dest, "sha1") != Some(expected) {
                return Err(Failure::new(
                    "Copied file does not match the expected checksum. Transfer failed.",
                ));
            }
        }
        done.changed |= self.apply(dest, attrs, false)?;
        Ok(done)
    }

    fn file_diff(&mut self, dest: &Path, source: &Source, title: &str) -> Result<(), Failure> {
        if !self.wants_diff() {
            return Ok(());
        }
        let text = |bytes: Vec<u8>| match String::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => text,
            _ => "[binary content]".to_owned(),
        };
        let mut old = Vec::new();
        if let Ok(file) = fs::File::open(dest) {
            let _ = file.take(DIFF_LIMIT + 1).read_to_end(&mut old);
        }
        let large = |size: u64| format!("[{size} bytes, too many to show]");
        let before = if old.len() as u64 > DIFF_LIMIT {
            large(fs::metadata(dest).map_or(0, |m| m.len()))
        } else {
            text(old)
        };
        let after = if source.size() > DIFF_LIMIT {
            large(source.size())
        } else {
            let mut new = Vec::new();
            source
                .write(self, &mut new)
                .map_err(|e| Failure::new(format!("could not read the new content: {e}")))?;
            text(new)
        };
        let header = dest.to_string_lossy().into_owned();
        self.record_diff(&header, before, title, after);
        Ok(())
    }
}
