//! Temporary files of steps that were killed: told from those in use by a lock, and removed by the next step that
//! writes into the same folder.

use super::Host;
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{self, File},
    io,
    path::Path,
    time::{Duration, SystemTime},
};

/// What names of temporary files have before their number; see [`super::write::temporary_beside`].
pub(super) const MARK: &str = ".kdo-";

/// Younger ones may belong to a step that has not locked its file yet.
const AGE: Duration = Duration::from_secs(60);

/// Marks a temporary file as being in use for as long as it is open.
pub(super) fn hold(file: &File) -> io::Result<()> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        // Not every file system has locks; there age alone tells.
        Ok(()) | Err(rustix::io::Errno::NOTSUP | rustix::io::Errno::NOSYS | rustix::io::Errno::NOLCK) => {
            Ok(())
        }
        Err(e) => Err(e.into()),
    }
}

impl Host<'_> {
    /// Removes what killed steps have left in the folder; each folder is looked at once in a step.
    pub(super) fn sweep(&mut self, folder: &Path) {
        if !self.swept.insert(folder.to_owned()) {
            return;
        }
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if is_temporary(&name.to_string_lossy()) && is_left(&entry.path()) {
                // Whoever cannot remove it leaves it to the next.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Whether the name is `.NAME.kdo-PROCESS-NUMBER`.
fn is_temporary(name: &str) -> bool {
    let numbers = |n: &str| {
        let (process, number) = n.split_once('-')?;
        Some(process.parse::<u32>().is_ok() && number.parse::<u32>().is_ok())
    };
    let rest = name.strip_prefix('.').and_then(|n| n.rsplit_once(MARK));
    rest.and_then(|(_, n)| numbers(n)).unwrap_or(false)
}

/// Whether nobody uses it any more.
fn is_left(path: &Path) -> bool {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return false;
    };
    let modified = meta.modified().ok();
    let age = modified.and_then(|m| SystemTime::now().duration_since(m).ok());
    if meta.is_dir() || age.is_none_or(|a| a < AGE) {
        return false;
    }
    !meta.is_file() || File::open(path).is_ok_and(|file| hold(&file).is_ok())
}

#[cfg(test)]
mod tests {
    use super::{AGE, hold, is_temporary};
    use crate::{Host, NoLink, host::Context};
    use std::{
        fs::{self, File, FileTimes},
        time::SystemTime,
    };

    #[test]
    fn only_old_temporary_files_that_nobody_holds_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let old = FileTimes::new().set_modified(SystemTime::now() - AGE * 2);
        let make = |name: &str, aged: bool| {
            let file = File::create(dir.path().join(name)).unwrap();
            if aged {
                file.set_times(old).unwrap();
            }
            file
        };
        let held = make(".a.kdo-1-0", true);
        hold(&held).unwrap();
        drop(make(".a.kdo-1-1", true));
        drop(make(".a.kdo-1-2", false));
        drop(make(".a.kdo-x-2", true));
        drop(make("a", true));
        let mut link = NoLink;
        Host::new(Context::default(), &mut link).sweep(dir.path());
        let entries = fs::read_dir(dir.path()).unwrap();
        let mut left: Vec<_> = entries
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, [".a.kdo-1-0", ".a.kdo-1-2", ".a.kdo-x-2", "a"]);
    }

    #[test]
    fn temporary_files_are_known_by_their_names() {
        assert!(is_temporary(".hosts.kdo-12-3"));
        for name in ["hosts.kdo-12-3", ".hosts.kdo-12", ".kdo", ".a.kdo--", ".bashrc"] {
            assert!(!is_temporary(name), "{name}");
        }
    }
}
