//! Owner, group, mode and attributes: the parameters that all file modules share, and their application.

use super::{Host, InodeFlags, mode::parse_mode};
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
    /// These permissions, and nothing else.
    pub fn of_mode(mode: u32) -> Self {
        Self {
            mode: Some(Raw(format!("{:04o}", mode & 0o7777).into())),
            ..Self::default()
        }
    }

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
        let (before, after) = (Map::new(), Map::new());
        let changed = self.apply_noting(path, attrs, follow, &before, &after)?;
        if !after.is_empty() {
            before.insert("path", path_text(path));
            after.insert("path", path_text(path));
            self.record_diff("", before, "", after);
        }
        Ok(changed)
    }

    /// The same, but what was and what is (would be) go into the caller's dicts instead of the diff.
    pub fn apply_noting(
        &mut self,
        path: &Path,
        attrs: &FileAttrs,
        follow: bool,
        before: &Map,
        after: &Map,
    ) -> Result<bool, Failure> {
        let read = || match follow {
            true => fs::metadata(path),
            false => fs::symlink_metadata(path),
        };
        let Ok(meta) = read() else {
            // In check mode the file may not be there yet; a broken link has no attributes of its own.
            return if self.check() || fs::symlink_metadata(path).is_ok() {
                Ok(false)
            } else {
                Err(Failure::new(format!("file not found: {}", path.display())))
            };
        };
        let named = |f: Failure| f.with("path", path_text(path));
        let owner = attrs.owner.as_deref().map(|o| self.uid_of(o)).transpose();
        let uid = owner.map_err(named)?.filter(|u| *u != meta.uid());
        let group = attrs.group.as_deref().map(|g| self.gid_of(g)).transpose();
        let gid = group.map_err(named)?.filter(|g| *g != meta.gid());
        let flags = if follow {
            AtFlags::empty()
        } else {
            AtFlags::SYMLINK_NOFOLLOW
        };
        let mut changed = uid.is_some() || gid.is_some();
        if let Some(uid) = uid {
            before.insert("owner", meta.uid());
            after.insert("owner", uid);
        }
        if let Some(gid) = gid {
            before.insert("group", meta.gid());
            after.insert("group", gid);
        }
        if changed && !self.check() {
            chownat(CWD, path, uid.map(Uid::from_raw), gid.map(Gid::from_raw), flags).map_err(|e| {
                let what = if uid.is_some() {
                    "chown failed"
                } else {
                    "chgrp failed"
                };
                named(Failure::new(format!("{what}: {e}: {}", path.display())))
            })?;
        }
        if let Some(Raw(spec)) = &attrs.mode {
            // A change of owner may have taken the set-user-id bits away.
            let now = if self.check() {
                meta.mode()
            } else {
                read().map_or(meta.mode(), |m| m.mode())
            } & 0o7777;
            let wanted =
                parse_mode(spec, meta.mode() & 0o7777, meta.is_dir(), self.umask()).map_err(|details| {
                    named(Failure::new("mode must be in octal or symbolic form").with("details", details))
                })?;
            if wanted != now {
                before.insert("mode", format!("0{:03o}", meta.mode() & 0o7777));
                after.insert("mode", format!("0{wanted:03o}"));
            }
            // A link's own mode cannot be changed; Ansible tells the difference all the same.
            if wanted != now && !meta.file_type().is_symlink() {
                changed = true;
                if !self.check() {
                    chmodat(CWD, path, Mode::from_raw_mode(wanted), AtFlags::empty()).map_err(|e| {
                        named(
                            Failure::new("chmod failed").with("details", format!("{e}: {}", path.display())),
                        )
                    })?;
                }
            }
        }
        if let Some(wanted) = &attrs.attributes {
            changed |= self.apply_chattr(path, wanted, before, after)?;
        }
        changed |= self.apply_context(path, attrs, follow, before, after)?;
        if changed {
            self.mark_changed();
        }
        Ok(changed)
    }

    /// The SELinux context, where the kernel has SELinux; elsewhere it is left alone, as Ansible does.
    fn apply_context(
        &mut self,
        path: &Path,
        attrs: &FileAttrs,
        follow: bool,
        before: &Map,
        after: &Map,
    ) -> Result<bool, Failure> {
        let wanted = [&attrs.seuser, &attrs.serole, &attrs.setype, &attrs.selevel];
        if wanted.iter().all(|w| w.is_none()) || !Path::new("/sys/fs/selinux/enforce").exists() {
            return Ok(false);
        }
        let mut buffer = vec![0; 1024];
        let read = if follow {
            rustix::fs::getxattr(path, "security.selinux", &mut buffer)
        } else {
            rustix::fs::lgetxattr(path, "security.selinux", &mut buffer)
        };
        let label = String::from_utf8_lossy(buffer.get(..read.unwrap_or(0)).unwrap_or_default()).into_owned();
        let label = label.trim_end_matches('\0').to_owned();
        let mut parts: Vec<String> = label.splitn(4, ':').map(str::to_owned).collect();
        parts.resize(4, String::new());
        for (part, wish) in parts.iter_mut().zip(wanted) {
            match wish.as_deref() {
                None | Some("_default") => {}
                Some(w) => *part = w.to_owned(),
            }
        }
        let new = parts.join(":").trim_end_matches(':').to_owned();
        if new == label {
            return Ok(false);
        }
        before.insert("secontext", Value::list(label.splitn(4, ':').map(Value::str)));
        after.insert("secontext", Value::list(new.splitn(4, ':').map(Value::str)));
        if !self.check() {
            let bytes = [new.as_bytes(), b"\0"].concat();
            let flags = rustix::fs::XattrFlags::empty();
            let done = if follow {
                rustix::fs::setxattr(path, "security.selinux", &bytes, flags)
            } else {
                rustix::fs::lsetxattr(path, "security.selinux", &bytes, flags)
            };
            done.map_err(|e| {
                Failure::new(format!("set selinux context failed: {e}")).with("path", path_text(path))
            })?;
        }
        Ok(true)
    }

    fn apply_chattr(
        &mut self,
        path: &Path,
        wanted: &str,
        before: &Map,
        after: &Map,
    ) -> Result<bool, Failure> {
        let (operator, letters) = match wanted.chars().next() {
            Some(c @ ('+' | '-' | '=')) => (c, wanted.get(1..).unwrap_or("")),
            _ => ('=', wanted),
        };
        let now = InodeFlags::of(path).map(|f| f.letters).unwrap_or_default();
        let has = |c: char| now.contains(c);
        let different = match operator {
            '+' => letters.chars().any(|c| !has(c)),
            '-' => letters.chars().any(has),
            _ => letters.chars().any(|c| !has(c)) || now.chars().any(|c| c != 'e' && !letters.contains(c)),
        };
        if different {
            before.insert("attributes", now.as_str());
            after.insert("attributes", format!("{operator}{letters}"));
        }
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
