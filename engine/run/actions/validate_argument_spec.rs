//! `validate_argument_spec`: a role's arguments against its specification.

use crate::{engine::Engine, failure::TaskFailure, step::Step};
use kdo_modules::params::{Kind, convert};
use kdo_template::Variables;
use kdo_value::{Map, Value};

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
    let mut errors = Vec::new();
    check(&spec, &values, "", &mut errors);
    let result = Map::new();
    let context = args.get("validate_args_context").unwrap_or_else(|| Map::new().into());
    result.insert("validate_args_context", context);
    if errors.is_empty() {
        result.insert("changed", false);
        result.insert("msg", "The arg spec validation passed");
        return Ok(result);
    }
    result.insert("failed", true);
    result.insert("msg", format!("Validation of arguments failed:\n{}", errors.join("\n")));
    result.insert("argument_errors", errors);
    result.insert("argument_spec_data", spec);
    Ok(result)
}

fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "str" => Kind::Str,
        "int" => Kind::Int,
        "float" => Kind::Float,
        "bool" => Kind::Bool,
        "path" => Kind::Path,
        "list" => Kind::List,
        "dict" => Kind::Dict,
        "raw" => Kind::Raw,
        "jsonarg" | "json" => Kind::Jsonarg,
        "bytes" => Kind::Bytes,
        "bits" => Kind::Bits,
        _ => return None,
    })
}

fn check(spec: &Map, values: &Map, context: &str, errors: &mut Vec<String>) {
    let found_in = if context.is_empty() { String::new() } else { format!(" found in {context}") };
    let mut missing = Vec::new();
    for (name, option) in spec.text_entries() {
        let option = option.as_map().cloned().unwrap_or_default();
        let value = values.get(&name).filter(|v| !v.is_none());
        let Some(value) = value else {
            if option.get("required").is_some_and(|v| v.truthy()) {
                missing.push(name);
            }
            continue;
        };
        let wanted = option.get("type").map_or_else(|| "str".to_owned(), |v| v.to_text());
        let Some(wanted_kind) = kind(&wanted) else { continue };
        let converted = match convert(&value, wanted_kind) {
            Ok(v) => v,
            Err(e) => {
                errors.push(format!(
                    "argument '{name}' is of type {}{found_in} and we were unable to convert to {wanted}: {e}",
                    value.type_name()
                ));
                continue;
            }
        };
        choices(&name, &option, &converted, &found_in, errors);
        let inner = option.get("options").and_then(|v| v.as_map().cloned());
        let path = if context.is_empty() { name.clone() } else { format!("{context} -> {name}") };
        if let Value::List(items) = &converted {
            let element = option.get("elements").and_then(|v| kind(&v.to_text()));
            for item in items.to_vec() {
                if let Some(element) = element
                    && let Err(e) = convert(&item, element)
                {
                    errors.push(format!(
                        "Elements value for option '{name}'{found_in} is of type {} and we were unable to convert to {}: {e}",
                        item.type_name(),
                        element.name()
                    ));
                    continue;
                }
                if let (Some(inner), Some(map)) = (&inner, item.as_map()) {
                    check(inner, map, &path, errors);
                }
            }
        } else if let (Some(inner), Some(map)) = (&inner, converted.as_map()) {
            check(inner, map, &path, errors);
        }
    }
    if !missing.is_empty() {
        errors.push(format!("missing required arguments: {}{found_in}", missing.join(", ")));
    }
}

fn choices(name: &str, option: &Map, value: &Value, found_in: &str, errors: &mut Vec<String>) {
    let Some(Value::List(allowed)) = option.get("choices") else { return };
    let allowed = allowed.to_vec();
    let texts: Vec<String> = allowed.iter().map(Value::to_text).collect();
    let list = texts.join(", ");
    match value {
        Value::List(items) => {
            let bad: Vec<String> = items.to_vec().iter().filter(|i| !texts.contains(&i.to_text())).map(Value::to_text).collect();
            if !bad.is_empty() {
                errors.push(format!("value of {name} must be one or more of: {list}. Got no match for: {}{found_in}", bad.join(", ")));
            }
        }
        v if !texts.contains(&v.to_text()) => {
            errors.push(format!("value of {name} must be one of: {list}, got: {}{found_in}", v.to_text()));
        }
        _ => {}
    }
}
