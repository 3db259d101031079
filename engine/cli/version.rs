//! What `--version` prints for the names of Ansible's programs.

/// A first word that no user types.
pub(crate) const FLAG: &str = "\u{0}version";

/// The version of ansible-core whose behaviour is the measure.
pub(crate) const REFERENCE: &str = "2.19.14";
