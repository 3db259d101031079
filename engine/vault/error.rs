//! Why a vault text could not be read or written.

use std::fmt;

/// A message in Ansible's words, without the name of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultError(pub String);

impl VaultError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for VaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for VaultError {}
