//! The lookup of all files below folders.

use super::options::word;
use crate::{
    Call, Callable, Check, TemplateError,
    declare::callable,
    pyregex::{Anchor, Flags, compile},
};
use kdo_value::{Map, Value};
use std::{
    fs::Metadata,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::Path,
};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("community.general.filetree", filetree, "What is below folders: path, kind, owner, mode, size and times of each file.", ["filetree"];
        "{{ query('community.general.filetree', '/no/such/folder') }}" => "[]"),
];

const DEPTH: usize = 200;

fn filetree(call: &Call<'_>) -> Result<Value, TemplateError> {
    let exclude = word(call, "exclude")?;
    let mut out = Vec::new();
    for term in &call.args {
        let name = term.check()?.to_text();
        let Some(root) = call
            .environment
            .search
            .find("files", &name)
            .filter(|p| p.is_dir())
        else {
            continue;
        };
        walk(&root, &root, exclude.as_deref(), &mut out, 0)?;
    }
    Ok(Value::list(out))
}

fn walk(
    root: &Path,
    folder: &Path,
    exclude: Option<&str>,
    out: &mut Vec<Value>,
    depth: usize,
) -> Result<(), TemplateError> {
    let problem = |e: std::io::Error| TemplateError::new(format!("{}: {e}", folder.display()));
    let mut folders = Vec::new();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        let meta = path.symlink_metadata().map_err(problem)?;
        // links to folders come with the folders, but are not entered
        if path.is_dir() {
            folders.push((path, meta));
        } else {
            files.push((path, meta));
        }
    }
    for (path, meta) in folders.iter().chain(&files) {
        let relative = path.strip_prefix(root).unwrap_or(path).to_string_lossy();
        let skipped = match exclude {
            Some(pattern) => compile(pattern, Flags::default(), Anchor::Start)?
                .find(&relative)?
                .is_some(),
            None => false,
        };
        if !skipped {
            out.push(describe(root, path, &relative, meta));
        }
    }
    for (path, meta) in folders {
        if !meta.is_symlink() {
            if depth > DEPTH {
                return Err("the folders are nested too deeply".into());
            }
            walk(root, &path, exclude, out, depth + 1)?;
        }
    }
    Ok(())
}

fn describe(root: &Path, path: &Path, relative: &str, meta: &Metadata) -> Value {
    let kind = meta.file_type();
    let out = Map::new();
    let text = |p: &Path| Value::str(p.to_string_lossy().into_owned());
    out.insert("root", text(root));
    out.insert("path", relative);
    if kind.is_dir() {
        out.insert("state", "directory");
    } else if kind.is_symlink() {
        out.insert("state", "link");
        out.insert("src", std::fs::read_link(path).map_or(Value::None, |t| text(&t)));
    } else if kind.is_file() {
        out.insert("state", "file");
        out.insert("src", text(path));
    } else {
        let state = if kind.is_fifo() { "fifo" } else { "unsupported" };
        out.insert("state", state);
    }
    out.insert("uid", i64::from(meta.uid()));
    out.insert("gid", i64::from(meta.gid()));
    out.insert("owner", account("/etc/passwd", meta.uid()));
    out.insert("group", account("/etc/group", meta.gid()));
    out.insert("mode", format!("0{:o}", meta.mode() & 0o7777).as_str());
    out.insert("size", i64::try_from(meta.size()).unwrap_or(i64::MAX));
    let seconds = |s: i64, n: i64| s as f64 + n as f64 / 1e9;
    out.insert("mtime", Value::Float(seconds(meta.mtime(), meta.mtime_nsec())));
    out.insert("ctime", Value::Float(seconds(meta.ctime(), meta.ctime_nsec())));
    Value::Map(out)
}

/// The name of a user or group number, or the number.
fn account(file: &str, number: u32) -> Value {
    let wanted = number.to_string();
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let name = text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == wanted).then(|| Value::str(name))
    });
    name.unwrap_or_else(|| Value::Int(i64::from(number)))
}
