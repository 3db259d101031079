//! `kdo.fetch`: a file's content for the controller; the agent's half of `fetch`.

use super::stat::file_checksum;
use crate::{host::io_failure, prelude::*};
use std::{
    fs,
    io::{self, Read},
    path::PathBuf,
};

/// Send a file of the host to the controller
#[derive(Params)]
pub struct Fetch {
    /// The file.
    #[param(required)]
    src: PathBuf,
    /// Checksum that the controller's copy has; the content is sent only if it is another.
    have: Option<String>,
}

impl Module for Fetch {
    const META: Meta = Meta {
        name: "kdo.fetch",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "checksum",
                doc: "SHA-1 of the content.",
            },
            Return {
                name: "closed",
                doc: "Whether a folder on the way to it is closed to the user.",
            },
            Return {
                name: "folder",
                doc: "Whether it is a folder.",
            },
            Return {
                name: "missing",
                doc: "Whether there is no such file.",
            },
            Return {
                name: "sent",
                doc: "Whether the content was sent.",
            },
            Return {
                name: "size",
                doc: "Length of the content in bytes.",
            },
        ],
        examples: &[Example {
            title: "Send a file",
            args: r#"{"src": "{dir}/a"}"#,
            given: &[("a", "hello")],
            then: &[("a", "hello")],
            changed: false,
            runs: true,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let unreadable = |e: io::Error| io_failure("File is not readable:", &self.src, &e);
        let found = match fs::metadata(&self.src) {
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                return Err(unreadable(e).with("closed", true));
            }
            _ => host.stat(&self.src)?,
        };
        let Some(meta) = found else {
            return Err(Failure::new("the remote file does not exist").with("missing", true));
        };
        if meta.is_dir() {
            let text = "remote file is a directory, fetch cannot work on directories";
            return Err(Failure::new(text).with("folder", true));
        }
        let mut file = fs::File::open(&self.src).map_err(unreadable)?;
        let checksum = file_checksum(&self.src, "sha1");
        let send = self.have.is_none() || self.have != checksum;
        let mut size = 0;
        if send {
            let mut buffer = vec![0; 64 << 10];
            loop {
                let n = file.read(&mut buffer).map_err(unreadable)?;
                if n == 0 {
                    break;
                }
                size += n as u64;
                host.link()
                    .send(buffer.get(..n).unwrap_or_default())
                    .map_err(|e| Failure::new(format!("could not send {}: {e}", self.src.display())))?;
            }
        } else {
            size = meta.len();
        }
        Ok(Outcome::new()
            .with("checksum", checksum)
            .with("size", size)
            .with("sent", send)
            .changed(false))
    }
}
