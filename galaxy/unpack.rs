//! Archives into fresh folders. The archive is only read for what it says; every path is checked here, and every
//! file is made by us, where nothing was.

use crate::{
    Failure, Limits, Result,
    content::{Content, FileContent},
    digest::Hashing,
    member::{follow, member_path},
};
use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;
use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Read},
    os::unix::fs::{OpenOptionsExt, symlink},
    path::{Path, PathBuf},
};
use tar::EntryType;

/// Unpacks a tar archive, packed or not, into a folder that nobody else writes to. Links are not made yet: a file can
/// never be written through one.
pub(crate) fn unpack(archive: File, into: &Path, limits: &Limits) -> Result<Content> {
    let packed = archive.metadata()?.len();
    let mut reader = BufReader::with_capacity(64 << 10, archive);
    let start = reader.fill_buf()?;
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"\x28\xb5\x2f\xfd") {
        return Err(Failure::refused(
            "the archive is neither a tar archive nor one packed by gzip, bzip2 or xz",
        ));
    }
    // Beyond this it is no package but a trap.
    let most = limits
        .total
        .min((packed.max(1 << 20)).saturating_mul(limits.ratio));
    let input: Box<dyn Read> = match start {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(reader)),
        [b'B', b'Z', b'h', ..] => Box::new(MultiBzDecoder::new(reader)),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Box::new(XzReader::new(reader, true)),
        _ => Box::new(reader),
    };
    // Headers and padding come on top of the files.
    let overhead = limits.entries.saturating_mul(2048);
    Unpacker {
        into,
        limits,
        left: most,
        found: Content::default(),
    }
    .run(Capped {
        inner: input,
        left: most.saturating_add(overhead),
    })
}

/// Ends with an error, not silently, when there is more.
struct Capped {
    inner: Box<dyn Read>,
    left: u64,
}

impl Read for Capped {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(into)?;
        self.left = self
            .left
            .checked_sub(n as u64)
            .ok_or_else(|| io::Error::other("it is too large when it is unpacked"))?;
        Ok(n)
    }
}

/// Extended headers that say where or what a member is.
const MEANT: &[&[u8]] = &[b"path", b"linkpath", b"size"];

/// Refuses extended headers that programs read in different ways: what is checked by one would be unpacked by another.
fn check_extensions(extensions: tar::PaxExtensions<'_>, allowed: impl Fn(&[u8]) -> bool) -> Result<()> {
    let mut seen = BTreeSet::new();
    for extension in extensions {
        let extension = extension.map_err(|e| Failure::refused(format!("the archive is broken: {e}")))?;
        let (key, value) = (extension.key_bytes(), extension.value_bytes());
        // What follows such a header is a map of holes with the content behind it.
        if key.starts_with(b"GNU.sparse") {
            return Err(Failure::refused("the archive holds a sparse file"));
        }
        let number = key != b"size" || !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        if !allowed(key) || !number || MEANT.contains(&key) && !seen.insert(key.to_owned()) {
            return Err(Failure::refused(format!(
                "the archive has an extended header {} that programs read in different ways",
                kdo_value::json::quote(&String::from_utf8_lossy(key), true)
            )));
        }
    }
    Ok(())
}

struct Unpacker<'a> {
    into: &'a Path,
    limits: &'a Limits,
    left: u64,
    found: Content,
}

impl Unpacker<'_> {
    fn run(mut self, input: Capped) -> Result<Content> {
        let broken = |e: &io::Error| Failure::refused(format!("the archive is broken: {e}"));
        let mut archive = tar::Archive::new(input);
        let mut count = 0;
        for entry in archive.entries().map_err(|e| broken(&e))? {
            let mut entry = entry.map_err(|e| broken(&e))?;
            count += 1;
            if count > self.limits.entries {
                return Err(Failure::refused(format!(
                    "the archive holds more than {} files",
                    self.limits.entries
                )));
            }
            let kind = entry.header().entry_type();
            // What `git archive` says of the whole archive, at its start.
            if kind == EntryType::XGlobalHeader && entry.raw_header_position() == 0 {
                let mut text = Vec::new();
                entry.read_to_end(&mut text).map_err(|e| broken(&e))?;
                check_extensions(tar::PaxExtensions::new(&text), |key| !MEANT.contains(&key))?;
                continue;
            }
            let name = entry.path_bytes().into_owned();
            let link = entry.link_name_bytes().unwrap_or_default().into_owned();
            if let Some(extensions) = entry.pax_extensions().map_err(|e| broken(&e))? {
                check_extensions(extensions, |_| true)?;
            }
            let extensions = entry.pax_extensions().map_err(|e| broken(&e))?;
            for extension in extensions.into_iter().flatten().flatten() {
                let other = match extension.key_bytes() {
                    b"path" => extension.value_bytes() != name,
                    b"linkpath" => extension.value_bytes() != link,
                    _ => false,
                };
                if other {
                    return Err(Failure::refused("the archive tells two names of one file"));
                }
            }
            if kind.is_file() && name.ends_with(b"/") {
                return Err(Failure::refused(
                    "the archive holds a file with the name of a folder",
                ));
            }
            if matches!(kind, EntryType::Directory | EntryType::Symlink) && entry.size() > 0 {
                return Err(Failure::refused(
                    "the archive holds a folder or link with content",
                ));
            }
            let path = member_path(&name, self.limits)?;
            let shown = kdo_value::json::quote(&path.to_string_lossy(), true);
            match kind {
                EntryType::Directory => self.folder(&path)?,
                EntryType::Regular => {
                    let mode = entry.header().mode().map_err(|e| broken(&e))?;
                    self.file(&path, mode & 0o111 != 0, &mut entry)?;
                }
                EntryType::Symlink => {
                    self.link(path, &link)?;
                }
                other => {
                    let what = match other {
                        EntryType::Link => "hard link",
                        EntryType::Fifo => "fifo",
                        EntryType::Block | EntryType::Char => "device",
                        EntryType::GNUSparse => "sparse file",
                        _ => "thing of an unknown kind",
                    };
                    return Err(Failure::refused(format!(
                        "the archive holds a {what}, {shown}: only files, folders and symbolic links are unpacked"
                    )));
                }
            }
        }
        // To the end: a cut or falsified archive shows there.
        let mut rest = archive.into_inner();
        let mut buffer = [0; 8192];
        loop {
            match rest.read(&mut buffer).map_err(|e| broken(&e))? {
                0 => return Ok(self.found),
                n if buffer[..n].iter().any(|b| *b != 0) => {
                    return Err(Failure::refused("the archive goes on after its end"));
                }
                _ => {}
            }
        }
    }

    fn folder(&mut self, path: &Path) -> Result<()> {
        let mut at = PathBuf::new();
        for part in path {
            at.push(part);
            if self.found.folders.contains(&at) {
                continue;
            }
            if self.found.files.contains_key(&at) || self.found.links.contains_key(&at) {
                return Err(self.taken(&at));
            }
            let full = self.into.join(&at);
            fs::create_dir(&full).map_err(|e| Failure::file(&full, &e))?;
            self.found.folders.insert(at.clone());
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, program: bool, entry: &mut impl Read) -> Result<()> {
        self.new_place(path)?;
        let full = self.into.join(path);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(if program { 0o755 } else { 0o644 })
            .open(&full)
            .map_err(|e| Failure::file(&full, &e))?;
        let most = self.limits.file.min(self.left);
        let mut file = Hashing::new(file);
        let size = io::copy(&mut entry.take(most + 1), &mut file).map_err(|e| match e.raw_os_error() {
            Some(_) => Failure::file(&full, &e),
            None => Failure::refused(format!("the archive is broken: {e}")),
        })?;
        if size > most {
            return Err(Failure::refused(format!(
                "the archive is too large when it is unpacked (at {:?})",
                path.display().to_string()
            )));
        }
        self.left -= size;
        let (_, digest) = file.finish();
        let content = FileContent { program, digest };
        self.found.files.insert(path.to_owned(), content);
        Ok(())
    }

    fn link(&mut self, path: PathBuf, target: &[u8]) -> Result<()> {
        self.new_place(&path)?;
        let text = std::str::from_utf8(target)
            .ok()
            .filter(|t| !t.is_empty() && t.len() <= self.limits.path && !t.chars().any(char::is_control));
        match text {
            Some(text) => self.found.links.insert(path, text.into()),
            None => {
                return Err(Failure::refused(format!(
                    "the link {:?} leads to what is no path",
                    path.display().to_string()
                )));
            }
        };
        Ok(())
    }

    /// A place where nothing is yet, with the folders above it.
    fn new_place(&mut self, path: &Path) -> Result<()> {
        let found = &self.found;
        if path.as_os_str().is_empty()
            || found.files.contains_key(path)
            || found.links.contains_key(path)
            || found.folders.contains(path)
        {
            return Err(self.taken(path));
        }
        match path.parent() {
            Some(parent) => self.folder(parent),
            None => Ok(()),
        }
    }

    /// Something is there already. What would go through a link is told as that.
    fn taken(&self, path: &Path) -> Failure {
        let shown = path.display().to_string();
        Failure::refused(if self.found.links.contains_key(path) {
            format!(
                "the archive writes through the link {shown:?}: that is not a subpath of the role or collection"
            )
        } else {
            format!("the archive holds {shown:?} twice")
        })
    }
}

/// Makes the links of a package whose files lie in `folder`. A link may lead to anything in the package, also to what is
/// not there, and nowhere else: neither by names nor through other links.
pub(crate) fn make_links(folder: &Path, content: &Content) -> Result<()> {
    for (link, target) in &content.links {
        if follow(link, &content.links).is_none() {
            return Err(leads_out(link, target));
        }
        let full = folder.join(link);
        symlink(target, &full).map_err(|e| Failure::file(&full, &e))?;
    }
    Ok(())
}

/// What is told of a link out of the package.
pub(crate) fn leads_out(link: &Path, target: &Path) -> Failure {
    Failure::refused(format!(
        "the link {:?} leads to {:?}, which is not a subpath of the role or collection",
        link.display().to_string(),
        target.display().to_string()
    ))
}
