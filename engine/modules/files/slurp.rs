//! `slurp`: a file's content as base64.

use super::file::text;
use crate::prelude::*;
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{fs, io::ErrorKind, path::PathBuf};

/// Read a file of the host into the result, as base64
#[derive(Params)]
pub struct Slurp {
    /// The file.
    #[param(required, alias = "path")]
    src: PathBuf,
}

impl Module for Slurp {
    const META: Meta = Meta {
        name: "ansible.builtin.slurp",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "content",
                doc: "The content as base64.",
            },
            Return {
                name: "encoding",
                doc: "Always `base64`.",
            },
            Return {
                name: "source",
                doc: "The file.",
            },
        ],
        examples: &[Example {
            title: "Read a file",
            args: r#"{"src": "{dir}/a"}"#,
            given: &[("a", "hello")],
            then: &[("a", "hello")],
            changed: false,
            runs: true,
        }],
    };

    fn run(self, _host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let name = text(&self.src);
        let content = fs::read(&self.src).map_err(|e| {
            Failure::new(match e.kind() {
                ErrorKind::NotFound => format!("File not found: {name}"),
                ErrorKind::PermissionDenied => format!("File is not readable: {name}"),
                ErrorKind::IsADirectory => format!("Source is a directory and must be a file: {name}"),
                _ => format!("Unable to slurp file: {e}"),
            })
        })?;
        Ok(Outcome::new()
            .with("content", STANDARD.encode(content))
            .with("source", name)
            .with("encoding", "base64"))
    }
}
