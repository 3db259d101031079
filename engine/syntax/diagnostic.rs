//! A message that can point into a file.

use kdo_value::Origin;
use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The work cannot go on.
    Error,
    /// The work goes on.
    Warning,
    /// Neither; an explanation.
    Note,
}

impl Severity {
    /// The word before the message.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A message, where it belongs, and what can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// One sentence without a final full stop.
    pub message: String,
    /// The place it points at.
    pub place: Option<Origin>,
    /// Characters to underline from there; 0 underlines one.
    pub length: u32,
    /// Lines shown before the one pointed at.
    pub context: u8,
    /// Words beside the underline.
    pub label: Option<String>,
    /// Further remarks.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    fn new(severity: Severity, message: impl Into<String>) -> Self {
        Self {
            severity,
            message: message.into(),
            place: None,
            length: 0,
            context: 0,
            label: None,
            notes: Vec::new(),
            help: None,
        }
    }

    /// An error.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message)
    }

    /// A warning.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message)
    }

    /// Points at a place; `None` and an unknown file leave it without one.
    #[must_use]
    pub fn at(mut self, place: impl Into<Option<Origin>>) -> Self {
        self.place = place.into().filter(|o| o.file != 0);
        self
    }

    /// Underlines that many characters.
    #[must_use]
    pub fn length(mut self, characters: usize) -> Self {
        self.length = u32::try_from(characters).unwrap_or(u32::MAX);
        self
    }

    /// Shows that many lines before.
    #[must_use]
    pub fn context(mut self, lines: u8) -> Self {
        self.context = lines;
        self
    }

    /// Words beside the underline.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// One more remark.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// What to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}
