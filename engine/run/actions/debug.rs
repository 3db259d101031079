//! `debug`: shows a message or a variable.

use crate::{engine::Engine, failure::TaskFailure, step::Step};
use kdo_value::{Map, Text, Value};

pub(crate) fn run(engine: &Engine, step: &Step) -> Result<Map, TaskFailure> {
    let args = engine.action_arguments(step)?;
    for (key, _) in args.text_entries() {
        if !matches!(key.as_str(), "msg" | "var" | "verbosity") {
            return Err(TaskFailure::new(format!(
                "Unsupported parameters for (debug) module: {key}. Supported parameters include: msg, var, verbosity."
            )));
        }
    }
    if args.contains("msg") && args.contains("var") {
        return Err(TaskFailure::new("parameters are mutually exclusive: msg|var"));
    }
    let result = Map::new();
    let verbosity = match args.get("verbosity") {
        Some(raw) => engine.resolve(&step.vars, &raw)?.to_text().trim().parse().unwrap_or(0),
        None => 0_i64,
    };
    if verbosity > engine.options.info.verbosity {
        result.insert("skipped_reason", "Verbosity threshold not met.");
        result.insert("skipped", true);
        result.insert("failed", false);
        return Ok(result);
    }
    if let Some(raw) = args.get("var") {
        let name = engine.resolve(&step.vars, &raw)?;
        match &name {
            Value::Str(text) => {
                // The name itself is an expression of the user, even if it came out of a template.
                let expression = Text::trusted(text.as_str(), raw.origin());
                let value = match engine.with_templar(&step.vars, |t| t.expression(&expression)) {
                    Ok(value) => value,
                    Err(e) if e.undefined => Value::str("VARIABLE IS NOT DEFINED!"),
                    Err(e) => return Err(engine.template_failure(e)),
                };
                let value = if value.is_omit() { Value::str("<<Omit>>") } else { value };
                result.insert(text.as_str(), value);
            }
            other => {
                result.insert(other.to_text(), other.clone());
            }
        }
    } else {
        let message = match args.get("msg") {
            Some(raw) => engine.resolve_or_omit(&step.vars, &raw)?.unwrap_or_else(|| Value::str("Hello world!")),
            None => Value::str("Hello world!"),
        };
        result.insert("msg", message);
    }
    result.insert("_ansible_verbose_always", true);
    result.insert("failed", false);
    Ok(result)
}
