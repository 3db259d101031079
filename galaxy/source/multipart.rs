//! An archive as browsers send files: `multipart/form-data`.

use crate::{Digest, Result, Store};
use std::io::{self, Write};

/// The body, in a file of its own, and its type.
pub(super) struct Multipart {
    pub(super) body: tempfile::NamedTempFile,
    pub(super) content_type: String,
}

impl Multipart {
    /// Plain fields, and an archive of the store as `file`.
    pub(super) fn of_archive(
        fields: &[(&str, &str)],
        name: &str,
        archive: &Digest,
        store: &Store,
    ) -> Result<Self> {
        // What cannot be in the archive: its own hash.
        let boundary = format!("kdo-{}", archive.hex());
        let mut body = tempfile::NamedTempFile::new()?;
        for (field, value) in fields {
            write!(
                body,
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n"
            )?;
        }
        write!(
            body,
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        )?;
        io::copy(&mut store.must_get(archive)?, &mut body)?;
        write!(body, "\r\n--{boundary}--\r\n")?;
        body.flush()?;
        Ok(Self {
            body,
            content_type: format!("multipart/form-data; boundary={boundary}"),
        })
    }
}
