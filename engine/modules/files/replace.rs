//! `replace`: every match of a pattern in a text file.

use super::{
    edit::{Edit, apply_attributes, load},
    encoding::{Encoding, Table, Undecodable},
};
use crate::{
    prelude::*,
    pyregex::{Decoded, Flags, compile},
};
use std::path::PathBuf;

/// Replace every match of a regular expression in a file
///
/// `^` and `$` match at every line. With `after` and `before` only the text between them is changed.
#[derive(Params)]
pub struct Replace {
    /// The file.
    #[param(required, alias = "dest", alias = "destfile", alias = "name")]
    path: PathBuf,
    /// Python regular expression of what is replaced.
    #[param(required)]
    regexp: String,
    /// What to put there; `\1` and the like are filled from the match. Empty removes the match.
    #[param(default = "")]
    replace: String,
    /// Only after this regular expression.
    after: Option<String>,
    /// Only before this regular expression.
    before: Option<String>,
    /// How the file is encoded.
    #[param(default = "utf-8")]
    encoding: String,
    #[param(flatten)]
    save: Save,
    #[param(flatten)]
    attrs: FileAttrs,
}

impl Module for Replace {
    const META: Meta = Meta {
        name: "ansible.builtin.replace",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "backup_file",
                doc: "The copy of the old file, with `backup`.",
            },
            Return {
                name: "msg",
                doc: "How many matches were replaced.",
            },
        ],
        examples: &[Example {
            title: "An old name",
            args: r#"{"path": "{dir}/hosts", "regexp": "(\\s+)old\\.host(\\s+.*)?$", "replace": "\\1new.host\\2"}"#,
            given: &[("hosts", "10.0.0.1 old.host x\n10.0.0.2 old.host\n")],
            then: &[("hosts", "10.0.0.1 new.host x\n10.0.0.2 new.host\n")],
            changed: true,
            runs: true,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let Some(old) = load(&self.path, false, "Path", host)? else {
            return Err("the file is missing".into());
        };
        let encoding = Encoding::named(&self.encoding);
        // In these, bytes that are no text are kept as they are.
        let lenient = matches!(encoding, Encoding::Known(Table::Utf8 | Table::Ascii));
        let content = Decoded::new(if lenient {
            old.clone()
        } else {
            let text = encoding.decode(&old, host).map_err(|e| match e {
                Undecodable::Unknown => Failure::new(format!("unknown encoding: {}", self.encoding)),
                Undecodable::At(at) => {
                    let path = self.path.display();
                    Failure::new(format!("{path} is not {} at byte {at}", self.encoding))
                }
            })?;
            text.into_bytes()
        });
        let section = match (given(&self.after), given(&self.before)) {
            (Some(a), Some(b)) => Some(format!("{a}(?P<subsection>.*?){b}")),
            (Some(a), None) => Some(format!("{a}(?P<subsection>.*)")),
            (None, Some(b)) => Some(format!("(?P<subsection>.*){b}")),
            (None, None) => None,
        };
        let (mut start, mut end) = (0, content.text.len());
        if let Some(text) = section {
            let dotall = Flags {
                dotall: true,
                multiline: false,
            };
            let pattern = compile(&content.adopt(&text), dotall).map_err(Failure::new)?;
            let found = pattern.captures(&content.text).map_err(Failure::new)?;
            let Some(part) = found.as_ref().and_then(|f| f.name("subsection")) else {
                return Ok(Outcome::new()
                    .with("rc", 0_i64)
                    .with(
                        "msg",
                        format!("Pattern for before/after params did not match the given file: {text}"),
                    )
                    .changed(false));
            };
            (start, end) = (part.start(), part.end());
        }
        let multiline = Flags {
            multiline: true,
            dotall: false,
        };
        let pattern = compile(&content.adopt(&self.regexp), multiline).map_err(Failure::new)?;
        let part = |a: usize, b: usize| content.text.get(a..b).unwrap_or_default();
        let (replaced, count) = pattern
            .replace_all(part(start, end), &content.adopt(&self.replace))
            .map_err(|e| Failure::new(format!("Unable to process replace due to error: {e}")))?;
        let mut changed = count > 0 && replaced != part(start, end);
        let (mut message, mut backup) = (String::new(), String::new());
        let mut outcome = Outcome::new().with("rc", 0_i64);
        if changed {
            message = format!("{count} replacements made");
            let text = [part(0, start), &replaced, part(end, content.text.len())].concat();
            let new = if lenient {
                content.encode(&text)
            } else {
                encoding.encode(&text, host)?
            };
            let edit = Edit {
                path: &self.path,
                replace_link: false,
                old: Some(&old),
                new: &new,
                save: &self.save,
            };
            backup = edit.write(host)?;
            let name = self.path.to_string_lossy().into_owned();
            host.record_diff(&name, content.text.as_str(), &name, text);
        }
        // Differences of attributes are told in the message only.
        let noted = (Map::new(), Map::new());
        changed |= apply_attributes(&self.path, &self.attrs, &mut message, host, &noted.0, &noted.1)?;
        if !backup.is_empty() {
            outcome = outcome.with("backup_file", backup);
        }
        Ok(outcome.with("msg", message).changed(changed))
    }
}

/// A pattern that is not empty.
fn given(pattern: &Option<String>) -> Option<&str> {
    pattern.as_deref().filter(|p| !p.is_empty())
}
