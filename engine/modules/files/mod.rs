//! Modules that work on files.

pub mod acl;
pub mod archive;
pub mod assemble;
pub mod blockinfile;
pub mod capabilities;
pub mod copy;
mod copy_tree;
mod edit;
mod encoding;
pub mod fetch;
pub mod file;
mod file_directory;
mod file_link;
pub mod find;
mod find_file;
pub mod htpasswd;
pub mod ini_file;
pub mod install;
pub mod lineinfile;
pub mod patch;
pub mod pattern;
pub mod replace;
pub mod slurp;
pub mod stat;
pub mod synchronize;
pub mod tempfile;
pub mod timestamps;
pub mod unarchive;
mod unarchive_kind;
mod unarchive_zip;

pub(crate) use copy::bytes as copy_bytes;
pub(crate) use file::{resolve as followed, text as file_text};
