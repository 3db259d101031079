//! `assert`: conditions that must hold.

use crate::{engine::Engine, failure::TaskFailure, step::Step};
use kdo_value::{Map, Value};

pub(crate) fn run(engine: &Engine, step: &Step) -> Result<Map, TaskFailure> {
    let args = engine.action_arguments(step)?;
    let text = |names: &[&str]| -> Result<Option<Value>, TaskFailure> {
        match names.iter().find_map(|n| args.get(n)).filter(|v| !v.is_none()) {
            Some(raw) => engine.resolve_or_omit(&step.vars, &raw),
            None => Ok(None),
        }
    };
    let quiet = text(&["quiet"])?.is_some_and(|v| v.truthy());
    let Some(that) = args.get("that") else { return Err(TaskFailure::new("missing required arguments: that")) };
    let conditions = match that {
        Value::List(l) => l.to_vec(),
        // A list that comes out of a template.
        Value::Str(ref t) if t.is_template() => match engine.resolve(&step.vars, &that)? {
            Value::List(l) => l.to_vec(),
            other => vec![other],
        },
        other => vec![other],
    };
    let result = Map::new();
    result.insert("_ansible_verbose_always", true);
    for condition in conditions {
        let held = engine.condition(&step.vars, &condition)?;
        if !held {
            result.insert("failed", true);
            result.insert("evaluated_to", false);
            result.insert("assertion", plain(&condition));
            let message = text(&["fail_msg", "msg"])?.unwrap_or_else(|| Value::str("Assertion failed"));
            result.insert("msg", message);
            if quiet {
                result.remove("_ansible_verbose_always");
            }
            return Ok(result);
        }
    }
    if quiet {
        result.remove("_ansible_verbose_always");
    }
    result.insert("changed", false);
    result.insert("msg", text(&["success_msg"])?.unwrap_or_else(|| Value::str("All assertions passed")));
    Ok(result)
}

fn plain(value: &Value) -> Value {
    match value {
        Value::Str(t) => Value::str(t.as_str()),
        v => v.clone(),
    }
}
