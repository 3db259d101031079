//! What may stand in a role's `meta/main.yml`.

use crate::{
    Loader,
    keywords::{Where, names},
    loader::key_place,
};
use kdo_value::{Map, Value};

/// Keys of a role's own description.
const OWN: &[&str] = &[
    "allow_duplicates",
    "argument_specs",
    "dependencies",
    "galaxy_info",
];

impl Loader {
    pub(crate) fn check_meta(&self, meta: &Map) {
        let known = || {
            OWN.iter()
                .copied()
                .chain(names(Where::PlaybookImport))
                .chain(["vars"])
                .filter(|name| *name != "tags")
        };
        for (key, _) in meta.text_entries() {
            if !known().any(|name| name == key) {
                self.unknown_keyword(&key, "RoleMetadata", key_place(meta, &key), known());
            }
        }
        let dependencies = meta.get("dependencies").unwrap_or(Value::None);
        if !matches!(dependencies, Value::None | Value::List(_)) {
            let place = key_place(meta, "dependencies");
            self.fail("Expected role dependencies to be a list.", place);
        }
    }
}
