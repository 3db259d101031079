//! The filters, one family per file.

use crate::Callable;

mod accumulate;
mod ansible_type;
mod community;
mod conversion;
mod crc32;
mod data_paths;
mod dates;
mod dicts;
mod durations;
mod encoding;
mod fact_diff;
mod finalizing;
mod hashes;
mod hashids;
mod html;
mod hwaddr;
mod identity;
mod ip;
mod ip_forms;
mod ip_network;
mod json_patch;
mod json_query;
mod k8s_name;
mod layout;
mod lists;
mod numbers;
mod param_lists;
mod paths;
mod presence;
mod printf;
mod products;
mod randomness;
mod regex;
mod replace_keys;
mod selection;
mod sequence;
mod serials;
mod sets;
mod text;
mod trust;
mod urls;
mod vaulting;
mod windows_paths;
mod yaml;

pub(crate) use ansible_type::full_name as full_type_name;
pub(crate) use conversion::read_bool;
pub(crate) use data_paths::LOOKUPS as PATH_LOOKUPS;
pub(crate) use dicts::{entries, merge_deep};
pub(crate) use encoding::base64;
pub(crate) use hashes::random_salt;
pub(crate) use hwaddr::read_hardware;
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
    fact_diff::CALLABLES,
    finalizing::CALLABLES,
    identity::CALLABLES,
    yaml::CALLABLES,
    json_query::CALLABLES,
    vaulting::CALLABLES,
    trust::CALLABLES,
    ip::CALLABLES,
    community::CALLABLES,
    printf::CALLABLES,
    accumulate::CALLABLES,
    ansible_type::CALLABLES,
    crc32::CALLABLES,
    durations::CALLABLES,
    hashids::CALLABLES,
    json_patch::CALLABLES,
    k8s_name::CALLABLES,
    lists::CALLABLES,
    serials::CALLABLES,
    replace_keys::CALLABLES,
    hwaddr::CALLABLES,
    ip_forms::CALLABLES,
    data_paths::CALLABLES,
    param_lists::CALLABLES,
];
