//! Why the configuration cannot be used.

use std::path::PathBuf;
use thiserror::Error;

/// A configuration that cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ConfigError {
    /// The file is there but cannot be read.
    #[error("cannot read {path}: {why}", path = .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// The file is no INI file.
    #[error("{path}:{line}: {why}", path = .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong there.
        why: String,
    },
    /// A value does not have the setting's type.
    #[error(
        "Config '{name}' from '{origin}' has an invalid value: Invalid value provided for '{expected}': '{value}'"
    )]
    Invalid {
        /// The setting.
        name: String,
        /// Where it was set.
        origin: String,
        /// What was written.
        value: String,
        /// The type that it should have.
        expected: String,
    },
    /// A value is none of those that there are.
    #[error("Invalid value '{value}' for config '{name}'. Valid values are: {choices} (from '{origin}')")]
    Choice {
        /// The setting.
        name: String,
        /// Where it was set.
        origin: String,
        /// What was written.
        value: String,
        /// The values that there are.
        choices: String,
    },
}
