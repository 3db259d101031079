//! Owner, group, mode and attributes: the parameters that all file modules share, and their application.

use super::{Host, mode::parse_mode};
use crate::{Failure, params::Raw};
use kdo_derive::Params;
use kdo_value::{Map, Value};
use rustix::fs::{AtFlags, CWD, Gid, Mode, Uid, chmodat, chownat};
use std::{fs, os::unix::fs::MetadataExt, path::Path};

/// Attributes of a file.
#[derive(Params, Clone, Default)]
pub struct FileAttrs {
    /// Permissions, octal (quoted, with a leading zero) or symbolic.
    pub mode: Option<Raw>,
    /// Name or number of the owner.
    pub owner: Option<String>,
    /// Name or number of the group.
    pub group: Option<String>,
    /// User part of the SELinux context.
    pub seuser: Option<String>,
    /// Role part of the SELinux context.
    pub serole: Option<String>,
    /// Type part of the SELinux context.
    pub setype: Option<String>,
    /// Level part of the SELinux context.
    pub selevel: Option<String>,
    /// Attributes as `chattr` names them, with `+`, `-` or `=`.
    #[param(alias = "attr")]
    pub attributes: Option<String>,
}

impl FileAttrs {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.mode.is_none() && self.owner.is_none() && self.group.is_none() && self.attributes.is_none()
    }
}

impl Host<'_> {
    /// The permissions that a new file does not get.
    pub fn umask(&self) -> u32 {
        self.context().umask.unwrap_or_else(|| {
            let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
            let line = status.lines().find_map(|l| l.strip_prefix("Umask:"));
            line.and_then(|l| u32::from_str_radix(l.trim(), 8).ok())
                .unwrap_or(0o022)
        })
    }

    /// The number of a user given by name or number.
    pub fn uid_of(&mut self, owner: &str) -> Result<u32, Failure> {
        if let Some(user) = self.accounts().user(owner) {
            return Ok(user.uid);
        }
        owner
            .parse()
            .map_err(|_| Failure::new(format!("chown failed: failed to look up user {owner}")))
    }

    /// The number of a group given by name or number.
    pub fn gid_of(&mut self, group: &str) -> Result<u32, Failure> {
        if let Some(group) = self.accounts().group(group) {
            return Ok(group.gid);
        }
        group
            .parse()
            .map_err(|_| Failure::new(format!("chgrp failed: failed to look up group {group}")))
    }

    /// Gives an existing file its attributes; says whether one was different. `follow`: those of a link's target.
    pub fn apply(&mut self, path: &Path, attrs: &FileAttrs, follow: bool) -> Result<bool, Failure> {
        let meta = if follow {
            fs::metadata(path)
        } else {
            fs::symlink_metadata(path)
        };
        let Ok(meta) = meta else {
            // In check mode the file may not be there yet; a broken link has no attributes of its own.
            return if self.check() || fs::symlink_metadata(path).is_ok() {
                Ok(false)
            } else {
                Err(Failure::new(format!("file not found: {}", path.display())))
            };
        };
        let uid = attrs
            .owner
            .as_deref()
            .map(|o| self.uid_of(o))
            .transpose()?
            .filter(|u| *u != meta.uid());
        let gid = attrs
            .group
            .as_deref()
            .map(|g| self.gid_of(g))
            .transpose()?
            .filter(|g| *g != meta.gid());
        let flags = if follow {
            AtFlags::empty()
        } else {
            AtFlags::SYMLINK_NOFOLLOW
        };
        let (before, after) = (Map::new(), Map::new());
        if let Some(uid) = uid {
            before.insert("owner", meta.uid());
            after.insert("owner", uid);
        }
        if let Some(gid) = gid {
            before.insert("group", meta.gid());
            after.insert("group", gid);
        }
        if (uid.is_some() || gid.is_some()) && !self.check() {
            chownat(CWD, path, uid.map(Uid::from_raw), gid.map(Gid::from_raw), flags).map_err(|e| {
                Failure::new(format!("chown failed: {e}: {}", path.display())).with("path", path_text(path))
            })?;
        }
        if let Some(Raw(spec)) = &attrs.mode
            && !meta.file_type().is_symlink()
        {
            let now = if self.check() {
                meta.mode()
            } else {
                fs::metadata(path).map_or(meta.mode(), |m| m.mode())
            } & 0o7777;
            let wanted = parse_mode(spec, meta.mode() & 0o7777, meta.is_dir(), self.umask())?;
            if wanted != now {
                before.insert("mode", format!("0{:03o}", meta.mode() & 0o7777));
                after.insert("mode", format!("0{wanted:03o}"));
                if !self.check() {
                    chmodat(CWD, path, Mode::from_raw_mode(wanted), AtFlags::empty())
                        .map_err(|e| Failure::new(format!("chmod failed: {e}: {}", path.display())))?;
                }
            }
        }
        let mut changed = !after.is_empty();
        if changed {
            before.insert("path", path_text(path));
            after.insert("path", path_text(path));
            self.record_diff("", before, "", after);
        }
        if let Some(wanted) = &attrs.attributes {
            changed |= self.apply_chattr(path, wanted)?;
        }
        if changed {
            self.mark_changed();
        }
        Ok(changed)
    }

    fn apply_chattr(&mut self, path: &Path, wanted: &str) -> Result<bool, Failure> {
        let (operator, letters) = match wanted.chars().next() {
            Some(c @ ('+' | '-' | '=')) => (c, wanted.get(1..).unwrap_or("")),
            _ => ('=', wanted),
        };
        let out = self.query(super::Command::new("lsattr").arg("-d").path(path))?;
        let now = out
            .stdout_text()
            .split_whitespace()
            .next()
            .unwrap_or("")
            .replace('-', "");
        let has = |c: char| now.contains(c);
        let different = match operator {
            '+' => letters.chars().any(|c| !has(c)),
            '-' => letters.chars().any(has),
            _ => letters.chars().any(|c| !has(c)) || now.chars().any(|c| c != 'e' && !letters.contains(c)),
        };
        if different && !self.check() {
            let out = self.query(
                super::Command::new("chattr")
                    .arg(format!("{operator}{letters}"))
                    .path(path),
            )?;
            if out.rc != 0 {
                return Err(Failure::new(format!(
                    "chattr failed: {}",
                    out.stderr_text().trim()
                )));
            }
        }
        Ok(different)
    }
}

/// A path as a value.
pub(crate) fn path_text(path: &Path) -> Value {
    Value::str(path.to_string_lossy())
}
