//! The one register of filters, tests and lookups.

use crate::{Call, TemplateError};
use kdo_value::Value;
use std::{collections::HashMap, sync::LazyLock};

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

type Index = HashMap<&'static str, &'static Callable>;

/// All names by which callables are known: the full one, the last part of built-in ones, the aliases.
fn index(families: &[&'static [Callable]]) -> Index {
    let mut index = Index::new();
    for c in families.iter().flat_map(|f| f.iter()) {
        index.entry(c.name).or_insert(c);
        if let Some(short) = c.name.strip_prefix("ansible.builtin.") {
            index.entry(short).or_insert(c);
        }
        for alias in c.aliases {
            index.entry(alias).or_insert(c);
        }
    }
    index
}

fn find(index: &Index, name: &str) -> Option<&'static Callable> {
    index.get(name).copied().or_else(|| {
        let short = ["ansible.builtin.", "ansible.legacy."]
            .iter()
            .find_map(|p| name.strip_prefix(p))?;
        index.get(short).copied()
    })
}

/// The filter of that name, short or full.
pub fn filter(name: &str) -> Option<&'static Callable> {
    static INDEX: LazyLock<Index> = LazyLock::new(|| index(crate::filters::FAMILIES));
    find(&INDEX, name)
}

/// The test of that name.
pub fn test(name: &str) -> Option<&'static Callable> {
    static INDEX: LazyLock<Index> = LazyLock::new(|| index(crate::tests::FAMILIES));
    find(&INDEX, name)
}

/// The lookup of that name.
pub fn lookup(name: &str) -> Option<&'static Callable> {
    static INDEX: LazyLock<Index> = LazyLock::new(|| index(crate::lookups::FAMILIES));
    find(&INDEX, name)
}
