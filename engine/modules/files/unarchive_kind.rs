//! `unarchive`: what tar and unzip are asked, and what they answer.

use super::pattern;
use crate::{Failure, Host, host::Command};
use std::{
    fs,
    io::Read,
    os::unix::fs::MetadataExt,
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
            return Err(Failure::new(format!(
                "Failed to find handler for \"{}\". Make sure the required command to extract the file is installed.",
                archive.display()
            )));
        };
        let needs = match kind {
            Self::Zip => ("unzip", "unzip"),
            Self::Zstd => ("zstd", "zstd"),
            _ => ("tar", "tar"),
        };
        host.need_program(needs.0, needs.1)?;
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

    fn flag(self) -> Option<&'static str> {
        match self {
            Self::Tar | Self::Zip => None,
            Self::Gzip => Some("-z"),
            Self::Bzip => Some("-j"),
            Self::Xz => Some("-J"),
            Self::Zstd => Some("--use-compress-program=zstd"),
        }
    }
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
    /// Whether modes are set afterwards, so that those of the archive do not matter.
    pub(super) any_mode: bool,
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
        if action != "--list" {
            command = command.arg("--show-transformed-names");
            if let Some(owner) = &self.owner {
                command = command.arg(format!("--owner={owner}"));
            }
            if let Some(group) = &self.group {
                command = command.arg(format!("--group={group}"));
            }
            if self.keep_newer {
                command = command.arg("--keep-newer-files");
            }
        } else {
            command = command.arg("--show-transformed-names");
        }
        command = command.args(&self.options);
        for name in &self.exclude {
            command = command.arg(format!("--exclude={name}"));
        }
        command = command.arg("-f").path(&self.archive);
        Ok(command.args(&self.include))
    }

    fn wanted(&self, name: &str) -> bool {
        let any = |list: &[String]| list.iter().any(|p| p == name || pattern::matches(p, name));
        !any(&self.exclude) && (self.include.is_empty() || any(&self.include))
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
            return Err(Failure::new(format!(
                "Failed to find handler for \"{}\". Make sure the required command to extract the file is installed.\n{}",
                self.archive.display(),
                out.stderr_text().trim()
            )));
        }
        let text = out.stdout_text();
        let names = text.lines().map(unquote).filter(|n| !n.is_empty());
        let names = names.filter(|n| self.kind != Kind::Zip || self.wanted(n));
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

    /// The call that unpacks.
    pub(super) fn unpack_command(&self, host: &Host<'_>) -> Result<Command, Failure> {
        if self.kind != Kind::Zip {
            return self.tar(host, "--extract");
        }
        let mut command = Command::new(host.need_program("unzip", "unzip")?).arg("-o");
        if self.keep_newer {
            command = command.arg("-u");
        }
        command = command
            .args(&self.options)
            .path(&self.archive)
            .args(&self.include);
        if !self.exclude.is_empty() {
            command = command.arg("-x").args(&self.exclude);
        }
        Ok(command.arg("-d").path(&self.dest))
    }

    /// Whether that exit status means success; unzip's 1 is a warning.
    pub(super) fn fine(&self, rc: i64) -> bool {
        rc == 0 || self.kind == Kind::Zip && rc == 1
    }

    /// Whether everything is unpacked already, and what is different.
    pub(super) fn is_unpacked(
        &self,
        host: &mut Host<'_>,
        members: &[String],
    ) -> Result<(bool, String), Failure> {
        if self.kind == Kind::Zip {
            return self.zip_differences(host, members);
        }
        let out = host.query(self.tar(host, "--diff")?)?;
        if out.rc == 0 {
            return Ok((true, String::new()));
        }
        let root = rustix::process::geteuid().is_root();
        let mut differences = String::new();
        for line in out.stdout_text().lines().chain(out.stderr_text().lines()) {
            let counts = if line.ends_with("Uid differs") {
                root && self.owner.is_none()
            } else if line.ends_with("Gid differs") {
                root && self.group.is_none()
            } else if line.ends_with("Mode differs") {
                !self.any_mode
            } else if line.ends_with("Mod time differs") {
                !self.keep_newer
            } else {
                line.contains("differs")
                    || line.contains("differ")
                    || line.contains("Cannot")
                    || line.contains("No such file")
            };
            if counts {
                differences.push_str(line);
                differences.push('\n');
            }
        }
        Ok((differences.is_empty(), differences))
    }

    /// unzip cannot compare: sizes and checksums of its listing are compared here.
    fn zip_differences(&self, host: &mut Host<'_>, members: &[String]) -> Result<(bool, String), Failure> {
        let command = Command::new(host.need_program("unzip", "unzip")?)
            .arg("-v")
            .path(&self.archive);
        let out = host.query(command)?;
        let mut differences = String::new();
        for line in out.stdout_text().lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            // Length, method, size, ratio, date, time, CRC-32, name
            let [length, _, _, _, _, _, sum, ..] = words[..] else {
                continue;
            };
            let (Ok(length), Ok(sum)) = (length.parse::<u64>(), u32::from_str_radix(sum, 16)) else {
                continue;
            };
            let Some(name) = members
                .iter()
                .filter(|m| line.ends_with(m.as_str()))
                .max_by_key(|m| m.len())
            else {
                continue;
            };
            let path = self.dest.join(name.trim_start_matches('/'));
            let difference = match path.metadata() {
                Err(_) => "missing",
                Ok(meta) if meta.is_dir() != name.ends_with('/') => "other kind",
                Ok(meta) if meta.is_dir() => continue,
                Ok(meta) if meta.size() != length => "size",
                Ok(_) if crc32(&path) != Some(sum) => "content",
                Ok(_) => continue,
            };
            differences.push_str(&format!("{name}: {difference}\n"));
        }
        Ok((differences.is_empty(), differences))
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

/// The checksum that zip archives carry.
fn crc32(path: &Path) -> Option<u32> {
    let mut file = fs::File::open(path).ok()?;
    let mut table = [0_u32; 256];
    for (n, slot) in (0_u32..).zip(table.iter_mut()) {
        *slot = (0..8).fold(n, |c, _| {
            if c & 1 == 1 {
                0xedb8_8320 ^ (c >> 1)
            } else {
                c >> 1
            }
        });
    }
    let (mut crc, mut buffer) = (u32::MAX, vec![0; 64 << 10]);
    loop {
        let n = file.read(&mut buffer).ok()?;
        if n == 0 {
            return Some(!crc);
        }
        for b in buffer.get(..n)? {
            crc = table.get(((crc ^ u32::from(*b)) & 0xff) as usize)? ^ (crc >> 8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{crc32, unquote};

    #[test]
    fn names_and_checksums_are_read() {
        assert_eq!(unquote("a\\303\\251\\\\b"), "é\\b".replace('é', "aé"));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        std::fs::write(&path, "123456789").unwrap();
        assert_eq!(crc32(&path), Some(0xcbf4_3926));
    }
}
