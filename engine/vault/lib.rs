//! Ansible's vault: texts sealed with a password, formats 1.1 and 1.2; files that hold such texts or their passwords. It
//! asks nobody and prints nothing.

mod cipher;
pub mod editor;
mod envelope;
mod error;
pub mod file;
mod hex;
mod keys;
pub mod password;
mod secret;
mod source;

pub use envelope::{Envelope, is_sealed};
pub use error::VaultError;
pub use keys::{Opened, VaultKeys};
pub use secret::VaultSecret;
pub use source::VaultSource;
