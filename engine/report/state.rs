//! Where runs are kept.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// The folder of all runs: `$KDO_STATE_DIR/runs`, else `$XDG_STATE_HOME/kdo/runs`, else `~/.local/state/kdo/runs`.
pub fn runs_dir() -> Option<PathBuf> {
    let var = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    let base = var("KDO_STATE_DIR")
        .or_else(|| {
            var("XDG_STATE_HOME")
                .filter(|p| p.is_absolute())
                .map(|p| p.join("kdo"))
        })
        .or_else(|| var("HOME").map(|p| p.join(".local/state/kdo")))?;
    Some(base.join("runs"))
}

/// Whether a run's id is a plain file name.
pub(crate) fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.len() <= 128 && !id.starts_with('.') && !id.contains(['/', '\0'])
}

/// Makes a folder and those above it, for the owner only.
pub(crate) fn make_dir(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Opens a new file of the owner's.
pub(crate) fn create(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new()
        .create_new(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

/// Replaces a file in one step.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let temp = path.with_extension("new");
    let _ = fs::remove_file(&temp);
    let mut file = create(&temp)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    fs::rename(&temp, path)
}

/// Removes the oldest runs beyond a number. Ids begin with a time or not: the age is that of the folder.
pub(crate) fn prune(runs: &Path, keep: usize) -> io::Result<()> {
    let mut all = Vec::new();
    for entry in fs::read_dir(runs)?.flatten() {
        let meta = entry.path().join("meta.json");
        let (Ok(kind), Ok(meta)) = (entry.file_type(), fs::symlink_metadata(meta)) else {
            continue;
        };
        if kind.is_dir() {
            all.push((meta.modified()?, entry.path()));
        }
    }
    all.sort();
    let extra = all.len().saturating_sub(keep);
    for (_, path) in all.iter().take(extra) {
        fs::remove_dir_all(path)?;
    }
    Ok(())
}
