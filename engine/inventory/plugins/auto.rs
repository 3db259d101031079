//! `auto`: hands YAML files with a key `plugin` to the plugin of that name.

use super::Plugin;
use crate::{Inventory, LoadContext, plugins, python, source::Source};
use kdo_syntax::Diagnostic;

/// What a file that is for no plugin lacks.
pub(crate) const NO_PLUGIN: &str = "no root 'plugin' key found";

pub(crate) const PLUGIN: Plugin = Plugin {
    name: "auto",
    accepts: |source, _| {
        let yaml = source.name.ends_with(".yml") || source.name.ends_with(".yaml");
        yaml && source.is_readable()
    },
    read,
};

fn read(inventory: &mut Inventory, source: &Source<'_>, context: &LoadContext<'_>) -> Result<(), Diagnostic> {
    let (document, _) = source.document()?;
    let path = &source.name;
    let Some(written) = document.get("plugin").filter(kdo_value::Value::truthy) else {
        let message = format!("{NO_PLUGIN}, '{path}' is not a valid YAML inventory plugin config file");
        return Err(Diagnostic::error(message));
    };
    let name = written.to_text();
    let Some(plugin) = plugins::find(&name).filter(|p| p.name != PLUGIN.name) else {
        let message = match python::plugin(&name, context) {
            Some(file) => python::complaint(&name, &file, Some(path)),
            None => format!("inventory config '{path}' specifies unknown plugin '{name}'"),
        };
        let known = plugins::inventory_plugins();
        let d = Diagnostic::error(message)
            .at(written.origin())
            .length(name.chars().count());
        return Err(match kdo_syntax::nearest(&name, known) {
            Some(near) => d.label(format!("did you mean `{near}`?")),
            None => d,
        });
    };
    if !(plugin.accepts)(source, context) {
        let message = format!("inventory source '{path}' could not be verified by inventory plugin '{name}'");
        return Err(Diagnostic::error(message));
    }
    let remark = format!(
        "Using inventory plugin 'ansible_collections.ansible.builtin.plugins.inventory.{}' to process inventory source \
         '{path}'",
        plugin.name
    );
    inventory.remarks.push((1, remark));
    (plugin.read)(inventory, source, context)
}
