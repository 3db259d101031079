//! Reading and changing files and folders.

use super::Host;
use crate::Failure;
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{self, Metadata},
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::Path,
};

/// A failed file operation with its path.
pub(crate) fn io_failure(what: &str, path: &Path, error: &io::Error) -> Failure {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    Failure::new(format!("{what} {}: {text}", path.display()))
}

impl Host<'_> {
    /// The whole content of a file.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, Failure> {
        fs::read(path).map_err(|e| io_failure("could not read", path, &e))
    }

    /// What a path is, not following a link at its end; `None` if nothing is there.
    pub fn lstat(&self, path: &Path) -> Result<Option<Metadata>, Failure> {
        absent_is_none(fs::symlink_metadata(path)).map_err(|e| io_failure("could not examine", path, &e))
    }

    /// What a path is, following links; `None` if nothing is there.
    pub fn stat(&self, path: &Path) -> Result<Option<Metadata>, Failure> {
        absent_is_none(fs::metadata(path)).map_err(|e| io_failure("could not examine", path, &e))
    }

    /// Makes a folder and its missing parents; says whether it was missing.
    pub fn make_directory(&mut self, path: &Path) -> Result<bool, Failure> {
        if self.stat(path)?.is_some_and(|m| m.is_dir()) {
            return Ok(false);
        }
        self.mark_changed();
        if !self.check() {
            fs::create_dir_all(path).map_err(|e| io_failure("could not make folder", path, &e))?;
        }
        Ok(true)
    }

    /// Makes a folder that only its owner can use; its parent must be there.
    pub fn make_private_directory(&mut self, path: &Path) -> io::Result<()> {
        self.mark_changed();
        if self.check() {
            return Ok(());
        }
        fs::DirBuilder::new().mode(0o700).create(path)
    }

    /// Waits for the lock that a file stands for, which is made if need be; held until the answer is dropped.
    pub fn lock(&mut self, path: &Path) -> io::Result<fs::File> {
        let file = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)?;
        flock(&file, FlockOperation::LockExclusive)?;
        Ok(file)
    }

    /// Makes an empty file; an existing one stays as it is.
    pub fn make_empty(&mut self, path: &Path) -> Result<bool, Failure> {
        if self.stat(path)?.is_some() {
            return Ok(false);
        }
        self.mark_changed();
        if !self.check() {
            let made = fs::OpenOptions::new().create(true).append(true).open(path);
            made.map_err(|e| io_failure("could not make", path, &e))?;
        }
        Ok(true)
    }

    /// Removes a folder that must be empty; says whether it was there.
    pub fn remove_empty_directory(&mut self, path: &Path) -> Result<bool, Failure> {
        if self.lstat(path)?.is_none() {
            return Ok(false);
        }
        self.mark_changed();
        if !self.check() {
            fs::remove_dir(path).map_err(|e| io_failure("could not remove", path, &e))?;
        }
        Ok(true)
    }

    /// Removes a file, link or whole folder; says whether it was there. Links inside are never followed.
    pub fn remove(&mut self, path: &Path) -> Result<bool, Failure> {
        let Some(meta) = self.lstat(path)? else {
            return Ok(false);
        };
        self.mark_changed();
        if !self.check() {
            let done = if meta.is_dir() {
                fs::remove_dir_all(path)
            } else {
                fs::remove_file(path)
            };
            done.map_err(|e| io_failure("could not remove", path, &e))?;
        }
        Ok(true)
    }

    /// Gives a file or folder another name on the same file system.
    pub fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.mark_changed();
        if self.check() {
            Ok(())
        } else {
            fs::rename(from, to)
        }
    }

    /// Sets a value of the running kernel: a file of `/sys` or `/proc`, which is written as it is.
    pub fn set_kernel_value(&mut self, path: &Path, value: &str) -> io::Result<()> {
        self.mark_changed();
        if self.check() {
            Ok(())
        } else {
            fs::write(path, value)
        }
    }

    /// Adds whole lines to the end of a log, which is made if there is none.
    pub fn append(&mut self, path: &Path, lines: &str) -> io::Result<()> {
        self.mark_changed();
        if self.check() {
            return Ok(());
        }
        let mut log = fs::OpenOptions::new().create(true).append(true).open(path)?;
        log.write_all(lines.as_bytes())
    }

    /// Puts a symbolic link in place of whatever non-folder is at `path`, in one step.
    pub fn make_symlink(&mut self, target: &Path, path: &Path) -> Result<bool, Failure> {
        if fs::read_link(path).is_ok_and(|t| t == target) {
            return Ok(false);
        }
        self.replace_by(path, |temp| std::os::unix::fs::symlink(target, temp))
    }

    /// Puts a hard link in place of whatever non-folder is at `path`, in one step.
    pub fn make_hard_link(&mut self, target: &Path, path: &Path) -> Result<bool, Failure> {
        self.replace_by(path, |temp| fs::hard_link(target, temp))
    }

    fn replace_by(&mut self, path: &Path, make: impl Fn(&Path) -> io::Result<()>) -> Result<bool, Failure> {
        self.mark_changed();
        if self.check() {
            return Ok(true);
        }
        let temp = super::write::temporary_beside(path);
        make(&temp).map_err(|e| io_failure("could not make link", path, &e))?;
        fs::rename(&temp, path).map_err(|e| {
            let _ = fs::remove_file(&temp);
            io_failure("could not make link", path, &e)
        })?;
        Ok(true)
    }
}

fn absent_is_none(result: io::Result<Metadata>) -> io::Result<Option<Metadata>> {
    match result {
        Ok(m) => Ok(Some(m)),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e),
    }
}
