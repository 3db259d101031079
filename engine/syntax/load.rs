//! Files and texts to values.

use crate::{Diagnostic, SourceMap, construct::Constructor, json, node::Composer};
use kdo_value::{Origin, Value};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// Larger files are refused.
const MAX_FILE: u64 = 256 << 20;

/// How to load.
#[derive(Clone, Copy, Debug)]
pub struct LoadOptions {
    /// Whether the texts may be templates.
    pub trusted: bool,
    /// Whether JSON is tried before YAML and the tags `!vault` and `!unsafe` are known, as in all files of a project.
    pub project: bool,
}

impl LoadOptions {
    /// For files written by the user.
    pub const TRUSTED: Self = Self {
        trusted: true,
        project: true,
    };
    /// For everything else.
    pub const UNTRUSTED: Self = Self {
        trusted: false,
        project: true,
    };
    /// For YAML that is mere data of a template.
    pub const PLAIN: Self = Self {
        trusted: false,
        project: false,
    };
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Documents {
    /// One value for each document; none for an empty file.
    pub values: Vec<Value>,
    /// Keys that are there twice.
    pub warnings: Vec<Diagnostic>,
    /// Number of the file.
    pub file: u32,
}

impl Documents {
    /// The only document; none for an empty file. More than one is an error.
    pub fn single(&self) -> Result<Value, Diagnostic> {
        match self.values.as_slice() {
            [] => Ok(Value::None),
            [value] => Ok(value.clone()),
            [..] => {
                let place = Origin {
                    file: self.file,
                    line: 1,
                    column: 0,
                };
                Err(Diagnostic::error("there is more than one YAML document in this file").at(place))
            }
        }
    }
}

/// Reads a text of the source map: JSON if it is JSON, YAML 1.1 otherwise.
pub fn load_yaml(sources: &SourceMap, file: u32, options: LoadOptions) -> Result<Documents, Diagnostic> {
    let Some(source) = sources.get(file) else {
        return Err(Diagnostic::error(format!("there is no source number {file}")));
    };
    load_from(&source.text, file, options)
}

/// Reads a decrypted text. Its places are known, but messages cannot show its lines.
pub fn load_secret(
    sources: &SourceMap,
    path: &Path,
    text: &str,
    options: LoadOptions,
) -> Result<Documents, Diagnostic> {
    load_from(text, sources.add(path, ""), options)
}

fn load_from(text: &str, file: u32, options: LoadOptions) -> Result<Documents, Diagnostic> {
    if options.project
        && let Some(value) = json::read(file, text, options.trusted)
    {
        return Ok(Documents {
            values: vec![value],
            warnings: Vec::new(),
            file,
        });
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // The parser is foreign code; a defect of it must not end the run.
    let nodes =
        catch_unwind(AssertUnwindSafe(|| Composer::new(file, text).documents())).unwrap_or_else(|_| {
            let place = Origin {
                file,
                line: 1,
                column: 0,
            };
            Err(Diagnostic::error("the YAML parser failed on this file").at(place))
        })?;
    let mut constructor = Constructor::new(text, options);
    let values: Result<Vec<_>, _> = nodes.iter().map(|n| constructor.value(n)).collect();
    Ok(Documents {
        values: values?,
        warnings: constructor.warnings,
        file,
    })
}

/// Adds a text to the source map under `path` and reads it.
pub fn load_text(
    sources: &SourceMap,
    path: &Path,
    text: &str,
    options: LoadOptions,
) -> Result<Documents, Diagnostic> {
    let file = sources.add(path, text);
    load_yaml(sources, file, options)
}

/// Reads a file from disk and loads it.
pub fn load_file(sources: &SourceMap, path: &Path, options: LoadOptions) -> Result<Documents, Diagnostic> {
    let text = read_file(path)?;
    let file = sources.add(path, text);
    load_yaml(sources, file, options)
}

/// The text of a file: UTF-8, or UTF-16 with a byte order mark.
pub fn read_file(path: &Path) -> Result<String, Diagnostic> {
    let failed = |what: String| Diagnostic::error(format!("cannot read `{}`: {what}", path.display()));
    let size = std::fs::metadata(path).map_err(|e| failed(io_text(&e)))?.len();
    if size > MAX_FILE {
        return Err(failed(format!("it is larger than {} MiB", MAX_FILE >> 20)));
    }
    let bytes = std::fs::read(path).map_err(|e| failed(io_text(&e)))?;
    decode(bytes).map_err(failed)
}

fn io_text(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        std::io::ErrorKind::IsADirectory => "it is a directory".into(),
        _ => error.to_string(),
    }
}

/// Text from bytes: UTF-8 (a byte order mark is dropped), or UTF-16 with a byte order mark.
pub fn decode(bytes: Vec<u8>) -> Result<String, String> {
    let utf16 = |order: fn([u8; 2]) -> u16| {
        let body = bytes.get(2..).unwrap_or(&[]);
        let units: Vec<u16> = body.as_chunks::<2>().0.iter().map(|p| order(*p)).collect();
        String::from_utf16(&units).map_err(|_| "it is not valid UTF-16".to_owned())
    };
    match bytes.as_slice() {
        [0xff, 0xfe, ..] => return utf16(u16::from_le_bytes),
        [0xfe, 0xff, ..] => return utf16(u16::from_be_bytes),
        _ => {}
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        }),
        Err(e) => {
            let good = e.utf8_error().valid_up_to();
            let line = e.as_bytes().iter().take(good).filter(|b| **b == b'\n').count() + 1;
            let byte = e.as_bytes().get(good).copied().unwrap_or(0);
            Err(format!("byte 0x{byte:02x} at line {line} is not UTF-8"))
        }
    }
}
