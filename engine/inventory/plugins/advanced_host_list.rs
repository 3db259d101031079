//! `advanced_host_list`: a list of hosts with ranges, `web[01:20],db`.

use super::Plugin;
use crate::{Inventory, LoadContext, expand_host, source::Source};
use kdo_syntax::Diagnostic;

pub(crate) const PLUGIN: Plugin = Plugin {
    name: "advanced_host_list",
    accepts: |source, _| source.is_list(),
    read,
};

fn read(inventory: &mut Inventory, source: &Source<'_>, _: &LoadContext<'_>) -> Result<(), Diagnostic> {
    for word in source.name.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        let (names, port) = match expand_host(word) {
            Ok(found) => found,
            Err(e) if e.starts_with("host range must") => {
                let remark = format!("Unable to parse address from hostname, leaving unchanged: {e}");
                inventory.remarks.push((3, remark));
                (vec![word.to_owned()], None)
            }
            Err(e) => {
                let message = format!("Invalid data from string, could not parse: {e}");
                return Err(Diagnostic::error(message));
            }
        };
        for name in names {
            if !inventory.hosts.contains_key(&name) {
                inventory.add_host(&name, Some("ungrouped"), Some(&source.path), port);
            }
        }
    }
    Ok(())
}
