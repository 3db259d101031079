//! What the modules that edit texts share: saving, messages and differences.

use super::file::{resolve, text};
use crate::{
    Failure, Host, Outcome,
    host::{FileAttrs, Save},
    params::Raw,
};
use kdo_value::{Map, Value};
use std::{fs, os::unix::fs::MetadataExt, path::Path};

/// An edited file.
pub(super) struct Edit<'a> {
    /// The file as the user calls it.
    pub(super) path: &'a Path,
    /// A link at `path` is replaced by the file, not followed.
    pub(super) replace_link: bool,
    /// Its content before; `None` if it was not there.
    pub(super) old: Option<&'a [u8]>,
    /// Its content after.
    pub(super) new: &'a [u8],
    pub(super) save: &'a Save,
}

impl Edit<'_> {
    /// Writes the file, with its missing folders; gives the copy of the old one, or an empty text.
    pub(super) fn write(&self, host: &mut Host<'_>) -> Result<String, Failure> {
        host.mark_changed();
        if host.check() {
            return Ok(String::new());
        }
        let path = if self.replace_link {
            self.path.to_owned()
        } else {
            resolve(self.path)
        };
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty() && !f.exists()) {
            host.make_directory(folder)?;
        }
        let mut backup = String::new();
        if self.save.backup && self.old.is_some() {
            backup = text(&host.backup(self.path)?);
        }
        let attrs = if self.replace_link && path.is_symlink() {
            same_attributes(&path)
        } else {
            FileAttrs::default()
        };
        host.replace(&path, &mut &*self.new, self.save, &attrs)
            .inspect_err(|failure| {
                // What a `validate` command printed is in the message.
                for key in ["exit_status", "stdout", "stderr"] {
                    failure.values.remove(key);
                }
            })?;
        Ok(backup)
    }

    /// The difference of the contents; empty texts where differences are not wanted.
    pub(super) fn content_diff(&self, host: &Host<'_>) -> Value {
        let shown = |bytes: Option<&[u8]>| {
            let bytes = bytes.filter(|_| host.wants_diff()).unwrap_or_default();
            String::from_utf8_lossy(bytes).into_owned()
        };
        let map = Map::from_iter([("before", shown(self.old)), ("after", shown(Some(self.new)))]);
        headed(map, &format!("{} (content)", self.path.display()))
    }

    /// Writes the file if there is a `message` about it, sets its attributes, and gives `changed`, `msg` and `diff`,
    /// and the copy of the old file, or an empty text.
    pub(super) fn save(
        &self,
        host: &mut Host<'_>,
        mut message: String,
        attrs: &FileAttrs,
    ) -> Result<(Outcome, String), Failure> {
        let changed = !message.is_empty();
        let backup = if changed { self.write(host)? } else { String::new() };
        let content = self.content_diff(host);
        if !self.path.exists() {
            let outcome = Outcome::new().changed(changed).with("msg", message);
            return Ok((outcome.with("diff", content), backup));
        }
        let (before, after) = (Map::new(), Map::new());
        let attributes = apply_attributes(self.path, attrs, &mut message, host, &before, &after)?;
        let map = Map::new();
        if !after.is_empty() {
            map.insert("before", before);
            map.insert("after", after);
        }
        let map = headed(map, &format!("{} (file attributes)", self.path.display()));
        let outcome = Outcome::new()
            .changed(changed || attributes)
            .with("msg", message)
            .with("diff", Value::list([content, map]));
        Ok((outcome, backup))
    }
}

/// Sets attributes, of a link those of the link itself, and adds to the message that it did.
pub(super) fn apply_attributes(
    path: &Path,
    attrs: &FileAttrs,
    message: &mut String,
    host: &mut Host<'_>,
    before: &Map,
    after: &Map,
) -> Result<bool, Failure> {
    let changed = host.apply_noting(path, attrs, false, before, after)?;
    if changed {
        if !message.is_empty() {
            message.push_str(" and ");
        }
        message.push_str("ownership, perms or SE linux context changed");
    }
    Ok(changed)
}

fn headed(map: Map, header: &str) -> Value {
    map.insert("before_header", header);
    map.insert("after_header", header);
    map.into()
}

/// Owner and mode of the file behind a link, so that what replaces the link is not more open.
fn same_attributes(path: &Path) -> FileAttrs {
    fs::metadata(path).map_or_else(
        |_| FileAttrs::default(),
        |meta| FileAttrs {
            mode: Some(Raw(Value::Int(i64::from(meta.mode() & 0o7777)))),
            owner: Some(meta.uid().to_string()),
            group: Some(meta.gid().to_string()),
            ..FileAttrs::default()
        },
    )
}

/// The content of a file to edit: `None` if it is missing and may be made.
pub(super) fn load(
    path: &Path,
    create: bool,
    missing: &str,
    host: &Host<'_>,
) -> Result<Option<Vec<u8>>, Failure> {
    if path.is_dir() {
        return Err(Failure::new(format!("Path {} is a directory !", path.display())).with("rc", 256_i64));
    }
    if path.exists() {
        return host.read(path).map(Some);
    }
    if create {
        Ok(None)
    } else {
        Err(Failure::new(format!("{missing} {} does not exist !", path.display())).with("rc", 257_i64))
    }
}
