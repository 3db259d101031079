//! Why a command ends early.

use crate::{called_as, screen};
use kdo_syntax::{Diagnostic, SourceMap, render};
use std::process::ExitCode;

/// A message for the user and the exit code to end with.
#[derive(Debug)]
pub(crate) struct Stop {
    message: String,
    /// Whether the message says by itself that it is one of an error.
    complete: bool,
    code: u8,
}

pub(crate) type Result<T> = std::result::Result<T, Stop>;

impl Stop {
    /// An error: exit code 1.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            complete: false,
            code: 1,
        }
    }

    /// Arguments that make no sense: exit code 2.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            code: 2,
            ..Self::new(message)
        }
    }

    /// An error with a place in a text.
    pub(crate) fn at(diagnostic: &Diagnostic, sources: &SourceMap) -> Self {
        Self {
            message: render(diagnostic, sources, screen::color(screen::Stream::Error))
                .trim_end()
                .to_owned(),
            complete: true,
            code: 1,
        }
    }

    /// Another exit code.
    pub(crate) fn code(self, code: u8) -> Self {
        Self { code, ..self }
    }

    /// The message, for tests and for wrapping.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Prints the message.
    pub(crate) fn tell(&self) -> ExitCode {
        // Scripts look for the mark of the program that they called.
        let mark = match (self.complete, called_as::ansible()) {
            (true, _) => "",
            (false, true) => "[ERROR]: ",
            (false, false) => "error: ",
        };
        screen::complain(&format!("{mark}{}", self.message));
        ExitCode::from(self.code)
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<kdo_vault::VaultError> for Stop {
    fn from(error: kdo_vault::VaultError) -> Self {
        Self::new(error.0)
    }
}
