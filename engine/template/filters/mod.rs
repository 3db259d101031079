//! The filters, one family per file.

use crate::Callable;

mod conversion;
mod dicts;
mod encoding;
mod html;
mod layout;
mod numbers;
mod paths;
mod presence;
mod products;
mod regex;
mod selection;
mod sequence;
mod sets;
mod text;
mod urls;
mod windows_paths;

pub(crate) use conversion::read_bool;
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
];
