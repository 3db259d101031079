//! The lookups, one family per file.

use crate::Callable;

mod config;
mod csvfile;
mod files;
mod first_found;
mod ini;
mod items;
mod nested;
mod options;
mod password;
mod processes;
mod sequence;
mod template;
mod url;
mod variables;

pub(crate) use csvfile::rows as csv_rows;
pub(crate) use ini::parse as ini_sections;

/// All families.
pub const FAMILIES: &[&[Callable]] = &[
    items::CALLABLES,
    nested::CALLABLES,
    sequence::CALLABLES,
    variables::CALLABLES,
    processes::CALLABLES,
    files::CALLABLES,
    first_found::CALLABLES,
    template::CALLABLES,
    csvfile::CALLABLES,
    ini::CALLABLES,
    password::CALLABLES,
    url::CALLABLES,
    config::CALLABLES,
];
