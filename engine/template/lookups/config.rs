//! The lookup of settings.

use super::options::word;
use crate::{Call, Callable, NoSetting, TemplateError, declare::callable, iterate::text};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.config", config, "The value of settings under Ansible's names, or of a plugin's options (`plugin_type`, `plugin_name`); with `show_origin` also where it comes from.", [];
        "{{ query('config', 'NO_SUCH_SETTING', on_missing='skip') }}" => "[]"),
];

fn config(call: &Call<'_>) -> Result<Value, TemplateError> {
    let missing = word(call, "on_missing")?.unwrap_or_else(|| "error".into());
    if !["error", "warn", "skip"].contains(&missing.as_str()) {
        return call.fail(format!(
            "Invalid value '{missing}' for config 'on_missing' for 'config' lookup plugin."
        ));
    }
    let (kind, name) = (word(call, "plugin_type")?, word(call, "plugin_name")?);
    let plugin = match (&kind, &name) {
        (Some(kind), Some(name)) => Some((kind.as_str(), name.rsplit('.').next().unwrap_or(name))),
        (None, None) => None,
        _ => {
            return call.fail(
                "Both plugin_type and plugin_name are required, cannot use one without the other.".to_owned(),
            );
        }
    };
    let show_origin = call.keyword("show_origin").is_some_and(Value::truthy);
    let mut out = Vec::new();
    for term in &call.args {
        let name = text(term)?;
        let found = match call.environment.settings {
            Some(settings) => settings.setting(&name, plugin),
            None => Err(NoSetting::Unknown),
        };
        let of = plugin.map_or_else(String::new, |(kind, name)| format!(" for '{name}' {kind} plugin"));
        match (found, plugin) {
            (Ok(found), _) if show_origin => {
                out.push(Value::list([found.value, Value::str(found.origin)]));
            }
            (Ok(found), _) => out.push(found.value),
            (Err(NoSetting::NoPlugin), Some((kind, name))) => {
                return call.fail(format!("Unable to load {kind} plugin '{name}'."));
            }
            (Err(_), _) if missing == "error" => {
                return call.fail(format!("No config definition exists for '{name}'{of}."));
            }
            (Err(_), _) if missing == "warn" => {
                if let Some(warn) = call.environment.warn {
                    let text = format!("Skipping {name}: No config definition exists for '{name}'{of}.");
                    warn(text, None);
                }
            }
            (Err(_), _) => {}
        }
    }
    Ok(Value::list(out))
}
