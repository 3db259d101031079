//! Modules that work on files.

pub mod blockinfile;
pub mod copy;
mod copy_tree;
mod edit;
pub mod file;
mod file_directory;
mod file_link;
pub mod install;
pub mod lineinfile;
pub mod pattern;
pub mod replace;
pub mod slurp;
pub mod stat;
pub mod tempfile;
pub mod timestamps;
