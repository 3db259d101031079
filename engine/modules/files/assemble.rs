//! `assemble`: one file from fragments.

use super::{file::text, install::Source, stat::checksum};
use crate::{
    host::Scratch,
    params::Raw,
    prelude::*,
    pyregex::{Flags, compile},
};
use std::{fs, os::unix::fs::MetadataExt, path::PathBuf};

/// Put the files of a folder together into one file
///
/// The fragments are taken in the order of their names.
#[derive(Params)]
pub struct Assemble {
    /// Folder with the fragments.
    #[param(required)]
    src: PathBuf,
    /// The file to make.
    #[param(required)]
    dest: PathBuf,
    /// Text between the fragments; `\n` and the like are understood.
    delimiter: Option<String>,
    /// `src` is on the host, else on the controller.
    #[param(default = true)]
    remote_src: bool,
    /// Only fragments whose name matches this Python regular expression.
    regexp: Option<String>,
    /// Leave out fragments whose name begins with a dot.
    #[param(default = false)]
    ignore_hidden: bool,
    /// Decrypt fragments that are encrypted with a vault password.
    #[param(default = true)]
    decrypt: bool,
    #[param(flatten)]
    save: Save,
    #[param(flatten)]
    attrs: FileAttrs,
}

/// Backslash sequences of a delimiter as the characters they mean.
fn unescape(text: &str) -> String {
    let (mut out, mut chars) = (String::new(), text.chars());
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('x') => {
                let digits: String = chars.by_ref().take(2).collect();
                out.extend(u8::from_str_radix(&digits, 16).ok().map(char::from));
            }
            Some('\\') | None => out.push('\\'),
            Some(c) => {
                out.push('\\');
                out.push(c);
            }
        }
    }
    out
}

/// Fragments joined as Ansible joins them: every one begins on its own line. On the controller a delimiter is followed by a
/// newline even if it ends with one.
pub fn join(fragments: &[Vec<u8>], delimiter: Option<&str>, on_controller: bool) -> Vec<u8> {
    let delimiter = delimiter.map(unescape).filter(|d| !d.is_empty());
    let mut out: Vec<u8> = Vec::new();
    let mut before: Option<&Vec<u8>> = None;
    for fragment in fragments {
        if let Some(before) = before.replace(fragment) {
            if !before.ends_with(b"\n") {
                out.push(b'\n');
            }
            if let Some(d) = &delimiter {
                out.extend(d.as_bytes());
                if on_controller || !d.ends_with('\n') {
                    out.push(b'\n');
                }
            }
        }
        out.extend(fragment);
    }
    out
}

impl Assemble {
    fn content(&self, host: &Host<'_>) -> Result<Vec<u8>, Failure> {
        let _ = (self.remote_src, self.decrypt);
        if !self.src.exists() {
            return Err(Failure::new(format!(
                "Source ({}) does not exist",
                self.src.display()
            )));
        }
        if !self.src.is_dir() {
            return Err(Failure::new(format!(
                "Source ({}) is not a directory",
                self.src.display()
            )));
        }
        let pattern = match &self.regexp {
            Some(r) => Some(
                compile(r, Flags::default())
                    .map_err(|e| Failure::new(format!("Invalid Regexp ({e}) in \"{r}\"")))?,
            ),
            None => None,
        };
        let mut names: Vec<String> = fs::read_dir(&self.src)
            .map_err(|e| Failure::new(format!("could not read {}: {e}", self.src.display())))?
            .flatten()
            .map(|e| e.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        let mut fragments = Vec::new();
        for name in names {
            let path = self.src.join(&name);
            let matches = match &pattern {
                Some(p) => p.is_match(&name)?,
                None => true,
            };
            if matches && path.is_file() && !(self.ignore_hidden && name.starts_with('.')) {
                fragments.push(host.read(&path)?);
            }
        }
        Ok(join(&fragments, self.delimiter.as_deref(), false))
    }
}

/// What the command says of the new content.
fn validation(host: &mut Host<'_>, command: &str, content: &[u8]) -> Result<Map, Failure> {
    let scratch = Scratch::new()?;
    let path = scratch.write("assembled", content)?;
    let out = host.run_validation(command, &path)?;
    if out.rc != 0 {
        return Err(Failure::new(format!(
            "failed to validate: rc:{} error:{}",
            out.rc,
            out.stderr_text()
        )));
    }
    let said = Map::from_iter([("stdout", out.stdout_text()), ("stderr", out.stderr_text())]);
    said.insert("rc", out.rc);
    Ok(said)
}

impl Module for Assemble {
    const META: Meta = Meta {
        name: "ansible.builtin.assemble",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "backup_file",
                doc: "The copy of the old file, with `backup`.",
            },
            Return {
                name: "checksum",
                doc: "SHA-1 of the file.",
            },
            Return {
                name: "dest",
                doc: "The file.",
            },
        ],
        examples: &[Example {
            title: "Settings from parts",
            args: r#"{"src": "{dir}/parts", "dest": "{dir}/whole", "delimiter": "--"}"#,
            given: &[("parts/1", "one"), ("parts/2", "two\n")],
            then: &[("whole", "one\n--\ntwo\n")],
            changed: true,
            runs: true,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let content = self.content(host)?;
        let sums = |algorithm: &str| checksum(&mut content.as_slice(), algorithm).unwrap_or_default();
        let mut outcome = Outcome::new()
            .with("src", text(&self.src))
            .with("dest", text(&self.dest))
            .with("checksum", sums("sha1"))
            .with("md5sum", sums("md5"))
            .with("msg", "OK");
        let there = self.dest.exists();
        if !fs::read(&self.dest).is_ok_and(|old| old == content) {
            if let Some(command) = self.save.validation() {
                outcome = outcome.with("validation", validation(host, command, &content)?);
            }
            let mut attrs = self.attrs.clone();
            if self.dest.is_symlink()
                && let Ok(meta) = fs::metadata(&self.dest)
            {
                // The new file takes the link's place, with the mode of what it pointed to.
                let mode = Raw(Value::Int(i64::from(meta.mode() & 0o7777)));
                attrs.mode = attrs.mode.or(Some(mode));
            }
            let source = Source::Bytes(content);
            let save = Save {
                validate: None,
                ..self.save.clone()
            };
            if let Some(backup) = host.put(&self.dest, &source, &save, &attrs)? {
                outcome = outcome.with("backup_file", text(&backup));
            }
        }
        if there || !host.check() {
            host.quietly(|host| host.apply(&self.dest, &self.attrs, true))?;
        }
        Ok(outcome.changed(host.changed()))
    }
}
