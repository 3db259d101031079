//! The lookups, one family per file.

use crate::Callable;

mod collections;
mod config;
mod csvfile;
mod dependent;
mod files;
mod filetree;
mod first_found;
mod ini;
mod items;
mod merge_variables;
mod nested;
mod options;
mod password;
mod processes;
mod random_string;
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
    collections::CALLABLES,
    crate::filters::PATH_LOOKUPS,
    dependent::CALLABLES,
    filetree::CALLABLES,
    merge_variables::CALLABLES,
    random_string::CALLABLES,
];
