//! `copy`: files get their content, from the controller or from elsewhere on the host.

use super::{
    copy_tree,
    file::{resolve, text},
    install::Source,
    stat::file_checksum,
};
use crate::{params::Raw, prelude::*};
use kdo_value::json;
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// Copy files and folders to a host or within it
///
/// `src` is found on the controller, or on the host with `remote_src`; `content` is written as it is. Only files whose
/// content differs are transferred.
#[derive(Params)]
#[params(exclusive(src, content))]
pub struct Copy {
    /// File or folder to copy; a folder that ends with `/` means what is in it.
    pub(super) src: Option<PathBuf>,
    /// The content itself; lists and dicts are written as JSON.
    content: Option<Raw>,
    /// Where to; with a `/` at the end, a folder that is made if missing.
    #[param(required)]
    pub(super) dest: PathBuf,
    /// Replace a file that is there with other content.
    #[param(default = true)]
    pub(super) force: bool,
    /// Write to the target of a link at `dest` instead of replacing the link.
    #[param(default = false)]
    follow: bool,
    /// Permissions of folders that are made.
    pub(super) directory_mode: Option<Raw>,
    /// `src` is on the host.
    #[param(default = false)]
    remote_src: bool,
    /// SHA-1 that the source must have.
    checksum: Option<String>,
    /// Decrypt sources that are encrypted with a vault password.
    #[param(default = true)]
    decrypt: bool,
    /// Copy what links in a source folder point to instead of the links.
    pub(super) local_follow: Option<bool>,
    #[param(flatten)]
    pub(super) save: Save,
    #[param(flatten)]
    pub(super) attrs: FileAttrs,
    #[param(hidden)]
    _kdo_content: Option<Raw>,
    #[param(hidden)]
    _kdo_size: Option<u64>,
    #[param(hidden)]
    _kdo_checksum: Option<String>,
    #[param(hidden)]
    pub(super) _kdo_name: Option<String>,
    #[param(hidden)]
    _kdo_mode: Option<i64>,
    #[param(hidden)]
    pub(super) _kdo_tree: Option<Raw>,
    /// Put together by `assemble`: always shown, never asked for the folder it may go into.
    #[param(hidden, default = false)]
    _kdo_assembled: bool,
    #[param(hidden)]
    pub(super) _kdo_original: Option<String>,
}

/// The content that the controller sent, or that the user gave.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::Bytes(bytes) => bytes.to_vec(),
        Value::Str(text) => text.as_str().as_bytes().to_vec(),
        Value::Map(_) | Value::List(_) => json::line(value).into_bytes(),
        other => other.to_text().into_bytes(),
    }
}

/// One file to be copied.
pub(super) struct Order<'a> {
    pub(super) source: &'a Source,
    pub(super) dest: &'a Path,
    /// Its name in the folder that `dest` may turn out to be; none for `content`.
    pub(super) name: Option<&'a str>,
    /// Where it comes from, for the result.
    pub(super) title: &'a str,
    /// The source's mode.
    pub(super) mode: Option<u32>,
}

/// What is at a destination.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum There {
    /// Something that is not to be replaced.
    Kept,
    /// A file with the content.
    Same,
    /// Something else, or nothing.
    Other,
}

/// A destination that was looked at.
pub(super) struct Found {
    path: PathBuf,
    pub(super) state: There,
}

impl Copy {
    fn source(&self) -> Result<Source, Failure> {
        if self.remote_src {
            let src = self.src.clone().unwrap_or_default();
            let Ok(meta) = fs::metadata(&src) else {
                return Err(Failure::new(format!("Source {} not found", src.display())));
            };
            if rustix::fs::access(&src, rustix::fs::Access::READ_OK).is_err() {
                return Err(Failure::new(format!("Source {} not readable", src.display())));
            }
            if !meta.is_file() && !meta.is_dir() {
                return Err(Failure::new(format!(
                    "Cannot copy invalid source '{}': not a file",
                    src.display()
                )));
            }
            return Ok(Source::File(src));
        }
        if let Some(Raw(content)) = self._kdo_content.as_ref().or(self.content.as_ref()) {
            return Ok(Source::Bytes(bytes(content)));
        }
        match (self._kdo_size, &self._kdo_checksum) {
            (Some(size), Some(checksum)) => Ok(Source::Offered {
                name: "content".into(),
                size,
                checksum: checksum.clone(),
            }),
            _ if self.src.is_some() => Err(Failure::new("the source was not offered by the controller")),
            _ => Err(Failure::new("src (or content) is required")),
        }
    }

    /// `mode: preserve` replaced by the mode of the source.
    pub(super) fn attributes(&self, source_mode: Option<u32>) -> FileAttrs {
        let mut attrs = self.attrs.clone();
        if let Some(Raw(mode)) = &attrs.mode
            && mode.as_str() == Some("preserve")
        {
            attrs.mode = source_mode.map(|m| Raw(Value::Int(i64::from(m & 0o7777))));
        }
        attrs
    }

    /// The attributes of folders that are made.
    pub(super) fn directory_attributes(&self, source_mode: Option<u32>) -> FileAttrs {
        let mode = match &self.directory_mode {
            Some(Raw(mode)) if mode.as_str() == Some("preserve") => {
                source_mode.map(|m| Raw(Value::Int(i64::from(m & 0o7777))))
            }
            other => other.clone(),
        };
        FileAttrs {
            mode,
            ..self.attrs.clone()
        }
    }

    /// Makes the missing folders above a destination, with the attributes asked for folders.
    pub(super) fn make_parents(&self, host: &mut Host<'_>, folder: &Path) -> Result<(), Failure> {
        let attrs = self.directory_attributes(None);
        let mut at = PathBuf::new();
        for part in folder.components() {
            at.push(part);
            if !at.exists() && host.make_directory(&at)? && !host.check() {
                host.apply(&at, &attrs, true)?;
            }
        }
        Ok(())
    }

    /// What is at the place where a file goes.
    pub(super) fn examine(&self, order: &Order<'_>) -> Result<Found, Failure> {
        let examine = |path: &Path| match self.follow {
            true => fs::metadata(path).ok(),
            false => fs::symlink_metadata(path).ok(),
        };
        let mut path = order.dest.to_owned();
        if text(&path).ends_with('/') {
            path = path.join(order.name.unwrap_or_default());
        }
        let mut meta = examine(&path);
        if meta.as_ref().is_some_and(fs::Metadata::is_dir) {
            let Some(name) = order.name else {
                return Err(
                    Failure::new("can not use content with a dir as dest").with("diff", Value::list([]))
                );
            };
            path = path.join(name);
            meta = examine(&path);
        }
        let state = match meta {
            Some(_) if !self.force => There::Kept,
            Some(meta) if order.source.is_in(&path, &meta)? => There::Same,
            _ => There::Other,
        };
        Ok(Found { path, state })
    }

    /// Brings what the controller sends: nothing is written where the content is there already.
    pub(super) fn bring(
        &self,
        host: &mut Host<'_>,
        order: &Order<'_>,
        found: Found,
    ) -> Result<Outcome, Failure> {
        if found.state == There::Kept {
            host.omit_file_info();
            return Ok(Outcome::new()
                .with("dest", text(order.dest))
                .with("src", order.title)
                .changed(false));
        }
        let checksum = order.source.checksum()?;
        if found.state == There::Same {
            return self.attributes_only(host, order, &found.path, checksum);
        }
        let difference = if host.wants_diff() {
            let content = order.name.is_none() && !order.source.is_empty();
            let header = match content {
                true => text(&found.path),
                false => order.title.to_owned(),
            };
            Value::list([host
                .content_difference(&found.path, order.source, &header)?
                .into()])
        } else {
            Value::list([])
        };
        if host.check() {
            host.mark_changed();
            host.omit_file_info();
            return Ok(Outcome::new().changed(true).with("diff", difference));
        }
        match self.place(host, order, checksum.clone()) {
            Ok(outcome) => Ok(outcome.with("diff", difference)),
            Err(failure) if failure.values.contains("checksum") => Err(failure.with("diff", difference)),
            Err(failure) => Err(failure.with("checksum", checksum).with("diff", difference)),
        }
    }

    /// What `assemble` has put together on the controller.
    fn assembled(&self, host: &mut Host<'_>, order: &Order<'_>) -> Result<Outcome, Failure> {
        let difference = host.content_difference(order.dest, order.source, order.title)?;
        let checksum = order.source.checksum()?;
        let outcome = host.quietly(|host| self.place(host, order, checksum))?;
        Ok(match host.wants_diff() {
            true => outcome.with("diff", difference),
            false => outcome,
        })
    }

    /// Attributes of a file whose content is right.
    fn attributes_only(
        &self,
        host: &mut Host<'_>,
        order: &Order<'_>,
        path: &Path,
        checksum: String,
    ) -> Result<Outcome, Failure> {
        let real = match self.follow && path.is_symlink() {
            true => resolve(path),
            false => path.to_owned(),
        };
        let (before, after) = (Map::new(), Map::new());
        before.insert("path", text(&real));
        after.insert("path", text(&real));
        let attrs = self.attributes(order.mode);
        let changed = host.apply_noting(&real, &attrs, true, &before, &after)?;
        let difference = match host.wants_diff() {
            true => Map::from_iter([("before", Value::Map(before)), ("after", Value::Map(after))]).into(),
            false => Value::list([]),
        };
        Ok(Outcome::new()
            .with("path", text(&real))
            .with("dest", text(&real))
            .with("checksum", checksum)
            .with("diff", difference)
            .changed(changed))
    }

    /// Puts the file in its place.
    fn place(&self, host: &mut Host<'_>, order: &Order<'_>, checksum: String) -> Result<Outcome, Failure> {
        let name = order.name.unwrap_or_default();
        if let Some(wanted) = self
            .checksum
            .as_ref()
            .filter(|w| !w.is_empty() && **w != checksum)
        {
            return Err(
                Failure::new("Copied file does not match the expected checksum. Transfer failed.")
                    .with("checksum", checksum)
                    .with("expected_checksum", wanted.as_str()),
            );
        }
        let mut dest = order.dest.to_owned();
        if text(&dest).ends_with('/') {
            if !dest.exists() && host.check() {
                let folder = text(&dest);
                let folder = folder.trim_end_matches('/');
                return Ok(Outcome::new()
                    .with("msg", format!("dest directory {folder} would be created"))
                    .with("src", order.title)
                    .changed(true));
            }
            dest = dest.join(name);
            self.make_parents(host, dest.parent().unwrap_or(Path::new("/")))?;
        }
        if dest.is_dir() {
            dest = dest.join(name);
        }
        if dest.exists() {
            if self.follow && dest.is_symlink() {
                dest = resolve(&dest);
            }
            if !self.force {
                return Ok(Outcome::new()
                    .with("msg", "file already exists")
                    .with("src", order.title)
                    .with("dest", text(&dest))
                    .changed(false));
            }
        }
        let folder = dest.parent().filter(|p| !p.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        if !folder.exists() {
            let text = format!("Destination directory {} does not exist", folder.display());
            return Err(Failure::new(text));
        }
        if !self.save.unsafe_writes && rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_err() {
            return Err(Failure::new(format!(
                "Destination {} not writable",
                folder.display()
            )));
        }
        let mut attrs = self.attributes(order.mode);
        let same = match host.lstat(&dest)? {
            Some(meta) => order.source.is_in(&dest, &meta)?,
            None => false,
        };
        if self.remote_src && !same && dest.exists() {
            // A copy within the host takes nothing over from the file that it replaces.
            let mode = order.mode.map(|m| Raw(Value::Int(i64::from(m & 0o7777))));
            attrs.mode = attrs.mode.or(mode);
            let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
            attrs.owner.get_or_insert_with(|| user.as_raw().to_string());
            attrs.group.get_or_insert_with(|| group.as_raw().to_string());
        }
        let mut backup = None;
        if !same {
            backup = host.put(&dest, order.source, &self.save, &attrs)?;
        }
        if !host.check() || dest.exists() {
            host.apply(&dest, &attrs, true)?;
        }
        let md5 = match order.source {
            Source::Bytes(content) => super::stat::checksum(&mut content.as_slice(), "md5").ok(),
            Source::File(path) => file_checksum(path, "md5"),
            Source::Offered { .. } => file_checksum(&dest, "md5"),
        };
        let outcome = Outcome::new()
            .with("dest", text(&dest))
            .with("src", order.title)
            .with("md5sum", md5)
            .with("checksum", checksum);
        Ok(match backup {
            Some(backup) => outcome.with("backup_file", text(&backup)),
            None => outcome,
        }
        .changed(host.changed()))
    }
}

impl Module for Copy {
    const META: Meta = Meta {
        name: "ansible.builtin.copy",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return::GID,
            Return::GROUP,
            Return::MODE,
            Return::OWNER,
            Return::SIZE,
            Return {
                name: "state",
                doc: "`file`, or `directory`.",
            },
            Return::UID,
            Return {
                name: "backup_file",
                doc: "The copy of the old file, with `backup`.",
            },
            Return {
                name: "checksum",
                doc: "SHA-1 of the new content.",
            },
            Return {
                name: "dest",
                doc: "The file that was written.",
            },
            Return {
                name: "md5sum",
                doc: "MD5 of the new content, if it was written.",
            },
            Return {
                name: "src",
                doc: "Where the content came from.",
            },
        ],
        examples: &[
            Example {
                title: "Content in the playbook",
                args: r#"{"dest": "{dir}/a", "content": "hello\n", "mode": "0600"}"#,
                given: &[("a", "old")],
                then: &[("a", "hello\n")],
                changed: true,
                runs: true,
            },
            Example {
                title: "A folder on the host",
                args: r#"{"src": "{dir}/from/", "dest": "{dir}/to", "remote_src": true}"#,
                given: &[("from/x", "1"), ("from/deep/y", "2")],
                then: &[("to/x", "1"), ("to/deep/y", "2")],
                changed: true,
                runs: true,
            },
        ],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if let Some(Raw(tree)) = &self._kdo_tree {
            return copy_tree::offered(&self, host, tree);
        }
        // Encrypted sources are decrypted before they come here.
        let _ = self.decrypt;
        let source = self.source()?;
        if let Source::File(path) = &source
            && path.is_dir()
        {
            let src = self.src.as_deref().map(text).unwrap_or_default();
            return host.quietly(|host| copy_tree::local(&self, host, &src));
        }
        let src = self.src.as_deref();
        let own_name = src
            .and_then(Path::file_name)
            .map(|n| n.to_string_lossy().into_owned());
        let own_title = src.map(text).unwrap_or_default();
        let order = |name, title, mode| Order {
            source: &source,
            dest: &self.dest,
            name,
            title,
            mode,
        };
        if let Source::File(path) = &source {
            let mode = fs::metadata(path).ok().map(|m| m.mode());
            let order = order(own_name.as_deref(), &own_title, mode);
            let checksum = source.checksum()?;
            return host.quietly(|host| self.place(host, &order, checksum));
        }
        let title = self._kdo_original.as_deref().unwrap_or_default();
        let mode = self._kdo_mode.and_then(|m| u32::try_from(m).ok());
        let order = order(self._kdo_name.as_deref(), title, mode);
        if self._kdo_assembled {
            return self.assembled(host, &order);
        }
        let found = self.examine(&order)?;
        self.bring(host, &order, found)
    }
}
