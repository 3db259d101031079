//! The lookup of rendered templates.

use super::options::{find, read};
use crate::{Call, Callable, TemplateError, declare::callable, iterate::text};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.template", template, "What template files on the controller render to.", [];
        "{{ lookup('template', '/dev/null') }}" => r#""""#),
];

const OPTIONS: [&str; 8] = [
    "variable_start_string",
    "variable_end_string",
    "block_start_string",
    "block_end_string",
    "comment_start_string",
    "comment_end_string",
    "trim_blocks",
    "lstrip_blocks",
];

fn template(call: &Call<'_>) -> Result<Value, TemplateError> {
    let extra = match call.keyword("template_vars") {
        Some(Value::Map(m)) => m.text_entries(),
        _ => Vec::new(),
    };
    let options: Vec<(String, Value)> = call
        .kwargs
        .iter()
        .filter(|(k, _)| OPTIONS.contains(&k.as_str()))
        .cloned()
        .collect();
    let mut out = Vec::new();
    for term in &call.args {
        let path = find(call, "templates", &text(term)?)?;
        let source = String::from_utf8_lossy(&read(call, &path)?).into_owned();
        if source.is_empty() {
            out.push(Value::str(""));
            continue;
        }
        let mut extra = extra.clone();
        extra.push((
            "template_path".into(),
            Value::str(path.to_string_lossy().into_owned()),
        ));
        // as with any template, the result of a lone expression keeps its type
        out.push(call.engine.render(&source, &extra, &options)?);
    }
    Ok(Value::list(out))
}
