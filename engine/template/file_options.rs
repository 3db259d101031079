//! How a template file is rendered.

use crate::{
    evaluator::Evaluator,
    syntax::{Mark, Syntax},
};
use std::path::PathBuf;

/// Options of the `template` module and lookup.
#[derive(Clone, Debug)]
pub struct FileOptions {
    /// Whether the line break after a block tag is dropped.
    pub trim_blocks: bool,
    /// Whether white space before a block tag at the start of a line is dropped.
    pub lstrip_blocks: bool,
    /// Written for each line break.
    pub newline_sequence: String,
    /// Delimiters of expressions.
    pub variable: (String, String),
    /// Delimiters of statements.
    pub block: (String, String),
    /// Delimiters of comments.
    pub comment: (String, String),
    /// Where included templates are looked for first: the folder of the file itself.
    pub folder: Option<PathBuf>,
}

impl Default for FileOptions {
    fn default() -> Self {
        let plain = Syntax::default();
        Self {
            trim_blocks: plain.trim_blocks,
            lstrip_blocks: plain.lstrip_blocks,
            newline_sequence: plain.newline.into_owned(),
            variable: texts(plain.variable),
            block: texts(plain.block),
            comment: texts(plain.comment),
            folder: None,
        }
    }
}

fn texts((open, close): (Mark, Mark)) -> (String, String) {
    (open.into_owned(), close.into_owned())
}

fn marks((open, close): &(String, String)) -> (Mark, Mark) {
    (open.clone().into(), close.clone().into())
}

impl FileOptions {
    pub(crate) fn syntax(&self, evaluator: &Evaluator<'_>) -> Syntax {
        Syntax {
            variable: marks(&self.variable),
            block: marks(&self.block),
            comment: marks(&self.comment),
            trim_blocks: self.trim_blocks,
            lstrip_blocks: self.lstrip_blocks,
            newline: self.newline_sequence.clone().into(),
            keep_backslashes: false,
            ..evaluator.syntax(false)
        }
    }
}
