//! Archives with anything in them: names that a builder of archives would refuse too.

use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use tar::{EntryType, Header};

/// An archive in the making.
#[derive(Default)]
pub(crate) struct ArchiveFile {
    bytes: Vec<u8>,
}

impl ArchiveFile {
    /// A role that is honest so far.
    pub(crate) fn role() -> Self {
        Self::default()
            .file("demo/meta/main.yml", b"galaxy_info: {}\n")
            .file("demo/tasks/main.yml", b"- debug:\n")
    }

    pub(crate) fn entry(
        mut self,
        name: &[u8],
        kind: EntryType,
        mode: u32,
        link: &[u8],
        content: &[u8],
    ) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        let raw = header.as_old_mut();
        assert!(
            name.len() < 100 && link.len() < 100,
            "too long for a plain header"
        );
        raw.name[..name.len()].copy_from_slice(name);
        raw.linkname[..link.len()].copy_from_slice(link);
        header.set_cksum();
        self.bytes.extend_from_slice(header.as_bytes());
        self.bytes.extend_from_slice(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self
    }

    pub(crate) fn file(self, name: &str, content: &[u8]) -> Self {
        self.entry(name.as_bytes(), EntryType::Regular, 0o644, b"", content)
    }

    pub(crate) fn folder(self, name: &str) -> Self {
        self.entry(name.as_bytes(), EntryType::Directory, 0o755, b"", b"")
    }

    pub(crate) fn link(self, name: &str, target: &str) -> Self {
        self.entry(name.as_bytes(), EntryType::Symlink, 0o777, target.as_bytes(), b"")
    }

    /// The bytes with the end of an archive.
    pub(crate) fn tar(mut self) -> Vec<u8> {
        self.bytes.resize(self.bytes.len() + 1024, 0);
        self.bytes
    }

    /// The same, packed.
    pub(crate) fn packed(self) -> Vec<u8> {
        gzip(&self.tar())
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}
