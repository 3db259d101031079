//! The lookups, one family per file.

use crate::Callable;

/// All families.
pub const FAMILIES: &[&[Callable]] = &[];
