//! `copy`: whole folders.

use super::{
    copy::{Copy, Order, There},
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

/// Files asked of the controller ahead of the one that is being written, so that the line between never idles.
const AHEAD: usize = 32;

/// What the controller tells of one thing in the folder.
struct Entry {
    path: PathBuf,
    mode: Option<u32>,
    kind: Kind,
}

enum Kind {
    Folder,
    Link(PathBuf),
    File(Source),
}

impl Entry {
    fn read(value: &Value) -> Result<Self, Failure> {
        let field = |name: &str| {
            value
                .get(name)
                .and_then(|v| v.as_str().map(str::to_owned))
                .unwrap_or_default()
        };
        let number = |name: &str| value.get(name).and_then(|v| v.as_int());
        let path = PathBuf::from(field("path"));
        let inside = |c: Component<'_>| matches!(c, Component::Normal(_));
        if !path.components().all(inside) {
            return Err(Failure::new(format!(
                "{} leaves the destination folder",
                path.display()
            )));
        }
        let kind = match field("kind").as_str() {
            "directory" => Kind::Folder,
            "link" => Kind::Link(PathBuf::from(field("target"))),
            _ => Kind::File(Source::Offered {
                name: field("path"),
                size: number("size").and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
                checksum: field("checksum"),
            }),
        };
        Ok(Self {
            path,
            mode: number("mode").and_then(|m| u32::try_from(m).ok()),
            kind,
        })
    }

    fn source(&self) -> Option<&Source> {
        match &self.kind {
            Kind::File(source) => Some(source),
            Kind::Folder | Kind::Link(_) => None,
        }
    }

    fn order<'a>(&self, source: &'a Source, dest: &'a Path, name: &'a str, title: &'a str) -> Order<'a> {
        Order {
            source,
            dest,
            name: Some(name),
            title,
            mode: self.mode,
        }
    }
}

/// A folder that the controller offers: what differs is fetched, in one stream.
pub(super) fn offered(copy: &Copy, host: &mut Host<'_>, tree: &Value) -> Result<Outcome, Failure> {
    let entries = tree.as_sequence().unwrap_or_default();
    let entries = entries.iter().map(Entry::read).collect::<Result<Vec<_>, _>>()?;
    let title = copy._kdo_original.as_deref().unwrap_or_default();
    let told = format!("{}/", text(&copy.dest).trim_end_matches('/'));
    let mut dest = PathBuf::from(&told);
    if let Some(name) = &copy._kdo_name {
        dest = dest.join(format!("{name}/"));
    }
    let files: Vec<_> = entries.iter().filter_map(|e| Some((e, e.source()?))).collect();
    if let ([(entry, source)], 1) = (&files[..], entries.len()) {
        let name = text(&entry.path);
        let order = entry.order(source, &dest, &name, title);
        let found = copy.examine(&order)?;
        return copy.bring(host, &order, found);
    }
    host.quietly(|host| bring_files(copy, host, &files, &dest, title))?;
    for entry in &entries {
        let dest = dest.join(&entry.path);
        match &entry.kind {
            Kind::File(_) => {}
            Kind::Folder => {
                copy.make_parents(host, &dest)?;
                if dest.exists() {
                    host.quietly(|host| host.apply(&dest, &copy.directory_attributes(entry.mode), true))?;
                }
            }
            Kind::Link(target) => {
                copy.make_parents(host, dest.parent().unwrap_or(&dest))?;
                host.quietly(|host| link(host, target, &dest, &copy.attrs))?;
            }
        }
    }
    host.omit_file_info();
    Ok(Outcome::new()
        .with("dest", told)
        .with("src", title)
        .changed(host.changed()))
}

/// The files of an offered folder; those that differ are asked for ahead of time.
fn bring_files(
    copy: &Copy,
    host: &mut Host<'_>,
    files: &[(&Entry, &Source)],
    dest: &Path,
    title: &str,
) -> Result<(), Failure> {
    let names: Vec<String> = files.iter().map(|(entry, _)| text(&entry.path)).collect();
    let orders = files.iter().zip(&names);
    let orders: Vec<_> = orders
        .map(|((entry, source), name)| entry.order(source, dest, name, title))
        .collect();
    let found = orders
        .iter()
        .map(|o| copy.examine(o))
        .collect::<Result<Vec<_>, _>>()?;
    let wanted = found.iter().zip(&names).filter(|(f, _)| f.state == There::Other);
    let mut wanted = wanted
        .map(|(_, name)| name.clone())
        .collect::<Vec<_>>()
        .into_iter();
    let asks = !host.check();
    let ask = |host: &mut Host<'_>, names: Vec<String>| match asks {
        true => host
            .link()
            .ask(&names)
            .map_err(|e| Failure::new(format!("could not ask for the files: {e}"))),
        false => Ok(()),
    };
    ask(host, wanted.by_ref().take(AHEAD).collect())?;
    for (order, found) in orders.iter().zip(found) {
        let fetched = found.state == There::Other;
        copy.bring(host, order, found)?;
        if fetched {
            ask(host, wanted.by_ref().take(1).collect())?;
        }
    }
    Ok(())
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
    let from = PathBuf::from(src);
    let name = match from.file_name() {
        Some(name) if !src.ends_with('/') => Path::new(name),
        _ => Path::new(""),
    };
    let there = copy.dest.is_dir();
    let into = copy.dest.join(name);
    walk(copy, host, &from, &into, 0)?;
    let owner = FileAttrs {
        mode: None,
        ..copy.attrs.clone()
    };
    if !owner.is_empty() {
        chown_below(host, &into, &owner)?;
    }
    // What was there already is told as what is in it.
    let dest = match there {
        true => into,
        false => copy.dest.clone(),
    };
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
            // A link that is there already is written through.
            let content = Source::File(source.clone());
            host.install(&dest, &content, &text(&source), &save, &attrs, true)?;
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
