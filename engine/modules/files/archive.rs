//! `archive`: files packed by the host's own programs.

use super::{file::text, install::Source, pattern, stat::file_checksum, unarchive_zip};
use crate::{
    host::{Scratch, io_failure, spool},
    prelude::*,
};
use std::{
    collections::BTreeSet,
    fs, io,
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
    exclusion_patterns: Option<Vec<String>>,
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

/// Patterns replaced by what they match, and whether there were any.
fn expanded(paths: &[PathBuf]) -> (Vec<PathBuf>, bool) {
    let is_pattern = |path: &Path| text(path).contains(['*', '?']);
    let expand = |path: &PathBuf| match is_pattern(path) {
        true => pattern::expand(path),
        false => vec![path.clone()],
    };
    let found = paths.iter().flat_map(expand).collect();
    (found, paths.iter().any(|p| is_pattern(p)))
}

/// The folder that all paths are in, with a slash at its end. A path that ends with one is such a folder itself.
fn root(paths: &[String]) -> String {
    let folder = |path: &str| {
        path.rfind('/')
            .and_then(|at| path.get(..=at))
            .unwrap_or("")
            .to_owned()
    };
    let mut folders = paths.iter().map(|p| folder(p));
    let Some(mut common) = folders.next() else {
        return "/".to_owned();
    };
    for other in folders {
        let same = common.chars().zip(other.chars()).take_while(|(a, b)| a == b);
        let length = same.map(|(a, _)| a.len_utf8()).sum();
        common.truncate(length);
    }
    folder(&common)
}

/// One file or folder that goes into the archive.
struct Member {
    path: PathBuf,
    /// Its name in the archive.
    name: String,
}

impl Archive {
    /// Everything that is packed: at every level folders, then files, then what is in the folders.
    fn members(&self, targets: &[String], base: &str) -> Vec<Member> {
        let mut out = Vec::new();
        for target in targets {
            let path = Path::new(target);
            match path.is_dir() {
                true => self.collect(path, base, &mut out),
                false => self.add(path, base, &mut out),
            }
        }
        out
    }

    fn add(&self, path: &Path, base: &str, out: &mut Vec<Member>) {
        let full = text(path);
        let name = full
            .strip_prefix(base)
            .unwrap_or(&full)
            .trim_start_matches('/')
            .to_owned();
        // Patterns are held against the name in tar archives, against the whole path for zip.
        let shown = if self.format == Format::Zip { &full } else { &name };
        let patterns = self.exclusion_patterns.as_deref().unwrap_or_default();
        if !patterns.iter().any(|p| pattern::matches(p, shown)) {
            out.push(Member {
                path: path.to_owned(),
                name,
            });
        }
    }

    fn collect(&self, folder: &Path, base: &str, out: &mut Vec<Member>) {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut below: Vec<_> = entries.map(|e| e.path()).collect();
        below.sort();
        let (folders, files): (Vec<_>, Vec<_>) = below.into_iter().partition(|p| p.is_dir());
        folders
            .iter()
            .chain(&files)
            .for_each(|path| self.add(path, base, out));
        for folder in folders.iter().filter(|f| !f.is_symlink()) {
            self.collect(folder, base, out);
        }
    }

    fn pack(&self, host: &mut Host<'_>, base: &str, members: &[Member], to: &Path) -> Result<(), Failure> {
        let mut names = Vec::new();
        for member in members {
            names.extend(member.name.bytes());
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

    /// Compresses one file; gives where the result is.
    fn compress(&self, host: &mut Host<'_>, file: &Path, scratch: &Scratch) -> Result<PathBuf, Failure> {
        let (program, package, ending) = match self.format {
            Format::Bz2 => ("bzip2", "bzip2", "bz2"),
            Format::Xz => ("xz", "xz-utils", "xz"),
            _ => ("gzip", "gzip", "gz"),
        };
        // The programs replace what they compress, so they get a copy; what they write never goes through memory.
        let copy = scratch.join("plain");
        fs::File::open(file)
            .and_then(|mut from| io::copy(&mut from, &mut spool(&copy)?))
            .map_err(|e| io_failure("could not read", file, &e))?;
        let mut command = Command::new(host.need_program(program, package)?).arg("-f");
        if program == "gzip" {
            // Without name and time, so that the same content gives the same file.
            command = command.arg("-n");
        }
        host.query(command.path(&copy))?
            .success("could not compress the file")?;
        Ok(scratch.join(format!("plain.{ending}")))
    }

    /// What is in an archive, in a form that can be compared.
    fn listing(&self, host: &mut Host<'_>, archive: &Path, single: bool) -> Result<Option<String>, Failure> {
        if !archive.exists() {
            return Ok(None);
        }
        if single {
            return Ok(file_checksum(archive, "sha1"));
        }
        if self.format == Format::Zip {
            let sums = unarchive_zip::checksums(host, archive)?;
            let mut lines: Vec<_> = sums.iter().map(|(name, sum)| format!("{name} {sum}")).collect();
            lines.sort();
            return Ok(Some(lines.join("\n")));
        }
        let command = Command::new(host.need_program("tar", "tar")?)
            .args(["--list", "--verbose", "--full-time", "--file"])
            .path(archive);
        let out = host.query(command)?;
        Ok((out.rc == 0).then(|| out.stdout_text()))
    }

    /// Makes the archive, or the compressed file, and puts it in its place if it is another.
    fn make(
        &self,
        host: &mut Host<'_>,
        base: &str,
        members: &[Member],
        dest: &Path,
        single: bool,
    ) -> Result<(), Failure> {
        let scratch = Scratch::new()?;
        let made = match members.first() {
            Some(member) if single => self.compress(host, &member.path, &scratch)?,
            _ => {
                let made = scratch.join(dest.file_name().unwrap_or("archive".as_ref()));
                self.pack(host, base, members, &made)?;
                made
            }
        };
        if self.listing(host, dest, single)? == self.listing(host, &made, single)? {
            return Ok(());
        }
        let folder = dest.parent().filter(|p| !p.as_os_str().is_empty());
        if !folder.is_none_or(Path::is_dir) {
            return Err(Failure::new(format!(
                "cannot write {}: its folder does not exist",
                dest.display()
            )));
        }
        host.mark_changed();
        let (source, save) = (Source::File(made), Save::default());
        host.install(dest, &source, "", &save, &FileAttrs::default(), true)?;
        Ok(())
    }

    /// Removes what was packed.
    fn remove(&self, host: &mut Host<'_>, paths: &[String], members: &[Member]) -> Result<(), Failure> {
        for member in members.iter().filter(|m| m.path.exists()) {
            host.remove(&member.path)?;
        }
        for path in paths.iter().filter(|p| Path::new(p).is_dir()) {
            host.remove(Path::new(path))?;
        }
        Ok(())
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
                name: "state",
                doc: "`file` when there is an archive, `absent` when there is none.",
            },
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
        let texts = |paths: &[PathBuf]| paths.iter().map(|p| text(p)).collect::<Vec<_>>();
        let (all, patterns) = expanded(&self.path);
        let (excluded, _) = expanded(&self.exclude_path);
        let (all, excluded) = (texts(&all), texts(&excluded));
        let given = texts(&self.path).join(", ");
        let paths: BTreeSet<_> = all.iter().filter(|p| !excluded.contains(p)).cloned().collect();
        let paths: Vec<String> = paths.into_iter().collect();
        let Some(first) = paths.first() else {
            return Err(Failure::new("Error, no source paths were found")
                .with("path", given)
                .with("expanded_paths", all.join(", "))
                .with("expanded_exclude_paths", excluded.join(", ")));
        };
        let base = root(&paths);
        let archives = self.force_archive || patterns || paths.len() > 1 || Path::new(first).is_dir();
        let dest = match &self.dest {
            Some(dest) => dest.clone(),
            None if !archives => PathBuf::from(format!("{first}.{}", self.format.ending())),
            None => {
                let text = "Error, must specify \"dest\" when archiving multiple files or trees";
                return Err(Failure::new(text).with("dest", "None").with("path", given));
            }
        };
        // What is removed must not take the archive with it.
        if self.remove && paths.iter().any(|p| Path::new(p).is_dir() && dest.starts_with(p)) {
            let text = "Error, created archive can not be contained in source paths when remove=true";
            return Err(Failure::new(text).with("path", paths.join(", ")));
        }
        let there = |path: &String| Path::new(path).symlink_metadata().is_ok();
        let (targets, missing): (Vec<String>, Vec<String>) = paths.iter().cloned().partition(there);
        let single = !archives && !matches!(self.format, Format::Tar | Format::Zip);
        let mut state = "absent";
        let mut archived = Vec::new();
        if targets.is_empty() {
            if dest.exists() {
                state = if is_archive(&dest) { "archive" } else { "compress" };
            }
        } else if host.check() {
            if archives || !dest.exists() {
                host.mark_changed();
            }
        } else {
            let mut members = self.members(&targets, &base);
            members.retain(|m| m.path != dest);
            host.quietly(|host| self.make(host, &base, &members, &dest, single))?;
            // Of zip archives folders are not told.
            let told = members
                .iter()
                .filter(|m| self.format != Format::Zip || !m.path.is_dir());
            archived = told.map(|m| text(&m.path)).collect();
            state = match () {
                () if single => "compress",
                () if missing.is_empty() => "archive",
                () => "incomplete",
            };
            if self.remove {
                self.remove(host, &paths, &members)?;
            }
        }
        if dest.exists() {
            host.quietly(|host| host.apply(&dest, &self.attrs, true))?;
        }
        let list = |texts: &[String]| Value::list(texts.iter().map(Value::from));
        Ok(Outcome::new()
            .with("archived", list(&archived))
            .with("dest", text(&dest))
            .with("dest_state", state)
            .with("arcroot", base)
            .with("missing", list(&missing))
            .with("expanded_paths", list(&all))
            .with("expanded_exclude_paths", list(&excluded))
            .changed(host.changed()))
    }
}

/// Whether the name is that of an archive, not of a compressed file.
fn is_archive(path: &Path) -> bool {
    let name = text(path).to_lowercase();
    let endings = [".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".zip"];
    endings.iter().any(|e| name.ends_with(e))
}

#[cfg(test)]
mod tests {
    use super::root;

    #[test]
    fn the_root_is_the_folder_that_all_paths_share() {
        let of = |paths: &[&str]| root(&paths.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["/s"]), "/");
        assert_eq!(of(&["/s/"]), "/s/");
        assert_eq!(of(&["/a/b/c", "/a/b/d/e"]), "/a/b/");
        assert_eq!(of(&["/ab/x", "/ac/x"]), "/");
    }
}
