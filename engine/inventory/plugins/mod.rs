//! Inventory plugins, one file each, and the one list of them.

pub(crate) mod advanced_host_list;
pub(crate) mod auto;
pub(crate) mod constructed;
pub(crate) mod generator;
pub(crate) mod host_list;
pub(crate) mod ini;
pub(crate) mod script;
pub(crate) mod toml;
pub(crate) mod yaml;

use crate::{Inventory, LoadContext, source::Source};
use kdo_syntax::Diagnostic;

/// One way to read a source.
pub(crate) struct Plugin {
    /// Its name in `enable_plugins` and in `plugin:`.
    pub(crate) name: &'static str,
    /// Whether it wants to try the source at all; what it declines is no failure.
    pub(crate) accepts: fn(&Source<'_>, &LoadContext<'_>) -> bool,
    /// Takes hosts and groups over. What stood before an error stays in the inventory, as in Ansible.
    pub(crate) read: fn(&mut Inventory, &Source<'_>, &LoadContext<'_>) -> Result<(), Diagnostic>,
}

/// All plugins.
const PLUGINS: [&Plugin; 9] = [
    &advanced_host_list::PLUGIN,
    &auto::PLUGIN,
    &constructed::PLUGIN,
    &generator::PLUGIN,
    &host_list::PLUGIN,
    &ini::PLUGIN,
    &script::PLUGIN,
    &toml::PLUGIN,
    &yaml::PLUGIN,
];

/// Names of the plugins that are tried if the configuration names none, in order.
pub(crate) const DEFAULT: [&str; 6] = ["host_list", "script", "auto", "yaml", "ini", "toml"];

/// A plugin by its short or full name.
pub(crate) fn find(name: &str) -> Option<&'static Plugin> {
    let short = ["ansible.builtin.", "ansible.legacy."]
        .iter()
        .find_map(|p| name.strip_prefix(p))
        .unwrap_or(name);
    PLUGINS.into_iter().find(|p| p.name == short)
}

/// Names of all plugins, in order of the alphabet.
pub fn inventory_plugins() -> Vec<&'static str> {
    PLUGINS.iter().map(|p| p.name).collect()
}
