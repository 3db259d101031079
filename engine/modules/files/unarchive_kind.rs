//! `unarchive`: what tar and unzip are asked, and what they answer.

use super::unarchive_zip::{self, Differences};
use crate::{Failure, Host, host::Command};
use kdo_value::Value;
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

/// Kinds of archives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Tar,
    Gzip,
    Bzip,
    Xz,
    Zstd,
    Zip,
}

impl Kind {
    /// By the first bytes, as far as the host has the programs.
    pub(super) fn of(host: &Host<'_>, archive: &Path) -> Result<Self, Failure> {
        let mut head = Vec::new();
        let file = fs::File::open(archive)
            .map_err(|e| Failure::new(format!("could not read {}: {e}", archive.display())))?;
        let _ = file.take(264).read_to_end(&mut head);
        let kind = if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
            Self::Zip
        } else if head.starts_with(&[0x1f, 0x8b]) {
            Self::Gzip
        } else if head.starts_with(b"BZh") {
            Self::Bzip
        } else if head.starts_with(&[0xfd, b'7', b'z', b'X', b'Z']) {
            Self::Xz
        } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Self::Zstd
        } else if head.get(257..262) == Some(b"ustar") {
            Self::Tar
        } else {
            return Err(no_handler(archive, ""));
        };
        let program = match kind {
            Self::Zip => "unzip",
            Self::Zstd => "zstd",
            _ => "tar",
        };
        if host.find_program(program).is_none() {
            return Err(no_handler(
                archive,
                &format!(
                    "Unable to find required '{program}' binary in the path; package `{program}` usually has it"
                ),
            ));
        }
        Ok(kind)
    }

    /// Ansible's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "TgzArchive",
            // GNU tar recognises the others itself.
            Self::Tar | Self::Bzip | Self::Xz | Self::Zstd => "TarArchive",
            Self::Zip => "ZipArchive",
        }
    }

    /// GNU tar recognises other kinds itself.
    fn flag(self) -> Option<&'static str> {
        (self == Self::Gzip).then_some("-z")
    }
}

/// The failure for an archive that no program here can unpack.
fn no_handler(archive: &Path, why: &str) -> Failure {
    let text = format!(
        "Failed to find handler for \"{}\". Make sure the required command to extract the file is installed.\n{why}",
        archive.display()
    );
    Failure::new(text.trim_end())
}

/// One unpacking.
pub(super) struct Unpacker {
    pub(super) kind: Kind,
    pub(super) archive: PathBuf,
    pub(super) dest: PathBuf,
    pub(super) include: Vec<String>,
    pub(super) exclude: Vec<String>,
    pub(super) options: Vec<String>,
    pub(super) keep_newer: bool,
    pub(super) owner: Option<String>,
    pub(super) group: Option<String>,
    /// The mode that is set afterwards, so that those of the archive do not matter.
    pub(super) mode: Option<Value>,
}

impl Unpacker {
    fn tar(&self, host: &Host<'_>, action: &str) -> Result<Command, Failure> {
        let mut command = Command::new(host.need_program("tar", "tar")?)
            .env("LC_ALL", "C.UTF-8")
            .arg(action)
            .arg("-C")
            .path(&self.dest);
        if let Some(flag) = self.kind.flag() {
            command = command.arg(flag);
        }
        if !self.options.is_empty() {
            command = command.arg("--show-transformed-names").args(&self.options);
        }
        if action != "--list" {
            if let Some(owner) = &self.owner {
                command = command.arg(format!("--owner={owner}"));
            }
            if let Some(group) = &self.group {
                command = command.arg(format!("--group={group}"));
            }
            if self.keep_newer {
                command = command.arg("--keep-newer-files");
            }
        }
        for name in &self.exclude {
            command = command.arg(format!("--exclude={name}"));
        }
        command = command.arg("-f").path(&self.archive);
        Ok(command.args(&self.include))
    }

    /// Names of the members.
    pub(super) fn members(&self, host: &mut Host<'_>) -> Result<Vec<String>, Failure> {
        let command = if self.kind == Kind::Zip {
            Command::new(host.need_program("unzip", "unzip")?)
                .arg("-Z1")
                .path(&self.archive)
        } else {
            self.tar(host, "--list")?
        };
        let out = host.query(command)?;
        if out.rc != 0 && !(self.kind == Kind::Zip && out.rc == 1) {
            return Err(no_handler(
                &self.archive,
                &format!(
                    "Unable to list files in the archive: {}",
                    out.stderr_text().trim()
                ),
            ));
        }
        let text = out.stdout_text();
        let names = text
            .lines()
            .map(unquote)
            .map(|n| n.trim_start_matches('/').to_owned());
        let names = names.filter(|n| self.kind != Kind::Zip || unarchive_zip::is_wanted(self, n));
        let names: Vec<String> = names.collect();
        if let Some(bad) = names.iter().find(|n| {
            Path::new(n)
                .components()
                .any(|c| c == std::path::Component::ParentDir)
        }) {
            return Err(Failure::new(format!(
                "the archive would write outside of the destination: {bad}"
            )));
        }
        Ok(names)
    }

    /// The call that unpacks; of a zip archive without the members that are newer on the host.
    pub(super) fn unpack_command(&self, host: &Host<'_>, newer: &[String]) -> Result<Command, Failure> {
        if self.kind != Kind::Zip {
            return self.tar(host, "--extract");
        }
        let mut command = Command::new(host.need_program("unzip", "unzip")?)
            .arg("-o")
            .args(&self.options)
            .path(&self.archive);
        if !(self.exclude.is_empty() && newer.is_empty()) {
            command = command.arg("-x").args(&self.exclude).args(newer);
        }
        Ok(command.args(&self.include).arg("-d").path(&self.dest))
    }

    /// Whether that exit status means success; unzip's 1 is a warning.
    pub(super) fn fine(&self, rc: i64) -> bool {
        rc == 0 || self.kind == Kind::Zip && rc == 1
    }

    /// What of the archive is not unpacked yet.
    pub(super) fn differences(&self, host: &mut Host<'_>) -> Result<Differences, Failure> {
        if self.kind == Kind::Zip {
            return unarchive_zip::differences(self, host);
        }
        let out = host.query(self.tar(host, "--diff")?)?;
        let mut differences = Differences::default();
        if out.rc == 0 {
            return Ok(differences);
        }
        let root = rustix::process::geteuid().is_root();
        for line in out.stdout_text().lines().chain(out.stderr_text().lines()) {
            let ends = |endings: &[&str]| endings.iter().any(|e| line.ends_with(e));
            let counts = if ends(&[": : Warning: Cannot stat: No such file or directory"]) {
                // A name that `--strip-components` left nothing of.
                false
            } else if ends(&[": Uid differs"]) {
                root && self.owner.is_none()
            } else if ends(&[": Gid differs"]) {
                root && self.group.is_none()
            } else if ends(&[": Mode differs"]) {
                self.mode.is_none()
            } else {
                ends(&[
                    ": Mod time differs",
                    ": Symlink differs",
                    ": Contents differ",
                    ": Size differs",
                    ": File type differs",
                    ": No such file or directory",
                ]) || line.contains(": Invalid ")
            };
            if counts {
                differences.text.push_str(line);
                differences.text.push('\n');
            }
        }
        Ok(differences)
    }
}

/// tar writes unusual characters as octal numbers.
fn unquote(name: &str) -> String {
    if !name.contains('\\') {
        return name.to_owned();
    }
    let (mut out, mut bytes) = (Vec::new(), name.bytes().peekable());
    while let Some(b) = bytes.next() {
        if b != b'\\' {
            out.push(b);
            continue;
        }
        let digits: Vec<u8> = bytes.clone().take(3).collect();
        match std::str::from_utf8(&digits)
            .ok()
            .and_then(|d| u8::from_str_radix(d, 8).ok())
        {
            Some(value) if digits.len() == 3 => {
                out.push(value);
                bytes.by_ref().take(3).for_each(drop);
            }
            _ => out.push(match bytes.next() {
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(other) => other,
                None => b'\\',
            }),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::unquote;

    #[test]
    fn unusual_letters_of_names_are_read() {
        assert_eq!(unquote("a\\303\\251\\\\b"), "aé\\b");
    }
}
