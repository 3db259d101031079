//! Modules that work on files.

pub mod pattern;
pub mod stat;
