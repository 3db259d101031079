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
    pub(super) src: Option<String>,
    /// The content itself; lists and dicts are written as JSON.
    content: Option<Raw>,
    /// Where to; with a `/` at the end, a folder that is made if missing.
    #[param(required)]
    pub(super) dest: PathBuf,
    /// Replace a file that is there with other content.
    #[param(default = true)]
    force: bool,
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
    _kdo_name: Option<String>,
    #[param(hidden)]
    _kdo_mode: Option<i64>,
    #[param(hidden)]
    pub(super) _kdo_tree: Option<Raw>,
    #[param(hidden)]
    _kdo_original: Option<String>,
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

impl Copy {
    fn source(&self) -> Result<Source, Failure> {
        if self.remote_src {
            let src = PathBuf::from(self.src.clone().unwrap_or_default());
            let src = PathBuf::from(crate::host::expand(&src.to_string_lossy()));
            if fs::metadata(&src).is_err() {
                return Err(Failure::new(format!("Source {} not found", src.display())));
            }
            if rustix::fs::access(&src, rustix::fs::Access::READ_OK).is_err() {
                return Err(Failure::new(format!("Source {} not readable", src.display())));
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

    fn make_parents(&self, host: &mut Host<'_>, folder: &Path) -> Result<(), Failure> {
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

    fn file(
        &self,
        host: &mut Host<'_>,
        source: &Source,
        name: Option<&str>,
        title: &str,
    ) -> Result<Outcome, Failure> {
        let mut dest = self.dest.clone();
        if text(&dest).ends_with('/') {
            self.make_parents(host, &dest)?;
            dest = dest.join(name.unwrap_or_default());
        } else if dest.is_dir() {
            match name {
                Some(name) => dest = dest.join(name),
                None => return Err(Failure::new("can not use content with a dir as dest")),
            }
        }
        if self.follow && dest.is_symlink() {
            dest = resolve(&dest);
        }
        let checksum = source.checksum()?;
        let there = dest.exists() || dest.is_symlink();
        if there && !self.force {
            let outcome = Outcome::new()
                .with("dest", text(&dest))
                .with("src", title)
                .changed(false);
            return Ok(if self.remote_src {
                outcome.with("msg", "file already exists")
            } else {
                outcome
            });
        }
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
        let folder = dest
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        if !folder.exists() && !(host.check() && host.changed()) {
            return Err(Failure::new(format!(
                "Destination directory {} does not exist",
                folder.display()
            ))
            .with("checksum", checksum));
        }
        let source_mode = match source {
            Source::File(path) => fs::metadata(path).ok().map(|m| m.mode()),
            _ => self._kdo_mode.and_then(|m| u32::try_from(m).ok()),
        };
        let attrs = self.attributes(source_mode);
        let shown = if title.is_empty() {
            text(&dest)
        } else {
            title.to_owned()
        };
        let done = host.install(&dest, source, &shown, &self.save, &attrs, false)?;
        let mut outcome = Outcome::new()
            .with("dest", text(&dest))
            .with("checksum", checksum);
        if done.content_changed || self.remote_src {
            let md5 = match source {
                Source::Bytes(content) => super::stat::checksum(&mut content.as_slice(), "md5").ok(),
                Source::File(path) => file_checksum(path, "md5"),
                Source::Offered { .. } if host.check() => None,
                Source::Offered { .. } => file_checksum(&dest, "md5"),
            };
            outcome = outcome.with("src", title).with("md5sum", md5);
        } else {
            outcome = outcome.with("path", text(&dest));
        }
        if let Some(backup) = done.backup_file {
            outcome = outcome.with("backup_file", text(&backup));
        }
        Ok(outcome.changed(host.changed()))
    }
}

impl Module for Copy {
    const META: Meta = Meta {
        name: "ansible.builtin.copy",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
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
            return copy_tree::local(&self, host, self.src.as_deref().unwrap_or_default());
        }
        let base = |p: &str| Path::new(p).file_name().map(|n| n.to_string_lossy().into_owned());
        let name = self
            ._kdo_name
            .clone()
            .or_else(|| self.src.as_deref().and_then(base));
        let title = self
            ._kdo_original
            .clone()
            .or_else(|| self.src.clone())
            .unwrap_or_default();
        self.file(host, &source, name.as_deref(), &title)
    }
}
