//! Packages put in their places: each at once, and all back again if one fails.

use super::{info, staging::Staged};
use crate::{Failure, Result};
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use std::{
    fs::{self, File},
    io,
    path::Path,
};

/// What was put in place, until it is kept.
#[derive(Default)]
pub(super) struct Swaps {
    done: Vec<Swap>,
}

struct Swap {
    staged: Staged,
    /// Whether something was there; it lies in the staging folder now.
    replaced: bool,
}

impl Swaps {
    /// Puts a package in its place.
    pub(super) fn put(&mut self, staged: Staged) -> Result<()> {
        let target = &staged.target;
        let parent = target.parent().unwrap_or(Path::new("."));
        let place = || {
            fs::create_dir_all(parent)?;
            // Several installers may be at it.
            let lock = File::open(parent)?;
            flock(&lock, FlockOperation::LockExclusive)?;
            exchange(&staged.folder, target)
        };
        let replaced = place().map_err(|e: io::Error| Failure::file(target, &e))?;
        self.done.push(Swap { staged, replaced });
        Ok(())
    }

    /// Keeps what was put in place; what was replaced goes with the staging folders.
    pub(super) fn keep(&mut self) {
        info::put_sources(&self.done.iter().map(|s| &s.staged).collect::<Vec<_>>());
        self.done.clear();
    }
}

impl Drop for Swaps {
    fn drop(&mut self) {
        for swap in self.done.drain(..).rev() {
            let staged = &swap.staged;
            // Nothing better can be done than what is tried here.
            let _ = if swap.replaced {
                exchange(&staged.folder, &staged.target).map(|_| ())
            } else {
                fs::rename(&staged.target, &staged.folder)
            };
        }
    }
}

/// Puts `new` to `target`; what was there is at `new` then. Says whether something was.
fn exchange(new: &Path, target: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(target) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            fs::rename(new, target)?;
            return Ok(false);
        }
        Err(e) => return Err(e),
        // A link to somebody's folder is left to them: it is the link that is replaced.
        Ok(_) => {}
    }
    match renameat_with(CWD, new, CWD, target, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        // File systems that cannot do it: there is a moment with nothing in the place.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            let aside = new.with_extension("old");
            fs::rename(target, &aside)?;
            if let Err(e) = fs::rename(new, target) {
                fs::rename(&aside, target)?;
                return Err(e);
            }
            fs::rename(&aside, new)?;
            Ok(true)
        }
        Err(e) => Err(e.into()),
    }
}
