//! The tests, one family per file.

use crate::Callable;

mod ansible_type;
mod compare;
mod files;
mod fqdn;
mod ip;
mod kinds;
mod patterns;
mod results;
mod truth;
mod urls;
mod vaulted;
mod versions;

pub(crate) use versions::compare_loose;

/// All families.
pub const FAMILIES: &[&[Callable]] = &[
    kinds::CALLABLES,
    compare::CALLABLES,
    truth::CALLABLES,
    patterns::CALLABLES,
    versions::CALLABLES,
    results::CALLABLES,
    files::CALLABLES,
    urls::CALLABLES,
    vaulted::CALLABLES,
    ip::CALLABLES,
    ansible_type::CALLABLES,
    fqdn::CALLABLES,
];
