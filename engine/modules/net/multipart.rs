//! Forms with files, `multipart/form-data`.

use crate::{Failure, Host, host::random_name};
use base64::{Engine, engine::general_purpose::STANDARD};
use kdo_value::{Map, Value};
use std::path::Path;

/// Types of files by the ends of their names.
const TYPES: &[(&str, &str)] = &[
    ("avi", "video/x-msvideo"),
    ("bin", "application/octet-stream"),
    ("bmp", "image/bmp"),
    ("c", "text/plain"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    ("eml", "message/rfc822"),
    ("gif", "image/gif"),
    ("h", "text/plain"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("ico", "image/vnd.microsoft.icon"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "application/javascript"),
    ("json", "application/json"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("p12", "application/x-pkcs12"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("ps", "application/postscript"),
    ("py", "text/x-python"),
    ("rtf", "application/rtf"),
    ("sh", "application/x-sh"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tgz", "application/x-tar"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("tsv", "text/tab-separated-values"),
    ("txt", "text/plain"),
    ("wasm", "application/wasm"),
    ("wav", "audio/x-wav"),
    ("xls", "application/vnd.ms-excel"),
    ("xml", "text/xml"),
    ("zip", "application/zip"),
];
const UNKNOWN: &str = "application/octet-stream";

/// The type of a file by its name.
fn type_of(name: &str) -> &'static str {
    let lower = name.to_lowercase();
    let end = lower.rsplit_once('.').map_or("", |(_, end)| end);
    let found = TYPES.binary_search_by(|(known, _)| (*known).cmp(end)).ok();
    found
        .and_then(|at| TYPES.get(at))
        .map_or(UNKNOWN, |(_, kind)| kind)
}

/// Base64 in lines of 76 letters.
fn base64_lines(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let mut out = String::with_capacity(text.len() + text.len() / 38);
    for (number, letter) in text.chars().enumerate() {
        if number > 0 && number % 76 == 0 {
            out.push_str("\r\n");
        }
        out.push(letter);
    }
    out + "\r\n"
}

/// Line ends as the mail standards want them, which this format comes from.
fn with_line_ends(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    let mut bytes = content.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' | b'\n' => {
                if byte == b'\r' {
                    bytes.next_if_eq(&b'\n');
                }
                out.extend(b"\r\n");
            }
            byte => out.push(byte),
        }
    }
    out
}

/// Headers and content of one part.
fn part(host: &Host<'_>, name: &str, value: &Value) -> Result<Vec<u8>, Failure> {
    let disposition = |file: Option<&str>| {
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let file = file.map_or(String::new(), |f| format!("; filename=\"{}\"", quoted(f)));
        format!(
            "Content-Disposition: form-data; name=\"{}\"{file}\r\n",
            quoted(name)
        )
    };
    if let Some(text) = value.as_str() {
        let head = format!("Content-Type: text/plain\r\n{}\r\n", disposition(None));
        return Ok([head.into_bytes(), with_line_ends(text.as_bytes())].concat());
    }
    let Some(fields) = value.as_map() else {
        let kind = value.type_name();
        return Err(format!("value must be a string, or mapping, cannot be type {kind}").into());
    };
    let field = |key: &str| {
        let value = fields.get(key).filter(Value::truthy)?;
        Some(value.to_text())
    };
    let (file, content) = (field("filename"), field("content"));
    let kind = field("mime_type").unwrap_or_else(|| type_of(file.as_deref().unwrap_or("")).to_owned());
    let shown = file.as_deref().map(|f| f.rsplit('/').next().unwrap_or_default());
    match (content, &file) {
        (Some(content), _) => {
            let head = format!("Content-Type: {kind}\r\n{}\r\n", disposition(shown));
            Ok([head.into_bytes(), with_line_ends(content.as_bytes())].concat())
        }
        (None, Some(path)) => {
            // The controller puts the content beside names of its own files.
            let bytes = match fields.get("_kdo_content") {
                Some(content) => crate::files::copy_bytes(&content),
                None => host.read(Path::new(&crate::host::expand(path)))?,
            };
            let (encoding, content) = match field("multipart_encoding").as_deref() {
                None | Some("base64") => ("base64", base64_lines(&bytes).into_bytes()),
                Some("7or8bit") if bytes.is_ascii() => ("7bit", with_line_ends(&bytes)),
                Some("7or8bit") => ("8bit", with_line_ends(&bytes)),
                Some(_) => return Err("multipart_encoding must be one of base64, 7or8bit".into()),
            };
            let head = format!(
                "Content-Transfer-Encoding: {encoding}\r\nContent-Type: {kind}\r\n{}\r\n",
                disposition(shown)
            );
            Ok([head.into_bytes(), content].concat())
        }
        (None, None) => Err("at least one of filename or content must be provided".into()),
    }
}

/// The content and its type.
pub(super) fn write(host: &Host<'_>, fields: &Map) -> Result<(Vec<u8>, String), Failure> {
    let boundary = format!("==============={}{}==", random_name()?, random_name()?);
    let mut names: Vec<(String, Value)> = fields.text_entries();
    names.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut out = Vec::new();
    for (name, value) in names {
        out.extend(format!("--{boundary}\r\n").bytes());
        out.extend(part(host, &name, &value)?);
        out.extend(b"\r\n");
    }
    out.extend(format!("--{boundary}--\r\n").bytes());
    Ok((out, format!("multipart/form-data; boundary=\"{boundary}\"")))
}

#[cfg(test)]
mod tests {
    use super::{TYPES, base64_lines, type_of, with_line_ends};

    #[test]
    fn types_are_told_by_names() {
        assert!(TYPES.is_sorted());
        assert_eq!(type_of("/a/b.TXT"), "text/plain");
        assert_eq!(type_of("b.unknown"), "application/octet-stream");
        assert_eq!(type_of(""), "application/octet-stream");
    }

    #[test]
    fn line_ends_are_made_equal() {
        assert_eq!(with_line_ends(b"a\nb\r\nc\rd"), b"a\r\nb\r\nc\r\nd");
    }

    #[test]
    fn base64_comes_in_lines() {
        let lines = base64_lines(&[0; 58]);
        let lengths: Vec<_> = lines.split("\r\n").map(str::len).collect();
        assert_eq!(lengths, [76, 4, 0]);
    }
}
