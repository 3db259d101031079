//! `unarchive`: archives unpacked by the host's own programs.

use super::{
    file::text,
    stat::file_checksum,
    unarchive_kind::{Kind, Unpacker},
};
use crate::{
    host::{Scratch, spool},
    params::Raw,
    prelude::*,
};
use std::{fs, path::PathBuf};

/// Unpack an archive on the host
///
/// `tar` and `unzip` of the host do the work; nothing is unpacked if everything is there already.
#[derive(Params)]
#[params(exclusive(include, exclude))]
pub struct Unarchive {
    /// The archive: on the controller, or on the host or an address with `remote_src`.
    #[param(required)]
    src: PathBuf,
    /// Folder to unpack into.
    #[param(required)]
    dest: PathBuf,
    /// Opposite of `remote_src`, from old times.
    #[param(default = true)]
    copy: bool,
    /// Do nothing if this is there.
    creates: Option<PathBuf>,
    /// Decrypt archives that are encrypted with a vault password.
    #[param(default = true)]
    decrypt: bool,
    /// Members that are left out.
    #[param(default = [], elements = "str")]
    exclude: Vec<String>,
    /// The only members that are unpacked.
    #[param(default = [], elements = "str")]
    include: Vec<String>,
    /// Further options for the unpacking program.
    #[param(default = [], elements = "str")]
    extra_opts: Vec<String>,
    /// Accepted for compatibility.
    #[param(default = 65536)]
    io_buffer_size: i64,
    /// Keep files that are newer than the archive's.
    #[param(default = false)]
    keep_newer: bool,
    /// Tell the names of the members.
    #[param(default = false)]
    list_files: bool,
    /// The archive is on the host already, or at an address.
    #[param(default = false)]
    remote_src: bool,
    /// Check certificates when the archive is fetched.
    #[param(default = true)]
    validate_certs: bool,
    /// Accepted for the sake of other modules.
    #[param(default = false)]
    unsafe_writes: bool,
    #[param(flatten)]
    attrs: FileAttrs,
    #[param(hidden)]
    _kdo_content: Option<Raw>,
    #[param(hidden)]
    _kdo_size: Option<u64>,
    #[param(hidden)]
    _kdo_checksum: Option<String>,
    #[param(hidden)]
    _kdo_name: Option<String>,
}

impl Unarchive {
    fn source(&self) -> String {
        text(&self.src)
    }

    /// The archive as a file of the host.
    fn archive(&self, host: &mut Host<'_>, scratch: &Scratch) -> Result<PathBuf, Failure> {
        let source = self.source();
        if !self.remote_src && self.copy {
            let failed = |e: std::io::Error| {
                Failure::new(format!("Source '{}' failed to transfer: {e}", self.source()))
            };
            // A small archive comes with the order, another one is asked for.
            if let Some(Raw(content)) = &self._kdo_content {
                return scratch.write("source", &super::copy::bytes(content));
            }
            let path = scratch.join("source");
            let mut file = spool(&path).map_err(failed)?;
            if self._kdo_size.is_some() {
                host.link().fetch("content", &mut file).map_err(failed)?;
            }
            if self._kdo_checksum.is_none() || file_checksum(&path, "sha1") != self._kdo_checksum {
                return Err(Failure::new(format!(
                    "Source '{}' failed to transfer",
                    self.source()
                )));
            }
            return Ok(path);
        }
        if self.source().contains("://") {
            let path = scratch.path().join(
                source
                    .rsplit('/')
                    .next()
                    .filter(|n| !n.is_empty())
                    .unwrap_or("archive"),
            );
            crate::net::http::download(host, &source, &path, self.validate_certs)?;
            return Ok(path);
        }
        let path = PathBuf::from(&source);
        if !path.exists() {
            return Err(Failure::new(format!(
                "Source '{}' does not exist",
                path.display()
            )));
        }
        if fs::File::open(&path).is_err() {
            return Err(Failure::new(format!("Source '{}' not readable", path.display())));
        }
        if path.metadata().is_ok_and(|m| m.is_file() && m.len() == 0) {
            return Err(Failure::new(format!(
                "Invalid archive '{}', the file is 0 bytes",
                path.display()
            )));
        }
        Ok(path)
    }
}

impl Unarchive {
    /// Gives the unpacked files their attributes, and last the folders that they are in.
    fn set_attributes(&self, host: &mut Host<'_>, members: &[String]) -> Result<bool, Failure> {
        let mut changed = false;
        let mut folders = vec![];
        for name in members {
            let path = self.dest.join(name.trim_start_matches('/'));
            for above in path.ancestors().skip(1) {
                if above != self.dest && above.starts_with(&self.dest) && !folders.iter().any(|f| f == above)
                {
                    folders.push(above.to_owned());
                }
            }
            if path.symlink_metadata().is_ok() && !folders.contains(&path) {
                changed |= host.apply(&path, &self.attrs, false)?;
            }
        }
        for folder in folders.iter().filter(|f| f.is_dir()) {
            changed |= host.apply(folder, &self.attrs, true)?;
        }
        Ok(changed)
    }
}

impl Module for Unarchive {
    const META: Meta = Meta {
        name: "ansible.builtin.unarchive",
        aliases: &[],
        check: Support::Partial,
        diff: Support::Partial,
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
                name: "dest",
                doc: "The folder.",
            },
            Return {
                name: "files",
                doc: "Names of the members, with `list_files`.",
            },
            Return {
                name: "handler",
                doc: "Kind of the archive.",
            },
            Return {
                name: "src",
                doc: "The archive.",
            },
        ],
        examples: &[Example {
            title: "A release",
            args: r#"{"src": "/tmp/app.tar.gz", "dest": "/opt", "remote_src": true, "creates": "/opt/app"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let _ = (self.decrypt, self.io_buffer_size, self.unsafe_writes);
        if let Some(path) = &self.creates
            && path.exists()
        {
            let text = format!("skipped, since {} exists", path.display());
            return Ok(Outcome::new()
                .with("skipped", true)
                .with("msg", text)
                .changed(false));
        }
        if self.dest.is_relative()
            && let Ok(absolute) = std::path::absolute(&self.dest)
        {
            host.warn(format!(
                "Relative destination path '{}' was resolved to absolute path '{}'.",
                self.dest.display(),
                absolute.display()
            ));
        }
        let scratch = Scratch::new()?;
        let archive = self.archive(host, &scratch)?;
        if !self.dest.is_dir() {
            return Err(Failure::new(format!(
                "dest '{}' must be an existing dir",
                self.dest.display()
            )));
        }
        let unpacker = Unpacker {
            kind: Kind::of(host, &archive)?,
            archive: archive.clone(),
            dest: self.dest.clone(),
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            options: self.extra_opts.clone(),
            keep_newer: self.keep_newer,
            owner: self.attrs.owner.clone(),
            group: self.attrs.group.clone(),
            mode: self.attrs.mode.clone().map(|m| m.0),
        };
        if host.check() && unpacker.kind != Kind::Zip {
            let text = "remote module (ansible.legacy.unarchive) does not support check mode when using gtar";
            host.omit_file_info();
            return Ok(Outcome::new()
                .with("skipped", true)
                .with("msg", text)
                .changed(false));
        }
        let members = unpacker.members(host)?;
        let mut outcome = Outcome::new()
            .with("handler", unpacker.kind.name())
            .with("dest", text(&self.dest))
            .with(
                "src",
                if self.remote_src {
                    self.source()
                } else {
                    text(&archive)
                },
            );
        let differences = unpacker.differences(host)?;
        let there = differences.text.is_empty();
        // What tar says of differences is for itself alone.
        if unpacker.kind == Kind::Zip && !there {
            let diff = Map::from_iter([("prepared", differences.text.as_str())]);
            outcome = outcome.with("diff", diff);
        }
        if !there {
            let command = unpacker.unpack_command(host, &differences.newer)?;
            let call = Value::list(command.argv_text().iter().map(Value::from));
            if let Some(out) = host.execute(command)? {
                let results = Map::new();
                results.insert("cmd", call);
                results.insert("rc", out.rc);
                results.insert("out", out.stdout_text());
                results.insert("err", out.stderr_text());
                if !unpacker.fine(out.rc) {
                    return Err(Failure::new(format!(
                        "failed to unpack {} to {}",
                        archive.display(),
                        self.dest.display()
                    ))
                    .with("extract_results", results)
                    .with("handler", unpacker.kind.name())
                    .with("dest", text(&self.dest)));
                }
                outcome = outcome.with("extract_results", results);
            }
        }
        let mut changed = !there;
        if !host.check() && !self.attrs.is_empty() {
            changed |= host.quietly(|host| self.set_attributes(host, &members))?;
        }
        if self.list_files {
            outcome = outcome.with("files", Value::list(members.iter().map(Value::from)));
        }
        Ok(outcome.changed(changed))
    }
}
