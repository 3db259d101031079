//! `archive`: files packed by the host's own programs.

use super::{file::text, pattern, stat::file_checksum};
use crate::prelude::*;
use std::{
    fs,
    path::{Path, PathBuf},
};

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum Format {
    Bz2,
    Gz,
    Tar,
    Xz,
    Zip,
}

/// Pack files into an archive, or compress one file
///
/// `tar`, `zip` and the compressors of the host do the work. A single file is only compressed, unless `force_archive`.
#[derive(Params)]
pub struct Archive {
    /// Files, folders and patterns to pack.
    #[param(required)]
    path: Vec<PathBuf>,
    /// How to pack.
    #[param(default = "gz")]
    format: Format,
    /// The archive; needed for several files.
    dest: Option<PathBuf>,
    /// Paths and patterns that are left out.
    #[param(default = [], elements = "path")]
    exclude_path: Vec<PathBuf>,
    /// Patterns of names that are left out.
    #[param(elements = "path")]
    exclusion_patterns: Vec<String>,
    /// Make an archive of a single file too.
    #[param(default = false)]
    force_archive: bool,
    /// Remove the files when they are packed.
    #[param(default = false)]
    remove: bool,
    /// Accepted for the sake of other modules.
    #[param(default = false)]
    unsafe_writes: bool,
    #[param(flatten)]
    attrs: FileAttrs,
}

impl Format {
    fn ending(self) -> &'static str {
        match self {
            Self::Bz2 => "bz2",
            Self::Gz => "gz",
            Self::Tar => "tar",
            Self::Xz => "xz",
            Self::Zip => "zip",
        }
    }
}

/// Patterns replaced by what they match.
fn expanded(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> = Vec::new();
    for path in paths {
        let found = if text(path).contains(['*', '?', '[']) {
            pattern::expand(path)
        } else {
            vec![path.clone()]
        };
        for path in found {
            let clean = PathBuf::from(text(&path).trim_end_matches('/'));
            if !out.contains(&clean) {
                out.push(clean);
            }
        }
    }
    out
}

/// The folder that all paths are in.
fn root(paths: &[PathBuf]) -> PathBuf {
    let mut common = match paths.first().and_then(|p| p.parent()) {
        Some(parent) => parent.to_owned(),
        None => return PathBuf::from("/"),
    };
    while !paths.iter().all(|p| p.starts_with(&common)) {
        if !common.pop() {
            return PathBuf::from("/");
        }
    }
    common
}

struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Archive {
    fn left_out(&self, path: &Path, base: &Path, excluded: &[PathBuf]) -> bool {
        let relative = path.strip_prefix(base).unwrap_or(path);
        excluded.iter().any(|e| path.starts_with(e))
            || self.exclusion_patterns.iter().any(|p| {
                pattern::matches(p, &text(relative))
                    || path
                        .file_name()
                        .is_some_and(|n| pattern::matches(p, &n.to_string_lossy()))
            })
    }

    /// Everything below a path that is packed: at every level folders, then files, then what is in the folders.
    fn collect(&self, path: &Path, base: &Path, excluded: &[PathBuf], out: &mut Vec<PathBuf>) {
        let real_folder = |p: &Path| p.is_dir() && !p.is_symlink();
        let mut below: Vec<_> = fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.path())
            .collect();
        below.retain(|p| !self.left_out(p, base, excluded));
        below.sort();
        let (folders, files): (Vec<_>, Vec<_>) = below.into_iter().partition(|p| real_folder(p));
        out.extend(folders.iter().cloned());
        out.extend(files);
        for folder in folders {
            self.collect(&folder, base, excluded, out);
        }
    }

    fn pack(&self, host: &mut Host<'_>, base: &Path, members: &[PathBuf], to: &Path) -> Result<(), Failure> {
        let mut names = Vec::new();
        for member in members {
            let name = member.strip_prefix(base).unwrap_or(member);
            names.extend(name.to_string_lossy().bytes());
            names.push(if self.format == Format::Zip { b'\n' } else { 0 });
        }
        let command = if self.format == Format::Zip {
            Command::new(host.need_program("zip", "zip")?)
                .args(["-q", "-y", "-X"])
                .path(to)
                .arg("-@")
                .stdin(names)
        } else {
            let flag = match self.format {
                Format::Gz => "--gzip",
                Format::Bz2 => "--bzip2",
                Format::Xz => "--xz",
                _ => "--no-auto-compress",
            };
            Command::new(host.need_program("tar", "tar")?)
                .args([
                    "--create",
                    "--no-recursion",
                    "--null",
                    "--files-from=-",
                    flag,
                    "--file",
                ])
                .path(to)
                .stdin(names)
        };
        host.query(command.directory(base))?
            .success("could not pack the files")
            .map(|_| ())
    }

    fn compress(&self, host: &mut Host<'_>, file: &Path, to: &Path) -> Result<(), Failure> {
        let (program, args): (&str, &[&str]) = match self.format {
            Format::Bz2 => ("bzip2", &["-k", "-c"]),
            Format::Xz => ("xz", &["-k", "-c"]),
            _ => ("gzip", &["-n", "-c"]),
        };
        let package = if program == "xz" { "xz-utils" } else { program };
        let command = Command::new(host.need_program(program, package)?)
            .args(args)
            .path(file);
        let out = host.query(command)?;
        if out.dropped > 0 {
            // Too large for memory: through tar's way of writing to a file.
            return Err(Failure::new(format!(
                "{} is too large to be compressed alone; use force_archive",
                file.display()
            )));
        }
        let out = out.success("could not compress the file")?;
        fs::write(to, out.stdout).map_err(|e| Failure::new(format!("could not write {}: {e}", to.display())))
    }

    /// What is in an archive, in a form that can be compared.
    fn listing(&self, host: &mut Host<'_>, archive: &Path, single: bool) -> Result<Option<String>, Failure> {
        if !archive.exists() {
            return Ok(None);
        }
        if single {
            return Ok(file_checksum(archive, "sha1"));
        }
        let command = if self.format == Format::Zip {
            Command::new(host.need_program("unzip", "unzip")?)
                .arg("-v")
                .path(archive)
        } else {
            Command::new(host.need_program("tar", "tar")?)
                .args(["--list", "--verbose", "--full-time", "--file"])
                .path(archive)
        };
        let out = host.query(command)?;
        let text = out.stdout_text();
        // The first line of unzip names the archive.
        let lines: Vec<&str> = text.lines().filter(|l| !l.starts_with("Archive:")).collect();
        Ok((out.rc == 0).then(|| lines.join("\n")))
    }
}

impl Module for Archive {
    const META: Meta = Meta {
        name: "community.general.archive",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "archived",
                doc: "What was packed.",
            },
            Return {
                name: "arcroot",
                doc: "The folder that all of it is in.",
            },
            Return {
                name: "dest_state",
                doc: "`archive`, `compress`, `incomplete` or `absent`.",
            },
            Return {
                name: "expanded_exclude_paths",
                doc: "What was left out.",
            },
            Return {
                name: "expanded_paths",
                doc: "The paths with patterns replaced.",
            },
            Return {
                name: "missing",
                doc: "Paths that are not there.",
            },
        ],
        examples: &[Example {
            title: "Logs of a run",
            args: r#"{"path": "/var/log/run", "dest": "/tmp/run.tgz"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let _ = self.unsafe_writes;
        let paths = expanded(&self.path);
        let excluded = expanded(&self.exclude_path);
        let (there, missing): (Vec<PathBuf>, Vec<PathBuf>) =
            paths.iter().cloned().partition(|p| p.symlink_metadata().is_ok());
        let globbed = self.path.iter().any(|p| text(p).contains(['*', '?', '[']));
        let one = paths.len() == 1 && !globbed;
        let archives = self.force_archive
            || matches!(self.format, Format::Tar | Format::Zip)
            || !one
            || paths.first().is_some_and(|p| p.is_dir());
        let dest = match (&self.dest, paths.first()) {
            (Some(dest), _) => dest.clone(),
            (None, Some(path)) if one => {
                let tar = if archives && !matches!(self.format, Format::Tar | Format::Zip) {
                    "tar."
                } else {
                    ""
                };
                PathBuf::from(format!("{}.{tar}{}", path.display(), self.format.ending()))
            }
            (None, Some(_)) => {
                return Err(Failure::new(
                    "Error, must specify \"dest\" when archiving multiple files or trees",
                ));
            }
            (None, None) => return Err("Error, no source paths were found".into()),
        };
        if there.contains(&dest) && self.remove {
            return Err(Failure::new(
                "Error, created archive can not be contained in source paths when remove=true",
            ));
        }
        let base = root(&paths);
        let list = |paths: &[PathBuf]| Value::list(paths.iter().map(|p| Value::str(text(p))));
        let mut members = Vec::new();
        for path in there.iter().filter(|p| !self.left_out(p, &base, &excluded)) {
            if path.is_dir() && !path.is_symlink() {
                self.collect(path, &base, &excluded, &mut members);
            } else {
                members.push(path.clone());
            }
        }
        members.retain(|m| *m != dest);
        let files: Vec<PathBuf> = members
            .iter()
            .filter(|m| !m.is_dir() || m.is_symlink())
            .cloned()
            .collect();
        let mut outcome = Outcome::new()
            .with("arcroot", format!("{}/", text(&base).trim_end_matches('/')))
            .with("dest", text(&dest))
            .with("expanded_paths", list(&paths))
            .with("expanded_exclude_paths", list(&excluded))
            .with("missing", list(&missing));
        if there.is_empty() {
            // It may have been packed and removed earlier.
            let state = if dest.exists() { "archive" } else { "absent" };
            return Ok(outcome
                .with("archived", Value::list([]))
                .with("dest_state", state)
                .changed(false));
        }
        let folder = dest
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let scratch = Scratch(super::tempfile::make_folder(&std::env::temp_dir(), "kdo.", "")?);
        let name = dest.file_name().unwrap_or("archive".as_ref());
        let made = scratch.0.join(name);
        let single = !archives;
        match there.first() {
            Some(file) if single => self.compress(host, file, &made)?,
            _ => self.pack(host, &base, &members, &made)?,
        }
        let same = self.listing(host, &dest, single)? == self.listing(host, &made, single)?;
        if !same {
            host.mark_changed();
            if !host.check() {
                if !folder.is_dir() {
                    return Err(Failure::new(format!("{} does not exist", folder.display())));
                }
                let source = super::install::Source::File(made);
                host.install(&dest, &source, "", &Save::default(), &self.attrs, true)?;
            }
        } else {
            host.apply(&dest, &self.attrs, true)?;
        }
        if self.remove {
            for path in &there {
                if path.is_dir() && !excluded.is_empty() {
                    for file in &files {
                        host.remove(file)?;
                    }
                } else {
                    host.remove(path)?;
                }
            }
        }
        let state = if single {
            "compress"
        } else if missing.is_empty() {
            "archive"
        } else {
            "incomplete"
        };
        // zip's folders are not counted.
        let archived = if self.format == Format::Zip {
            &files
        } else {
            &members
        };
        outcome = outcome.with("archived", list(archived)).with("dest_state", state);
        Ok(outcome.changed(host.changed()))
    }
}
