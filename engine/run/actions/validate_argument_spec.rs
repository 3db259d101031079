//! `validate_argument_spec`: a role's arguments against its specification.

use crate::actions::About;
use crate::{argument_spec, engine::Engine, failure::TaskFailure, step::Step};
use kdo_modules::{
    Meta, Return, Support,
    params::{Kind, Param, Spec},
};
use kdo_template::Variables;
use kdo_value::{Map, Value};

/// What is said of it.
pub(crate) const ABOUT: About = About {
    meta: &Meta {
        name: "ansible.builtin.validate_argument_spec",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "argument_errors",
                doc: "What is wrong.",
            },
            Return {
                name: "argument_spec_data",
                doc: "The specification.",
            },
            Return {
                name: "validate_args_context",
                doc: "Whose it is.",
            },
        ],
        examples: &[],
    },
    spec: &Spec::new(
        "Check arguments against a specification, as roles do at their start",
        &[
            Param::new(
                "argument_spec",
                Kind::Str,
                "The specification: a dict, as in `meta/argument_specs.yml`.",
            )
            .required(),
            Param::new(
                "provided_arguments",
                Kind::Str,
                "The arguments as a dict; variables in scope count too.",
            ),
        ],
    ),
};

pub(crate) fn run(engine: &Engine, step: &Step, args: &Map) -> Result<Map, TaskFailure> {
    let Some(Value::Map(spec)) = args.get("argument_spec") else {
        return Err(TaskFailure::new("\"argument_spec\" arg is required in args"));
    };
    let given = match args.get("provided_arguments") {
        Some(Value::Map(m)) => m,
        _ => Map::new(),
    };
    let values = given.copied();
    // Arguments that are not given here come from the variables in scope.
    for (name, _) in spec.text_entries() {
        if !values.contains(&name)
            && let Some(raw) = step.vars.get(&name)
        {
            values.insert(name, engine.resolve(&step.vars, &raw)?);
        }
    }
    let errors = argument_spec::check(&spec, &values);
    let result = Map::new();
    let context = args
        .get("validate_args_context")
        .unwrap_or_else(|| Map::new().into());
    result.insert("validate_args_context", context);
    if errors.is_empty() {
        result.insert("changed", false);
        result.insert("msg", "The arg spec validation passed");
        return Ok(result);
    }
    result.insert("failed", true);
    result.insert(
        "msg",
        format!("Validation of arguments failed:\n{}", errors.join("\n")),
    );
    result.insert("argument_errors", errors);
    result.insert("argument_spec_data", spec);
    Ok(result)
}
