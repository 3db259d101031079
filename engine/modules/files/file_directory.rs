//! `file`: folders, and attributes of everything below them.

use super::{
    file::{Diff, File, state_of, text},
    timestamps,
    timestamps::Time,
};
use crate::{Failure, Host, Outcome};
use kdo_value::Map;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A folder is at the path; its missing parents are made with the same attributes.
pub(super) fn ensure(file: &File, host: &mut Host<'_>) -> Result<Outcome, Failure> {
    let path = &file.followed(&file.path);
    let previous = state_of(path);
    let diff = Diff::new(path, "directory", previous);
    if !matches!(previous, "absent" | "directory") {
        return Err(
            Failure::new(format!("{} already exists as a {previous}", path.display()))
                .with("path", text(path)),
        );
    }
    let mut changed = previous == "absent";
    if changed {
        if host.check() {
            host.mark_changed();
            return Ok(diff.into_outcome(host, "path", path, true));
        }
        let mut at = PathBuf::new();
        for part in path.components() {
            at.push(part);
            if at.exists() {
                continue;
            }
            host.make_directory(&at).map_err(|f| {
                Failure::new(format!(
                    "There was an issue creating {} as requested: {}",
                    at.display(),
                    f.message
                ))
                .with("path", text(path))
            })?;
            host.apply_noting(&at, &file.attrs, false, &diff.before, &diff.after)?;
        }
    }
    changed |= file.attributes(host, path, Time::Preserve, &diff)?;
    if file.recurse {
        let times = file.times(Time::Preserve)?;
        changed |= below(file, host, path, times, 0)?;
    }
    Ok(diff.into_outcome(host, "path", path, changed))
}

/// Attributes of everything in a folder. Links are given owner and group themselves; with `follow` their targets too.
fn below(
    file: &File,
    host: &mut Host<'_>,
    folder: &Path,
    times: (Time, Time),
    depth: usize,
) -> Result<bool, Failure> {
    // Links may lead in circles.
    if depth > 200 {
        return Ok(false);
    }
    let entries = fs::read_dir(folder).map_err(|e| {
        Failure::new(format!(
            "Could not recursively set attributes on {}. Original error was: '{e}'",
            folder.display()
        ))
    })?;
    let mut names: Vec<_> = entries.flatten().map(|e| e.path()).collect();
    names.sort();
    let (before, after) = (Map::new(), Map::new());
    let mut changed = false;
    for path in names {
        changed |= host.apply_noting(&path, &file.attrs, false, &before, &after)?;
        if !path.is_symlink() {
            changed |= timestamps::apply(host, &path, times.0, times.1, &before, &after)?;
            if path.is_dir() {
                changed |= below(file, host, &path, times, depth + 1)?;
            }
        } else if file.follow
            && let Ok(target) = fs::canonicalize(&path)
        {
            if target.is_dir() && !path.starts_with(&target) {
                changed |= below(file, host, &target, times, depth + 1)?;
            }
            changed |= host.apply_noting(&target, &file.attrs, false, &before, &after)?;
            changed |= timestamps::apply(host, &target, times.0, times.1, &before, &after)?;
        }
    }
    Ok(changed)
}
