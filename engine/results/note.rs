//! What could not be read.

use std::{fmt, path::Path};

/// More of them say nothing new.
const MOST: usize = 1000;

/// Something that could not be read, with its place. The rest is shown all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The file or folder.
    pub file: String,
    /// The line, 0 for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.text),
            line => write!(f, "{}:{line}: {}", self.file, self.text),
        }
    }
}

/// A bounded list of them.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    list: Vec<Note>,
}

impl Notes {
    pub(crate) fn add(&mut self, file: &Path, line: usize, text: impl fmt::Display) {
        if self.list.len() < MOST {
            self.list.push(Note {
                file: crate::text::plain(&file.display().to_string()),
                line,
                text: text.to_string(),
            });
        }
    }

    pub(crate) fn into_list(self) -> Vec<Note> {
        self.list
    }
}

#[cfg(test)]
impl Notes {
    /// As lines, for tests.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.list.iter().map(Note::to_string).collect()
    }
}
