//! `keyed_groups`: groups named after values.

use super::{Options, is_yes, safe};
use crate::Inventory;
use kdo_syntax::Diagnostic;
use kdo_value::{Map, Value};

/// One entry of the list.
pub(super) struct Keyed {
    pub(super) key: Value,
    prefix: String,
    separator: String,
    parent: Value,
    default: Option<String>,
    trailing: Option<bool>,
}

/// The entries of a file.
pub(super) fn entries(config: &Map) -> Result<Vec<Keyed>, Diagnostic> {
    let list = match config.get("keyed_groups") {
        None | Some(Value::None) => return Ok(Vec::new()),
        Some(Value::List(list)) => list.to_vec(),
        Some(other) => vec![other],
    };
    list.iter().map(Keyed::of).collect()
}

impl Keyed {
    fn of(entry: &Value) -> Result<Self, Diagnostic> {
        let Some(map) = entry.as_map().filter(|m| !m.is_empty()) else {
            let message = format!(
                "Invalid keyed group entry, it must be a dictionary: {}",
                entry.repr()
            );
            return Err(Diagnostic::error(message).at(entry.origin()));
        };
        let text = |name: &str, default: &str| map.get(name).map_or(default.to_owned(), |v| v.to_text());
        let given = |name: &str| map.get(name).filter(|v| !v.is_none());
        Ok(Self {
            key: map.get("key").unwrap_or(Value::None),
            prefix: text("prefix", ""),
            separator: text("separator", "_"),
            parent: map.get("parent_group").unwrap_or(Value::None),
            default: given("default_value").map(|v| v.to_text()),
            trailing: given("trailing_separator").map(|v| is_yes(&v).unwrap_or(v.truthy())),
        })
    }

    /// Puts a host into the groups that its variables ask for.
    pub(super) fn apply(
        &self,
        inventory: &mut Inventory,
        host: &str,
        vars: &Map,
        options: &Options<'_>,
    ) -> Result<(), String> {
        let shown = self.key.to_text();
        let key = match options.expression(&self.key, vars) {
            Ok(key) => key,
            Err(e) if options.strict => {
                return Err(format!(
                    "Could not generate group for host {host} from {shown} entry: {e}"
                ));
            }
            Err(_) => return Ok(()),
        };
        if self.trailing.is_some() && self.default.is_some() {
            return Err(
                "parameters are mutually exclusive for keyed groups: default_value|trailing_separator".into(),
            );
        }
        let use_default = is_empty(&key) && self.default.is_some();
        if !key.truthy() && !use_default {
            let nothing = key.as_list().is_some() || key.as_map().is_some();
            if options.strict && !nothing {
                return Err(format!(
                    "No key or key resulted empty for {shown} in host {host}, invalid entry"
                ));
            }
            return Ok(());
        }
        let parent = match &self.parent {
            Value::Str(text) => match options.evaluate.template(text, &options.seen(vars)) {
                Ok(Value::Omit) => Value::None,
                Ok(parent) => parent,
                Err(e) if options.strict => {
                    return Err(format!(
                        "Could not generate parent group '{}' for group {}: {e}",
                        text.as_str(),
                        key.repr()
                    ));
                }
                Err(_) => return Ok(()),
            },
            other => other.clone(),
        };
        let separator = if self.prefix.is_empty() && !options.leading_separator {
            ""
        } else {
            &self.separator
        };
        for bare in self.names(&key)? {
            let name = safe(&format!("{}{separator}{bare}", self.prefix));
            if name.is_empty() {
                return Err("Invalid empty/false group name provided".into());
            }
            let group = inventory.add_group(&name);
            inventory.add_host(host, Some(&group), None, None);
            if parent.truthy() {
                inventory.add_child(&safe(&parent.to_text()), &group)?;
            }
        }
        Ok(())
    }

    /// The names without prefix that a value gives.
    fn names(&self, key: &Value) -> Result<Vec<String>, String> {
        let default = self.default.as_deref();
        Ok(match key {
            Value::Map(map) => map
                .entries()
                .iter()
                .map(|(name, value)| {
                    let (name, separator) = (name.to_text(), &self.separator);
                    match (is_empty(value), default) {
                        (true, Some(default)) => format!("{name}{separator}{default}"),
                        (true, None) if self.trailing == Some(false) => name,
                        _ => format!("{name}{separator}{}", value.to_text()),
                    }
                })
                .collect(),
            Value::List(items) => items
                .to_vec()
                .iter()
                .map(|item| match default {
                    Some(default) if is_empty(item) => default.to_owned(),
                    _ => item.to_text(),
                })
                .collect(),
            _ if is_empty(key) => vec![default.unwrap_or_default().to_owned()],
            Value::Str(text) => vec![text.as_str().to_owned()],
            other => {
                return Err(format!(
                    "Invalid group name format, expected a string or a list of them or dictionary, got: {}",
                    other.type_name()
                ));
            }
        })
    }
}

/// Nothing, for which a default may stand.
fn is_empty(value: &Value) -> bool {
    value.is_none() || value.as_str().is_some_and(str::is_empty)
}
