//! What `find` reads and tells of a file.

use super::{
    encoding::{Encoding, Undecodable},
    file::text,
};
use crate::{Host, pyregex::Pattern};
use kdo_value::Map;
use std::{fs, os::unix::fs::MetadataExt, path::Path};

/// Bytes that Python reads of a text at once.
const PIECE: usize = 8192;

/// What a file's content must be.
pub(super) struct Content {
    /// A line begins with it, or the `whole` content has it anywhere.
    pub(super) pattern: Pattern,
    pub(super) whole: bool,
    /// How files are encoded; UTF-8 unless the user says.
    pub(super) encoding: Option<String>,
}

impl Content {
    fn begins(&self, text: &str) -> bool {
        let mut lines = text.split_inclusive('\n');
        lines.any(|line| self.pattern.matches_start(line).unwrap_or(false))
    }

    /// Whether the file's content is so; that of a file which cannot be read is not. An error says that the file is
    /// not encoded as the user says.
    pub(super) fn is_in(&self, path: &Path, host: &mut Host<'_>) -> Result<bool, String> {
        let Ok(bytes) = fs::read(path) else {
            return Ok(false);
        };
        let name = self.encoding.as_deref();
        let encoding = Encoding::named(name.unwrap_or("utf-8"));
        let at = match encoding.decode(&bytes, host) {
            Ok(text) if self.whole => return Ok(self.pattern.is_match(&plain(&text)).unwrap_or(false)),
            Ok(text) => return Ok(self.begins(&plain(&text))),
            Err(Undecodable::At(at)) => at,
            Err(Undecodable::Unknown) => {
                return Err(format!("unknown encoding: {}", name.unwrap_or_default()));
            }
        };
        // Python reads in pieces, so that it finds what comes before the piece that is no text.
        let before = bytes.get(..at - at % PIECE).unwrap_or_default();
        if !self.whole
            && let Ok(text) = encoding.decode(before, host)
        {
            let text = plain(&text);
            let lines = text.rfind('\n').map_or("", |end| text.get(..=end).unwrap_or(""));
            if self.begins(lines) {
                return Ok(true);
            }
        }
        Err(format!(
            "Failed to read the file {} due to an encoding error. current encoding: {}",
            path.display(),
            name.unwrap_or("None (default determined by the Python built-in function \"open\")")
        ))
    }
}

/// The text with Unix line ends, as Python reads it.
fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// What the result says of a file.
pub(super) fn describe(path: &Path, meta: &fs::Metadata, host: &mut Host<'_>) -> Map {
    let (mode, kind) = (meta.mode(), meta.file_type());
    let map = Map::new();
    map.insert("path", text(path));
    map.insert("mode", format!("{:04o}", mode & 0o7777));
    for (name, value) in super::stat::kinds(kind) {
        map.insert(name, value);
    }
    map.insert("uid", meta.uid());
    map.insert("gid", meta.gid());
    map.insert("size", meta.size());
    map.insert("inode", meta.ino());
    map.insert("dev", meta.dev());
    map.insert("nlink", meta.nlink());
    let time = |s: i64, n: i64| s as f64 + n as f64 / 1e9;
    map.insert("atime", time(meta.atime(), meta.atime_nsec()));
    map.insert("mtime", time(meta.mtime(), meta.mtime_nsec()));
    map.insert("ctime", time(meta.ctime(), meta.ctime_nsec()));
    map.insert(
        "gr_name",
        host.accounts()
            .group_by_id(meta.gid())
            .map_or_else(String::new, |g| g.name),
    );
    map.insert(
        "pw_name",
        host.accounts()
            .user_by_id(meta.uid())
            .map_or_else(String::new, |u| u.name),
    );
    for (name, bit) in [
        ("wusr", 0o200),
        ("rusr", 0o400),
        ("xusr", 0o100),
        ("wgrp", 0o020),
        ("rgrp", 0o040),
        ("xgrp", 0o010),
        ("woth", 0o002),
        ("roth", 0o004),
        ("xoth", 0o001),
        ("isuid", 0o4000),
        ("isgid", 0o2000),
    ] {
        map.insert(name, mode & bit != 0);
    }
    map
}
