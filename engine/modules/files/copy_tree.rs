//! `copy`: whole folders.

use super::{
    copy::Copy,
    file::{state_of, text},
    install::Source,
};
use crate::{
    Failure, Host, Outcome,
    host::{FileAttrs, Save},
};
use kdo_value::Value;
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
};

/// A folder that the controller offers: what differs is fetched, file by file.
pub(super) fn offered(copy: &Copy, host: &mut Host<'_>, tree: &Value) -> Result<Outcome, Failure> {
    if !copy.dest.exists() {
        host.make_directory(&copy.dest)?;
        if !host.check() {
            host.apply(&copy.dest, &copy.directory_attributes(None), true)?;
        }
    }
    for entry in tree.as_sequence().unwrap_or_default() {
        let field = |name: &str| {
            entry
                .get(name)
                .and_then(|v| v.as_str().map(str::to_owned))
                .unwrap_or_default()
        };
        let number = |name: &str| entry.get(name).and_then(|v| v.as_int());
        let relative = PathBuf::from(field("path"));
        if relative
            .components()
            .any(|c| !matches!(c, Component::Normal(_) | Component::CurDir))
        {
            return Err(Failure::new(format!(
                "{} leaves the destination folder",
                relative.display()
            )));
        }
        let dest = copy.dest.join(&relative);
        let mode = number("mode").and_then(|m| u32::try_from(m).ok());
        match field("kind").as_str() {
            "directory" => {
                host.make_directory(&dest)?;
                if !host.check() || dest.exists() {
                    host.apply(&dest, &copy.directory_attributes(mode), true)?;
                }
            }
            "link" => link(host, Path::new(&field("target")), &dest, &copy.attrs)?,
            _ => {
                if let Some(folder) = dest.parent().filter(|f| !f.exists()) {
                    host.make_directory(folder)?;
                }
                let source = Source::Offered {
                    name: field("path"),
                    size: number("size").and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
                    checksum: field("checksum"),
                };
                host.install(
                    &dest,
                    &source,
                    &field("path"),
                    &copy.save,
                    &copy.attributes(mode),
                    false,
                )?;
            }
        }
    }
    Ok(Outcome::new()
        .with("dest", text(&copy.dest))
        .with("src", copy.src.clone())
        .changed(host.changed()))
}

fn link(host: &mut Host<'_>, target: &Path, dest: &Path, attrs: &FileAttrs) -> Result<(), Failure> {
    if state_of(dest) == "directory" {
        return Err(Failure::new(format!(
            "refusing to convert from directory to symlink for {}",
            dest.display()
        )));
    }
    host.make_symlink(target, dest)?;
    if dest.is_symlink() {
        let owner = FileAttrs {
            mode: None,
            ..attrs.clone()
        };
        host.apply(dest, &owner, false)?;
    }
    Ok(())
}

/// A folder of the host, into another one.
pub(super) fn local(copy: &Copy, host: &mut Host<'_>, src: &str) -> Result<Outcome, Failure> {
    let from = PathBuf::from(crate::host::expand(src));
    let mut dest = copy.dest.clone();
    let into = match from.file_name() {
        Some(name) if !src.ends_with('/') => copy.dest.join(name),
        _ => copy.dest.clone(),
    };
    if !src.ends_with('/') && copy.dest.is_dir() {
        dest.clone_from(&into);
    }
    walk(copy, host, &from, &into, 0)?;
    let owner = FileAttrs {
        mode: None,
        ..copy.attrs.clone()
    };
    if !owner.is_empty() {
        chown_below(host, &into, &owner)?;
    }
    let mode = fs::metadata(&from).ok().map(|m| m.mode());
    if dest.exists() {
        host.apply(&dest, &copy.attributes(mode), true)?;
    }
    Ok(Outcome::new()
        .with("dest", text(&dest))
        .with("src", src)
        .with("checksum", Value::None)
        .with("md5sum", Value::None)
        .changed(host.changed()))
}

fn walk(copy: &Copy, host: &mut Host<'_>, from: &Path, into: &Path, depth: usize) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::new(format!("could not read folder {}: {e}", from.display()));
    if depth > 200 {
        return Err(Failure::new(format!(
            "{} is too deep; a link may lead in a circle",
            from.display()
        )));
    }
    let new_attrs = |path: &Path| {
        let mode = fs::metadata(path).ok().map(|m| i64::from(m.mode() & 0o7777));
        FileAttrs {
            mode: mode.map(|m| crate::params::Raw(Value::Int(m))),
            ..FileAttrs::default()
        }
    };
    if host.make_directory(into)? && !host.check() {
        host.apply(into, &new_attrs(from), true)?;
    }
    let mut names: Vec<_> = fs::read_dir(from)
        .map_err(failed)?
        .flatten()
        .map(|e| e.file_name())
        .collect();
    names.sort();
    let save = Save {
        validate: None,
        ..copy.save.clone()
    };
    for name in names {
        let (source, dest) = (from.join(&name), into.join(&name));
        if source.is_symlink() && copy.local_follow == Some(false) || source.is_symlink() && !source.exists()
        {
            let target = fs::read_link(&source).unwrap_or_default();
            link(host, &target, &dest, &FileAttrs::default())?;
        } else if source.is_dir() {
            walk(copy, host, &source, &dest, depth + 1)?;
        } else if source.is_file() {
            let preserved = copy
                .attrs
                .mode
                .as_ref()
                .is_some_and(|m| m.0.as_str() == Some("preserve"));
            let attrs = if preserved || !dest.exists() {
                new_attrs(&source)
            } else {
                FileAttrs::default()
            };
            host.install(
                &dest,
                &Source::File(source.clone()),
                &text(&source),
                &save,
                &attrs,
                false,
            )?;
        }
    }
    Ok(())
}

fn chown_below(host: &mut Host<'_>, path: &Path, attrs: &FileAttrs) -> Result<(), Failure> {
    if host.lstat(path)?.is_none() {
        return Ok(());
    }
    host.apply(path, attrs, false)?;
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            chown_below(host, &entry.path(), attrs)?;
        }
    }
    Ok(())
}
