//! Tests of task results.

use crate::{Call, Callable, TemplateError, declare::callable};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.failed", |c| flag(c, "failed", false, true), "Whether the task failed.", ["failure"];
        "{{ {'failed': true} is failed }}" => "true", "{{ {} is failed }}" => "false"),
    callable!("ansible.builtin.success", |c| flag(c, "failed", false, false), "Whether the task did not fail.", ["succeeded", "successful"];
        "{{ {'failed': false} is success }}" => "true", "{{ {} is succeeded }}" => "true"),
    callable!("ansible.builtin.reachable", |c| flag(c, "unreachable", false, false), "Whether the host could be reached.", [];
        "{{ {'unreachable': true} is reachable }}" => "false"),
    callable!("ansible.builtin.unreachable", |c| flag(c, "unreachable", false, true), "Whether the host could not be reached.", [];
        "{{ {} is unreachable }}" => "false"),
    callable!("ansible.builtin.changed", changed, "Whether the task, or one of its loop's items, changed something.", ["change"];
        "{{ {'changed': true} is changed }}" => "true", "{{ {} is changed }}" => "false",
        "{{ {'results': [{'changed': true}]} is changed }}" => "true"),
    callable!("ansible.builtin.skipped", |c| flag(c, "skipped", false, true), "Whether the task was skipped.", ["skip"];
        "{{ {'skipped': true} is skipped }}" => "true"),
    callable!("ansible.builtin.started", |c| flag(c, "started", true, true), "Whether an asynchronous task has begun.", [];
        "{{ {'started': 1} is started }}" => "true", "{{ {} is started }}" => "true"),
    callable!("ansible.builtin.finished", |c| flag(c, "finished", true, true), "Whether an asynchronous task has ended.", [];
        "{{ {'finished': 0} is finished }}" => "false", "{{ {} is finished }}" => "true"),
    callable!("ansible.builtin.timedout", timed_out, "Whether the task ran longer than its `timeout`.", [];
        "{{ {'timedout': {'period': 5}} is timedout }}" => "true", "{{ {} is timedout }}" => "false"),
];

fn field(call: &Call<'_>, name: &str) -> Result<Option<Value>, TemplateError> {
    let result = call.subject()?;
    if !super::kinds::is_mapping(result) {
        return call.fail(format!("The '{}' test expects a dictionary", call.name));
    }
    Ok(result.get(name))
}

fn flag(call: &Call<'_>, name: &str, default: bool, wanted: bool) -> Result<Value, TemplateError> {
    let holds = field(call, name)?.map_or(default, |v| v.truthy());
    Ok(Value::Bool(holds == wanted))
}

fn changed(call: &Call<'_>) -> Result<Value, TemplateError> {
    if let Some(changed) = field(call, "changed")? {
        return Ok(Value::Bool(changed.truthy()));
    }
    let results = field(call, "results")?
        .and_then(|r| r.as_sequence())
        .unwrap_or_default();
    Ok(Value::Bool(
        results
            .iter()
            .any(|r| r.get("changed").is_some_and(|c| c.truthy())),
    ))
}

fn timed_out(call: &Call<'_>) -> Result<Value, TemplateError> {
    match field(call, "timedout")? {
        None => Ok(Value::Bool(false)),
        Some(Value::Map(m)) => Ok(Value::Bool(m.get("period").is_some_and(|p| p.truthy()))),
        Some(v) if !v.truthy() => Ok(Value::Bool(false)),
        Some(v) => call.fail(format!("'{}' object has no attribute 'get'", v.type_name())),
    }
}
