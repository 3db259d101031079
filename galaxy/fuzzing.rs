//! What the targets of `galaxy/fuzz` call; only they are built with it.

use crate::{Digest, Kind, Limits, Result, inspect::inspect_file};
use std::{
    io::{Seek, Write},
    path::{Path, PathBuf},
};

/// Unpacks and checks an archive; its folder and the hash of its content, as it is told without reading it again.
pub fn unpacked_digest(
    archive: &[u8],
    kind: Kind,
    staging: &Path,
    limits: &Limits,
) -> Result<(PathBuf, Digest)> {
    let mut file = tempfile::tempfile()?;
    file.write_all(archive)?;
    file.rewind()?;
    let inspected = inspect_file(file, kind, staging, limits)?;
    Ok((inspected.folder, inspected.content.digest()))
}
