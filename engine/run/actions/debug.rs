//! `debug`: shows a message or a variable.

use crate::actions::About;
use crate::{engine::Engine, failure::TaskFailure, step::Step};
use kdo_modules::{
    Meta, Support,
    params::{Fixed, Kind, Param, Spec},
};
use kdo_value::{Map, Text, Value};

/// What is said of it.
pub(crate) const ABOUT: About = About {
    meta: &Meta {
        name: "ansible.builtin.debug",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[],
        examples: &[],
    },
    spec: &Spec {
        exclusive: &[&["msg", "var"]],
        ..Spec::new(
            "Show a text or a value",
            &[
                Param::new("msg", Kind::Str, "What to show.").default(Fixed::Str("Hello world!")),
                Param::new(
                    "var",
                    Kind::Str,
                    "Name of a variable, or an expression, to show with its value.",
                ),
                Param::new(
                    "verbosity",
                    Kind::Int,
                    "Show it only with at least that many `-v`.",
                )
                .default(Fixed::Int(0)),
            ],
        )
    },
};

pub(crate) fn run(engine: &Engine, step: &Step) -> Result<Map, TaskFailure> {
    let args = engine.action_arguments(step)?;
    for (key, _) in args.text_entries() {
        if !matches!(key.as_str(), "msg" | "var" | "verbosity") {
            return Err(TaskFailure::new(format!(
                "Unsupported parameters for (ansible_collections.ansible.builtin.plugins.action.debug) module: {key}. Supported parameters include: msg, var, verbosity."
            )));
        }
    }
    if args.contains("msg") && args.contains("var") {
        return Err(TaskFailure::new("parameters are mutually exclusive: msg|var"));
    }
    let result = Map::new();
    let verbosity = match args.get("verbosity") {
        Some(raw) => verbosity(&engine.resolve(&step.vars, &raw)?)?,
        None => 0_i64,
    };
    if verbosity > engine.options.info.verbosity {
        result.insert("skipped_reason", "Verbosity threshold not met.");
        result.insert("skipped", true);
        result.insert("failed", false);
        return Ok(result);
    }
    let name = match args.get("var") {
        Some(raw) => engine.resolve_or_omit(&step.vars, &raw)?.map(|name| (raw, name)),
        None => None,
    };
    if let Some((raw, name)) = name {
        match &name {
            Value::Str(text) => {
                // The text must be the user's own: what a host or a lookup gave is no expression.
                let expression = match &raw {
                    Value::Str(written) if !written.is_template() => written.clone(),
                    _ if text.is_trusted() => Text::trusted(text.as_str(), raw.origin()),
                    _ => {
                        return Err(TaskFailure::early(
                            "Error while resolving `var` expression: Encountered untrusted template or expression.",
                        ));
                    }
                };
                let value = match engine.with_templar(&step.vars, |t| t.expression(&expression)) {
                    Ok(value) => value,
                    Err(e) if e.undefined => {
                        let warning = format!("Encountered 1 template error.\nerror 1 - {}", e.message);
                        result.insert("warnings", Value::list([Value::str(warning)]));
                        Value::str(format!("<< error 1 - {} >>", e.message))
                    }
                    Err(e) => {
                        return Err(engine
                            .evaluation_failure(e, "expression")
                            .during("Error while resolving `var` expression"));
                    }
                };
                let value = if value.is_omit() {
                    let warning = "The result of the `var` expression could not be omitted; a placeholder was used instead.";
                    result.insert("warnings", Value::list([Value::str(warning)]));
                    Value::str("<<Omit>>")
                } else {
                    value
                };
                result.insert(text.as_str(), value);
            }
            other => {
                return Err(TaskFailure::new(format!(
                    "argument 'var' is of type {} and we were unable to convert to str: '{}' is not a string and conversion is not allowed",
                    other.type_name(),
                    other.repr()
                )));
            }
        }
    } else {
        let message = match args.get("msg") {
            Some(raw) => engine
                .argument(&step.vars, &step.task, &Value::str("msg"), &raw)?
                .unwrap_or_else(|| Value::str("Hello world!")),
            None => Value::str("Hello world!"),
        };
        result.insert("msg", message);
    }
    result.insert("_ansible_verbose_always", true);
    result.insert("failed", false);
    Ok(result)
}

fn verbosity(value: &Value) -> Result<i64, TaskFailure> {
    value.to_text().trim().parse().map_err(|_| {
        TaskFailure::new(format!(
            "argument 'verbosity' is of type {} and we were unable to convert to int: \"{}\" cannot be converted to an int",
            value.type_name(),
            value.repr()
        ))
    })
}
