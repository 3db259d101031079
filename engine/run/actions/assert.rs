//! `assert`: conditions that must hold.

use crate::actions::About;
use crate::{engine::Engine, failure::TaskFailure, step::Step};
use kdo_modules::{
    Meta, Return, Support,
    params::{Fixed, Kind, Param, Spec},
};
use kdo_value::{Map, Value};

/// What is said of it.
pub(crate) const ABOUT: About = About {
    meta: &Meta {
        name: "ansible.builtin.assert",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "assertion",
                doc: "The condition that did not hold.",
            },
            Return {
                name: "evaluated_to",
                doc: "What it gave.",
            },
        ],
        examples: &[],
    },
    spec: &Spec::new(
        "Fail unless all conditions hold",
        &[
            Param::texts("that", "Conditions, written as in `when`.").required(),
            Param::new("fail_msg", Kind::Str, "What is said when one does not hold.").aliases(&["msg"]),
            Param::new("success_msg", Kind::Str, "What is said when all hold."),
            Param::new("quiet", Kind::Bool, "Do not show the result of each condition.")
                .default(Fixed::Bool(false)),
        ],
    ),
};

pub(crate) fn run(engine: &Engine, step: &Step) -> Result<Map, TaskFailure> {
    let args = engine.action_arguments(step)?;
    let text = |names: &[&str]| -> Result<Option<Value>, TaskFailure> {
        match names.iter().find_map(|n| args.get(n)).filter(|v| !v.is_none()) {
            Some(raw) => engine.argument(
                &step.vars,
                &step.task,
                &Value::str(names.first().copied().unwrap_or_default()),
                &raw,
            ),
            None => Ok(None),
        }
    };
    let quiet = text(&["quiet"])?.is_some_and(|v| v.truthy());
    let Some(that) = args.get("that") else {
        return Err(TaskFailure::new("missing required arguments: that"));
    };
    let conditions = match that {
        Value::List(l) => l.to_vec(),
        // A list that comes out of a template.
        Value::Str(ref t) if t.is_trusted() && is_whole(t) => match engine.resolve(&step.vars, &that)? {
            Value::List(l) => l.to_vec(),
            Value::Bool(b) => vec![Value::Bool(b)],
            _ => vec![that],
        },
        other => vec![other],
    };
    let result = Map::new();
    result.insert("_ansible_verbose_always", !quiet);
    for condition in conditions {
        let held = engine.conditional(&step.vars, &condition)?;
        if !held {
            result.insert("failed", true);
            result.insert("evaluated_to", false);
            result.insert("assertion", plain(&condition));
            let message = text(&["fail_msg", "msg"])?.unwrap_or_else(|| Value::str("Assertion failed"));
            result.insert("msg", message);
            return Ok(result);
        }
    }
    result.insert("changed", false);
    result.insert(
        "msg",
        text(&["success_msg"])?.unwrap_or_else(|| Value::str("All assertions passed")),
    );
    Ok(result)
}

fn is_whole(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("{{") && text.ends_with("}}")
}

fn plain(value: &Value) -> Value {
    match value {
        Value::Str(t) => Value::str(t.as_str()),
        v => v.clone(),
    }
}
