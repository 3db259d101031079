//! `stat`: what is known of a file.

use super::file::resolve;
use crate::{
    host::{InodeFlags, io_failure},
    prelude::*,
};
use rustix::fs::{Access, access};
use sha1::Digest;
use std::{
    fs,
    io::{self, Read},
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::{Path, PathBuf},
};

/// Tell what is known of a file: kind, owner, permissions, times, checksum
#[derive(Params)]
pub struct Stat {
    /// The file.
    #[param(required, alias = "dest", alias = "name")]
    path: PathBuf,
    /// Tell about a link's target instead of the link.
    #[param(default = false)]
    follow: bool,
    /// Compute a checksum of a readable file.
    #[param(default = true)]
    get_checksum: bool,
    /// Which checksum.
    #[param(
        default = "sha1",
        alias = "checksum",
        alias = "checksum_algo",
        choices("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
    )]
    checksum_algorithm: String,
    /// Ask `file` for the MIME type and character set.
    #[param(default = true, alias = "mime", alias = "mime_type", alias = "mime-type")]
    get_mime: bool,
    /// Tell the attributes that `lsattr` shows, where it is installed.
    #[param(default = true, alias = "attr", alias = "attributes")]
    get_attributes: bool,
}

/// The hexadecimal checksum of what a reader gives.
pub fn checksum(reader: &mut dyn Read, algorithm: &str) -> io::Result<String> {
    fn feed<D: Digest>(reader: &mut dyn Read) -> io::Result<String> {
        let mut digest = D::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            match reader.read(&mut buffer)? {
                0 => break,
                n => digest.update(buffer.get(..n).unwrap_or_default()),
            }
        }
        Ok(digest.finalize().iter().map(|b| format!("{b:02x}")).collect())
    }
    match algorithm {
        "md5" => feed::<md5::Md5>(reader),
        "sha224" => feed::<sha2::Sha224>(reader),
        "sha256" => feed::<sha2::Sha256>(reader),
        "sha384" => feed::<sha2::Sha384>(reader),
        "sha512" => feed::<sha2::Sha512>(reader),
        _ => feed::<sha1::Sha1>(reader),
    }
}

/// The checksum of a file, if it can be read.
pub fn file_checksum(path: &Path, algorithm: &str) -> Option<String> {
    checksum(&mut fs::File::open(path).ok()?, algorithm).ok()
}

fn times(seconds: i64, nanos: i64) -> f64 {
    seconds as f64 + nanos as f64 / 1e9
}

impl Stat {
    fn describe(&self, path: &Path, meta: &fs::Metadata, host: &mut Host<'_>) -> Result<Map, Failure> {
        let (mode, kind) = (meta.mode(), meta.file_type());
        let bit = |b: u32| mode & b != 0;
        let out = Map::new();
        out.insert("exists", true);
        out.insert("path", path.to_string_lossy().into_owned());
        out.insert("mode", format!("{:04o}", mode & 0o7777));
        for (name, value) in kinds(kind) {
            out.insert(name, value);
        }
        for (name, value) in [
            ("uid", i64::from(meta.uid())),
            ("gid", i64::from(meta.gid())),
            ("size", i64::try_from(meta.size()).unwrap_or(i64::MAX)),
            ("inode", i64::try_from(meta.ino()).unwrap_or(i64::MAX)),
            ("dev", i64::try_from(meta.dev()).unwrap_or(i64::MAX)),
            ("nlink", i64::try_from(meta.nlink()).unwrap_or(i64::MAX)),
        ] {
            out.insert(name, value);
        }
        out.insert("atime", times(meta.atime(), meta.atime_nsec()));
        out.insert("mtime", times(meta.mtime(), meta.mtime_nsec()));
        out.insert("ctime", times(meta.ctime(), meta.ctime_nsec()));
        for (name, b) in [
            ("wusr", 0o200),
            ("rusr", 0o400),
            ("xusr", 0o100),
            ("wgrp", 0o020),
            ("rgrp", 0o040),
            ("xgrp", 0o010),
            ("woth", 0o002),
            ("roth", 0o004),
            ("xoth", 0o001),
            ("isuid", 0o4000),
            ("isgid", 0o2000),
        ] {
            out.insert(name, bit(b));
        }
        out.insert("blocks", meta.blocks());
        out.insert("block_size", meta.blksize());
        out.insert("device_type", meta.rdev());
        for (name, a) in [
            ("readable", Access::READ_OK),
            ("writeable", Access::WRITE_OK),
            ("executable", Access::EXEC_OK),
        ] {
            out.insert(name, access(path, a).is_ok());
        }
        if let Some(user) = host.accounts().user_by_id(meta.uid()) {
            out.insert("pw_name", user.name);
        }
        if let Some(group) = host.accounts().group_by_id(meta.gid()) {
            out.insert("gr_name", group.name);
        }
        if kind.is_symlink() {
            let target = fs::read_link(path).unwrap_or_default();
            out.insert(
                "lnk_source",
                std::path::absolute(resolve(path))
                    .unwrap_or_else(|_| target.clone())
                    .to_string_lossy()
                    .into_owned(),
            );
            out.insert("lnk_target", target.to_string_lossy().into_owned());
        }
        if self.get_checksum
            && kind.is_file()
            && let Some(sum) = file_checksum(path, &self.checksum_algorithm)
        {
            out.insert("checksum", sum);
        }
        self.mime_and_attributes(path, &out, host)?;
        Ok(out)
    }

    fn mime_and_attributes(&self, path: &Path, out: &Map, host: &mut Host<'_>) -> Result<(), Failure> {
        if self.get_mime {
            let (mut mime, mut charset) = ("unknown".to_owned(), "unknown".to_owned());
            if let Some(program) = host.find_program("file") {
                let answer = host.query(
                    Command::new(program)
                        .args(["--mime-type", "--mime-encoding"])
                        .path(path),
                )?;
                let text = answer.stdout_text();
                if let Some((_, words)) = text.rsplit_once(": ")
                    && let Some((m, c)) = words.trim().split_once("; charset=")
                {
                    (mime, charset) = (m.to_owned(), c.to_owned());
                }
            }
            out.insert("mimetype", mime);
            out.insert("charset", charset);
        }
        if self.get_attributes {
            // Ansible asks the program for both at once, so without it, or without one of them, nothing is told.
            let known = host
                .find_program("lsattr")
                .and_then(|_| InodeFlags::of(path))
                .and_then(|k| Some((k.letters, k.version?.to_string())));
            let (flags, version) = known.map_or_else(Default::default, |(f, v)| (f, Some(v)));
            out.insert("version", version);
            out.insert(
                "attributes",
                Value::list(flags.chars().filter_map(attribute_name).map(Value::str)),
            );
            out.insert("attr_flags", flags);
        }
        Ok(())
    }
}

fn attribute_name(flag: char) -> Option<&'static str> {
    Some(match flag {
        'A' => "noatime",
        'a' => "append",
        'c' => "compressed",
        'C' => "nocow",
        'd' => "nodump",
        'D' => "dirsync",
        'e' => "extents",
        'E' => "encrypted",
        'h' => "blocksize",
        'i' => "immutable",
        'I' => "indexed",
        'j' => "journalled",
        'N' => "inline",
        's' => "zero",
        'S' => "synchronous",
        't' => "notail",
        'T' => "blockroot",
        'u' => "undelete",
        'X' => "compressedraw",
        'Z' => "compresseddirty",
        _ => return None,
    })
}

/// What kind of file it is, as the results of `stat` and `find` tell it.
pub(super) fn kinds(kind: fs::FileType) -> [(&'static str, bool); 7] {
    [
        ("isdir", kind.is_dir()),
        ("ischr", kind.is_char_device()),
        ("isblk", kind.is_block_device()),
        ("isreg", kind.is_file()),
        ("isfifo", kind.is_fifo()),
        ("islnk", kind.is_symlink()),
        ("issock", kind.is_socket()),
    ]
}

impl Module for Stat {
    const META: Meta = Meta {
        name: "ansible.builtin.stat",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[Return {
            name: "stat",
            doc: "What is known; `exists` alone if there is no such file.",
        }],
        examples: &[Example {
            title: "Does a file exist, and what is in it?",
            args: r#"{"path": "{dir}/a"}"#,
            given: &[("a", "content")],
            then: &[("a", "content")],
            changed: false,
            runs: true,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let path = self.path.clone();
        let meta = match self.follow {
            true => fs::metadata(&path),
            false => fs::symlink_metadata(&path),
        };
        let stat = match meta {
            Ok(meta) => self.describe(&path, &meta, host)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => Map::from_iter([("exists", Value::Bool(false))]),
            Err(e) => return Err(io_failure("could not examine", &path, &e)),
        };
        // In this order, which is seen where a later task loops over such results.
        Ok(Outcome::new().changed(false).with("stat", stat))
    }
}

#[cfg(test)]
mod tests {
    use super::checksum;

    #[test]
    fn checksums_are_the_usual_ones() {
        for (algorithm, sum) in [
            ("md5", "900150983cd24fb0d6963f7d28e17f72"),
            ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                "sha256",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
        ] {
            assert_eq!(checksum(&mut &b"abc"[..], algorithm).unwrap(), sum);
        }
    }
}
