//! Warnings and deprecations that came with a result.

use crate::{Console, Options};
use kdo_value::{Map, Value};

/// Shows a result's warnings and deprecations on standard error, each once per run.
pub(crate) fn show(result: &Map, console: &Console, options: &Options) {
    let list = |key: &str| result.get(key).and_then(|v| v.as_sequence()).unwrap_or_default();
    for warning in list("warnings") {
        console.warning(&warning.to_text(), &options.palette.warn);
    }
    if !options.deprecation_warnings {
        return;
    }
    for deprecation in list("deprecations") {
        console.deprecation(&sentence(&deprecation), &options.palette.deprecate, &options.palette.warn);
    }
}

fn sentence(deprecation: &Value) -> String {
    let Some(map) = deprecation.as_map() else {
        return deprecation.to_text();
    };
    let text = |key: &str| map.get(key).filter(Value::truthy).map(|v| v.to_text());
    let mut out = text("msg").unwrap_or_default();
    if !out.ends_with('.') {
        out.push('.');
    }
    let from = text("collection_name").map_or(String::new(), |name| {
        if name == "ansible.builtin" { "from ansible-core".to_owned() } else { format!("from collection '{name}'") }
    });
    let space = if from.is_empty() { "" } else { " " };
    match (from.is_empty(), text("date"), text("version")) {
        (false, Some(date), _) => out.push_str(&format!(" This feature will be removed {from} in a release after {date}.")),
        (false, None, Some(v)) => out.push_str(&format!(" This feature will be removed {from} version {v}.")),
        _ => out.push_str(&format!(" This feature will be removed{space}{from} in the future.")),
    }
    out
}
