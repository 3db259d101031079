//! `host_list`: `a,b,c:22`.

use super::Plugin;
use crate::{Inventory, LoadContext, parse_address, source::Source};
use kdo_syntax::Diagnostic;

pub(crate) const PLUGIN: Plugin = Plugin {
    name: "host_list",
    accepts: |source, _| source.is_list(),
    read,
};

fn read(inventory: &mut Inventory, source: &Source<'_>, _: &LoadContext<'_>) -> Result<(), Diagnostic> {
    for word in source.name.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        let (name, port) = parse_address(word, false).unwrap_or_else(|| (word.to_owned(), None));
        if !inventory.hosts.contains_key(&name) {
            inventory.add_host(&name, Some("ungrouped"), Some(&source.path), port);
        }
    }
    Ok(())
}
