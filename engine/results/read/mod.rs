//! What suites write, one file for each format.

pub(crate) mod check_log;
pub(crate) mod check_time;
#[cfg(test)]
mod fuzz;
pub(crate) mod ktap;
pub(crate) mod results_tsv;
pub(crate) mod run_txt;
pub(crate) mod xml;
pub(crate) mod xunit;

use std::{fs::File, io::BufReader, path::Path};

/// A file to read from, for any of the readers.
pub(crate) struct Source<'a, R> {
    /// Its name, for notes and for logs that are parts of it.
    pub(crate) path: &'a Path,
    pub(crate) reader: R,
}

impl<'a> Source<'a, BufReader<File>> {
    pub(crate) fn open(path: &'a Path) -> std::io::Result<Self> {
        let reader = BufReader::with_capacity(64 * 1024, File::open(path)?);
        Ok(Self { path, reader })
    }
}
