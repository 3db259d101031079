//! The filters, one family per file.

use crate::Callable;

mod community;
mod conversion;
pub(crate) mod crypt;
mod dates;
mod dicts;
mod encoding;
mod finalizing;
mod hashes;
mod html;
mod identity;
mod ip;
mod ip_network;
mod json_query;
mod layout;
mod numbers;
mod paths;
mod presence;
mod printf;
mod products;
mod randomness;
mod regex;
mod selection;
mod sequence;
mod sets;
mod text;
mod urls;
mod vaulting;
mod windows_paths;
mod yaml;

pub(crate) use conversion::read_bool;
pub(crate) use dicts::entries;
pub(crate) use hashes::random_salt;
pub(crate) use ip_network::Network;
pub(crate) use layout::split_lines;
pub(crate) use paths::{expand_user, glob, matches};
pub(crate) use products::{cartesian, flat};
pub(crate) use urls::Url;

/// All families.
pub const FAMILIES: &[&[Callable]] = &[
    presence::CALLABLES,
    conversion::CALLABLES,
    text::CALLABLES,
    layout::CALLABLES,
    sequence::CALLABLES,
    selection::CALLABLES,
    products::CALLABLES,
    sets::CALLABLES,
    dicts::CALLABLES,
    regex::CALLABLES,
    paths::CALLABLES,
    windows_paths::CALLABLES,
    encoding::CALLABLES,
    numbers::CALLABLES,
    html::CALLABLES,
    urls::CALLABLES,
    randomness::CALLABLES,
    hashes::CALLABLES,
    dates::CALLABLES,
    finalizing::CALLABLES,
    identity::CALLABLES,
    yaml::CALLABLES,
    json_query::CALLABLES,
    vaulting::CALLABLES,
    ip::CALLABLES,
    community::CALLABLES,
    printf::CALLABLES,
];
