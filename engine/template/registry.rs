//! The one register of filters, tests and lookups.

use crate::{Call, TemplateError};
use kdo_value::Value;

/// Shows and proves what a callable does: the template's result with no variables must be the given JSON.
pub struct Example {
    /// For example `{{ 'a' | upper }}`.
    pub template: &'static str,
    /// The result as JSON.
    pub result: &'static str,
}

/// A filter, test or lookup. Each family is one file with a `pub(crate) const` slice of these, listed below.
pub struct Callable {
    /// Full name, for example `ansible.builtin.combine`.
    pub name: &'static str,
    /// Other names, without namespace.
    pub aliases: &'static [&'static str],
    /// One sentence in our own words, shown by `kdo doc`.
    pub doc: &'static str,
    /// Whether missing values are given to it instead of being an error.
    pub accepts_undefined: bool,
    /// Does it. Tests give a boolean value, lookups a list.
    pub run: fn(&Call<'_>) -> Result<Value, TemplateError>,
    /// Examples that are run as tests.
    pub examples: &'static [Example],
}

fn find(families: &[&'static [Callable]], name: &str) -> Option<&'static Callable> {
    let short = ["ansible.builtin.", "ansible.legacy."]
        .iter()
        .find_map(|p| name.strip_prefix(p))
        .unwrap_or(name);
    families.iter().flat_map(|f| f.iter()).find(|c| {
        c.name == name
            || c.name.rsplit('.').next() == Some(short)
                && (!short.contains('.') && (c.name.starts_with("ansible.builtin.") || name == short))
            || c.aliases.contains(&short)
    })
}

/// The filter of that name, short or full.
pub fn filter(name: &str) -> Option<&'static Callable> {
    find(crate::filters::FAMILIES, name)
}

/// The test of that name.
pub fn test(name: &str) -> Option<&'static Callable> {
    find(crate::tests::FAMILIES, name)
}

/// The lookup of that name.
pub fn lookup(name: &str) -> Option<&'static Callable> {
    find(crate::lookups::FAMILIES, name)
}
