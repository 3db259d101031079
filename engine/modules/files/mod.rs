//! Modules that work on files.

pub mod file;
mod file_directory;
mod file_link;
pub mod pattern;
pub mod stat;
pub mod timestamps;
