//! `file`: files, folders and links are there, are gone, and have their attributes.

use super::{file_directory, file_link, timestamps, timestamps::Time};
use crate::{host::file_info, prelude::*};
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// What should be at the path.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Absent,
    /// A folder.
    Directory,
    /// A file that is there already.
    File,
    /// A hard link.
    Hard,
    /// A symbolic link.
    Link,
    /// A file, made if missing, with new times.
    Touch,
}

/// Make, remove and link files and folders, and set their attributes
///
/// Without `state` what is there keeps its kind; a missing path is an error then, unless `recurse` makes it a folder.
#[derive(Params)]
pub struct File {
    /// The file, folder or link.
    #[param(required, alias = "dest", alias = "name")]
    pub(super) path: PathBuf,
    /// What should be there: nothing (`absent`), a folder, an existing file, a hard or symbolic link, or a file that
    /// is made when missing and gets new times (`touch`).
    state: Option<State>,
    /// What a link points to; for a symbolic link it may be relative to the link's folder.
    pub(super) src: Option<PathBuf>,
    /// Give everything below the folder the same attributes too.
    #[param(default = false)]
    pub(super) recurse: bool,
    /// Make a link although its target is missing or something else is at its place.
    #[param(default = false)]
    pub(super) force: bool,
    /// Work on what a link points to instead of the link.
    #[param(default = true)]
    pub(super) follow: bool,
    /// When it was changed last: `preserve`, `now`, or a date in `modification_time_format`.
    modification_time: Option<String>,
    /// Format of `modification_time`, as `strftime` has it.
    #[param(default = "%Y%m%d%H%M.%S")]
    modification_time_format: String,
    /// When it was read last: `preserve`, `now`, or a date in `access_time_format`.
    access_time: Option<String>,
    /// Format of `access_time`.
    #[param(default = "%Y%m%d%H%M.%S")]
    access_time_format: String,
    /// Accepted for the sake of other modules; attributes are always set safely.
    #[param(default = false)]
    unsafe_writes: bool,
    #[param(hidden)]
    _original_basename: Option<String>,
    #[param(hidden)]
    _diff_peek: Option<bool>,
    #[param(flatten)]
    pub(super) attrs: FileAttrs,
}

/// What is at a path, in the module's words.
pub(super) fn state_of(path: &Path) -> &'static str {
    match fs::symlink_metadata(path) {
        Err(_) => "absent",
        Ok(m) if m.file_type().is_symlink() => "link",
        Ok(m) if m.is_dir() => "directory",
        Ok(m) if m.nlink() > 1 => "hard",
        Ok(_) => "file",
    }
}

/// A path as result text.
pub(crate) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Before and after of one step.
pub(super) struct Diff {
    pub(super) before: Map,
    pub(super) after: Map,
}

impl Diff {
    pub(super) fn new(path: &Path, state: &str, previous: &str) -> Self {
        let (before, after) = (Map::new(), Map::new());
        before.insert("path", text(path));
        after.insert("path", text(path));
        if state != previous {
            before.insert("state", previous);
            after.insert("state", state);
            if state == "absent" && previous == "directory" {
                before.insert("path_content", contents(path));
            }
        }
        Self { before, after }
    }

    /// The result with its diff, where diffs are wanted.
    pub(super) fn into_outcome(self, host: &Host<'_>, key: &str, path: &Path, changed: bool) -> Outcome {
        let outcome = Outcome::new().with(key, text(path)).changed(changed);
        if !host.wants_diff() {
            return outcome;
        }
        let diff = Map::new();
        diff.insert("before", self.before);
        diff.insert("after", self.after);
        outcome.with("diff", diff)
    }
}

/// The folders and files below a folder.
fn contents(path: &Path) -> Map {
    let (mut folders, mut files, mut todo) = (Vec::new(), Vec::new(), vec![path.to_owned()]);
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let found = entry.path();
            if entry.file_type().is_ok_and(|t| t.is_dir()) {
                folders.push(text(&found));
                todo.push(found);
            } else {
                files.push(text(&found));
            }
        }
    }
    Map::from_iter([("directories", folders), ("files", files)])
}

impl File {
    /// The wanted times; `missing` for those not named.
    pub(super) fn times(&self, missing: Time) -> Result<(Time, Time), Failure> {
        let modified = Time::parse(
            self.modification_time.as_deref(),
            &self.modification_time_format,
            missing,
        )?;
        let accessed = Time::parse(self.access_time.as_deref(), &self.access_time_format, missing)?;
        Ok((modified, accessed))
    }

    /// Attributes and times of what is at `path`, or of its target when links are followed.
    pub(super) fn attributes(
        &self,
        host: &mut Host<'_>,
        path: &Path,
        missing: Time,
        diff: &Diff,
    ) -> Result<bool, Failure> {
        let (modified, accessed) = self.times(missing)?;
        let target = self.followed(path);
        let changed = host.apply_noting(&target, &self.attrs, false, &diff.before, &diff.after)?;
        Ok(changed | timestamps::apply(host, &target, modified, accessed, &diff.before, &diff.after)?)
    }

    /// The path, or what it finally points to.
    pub(super) fn followed(&self, path: &Path) -> PathBuf {
        if self.follow && path.is_symlink() {
            return resolve(path);
        }
        path.to_owned()
    }

    fn file(&self, host: &mut Host<'_>, path: &Path) -> Result<Outcome, Failure> {
        let path = &self.followed(path);
        let previous = state_of(path);
        if !matches!(previous, "file" | "hard") {
            return Err(Failure::new(format!(
                "file ({}) is {previous}, cannot continue",
                path.display()
            ))
            .with("path", text(path))
            .with("state", previous));
        }
        let diff = Diff::new(path, "file", "file");
        let changed = self.attributes(host, path, Time::Preserve, &diff)?;
        Ok(diff.into_outcome(host, "path", path, changed))
    }

    fn absent(&self, host: &mut Host<'_>, path: &Path) -> Result<Outcome, Failure> {
        let diff = Diff::new(path, "absent", state_of(path));
        let changed = host.remove(path).map_err(|f| f.with("path", text(path)))?;
        if !changed {
            return Ok(Outcome::new()
                .with("path", text(path))
                .with("state", "absent")
                .changed(false));
        }
        Ok(diff
            .into_outcome(host, "path", path, changed)
            .with("state", "absent"))
    }

    fn touch(&self, host: &mut Host<'_>, path: &Path) -> Result<Outcome, Failure> {
        let previous = state_of(path);
        let diff = Diff::new(path, "touch", previous);
        if previous != "absent" {
            let changed = self.attributes(host, path, Time::Now, &diff)?;
            return Ok(diff.into_outcome(host, "dest", path, changed));
        }
        self.times(Time::Now)?;
        if host.check() {
            host.mark_changed();
            return Ok(Outcome::new().with("dest", text(path)).changed(true));
        }
        host.make_empty(path).map_err(|f| {
            Failure::new(format!("Error, could not touch target: {}", f.message)).with("path", text(path))
        })?;
        // A file that cannot get its attributes must not stay with wrong ones.
        if let Err(failure) = self.attributes(host, path, Time::Now, &diff) {
            for (key, value) in file_info(path, host.accounts()).text_entries() {
                failure.values.insert(key, value);
            }
            host.remove(path)?;
            return Err(failure);
        }
        Ok(diff.into_outcome(host, "dest", path, true))
    }

    /// In check mode an earlier step may have been the one that would make the owner: say so.
    fn warn_of_accounts(&self, host: &mut Host<'_>) {
        let accounts = [
            ("user", "uid", &self.attrs.owner),
            ("group", "gid", &self.attrs.group),
        ];
        for (what, number, name) in accounts {
            let Some(name) = name else { continue };
            let id = name.parse::<u32>().ok();
            let known = match (what, id) {
                ("user", Some(id)) => host.accounts().user_by_id(id).is_some(),
                ("user", None) => host.accounts().user(name).is_some(),
                (_, Some(id)) => host.accounts().group_by_id(id).is_some(),
                (_, None) => host.accounts().group(name).is_some(),
            };
            if !known {
                let with = if id.is_some() {
                    format!("with {number} ")
                } else {
                    String::new()
                };
                host.warn(format!(
                    "failed to look up {what} {with}{name}. Create {what} up to this point in real play"
                ));
            }
        }
    }
}

/// Where a chain of links ends, also if nothing is there.
pub(crate) fn resolve(path: &Path) -> PathBuf {
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    let mut at = path.to_owned();
    for _ in 0..40 {
        match fs::read_link(&at) {
            Ok(target) => at = at.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => break,
        }
    }
    at
}

impl Module for File {
    const META: Meta = Meta {
        name: "ansible.builtin.file",
        aliases: &[],
        check: Support::Full,
        diff: Support::Partial,
        returns: &[
            Return {
                name: "path",
                doc: "The path, for files, folders and what was removed.",
            },
            Return {
                name: "dest",
                doc: "The path, for links and touched files.",
            },
            Return {
                name: "src",
                doc: "What a link points to.",
            },
        ],
        examples: &[
            Example {
                title: "A folder with its parents",
                args: r#"{"path": "{dir}/a/b", "state": "directory", "mode": "0750"}"#,
                given: &[],
                then: &[],
                changed: true,
                runs: true,
            },
            Example {
                title: "A symbolic link",
                args: r#"{"path": "{dir}/link", "src": "target", "state": "link"}"#,
                given: &[("target", "x")],
                then: &[("link", "x")],
                changed: true,
                runs: true,
            },
            Example {
                title: "Nothing there",
                args: r#"{"path": "{dir}/old", "state": "absent"}"#,
                given: &[("old/a/b", "x")],
                then: &[],
                changed: true,
                runs: true,
            },
            Example {
                title: "Permissions of everything below a folder",
                args: r#"{"path": "{dir}/a", "recurse": true, "mode": "u=rwX,go="}"#,
                given: &[("a/b/c", "x")],
                then: &[("a/b/c", "x")],
                changed: true,
                runs: true,
            },
        ],
    };

    fn run(mut self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let _ = (self.unsafe_writes, self._diff_peek);
        let path_is_directory = self.path.is_dir();
        if path_is_directory && !matches!(self.state, Some(State::Link | State::Absent)) {
            let named = self._original_basename.clone().map(PathBuf::from);
            let name = named.or_else(|| self.src.as_deref().and_then(Path::file_name).map(PathBuf::from));
            if let Some(name) = name {
                self.path = self.path.join(name);
            }
        }
        let path = self.path.clone();
        let state = self.state.unwrap_or_else(|| match state_of(&path) {
            "directory" => State::Directory,
            "link" => State::Link,
            "hard" => State::Hard,
            "absent" if self.recurse => State::Directory,
            _ => State::File,
        });
        let wrong = |message: &str| Err(Failure::new(message).with("path", text(&path)));
        if self.recurse && state != State::Directory {
            return wrong("recurse option requires state to be 'directory'");
        }
        if self.src.is_some() && !matches!(state, State::Link | State::Hard) {
            return wrong("src option requires state to be 'link' or 'hard'");
        }
        if host.check() && state != State::Absent {
            self.warn_of_accounts(host);
        }
        match state {
            State::Absent => self.absent(host, &path),
            State::Directory => file_directory::ensure(&self, host),
            State::File => self.file(host, &path),
            State::Hard => file_link::hard(&self, host),
            State::Link => file_link::symbolic(&self, host),
            State::Touch => self.touch(host, &path),
        }
    }
}
