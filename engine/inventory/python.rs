//! Inventory plugins in Python: found, so that they can be named, never run.

use crate::LoadContext;
use std::path::{Path, PathBuf};

/// The file of a plugin of this name: beside the others of the user, or in a collection.
pub(crate) fn plugin(name: &str, context: &LoadContext<'_>) -> Option<PathBuf> {
    let short = name.strip_prefix("ansible.legacy.").unwrap_or(name);
    let mut candidates: Vec<PathBuf> = Vec::new();
    if let [namespace, collection, plugin] = short.split('.').collect::<Vec<_>>().as_slice() {
        for folder in &context.collections {
            let inside =
                format!("ansible_collections/{namespace}/{collection}/plugins/inventory/{plugin}.py");
            candidates.push(folder.join(&inside));
            // The folder itself may be named.
            candidates.push(folder.join(inside.trim_start_matches("ansible_collections/")));
        }
    } else {
        candidates.extend(
            context
                .python_folders
                .iter()
                .map(|f| f.join(format!("{short}.py"))),
        );
    }
    candidates.into_iter().find(|p| p.is_file())
}

/// The one message about it.
pub(crate) fn complaint(name: &str, path: &Path, source: Option<&str>) -> String {
    let path = path.display();
    let source = source.map(|s| format!(" for the source {s}")).unwrap_or_default();
    format!(
        "the inventory plugin '{name}'{source} is written in Python ({path}); kdo runs no Python: use a script, which may \
         call the plugin, or export the inventory with ansible-inventory"
    )
}
