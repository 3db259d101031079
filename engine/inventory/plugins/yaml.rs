//! `yaml`: YAML (and JSON) inventories.

use super::Plugin;
use crate::{Inventory, LoadContext, expand_host, source::Source};
use kdo_syntax::Diagnostic;
use kdo_value::{Map, Value};
use std::path::Path;

/// Groups nested deeper are refused.
const MAX_DEPTH: usize = 100;

pub(crate) const PLUGIN: Plugin = Plugin {
    name: "yaml",
    accepts: |source, context| source.is_readable() && source.has_extension(&context.yaml_extensions, &[]),
    read,
};

fn read(inventory: &mut Inventory, source: &Source<'_>, _: &LoadContext<'_>) -> Result<(), Diagnostic> {
    let (document, mut warnings) = source.document()?;
    let path = source.path.as_path();
    let Some(groups) = document.as_map().filter(|m| !m.is_empty()) else {
        let what = if document.is_none() {
            "nothing"
        } else {
            document.type_name()
        };
        return Err(Diagnostic::error(format!(
            "a YAML inventory is a dictionary of groups, this is {what}"
        )));
    };
    if groups.get("plugin").is_some_and(|p| p.truthy()) {
        let message = "Plugin configuration YAML file, not YAML inventory";
        return Err(Diagnostic::error(message));
    }
    inventory.warnings.append(&mut warnings);
    for (name, data) in groups.entries() {
        group(inventory, path, &name, &data, 0)?;
    }
    Ok(())
}

fn group(
    inventory: &mut Inventory,
    path: &Path,
    key: &Value,
    data: &Value,
    depth: usize,
) -> Result<String, Diagnostic> {
    let name = key.to_text();
    if depth > MAX_DEPTH {
        return Err(Diagnostic::error("the groups are nested too deep").at(key.origin()));
    }
    let data = match data {
        Value::Map(map) => map.clone(),
        Value::None => Map::new(),
        other => {
            let message = format!("the group `{name}` is not a mapping but {}", other.type_name());
            inventory
                .warnings
                .push(Diagnostic::warning(message).at(key.origin()));
            return Ok(name);
        }
    };
    if name.is_empty() {
        return Err(Diagnostic::error("Invalid empty/false group name provided").at(key.origin()));
    }
    let name = inventory.add_group(&name);
    sections(&name, &data)?;
    for (section, content) in data.entries() {
        let entries = match &content {
            Value::Map(map) => map.entries(),
            Value::None => Vec::new(),
            Value::Str(_) => vec![(content.clone(), Value::None)],
            _ => {
                let message = format!(
                    "Skipping key ({}) in group ({name}) as it is not a mapping, it is {}",
                    section.to_text(),
                    content.type_name()
                );
                inventory
                    .warnings
                    .push(Diagnostic::warning(message).at(section.origin()));
                continue;
            }
        };
        match section.as_str() {
            Some("vars") => entries
                .into_iter()
                .for_each(|(k, v)| inventory.set_group_var(&name, k, v)),
            Some("children") => {
                for (child, data) in entries {
                    let child_name = group(inventory, path, &child, &data, depth + 1)?;
                    inventory
                        .add_child(&name, &child_name)
                        .map_err(|e| Diagnostic::error(e).at(child.origin()))?;
                }
            }
            Some("hosts") => {
                for (pattern, vars) in entries {
                    host(inventory, path, &name, &pattern, &vars)?;
                }
            }
            _ => {
                let shown = section.to_text();
                let message = format!("the group `{name}` has the unknown key `{shown}`");
                let d = Diagnostic::warning(message)
                    .at(section.origin())
                    .length(shown.chars().count());
                let known = ["vars", "children", "hosts"];
                inventory.warnings.push(match kdo_syntax::nearest(&shown, known) {
                    Some(near) => d.label(format!("did you mean `{near}`?")),
                    None => d.label("only `vars`, `children` and `hosts` are known"),
                });
            }
        }
    }
    Ok(name)
}

/// The known sections must be mappings, a single name or nothing; all of them are looked at before anything is added.
fn sections(name: &str, data: &Map) -> Result<(), Diagnostic> {
    for (section, content) in data.entries() {
        let known = matches!(section.as_str(), Some("vars" | "children" | "hosts"));
        if !known || matches!(content, Value::Map(_) | Value::None | Value::Str(_)) {
            continue;
        }
        let shown = section.to_text();
        let message = format!(
            "`{shown}` of the group `{name}` must be a mapping, it is {}",
            content.type_name()
        );
        let d = Diagnostic::error(message)
            .at(section.origin())
            .length(shown.chars().count());
        return Err(if matches!(content, Value::List(_)) {
            d.help("write each name as a key, with a colon after it")
        } else {
            d
        });
    }
    Ok(())
}

fn host(
    inventory: &mut Inventory,
    path: &Path,
    group: &str,
    pattern: &Value,
    vars: &Value,
) -> Result<(), Diagnostic> {
    let fail = |message: String| Diagnostic::error(message).at(pattern.origin());
    let Some(text) = pattern.as_str() else {
        return Err(fail(format!(
            "Host pattern {} must be a string, it is {}: quote it",
            pattern.to_text(),
            pattern.type_name()
        )));
    };
    let (names, port) = expand_host(text).map_err(fail)?;
    let entries = match vars {
        Value::None => Vec::new(),
        Value::Map(map) => map.entries(),
        other => {
            let message = format!(
                "the variables of the host `{}` are not a mapping but {}",
                pattern.to_text(),
                other.type_name()
            );
            return Err(fail(message));
        }
    };
    for name in names {
        inventory.add_host(&name, Some(group), Some(path), port);
        for (key, value) in &entries {
            inventory.set_host_var(&name, key.clone(), value.clone());
        }
    }
    Ok(())
}
