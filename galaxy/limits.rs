//! How large a package may be.

/// What unpacking takes at most. The defaults are far beyond honest packages.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of all files.
    pub total: u64,
    /// Bytes of one file.
    pub file: u64,
    /// Files, folders and links.
    pub entries: u64,
    /// Bytes of a path.
    pub path: usize,
    /// Folders within folders.
    pub depth: usize,
    /// Bytes unpacked for each byte of the archive, once there is a mebibyte.
    pub ratio: u64,
    /// Bytes of a download.
    pub download: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total: 512 << 20,
            file: 64 << 20,
            entries: 100_000,
            path: 4096,
            depth: 64,
            ratio: 200,
            download: 512 << 20,
        }
    }
}
