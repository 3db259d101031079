//! `tempfile`: a new file or folder with a name of its own.

use super::file::text;
use crate::prelude::*;
use std::{
    fs,
    io::{ErrorKind, Read},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum State {
    Directory,
    File,
}

/// Make a temporary file or folder that only its owner can use
#[derive(Params)]
pub struct Tempfile {
    /// What to make.
    #[param(default = "file")]
    state: State,
    /// Folder to make it in; without, the host's folder for temporary files.
    path: Option<PathBuf>,
    /// How its name begins.
    #[param(default = "ansible.")]
    prefix: String,
    /// How its name ends.
    #[param(default = "")]
    suffix: String,
}

/// Letters that nobody can guess.
pub(crate) fn random_name() -> Result<String, Failure> {
    let mut bytes = [0_u8; 8];
    fs::File::open("/dev/urandom")
        .and_then(|mut f| f.read_exact(&mut bytes))
        .map_err(|e| Failure::new(format!("no random numbers: {e}")))?;
    let letters = b"abcdefghijklmnopqrstuvwxyz012345";
    Ok(bytes
        .iter()
        .filter_map(|b| letters.get(usize::from(*b) % letters.len()))
        .map(|b| char::from(*b))
        .collect())
}

/// The folder for temporary files that the task's environment or the host names.
fn temporary_folder(host: &Host<'_>) -> PathBuf {
    let environment = &host.context().environment;
    let named = environment.iter().find(|(name, _)| name == "TMPDIR");
    named.map_or_else(std::env::temp_dir, |(_, path)| PathBuf::from(path))
}

/// Makes a folder for temporary files that only this user can use.
pub(crate) fn make_folder(base: &Path, prefix: &str, suffix: &str) -> Result<PathBuf, Failure> {
    make(base, prefix, suffix, State::Directory)
}

/// A folder for temporary files that is removed when it is no longer needed.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Result<Self, Failure> {
        make_folder(&std::env::temp_dir(), "kdo.", "").map(Self)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Makes an empty file that only this user can use.
pub(crate) fn make_file(base: &Path, prefix: &str, suffix: &str) -> Result<PathBuf, Failure> {
    make(base, prefix, suffix, State::File)
}

fn make(base: &Path, prefix: &str, suffix: &str, state: State) -> Result<PathBuf, Failure> {
    for (name, part) in [("prefix", prefix), ("suffix", suffix)] {
        if part.contains('/') {
            return Err(Failure::new(format!(
                "{name} must be a valid file name component"
            )));
        }
    }
    for _ in 0..100 {
        let path = base.join(format!("{prefix}{}{suffix}", random_name()?));
        let made = match state {
            State::Directory => fs::DirBuilder::new().mode(0o700).create(&path),
            State::File => fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
                .map(|_| ()),
        };
        match made {
            Ok(()) => return Ok(path),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(crate::host::errno(&e, &text(&path)).into()),
        }
    }
    Err(Failure::new(format!("no free name in {}", base.display())))
}

impl Module for Tempfile {
    const META: Meta = Meta {
        name: "ansible.builtin.tempfile",
        aliases: &[],
        check: Support::None,
        diff: Support::None,
        returns: &[Return {
            name: "path",
            doc: "What was made.",
        }],
        examples: &[Example {
            title: "A folder for a build",
            args: r#"{"state": "directory", "suffix": ".build"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if host.check() {
            return Ok(Outcome::new()
                .with("skipped", true)
                .with(
                    "msg",
                    "remote module (ansible.builtin.tempfile) does not support check mode",
                )
                .changed(false));
        }
        for (what, part) in [("prefix", &self.prefix), ("suffix", &self.suffix)] {
            if part.contains('/') {
                return Err(format!("{what} must be a valid file name component, got '{part}'").into());
            }
        }
        let base = self.path.clone().unwrap_or_else(|| temporary_folder(host));
        let path = make(&base, &self.prefix, &self.suffix, self.state)?;
        host.mark_changed();
        Ok(Outcome::new().with("path", text(&path)).changed(true))
    }
}

#[cfg(test)]
mod tests {
    use super::{State, make};
    use crate::{Host, NoLink, host::Context, registry};
    use kdo_value::{Map, Value};
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn new_files_and_folders_are_private_and_different() {
        let dir = tempfile::tempdir().unwrap();
        let a = make(dir.path(), "a.", ".x", State::File).unwrap();
        let b = make(dir.path(), "a.", ".x", State::Directory).unwrap();
        assert_ne!(a, b);
        assert!(a.is_file() && b.is_dir() && a.to_string_lossy().ends_with(".x"));
        assert_eq!(a.metadata().unwrap().mode() & 0o777, 0o600);
        assert_eq!(b.metadata().unwrap().mode() & 0o777, 0o700);
        let gone = make(&dir.path().join("no"), "", "", State::File).unwrap_err();
        assert!(
            gone.message.starts_with("[Errno 2] No such file or directory: '"),
            "{}",
            gone.message
        );
    }

    #[test]
    fn prefix_and_suffix_cannot_leave_the_folder() {
        for what in ["prefix", "suffix"] {
            let mut link = NoLink;
            let mut host = Host::new(Context::default(), &mut link);
            let args = Map::from_iter([(what, Value::str("../../a"))]);
            let result = (registry::find("tempfile").unwrap().run)(&args, &mut host);
            let message = result.err().unwrap().message;
            assert_eq!(
                message,
                format!("{what} must be a valid file name component, got '../../a'")
            );
        }
    }
}
