//! `find`: files by name, age, size, content and more.

use super::{
    file::text,
    find_file::{Content, describe},
    pattern,
    stat::file_checksum,
};
use crate::{
    host::{errno, parse_mode},
    params::Raw,
    prelude::*,
    pyregex::{Flags, Pattern, compile},
};
use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
};

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum FileType {
    Any,
    Directory,
    File,
    Link,
}

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum Stamp {
    Atime,
    Ctime,
    Mtime,
}

/// List files that match
#[derive(Params)]
pub struct Find {
    /// Folders to look in.
    #[param(required, alias = "name", alias = "path")]
    paths: Vec<PathBuf>,
    /// Shell patterns (or Python regular expressions with `use_regex`) for the base name; any of them may match.
    #[param(default = [], alias = "pattern", elements = "str")]
    patterns: Vec<String>,
    /// Patterns for base names that are left out.
    #[param(alias = "exclude", elements = "str")]
    excludes: Vec<String>,
    /// Only files at least this old, `2w`; negative: at most. Units are s, m, h, d, w.
    age: Option<String>,
    /// Which time `age` means.
    #[param(default = "mtime")]
    age_stamp: Stamp,
    /// Only files at least this large, `10m`; negative: at most. Units are b, k, m, g, t.
    size: Option<String>,
    /// Only files with a line that begins with this regular expression.
    contains: Option<String>,
    /// Search `contains` anywhere in the whole content.
    #[param(default = false)]
    read_whole_file: bool,
    /// How the files are encoded.
    encoding: Option<String>,
    /// What kind of files.
    #[param(default = "file")]
    file_type: FileType,
    /// Look in folders below.
    #[param(default = false)]
    recurse: bool,
    /// How many folders deep.
    depth: Option<i64>,
    /// Include hidden files.
    #[param(default = false)]
    hidden: bool,
    /// Go through links to folders.
    #[param(default = false)]
    follow: bool,
    /// Compute checksums.
    #[param(default = false)]
    get_checksum: bool,
    /// Which checksum.
    #[param(
        default = "sha1",
        alias = "checksum",
        alias = "checksum_algo",
        choices("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
    )]
    checksum_algorithm: String,
    /// Patterns are regular expressions.
    #[param(default = false)]
    use_regex: bool,
    /// Only files with these permissions, octal or symbolic.
    mode: Option<Raw>,
    /// `mode` must be exactly that, else one common bit is enough.
    #[param(default = true)]
    exact_mode: bool,
    /// Stop after so many.
    limit: Option<i64>,
}

enum Name {
    Shell(String),
    Regex(Pattern),
}

impl Name {
    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Shell(p) => pattern::matches(p, name),
            Self::Regex(p) => p.matches_start(name).unwrap_or(false),
        }
    }
}

struct Search<'a> {
    find: &'a Find,
    names: Vec<Name>,
    excluded: Vec<Name>,
    content: Option<Content>,
    age: Option<i64>,
    size: Option<i64>,
    mode: Option<u32>,
    now: f64,
    found: Vec<Value>,
    examined: usize,
    skipped: Map,
    /// Whether something was skipped that the user is warned of.
    warned: bool,
}

/// `10m` with the unit's factor.
fn measure(text: &str, units: &[(char, i64)]) -> Option<i64> {
    let text = text.to_lowercase();
    let (number, factor) = match text
        .chars()
        .last()
        .and_then(|c| units.iter().find(|(u, _)| *u == c))
    {
        Some((_, factor)) => (text.get(..text.len() - 1).unwrap_or(""), *factor),
        None => (text.as_str(), 1),
    };
    number.parse::<i64>().ok()?.checked_mul(factor)
}

impl Find {
    fn names(&self, list: &[String]) -> Result<Vec<Name>, Failure> {
        list.iter()
            .map(|p| {
                Ok(if self.use_regex {
                    Name::Regex(compile(p, Flags::default()).map_err(Failure::new)?)
                } else {
                    Name::Shell(p.clone())
                })
            })
            .collect()
    }

    fn search(&self, host: &Host<'_>) -> Result<Search<'_>, Failure> {
        let minute = [('s', 1), ('m', 60), ('h', 3600), ('d', 86400), ('w', 604_800)];
        let bytes = [
            ('b', 1),
            ('k', 1 << 10),
            ('m', 1 << 20),
            ('g', 1 << 30),
            ('t', 1 << 40),
        ];
        let age = match &self.age {
            Some(t) => Some(
                measure(t, &minute).ok_or_else(|| Failure::new("failed to process age").with("age", t))?,
            ),
            None => None,
        };
        let size = match &self.size {
            Some(t) => Some(
                measure(t, &bytes).ok_or_else(|| Failure::new("failed to process size").with("size", t))?,
            ),
            None => None,
        };
        let mode = match &self.mode {
            None => None,
            Some(Raw(Value::Str(mode))) if mode.as_str().is_empty() => None,
            Some(Raw(mode @ Value::Str(_))) => Some(parse_mode(mode, 0, false, host.umask())?),
            Some(Raw(mode)) => {
                return Err(Failure::new(format!(
                    "argument 'mode' is not a string and conversion is not allowed, value is of type {}; quote it",
                    mode.type_name()
                )));
            }
        };
        let content = match &self.contains {
            Some(pattern) => Some(Content {
                pattern: compile(pattern, Flags::default())?,
                whole: self.read_whole_file,
                encoding: self.encoding.clone(),
            }),
            None => None,
        };
        let all = [if self.use_regex { ".*" } else { "*" }.to_owned()];
        let patterns = if self.patterns.is_empty() {
            &all[..]
        } else {
            &self.patterns
        };
        let (seconds, micros) = crate::system::clock::now();
        Ok(Search {
            find: self,
            names: self.names(patterns)?,
            excluded: self.names(&self.excludes)?,
            content,
            age,
            size,
            mode,
            now: seconds as f64 + f64::from(micros) / 1e6,
            found: Vec::new(),
            examined: 0,
            skipped: Map::new(),
            warned: false,
        })
    }
}

impl Search<'_> {
    fn full(&self) -> bool {
        self.find
            .limit
            .is_some_and(|l| l > 0 && self.found.len() as i64 >= l)
    }

    /// Notes a path given by the user that could not be looked through to its end.
    fn skip(&mut self, host: &mut Host<'_>, path: &Path, reason: &str) {
        host.warn(format!(
            "Skipped '{}' path due to this access issue: {reason}\n",
            path.display()
        ));
        self.warned = true;
        self.skipped.insert(text(path), reason);
    }

    /// Looks through a folder and those below; an error ends the search of the path that the user gave.
    fn walk(&mut self, host: &mut Host<'_>, folder: &Path, depth: i64) -> Result<(), String> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) => {
                let reason = errno(&e, &text(folder));
                // Such folders are told in the result only.
                return if matches!(e.kind(), ErrorKind::PermissionDenied | ErrorKind::NotFound) {
                    self.skipped.insert(text(folder), reason);
                    Ok(())
                } else {
                    Err(reason)
                };
            }
        };
        let (mut files, mut folders) = (Vec::new(), Vec::new());
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() { &mut folders } else { &mut files }.push(path);
        }
        self.examined += files.len() + folders.len();
        // Folders one level too deep are counted but not looked at, as Ansible does.
        if self.find.depth.is_some_and(|d| d > 0 && depth > d) {
            return Ok(());
        }
        for path in files.iter().chain(&folders) {
            self.examine(host, path)?;
            if self.full() {
                return Ok(());
            }
        }
        if !self.find.recurse || depth > 500 {
            return Ok(());
        }
        for path in folders {
            if self.find.follow || !path.is_symlink() {
                self.walk(host, &path, depth + 1)?;
            }
            if self.full() {
                break;
            }
        }
        Ok(())
    }

    fn examine(&mut self, host: &mut Host<'_>, path: &Path) -> Result<(), String> {
        let name = path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        if name.starts_with('.') && !self.find.hidden {
            return Ok(());
        }
        let meta = match fs::symlink_metadata(path) {
            Ok(meta) => meta,
            Err(e) => {
                let reason = errno(&e, &text(path));
                host.warn(format!(
                    "Skipped entry '{}' due to access issue.: {reason}",
                    path.display()
                ));
                self.warned = true;
                self.skipped.insert(text(path), reason);
                return Ok(());
            }
        };
        let kind = meta.file_type();
        let wanted = match self.find.file_type {
            FileType::Any => true,
            FileType::Directory => kind.is_dir(),
            FileType::File => kind.is_file(),
            FileType::Link => kind.is_symlink(),
        };
        if !wanted
            || !self.names.iter().any(|n| n.matches(&name))
            || self.excluded.iter().any(|n| n.matches(&name))
        {
            return Ok(());
        }
        let stamp = match self.find.age_stamp {
            Stamp::Atime => (meta.atime(), meta.atime_nsec()),
            Stamp::Ctime => (meta.ctime(), meta.ctime_nsec()),
            Stamp::Mtime => (meta.mtime(), meta.mtime_nsec()),
        };
        let old = self.now - (stamp.0 as f64 + stamp.1 as f64 / 1e9);
        let fits = |limit: Option<i64>, value: f64| match limit {
            None => true,
            Some(n) if n >= 0 => value >= n as f64,
            Some(n) => value <= -(n as f64),
        };
        let bits = meta.mode() & 0o7777;
        let mode = self.mode.is_none_or(|m| {
            if self.find.exact_mode {
                bits == m
            } else {
                bits & m != 0
            }
        });
        if !fits(self.age, old) || !mode {
            return Ok(());
        }
        if kind.is_file() {
            if !fits(self.size, meta.len() as f64) {
                return Ok(());
            }
            if self.find.file_type == FileType::File
                && let Some(content) = &self.content
                && !content.is_in(path, host)?
            {
                return Ok(());
            }
        }
        let entry = describe(path, &meta, host);
        if kind.is_file() && self.find.get_checksum {
            entry.insert("checksum", file_checksum(path, &self.find.checksum_algorithm));
        }
        self.found.push(entry.into());
        Ok(())
    }
}

impl Module for Find {
    const META: Meta = Meta {
        name: "ansible.builtin.find",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "examined",
                doc: "How many files were looked at.",
            },
            Return {
                name: "files",
                doc: "What matches: path, permissions, owner, times.",
            },
            Return {
                name: "matched",
                doc: "How many match.",
            },
            Return {
                name: "skipped_paths",
                doc: "What could not be looked at, and why.",
            },
        ],
        examples: &[Example {
            title: "Package files of a build",
            args: r#"{"paths": "{dir}", "patterns": ["*.deb"], "recurse": true}"#,
            given: &[("a/x.deb", "1"), ("b.txt", "2")],
            then: &[("a/x.deb", "1")],
            changed: false,
            runs: true,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if let Some(limit) = self.limit.filter(|limit| *limit <= 0) {
            return Err(Failure::new(format!(
                "limit cannot be {limit} (use None for unlimited)"
            )));
        }
        let mut search = self.search(host)?;
        for path in &self.paths {
            if !path.is_dir() {
                let reason = format!("'{}' is not a directory", path.display());
                search.skip(host, path, &reason);
                continue;
            }
            if let Err(reason) = search.walk(host, &normal(path), 1) {
                search.skip(host, path, &reason);
            }
            if search.full() {
                break;
            }
        }
        let message = if search.warned {
            "Not all paths examined, check warnings for details"
        } else if search.full() {
            "Limit of matches reached"
        } else {
            "All paths examined"
        };
        Ok(Outcome::new()
            .with("matched", search.found.len())
            .with("files", Value::list(search.found))
            .with("examined", search.examined)
            .with("msg", message)
            .with("skipped_paths", search.skipped)
            .changed(false))
    }
}

/// The path without empty parts, `.` and `..`, as far as its letters tell.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if out.file_name().is_some_and(|n| n != "..") => {
                out.pop();
            }
            Component::ParentDir if out.has_root() => {}
            part => out.push(part),
        }
    }
    if out.as_os_str().is_empty() {
        out.push(".");
    }
    out
}
