//! The filters, one family per file.

use crate::Callable;

mod conversion;
mod dicts;
mod layout;
mod presence;
mod products;
mod regex;
mod selection;
mod sequence;
mod sets;
mod text;

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
];
