//! What the modules that edit texts share: saving, messages and differences.

use super::file::{resolve, text};
use crate::{
    Failure, Host, Outcome,
    host::{FileAttrs, Save},
};
use kdo_value::{Map, Value};
use std::{fs, path::Path};

/// An edited file.
pub(super) struct Edit<'a> {
    /// The file.
    pub(super) path: &'a Path,
    /// Its content before; `None` if it was not there.
    pub(super) old: Option<&'a [u8]>,
    /// Its content after.
    pub(super) new: &'a [u8],
    /// What was done; empty if nothing.
    pub(super) message: String,
    pub(super) save: &'a Save,
    pub(super) attrs: &'a FileAttrs,
}

/// What saving gave.
pub(super) struct Saved {
    pub(super) outcome: Outcome,
    /// The copy of the old file, or empty.
    pub(super) backup: String,
}

fn headed(map: Map, header: &str) -> Value {
    map.insert("before_header", header);
    map.insert("after_header", header);
    map.into()
}

impl Edit<'_> {
    /// Writes the file if `changed`, sets its attributes, and gives `changed`, `msg` and `diff`.
    pub(super) fn save(self, host: &mut Host<'_>, changed: bool) -> Result<Saved, Failure> {
        let path = &resolve(self.path);
        let (mut backup, mut message) = (String::new(), self.message);
        if changed {
            host.mark_changed();
        }
        if changed && !host.check() {
            if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty() && !f.exists()) {
                host.make_directory(folder)?;
            }
            if self.save.backup && self.old.is_some() {
                backup = text(&host.backup(path)?);
            }
            host.replace(path, &mut &*self.new, self.save, &FileAttrs::default())?;
        }
        let (before, after) = (Map::new(), Map::new());
        let attributes = path.exists() && host.apply_noting(path, self.attrs, true, &before, &after)?;
        if attributes {
            if !message.is_empty() {
                message.push_str(" and ");
            }
            message.push_str("ownership, perms or SE linux context changed");
        }
        let mut outcome = Outcome::new().changed(changed || attributes).with("msg", message);
        if host.wants_diff() {
            let shown =
                |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
            let name = self.path.display();
            let content = Map::from_iter([("before", shown(self.old)), ("after", shown(Some(self.new)))]);
            let content = headed(content, &format!("{name} (content)"));
            if !path.exists() {
                outcome = outcome.with("diff", content);
                return Ok(Saved { outcome, backup });
            }
            let attrs = Map::new();
            if !after.is_empty() {
                attrs.insert("before", before);
                attrs.insert("after", after);
            }
            let attrs = headed(attrs, &format!("{name} (file attributes)"));
            outcome = outcome.with("diff", Value::list([content, attrs]));
        }
        Ok(Saved { outcome, backup })
    }
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
    if fs::metadata(path).is_err() && (path.symlink_metadata().is_err() || !path.exists()) {
        return if create {
            Ok(None)
        } else {
            Err(Failure::new(format!("{missing} {} does not exist !", path.display())).with("rc", 257_i64))
        };
    }
    host.read(path).map(Some)
}
