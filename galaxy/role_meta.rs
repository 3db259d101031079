//! What a role says of itself: `meta/main.yml`, `meta/requirements.yml`.

use crate::{Failure, Requirement, Result, role_spec};
use kdo_syntax::{LoadOptions, SourceMap, load_file};
use kdo_value::Value;
use std::path::Path;

/// The folders of a role, by which one is known that has no metadata.
const FOLDERS: &[&str] = &[
    "tasks",
    "meta",
    "defaults",
    "handlers",
    "vars",
    "templates",
    "files",
];

/// Whether a folder looks like a role. Metadata are not needed: many roles of playbooks have none.
pub(crate) fn is_role(folder: &Path) -> bool {
    FOLDERS.iter().any(|n| folder.join(n).is_dir())
}

/// The roles that a role needs from elsewhere. Roles of the same playbook are none of them.
pub fn role_dependencies(folder: &Path) -> Result<Vec<Requirement>> {
    let mut found = Vec::new();
    let mut add = |list: Option<Value>, file: &str| {
        let Some(list) = list.filter(|l| !l.is_none()) else {
            return Ok(());
        };
        let Value::List(list) = list else {
            let failure = Failure::refused(format!("{file}: Expected role dependencies to be a list."));
            return Err(failure.help(format!(
                "`- ` before each entry, and no `roles:` above them, in {file}"
            )));
        };
        for entry in list.to_vec() {
            found.extend(role_spec::dependency(&entry).map_err(|f| f.of(file))?);
        }
        Ok(())
    };
    if let Some(main) = load(folder, "main")? {
        add(main.get("dependencies"), "meta/main.yml")?;
    }
    add(load(folder, "requirements")?, "meta/requirements.yml")?;
    Ok(found)
}

/// `meta/NAME.yml` or `.yaml`; none if there is no such file or it is no YAML: Ansible does not mind either.
pub(crate) fn load(folder: &Path, name: &str) -> Result<Option<Value>> {
    for end in ["yml", "yaml"] {
        let path = folder.join("meta").join(format!("{name}.{end}"));
        if path.is_file() {
            let sources = SourceMap::new();
            let read = load_file(&sources, &path, LoadOptions::UNTRUSTED).and_then(|d| d.single());
            return read
                .map(Some)
                .map_err(|d| Failure::from(d).of(format!("meta/{name}.{end}")));
        }
    }
    Ok(None)
}
