//! Outputs, one file each.

pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod junit;
mod matrix;
pub(crate) mod terminal;
mod xml;

use crate::text::plain;
use std::path::Path;

/// `1 fix`, `2 fixes`.
fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The path of a file, fit to be shown.
fn path(path: &Path) -> String {
    plain(&path.display().to_string())
}

/// Words that are there, with spaces between.
fn words(words: &[&str]) -> String {
    let there: Vec<&str> = words.iter().filter(|w| !w.is_empty()).copied().collect();
    there.join(" ")
}
