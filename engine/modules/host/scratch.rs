//! Folders for what lives no longer than a step.

use super::{
    file::io_failure,
    temporary::{Kind, make},
};
use crate::Failure;
use std::{
    env,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// A folder that only this user can use; it goes with its content when it is dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    /// A folder below the usual place for temporary files.
    pub fn new() -> Result<Self, Failure> {
        Self::below(&env::temp_dir())
    }

    /// A folder below another one.
    pub fn below(base: &Path) -> Result<Self, Failure> {
        make(base, "kdo.", "", Kind::Folder).map(Self)
    }

    /// A folder for programs: beside the agent, where programs surely may run, as hardened hosts forbid it in `/tmp`.
    pub fn for_programs() -> Result<Self, Failure> {
        let agent = env::current_exe().ok();
        let beside = agent.as_deref().and_then(Path::parent).map(Self::below);
        beside.and_then(Result::ok).map_or_else(Self::new, Ok)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A name inside.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    /// A new file inside with this content, for this user only; gives its path.
    pub fn write(&self, name: impl AsRef<Path>, content: &[u8]) -> Result<PathBuf, Failure> {
        let path = self.join(name);
        create(&path, 0o600, |file| file.write_all(content))
            .map_err(|e| io_failure("could not write", &path, &e))?;
        Ok(path)
    }

    /// The same, filled by a function, for a program that is to be run.
    pub fn program(
        &self,
        name: impl AsRef<Path>,
        fill: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> io::Result<PathBuf> {
        let path = self.join(name);
        create(&path, 0o700, fill)?;
        Ok(path)
    }

    /// A folder inside.
    pub fn folder(&self, name: impl AsRef<Path>) -> Result<PathBuf, Failure> {
        let path = self.join(name);
        fs::create_dir(&path).map_err(|e| io_failure("could not make folder", &path, &e))?;
        Ok(path)
    }
}

/// Puts a file of a scratch folder in the place of another one there.
pub(crate) fn supersede(new: &Path, old: &Path) -> io::Result<()> {
    fs::rename(new, old)
}

fn create(path: &Path, mode: u32, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    fill(&mut file)
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A file in a scratch folder to write to: new, or emptied if it is there from an attempt before.
pub(crate) fn spool(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}
