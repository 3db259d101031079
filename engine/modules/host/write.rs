//! The one way to write a file: never half-written, never through a link by surprise.

use super::leftovers::{MARK, hold};
use super::{Command, FileAttrs, Host, Output, file::io_failure};
use crate::Failure;
use kdo_derive::Params;
use kdo_value::Value;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

/// Texts longer than this are not shown as a diff.
const DIFF_LIMIT: usize = 104_448;

/// How a file is saved: parameters that modules which edit files share.
#[derive(Params, Clone, Default)]
pub struct Save {
    /// Keep a copy of the old file, with time and date in its name.
    #[param(default = false)]
    pub backup: bool,
    /// A command that checks the new file before it replaces the old one; `%s` stands for its path.
    pub validate: Option<String>,
    /// Write into the existing file where it cannot be replaced in one step (bind mounts).
    #[param(default = false)]
    pub unsafe_writes: bool,
}

impl Save {
    /// The command that checks the new file; an empty one is none.
    pub fn validation(&self) -> Option<&str> {
        self.validate.as_deref().filter(|command| !command.is_empty())
    }
}

/// What writing did.
#[derive(Debug, Default)]
pub struct Written {
    /// Whether the content was different.
    pub changed: bool,
    /// The copy of the old file.
    pub backup_file: Option<PathBuf>,
}

/// Writes a new file's content.
pub type Fill<'f> = &'f mut dyn FnMut(&mut Host<'_>, &mut File) -> io::Result<()>;

/// A name beside `path` that nobody uses.
pub(crate) fn temporary_beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let short: String = name.chars().take(100).collect();
    path.with_file_name(format!(".{short}{MARK}{}-{n}", std::process::id()))
}

impl Host<'_> {
    /// Gives the file this content and these attributes. Links at the end of `path` are followed to their target,
    /// as Ansible's editing modules do; what calls this with a resolved path writes just there.
    pub fn write(
        &mut self,
        path: &Path,
        content: &[u8],
        save: &Save,
        attrs: &FileAttrs,
    ) -> Result<Written, Failure> {
        let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let old = match fs::read(path) {
            Ok(bytes) => Some(bytes),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(io_failure("could not read", path, &e)),
        };
        let mut written = Written::default();
        if old.as_deref() != Some(content) {
            written.changed = true;
            self.mark_changed();
            self.content_diff(path, old.as_deref(), content);
            if !self.check() {
                if save.backup && old.is_some() {
                    written.backup_file = Some(self.backup(path)?);
                }
                self.replace(path, &mut io::Cursor::new(content), save, attrs)?;
            }
        }
        if old.is_some() || !self.check() {
            written.changed |= self.apply(path, attrs, true)?;
        }
        Ok(written)
    }

    /// Records the difference of two contents, as far as they are texts of moderate size.
    pub fn content_diff(&mut self, path: &Path, old: Option<&[u8]>, new: &[u8]) {
        if !self.wants_diff() {
            return;
        }
        let show = |bytes: &[u8]| -> Value {
            if bytes.len() > DIFF_LIMIT {
                return Value::str(format!("[{} bytes, too many to show]", bytes.len()));
            }
            match std::str::from_utf8(bytes) {
                Ok(text) if !text.contains('\0') => Value::str(text),
                _ => Value::str("[binary content]"),
            }
        };
        let name = path.to_string_lossy().into_owned();
        self.record_diff(&name, show(old.unwrap_or_default()), &name, show(new));
    }

    /// Copies the file beside itself with the time in its name, with owner and mode.
    pub fn backup(&mut self, path: &Path) -> Result<PathBuf, Failure> {
        let stamp = super::super::system::clock::backup_stamp();
        let mut source = File::open(path).map_err(|e| io_failure("could not read", path, &e))?;
        let meta = source
            .metadata()
            .map_err(|e| io_failure("could not examine", path, &e))?;
        // The agent is one process for many steps: two in one second need different numbers.
        let mut number = std::process::id();
        let copy = loop {
            let mut name = path.file_name().map(ToOwned::to_owned).unwrap_or_default();
            name.push(format!(".{number}.{stamp}~"));
            let copy = path.with_file_name(name);
            if fs::symlink_metadata(&copy).is_err() {
                break copy;
            }
            number = number.wrapping_add(1);
        };
        // Under its name a backup is always whole.
        let temp = temporary_beside(path);
        let made = create(&temp).and_then(|mut file| {
            io::copy(&mut source, &mut file)?;
            // Only root can give files away.
            let _ = fchown(&file, Some(meta.uid()), Some(meta.gid()));
            file.set_permissions(meta.permissions())?;
            file.sync_all()?;
            fs::rename(&temp, &copy)
        });
        made.map_err(|e| {
            let _ = fs::remove_file(&temp);
            io_failure("could not write backup", &copy, &e)
        })?;
        Ok(copy)
    }

    /// Replaces a file's content from a reader: temporary file beside it, checked, given the attributes of the old
    /// file or the asked ones, renamed over it. Nothing is left behind when a step fails.
    pub fn replace(
        &mut self,
        path: &Path,
        content: &mut dyn io::Read,
        save: &Save,
        attrs: &FileAttrs,
    ) -> Result<(), Failure> {
        self.replace_filled(
            path,
            &mut |_, file| io::copy(content, file).map(|_| ()),
            save,
            attrs,
        )
    }

    /// The same with a function that writes the new content, for what comes from the controller or a program. A link
    /// at `path` is replaced, not followed.
    pub fn replace_filled(
        &mut self,
        path: &Path,
        fill: Fill<'_>,
        save: &Save,
        attrs: &FileAttrs,
    ) -> Result<(), Failure> {
        if let Some(folder) = path.parent() {
            self.sweep(folder);
        }
        let temp = temporary_beside(path);
        let result = self.replace_through(&temp, path, fill, save, attrs);
        result.map_err(|failure| {
            let _ = fs::remove_file(&temp);
            about(failure, &temp, path)
        })
    }

    fn replace_through(
        &mut self,
        temp: &Path,
        path: &Path,
        fill: Fill<'_>,
        save: &Save,
        attrs: &FileAttrs,
    ) -> Result<(), Failure> {
        let failed = |e: io::Error| io_failure("could not write", path, &e);
        let old = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file);
        let mut file = match create(temp) {
            Err(e) if save.unsafe_writes && old.is_some() => return self.write_in_place(path, fill, &e),
            other => other.map_err(failed)?,
        };
        fill(self, &mut file).map_err(failed)?;
        file.flush().map_err(failed)?;
        let mode = match &old {
            Some(meta) => meta.mode() & 0o7777,
            None => 0o666 & !self.umask(),
        };
        if let Some(meta) = &old {
            // Only root can give files away; others keep writing what they own.
            let _ = fchown(&file, Some(meta.uid()), Some(meta.gid()));
            copy_labels(path, &file);
        }
        file.set_permissions(fs::Permissions::from_mode(mode))
            .map_err(failed)?;
        // Attributes first, so that the content never appears under looser ones.
        self.unchanged(|host| host.apply(temp, attrs, true))?;
        file.sync_all().map_err(failed)?;
        drop(file);
        if let Some(command) = save.validation() {
            self.validate(command, temp)?;
        }
        match fs::rename(temp, path) {
            Err(e) if save.unsafe_writes => {
                let mut again = File::open(temp).map_err(failed)?;
                self.write_in_place(path, &mut |_, file| io::copy(&mut again, file).map(|_| ()), &e)?;
                fs::remove_file(temp).map_err(failed)
            }
            other => other.map_err(failed),
        }
    }

    fn write_in_place(&mut self, path: &Path, fill: Fill<'_>, reason: &io::Error) -> Result<(), Failure> {
        self.warn(format!(
            "{} was written in place, because it cannot be replaced: {reason}",
            path.display()
        ));
        let failed = |e: io::Error| io_failure("could not write", path, &e);
        let mut file = OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(path)
            .map_err(failed)?;
        fill(self, &mut file).map_err(failed)?;
        file.sync_all().map_err(failed)
    }

    /// Runs a `validate` command over a file; gives what it says.
    pub fn run_validation(&mut self, command: &str, file: &Path) -> Result<Output, Failure> {
        if !command.contains("%s") {
            return Err(Failure::new(format!("validate must contain %s: {command}")));
        }
        let words = crate::commands::words::split(&command.replace("%s", &file.to_string_lossy()))?;
        self.query(Command::argv(words))
    }

    /// The same, but it is a failure if the command fails.
    pub fn validate(&mut self, command: &str, file: &Path) -> Result<(), Failure> {
        let out = self.run_validation(command, file)?;
        if out.rc != 0 {
            return Err(Failure::new(format!(
                "failed to validate: rc:{} error:{}",
                out.rc,
                out.stderr_text()
            ))
            .with("exit_status", out.rc)
            .with("stdout", out.stdout_text())
            .with("stderr", out.stderr_text()));
        }
        Ok(())
    }
}

/// A failure that names a temporary file, told of the file that it stands for.
fn about(failure: Failure, temp: &Path, path: &Path) -> Failure {
    let (temp, path) = (temp.to_string_lossy(), path.to_string_lossy());
    for (key, value) in failure.values.text_entries() {
        if let Some(text) = value.as_str().filter(|t| t.contains(&*temp)) {
            failure.values.insert(key, text.replace(&*temp, &path));
        }
    }
    Failure {
        message: failure.message.replace(&*temp, &path),
        values: failure.values,
    }
}

/// A new file that only its owner can read, never through an existing link.
fn create(path: &Path) -> io::Result<File> {
    let nofollow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(nofollow)
        .open(path)?;
    if let Err(e) = hold(&file) {
        let _ = fs::remove_file(path);
        return Err(e);
    }
    Ok(file)
}

/// Takes over the security label, access lists and other extended attributes of the old file, as far as allowed.
fn copy_labels(from: &Path, to: &File) {
    use rustix::fs::{XattrFlags, fsetxattr, getxattr, listxattr};
    let mut names = vec![0_u8; 4096];
    let Ok(n) = listxattr(from, &mut names) else {
        return;
    };
    for name in names
        .get(..n)
        .unwrap_or_default()
        .split(|b| *b == 0)
        .filter(|n| !n.is_empty())
    {
        let mut value = vec![0_u8; 65536];
        if let Ok(len) = getxattr(from, name, &mut value) {
            let _ = fsetxattr(
                to,
                name,
                value.get(..len).unwrap_or_default(),
                XattrFlags::empty(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Host, NoLink, host::Context};
    use std::fs;

    #[test]
    fn backups_of_one_second_have_different_names() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        fs::write(&path, "x").unwrap();
        let mut link = NoLink;
        let mut host = Host::new(Context::default(), &mut link);
        let (a, b) = (host.backup(&path).unwrap(), host.backup(&path).unwrap());
        assert_ne!(a, b);
        assert_eq!(fs::read_to_string(b).unwrap(), "x");
    }
}
