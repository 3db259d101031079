//! `file`: symbolic and hard links.

use super::{
    file::{Diff, File, resolve, state_of, text},
    timestamps::Time,
};
use crate::{Failure, Host, Outcome};
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// A symbolic link is at the path.
pub(super) fn symbolic(file: &File, host: &mut Host<'_>) -> Result<Outcome, Failure> {
    let path = &file.path;
    let previous = state_of(path);
    let src = match &file.src {
        Some(src) => src.clone(),
        None if file.follow && previous == "link" => fs::read_link(path).unwrap_or_default(),
        None => return Err("src is required for creating new symlinks".into()),
    };
    let fail = |message: String| {
        Err(Failure::new(message)
            .with("path", text(path))
            .with("src", text(&src)))
    };
    let base = if previous == "directory" {
        path.as_path()
    } else {
        path.parent().unwrap_or(Path::new(""))
    };
    let target = base.join(&src);
    if !file.force && file.src.is_some() && !target.exists() {
        return fail(format!(
            "src file does not exist, use 'force=yes' if you really want to create the link: {}",
            target.display()
        ));
    }
    if previous == "directory" {
        if !file.force {
            return fail(format!(
                "refusing to convert from {previous} to symlink for {}",
                path.display()
            ));
        }
        if fs::read_dir(path).is_ok_and(|mut d| d.next().is_some()) {
            return fail(format!(
                "the directory {} is not empty, refusing to convert it",
                path.display()
            ));
        }
    } else if matches!(previous, "file" | "hard") && !file.force {
        return fail(format!(
            "refusing to convert from {previous} to symlink for {}",
            path.display()
        ));
    }
    let diff = Diff::new(path, "link", previous);
    if previous == "link"
        && let Ok(old) = fs::read_link(path)
        && old != src
    {
        diff.before.insert("src", text(&old));
        diff.after.insert("src", text(&src));
    }
    if previous == "directory" {
        host.remove_empty_directory(path)?;
    }
    let mut changed = host.make_symlink(&src, path).map_err(|f| {
        let what = if previous == "absent" {
            "Error while linking"
        } else {
            "Error while replacing"
        };
        Failure::new(format!("{what}: {}", f.message)).with("path", text(path))
    })?;
    let there = path.exists() || path.is_symlink();
    if !(host.check() && !path.exists()) && there {
        let pointed = resolve(path);
        if file.follow && path.is_symlink() && !pointed.exists() {
            host.warn(
                "Cannot set fs attributes on a non-existent symlink target. follow should be set to False to avoid this.",
            );
        } else {
            changed |= file.attributes(host, path, Time::Preserve, &diff)?;
        }
    }
    Ok(diff
        .into_outcome(host, "dest", path, changed)
        .with("src", text(&src)))
}

/// A hard link is at the path.
pub(super) fn hard(file: &File, host: &mut Host<'_>) -> Result<Outcome, Failure> {
    let path = &file.path;
    let previous = state_of(path);
    if previous != "hard" && file.src.is_none() {
        return Err(Failure::new("src is required for creating new hardlinks").with("dest", text(path)));
    }
    let diff = Diff::new(path, "hard", previous);
    let mut changed = false;
    if let Some(src) = &file.src {
        let fail = |message: String| {
            Err(Failure::new(message)
                .with("dest", text(path))
                .with("src", text(src)))
        };
        if !src.exists() {
            return fail("src does not exist".into());
        }
        let same = match (fs::metadata(path), fs::metadata(src)) {
            (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
            _ => false,
        };
        match previous {
            "hard" if !same && !file.force => {
                return fail("Cannot link, different hard link exists at destination".into());
            }
            "file" if !file.force => return fail(format!("Cannot link, {previous} exists at destination")),
            "directory" => return fail("Cannot link: different hard link exists at destination".into()),
            "link" => {
                let old = fs::read_link(path).unwrap_or_default();
                diff.before.insert("src", text(&old));
                diff.after.insert("src", text(src));
            }
            _ => {}
        }
        if previous != "hard" || !same {
            let source: PathBuf = match fs::read_link(src) {
                Ok(target) if file.follow => src.parent().unwrap_or(Path::new("")).join(target),
                _ => src.clone(),
            };
            changed = host.make_hard_link(&source, path)?;
        }
    }
    if !(host.check() && !path.exists()) {
        changed |= file.attributes(host, path, Time::Preserve, &diff)?;
    }
    let outcome = diff.into_outcome(host, "dest", path, changed);
    Ok(match &file.src {
        Some(src) => outcome.with("src", text(src)),
        None => outcome.with("src", kdo_value::Value::None),
    })
}
