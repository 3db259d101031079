//! One inventory source, read at most once however many plugins try it.

use crate::{LoadContext, vars_files::read_text};
use kdo_syntax::{Diagnostic, LoadOptions, load_secret, load_yaml};
use kdo_value::Value;
use std::{
    cell::OnceCell,
    path::{Path, PathBuf},
};

/// A text of a file, with its number in the source map.
#[derive(Clone)]
pub(crate) struct SourceText {
    pub(crate) text: String,
    pub(crate) file: u32,
    secret: bool,
}

/// A source as it was named: a list of hosts, or an absolute path.
pub(crate) struct Source<'a> {
    /// As shown in messages.
    pub(crate) name: String,
    /// The path, which need not exist.
    pub(crate) path: PathBuf,
    context: &'a LoadContext<'a>,
    text: OnceCell<Result<SourceText, Diagnostic>>,
    document: OnceCell<Result<(Value, Vec<Diagnostic>), Diagnostic>>,
}

impl<'a> Source<'a> {
    /// A source of this name.
    pub(crate) fn new(name: &str, context: &'a LoadContext<'a>) -> Self {
        Self {
            name: name.to_owned(),
            path: PathBuf::from(name),
            context,
            text: OnceCell::new(),
            document: OnceCell::new(),
        }
    }

    /// Whether it is a list of hosts and not a file.
    pub(crate) fn is_list(&self) -> bool {
        self.name.contains(',') && !self.path.exists()
    }

    /// Whether it is a file that can be read.
    pub(crate) fn is_readable(&self) -> bool {
        self.path.exists() && can_be_opened(&self.path)
    }

    /// Whether the name has no extension or one of these (with their dots).
    pub(crate) fn has_extension(&self, extensions: &[String], more: &[&str]) -> bool {
        let name = self.path.file_name().map(|n| n.to_string_lossy().into_owned());
        let name = name.as_deref().unwrap_or_default();
        // A name that only begins with a dot has no extension.
        match name.trim_start_matches('.').rfind('.') {
            None => true,
            Some(_) => {
                let extension = name.rfind('.').and_then(|n| name.get(n..)).unwrap_or_default();
                extensions.iter().any(|e| e == extension) || more.contains(&extension)
            }
        }
    }

    /// The text, decrypted if the whole file is a vault.
    pub(crate) fn text(&self) -> Result<SourceText, Diagnostic> {
        let read = || {
            let (text, secret) = read_text(&self.path, self.context)?;
            let shown = if secret { "" } else { text.as_str() };
            let file = self.context.sources.add(&self.path, shown);
            Ok(SourceText { text, file, secret })
        };
        self.text.get_or_init(read).clone()
    }

    /// The only YAML document of the text, and keys that are there twice.
    pub(crate) fn document(&self) -> Result<(Value, Vec<Diagnostic>), Diagnostic> {
        let read = || {
            let source = self.text()?;
            let sources = self.context.sources;
            let mut documents = if source.secret {
                load_secret(sources, &self.path, &source.text, LoadOptions::TRUSTED)?
            } else {
                load_yaml(sources, source.file, LoadOptions::TRUSTED)?
            };
            let value = documents.single()?;
            Ok((value, std::mem::take(&mut documents.warnings)))
        };
        self.document.get_or_init(read).clone()
    }
}

/// Whether the file can be opened; folders count as readable.
fn can_be_opened(path: &Path) -> bool {
    std::fs::File::open(path).is_ok()
}
