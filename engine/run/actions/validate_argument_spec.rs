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
    let (mut errors, mut unknown) = (Vec::new(), Vec::new());
    check(&spec, &values, "", &mut errors, &mut unknown);
    errors.extend(unknown);
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

/// Errors in the order: what is missing, types, choices, then the dicts inside. Names that no option has come last.
fn check(spec: &Map, values: &Map, context: &str, errors: &mut Vec<String>, unknown: &mut Vec<String>) {
    let found_in = if context.is_empty() {
        String::new()
    } else {
        format!(" found in {context}")
    };
    let options: Vec<(String, Map)> = spec
        .text_entries()
        .into_iter()
        .map(|(name, option)| (name, option.as_map().cloned().unwrap_or_default()))
        .collect();
    let extra: Vec<String> = values
        .text_entries()
        .into_iter()
        .filter(|(name, _)| !spec.contains(name) && !options.iter().any(|(_, o)| has_alias(o, name)))
        .map(|(name, _)| match context {
            "" => name,
            _ => format!("{}.{name}", context.replace(" -> ", ".")),
        })
        .collect();
    if !extra.is_empty() {
        let mut names: Vec<&str> = options.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        unknown.push(format!(
            "{}. Supported parameters include: {}.",
            extra.join(", "),
            names.join(", ")
        ));
    }
    let given = |name: &str| values.get(name).filter(|v| !v.is_none());
    let missing: Vec<&str> = options
        .iter()
        .filter(|(name, o)| given(name).is_none() && o.get("required").is_some_and(|v| v.truthy()))
        .map(|(name, _)| name.as_str())
        .collect();
    if !missing.is_empty() {
        errors.push(format!(
            "missing required arguments: {}{found_in}",
            missing.join(", ")
        ));
    }
    let mut typed = Vec::new();
    for (name, option) in &options {
        let Some(value) = given(name) else { continue };
        if let Some(value) = convert_option(name, option, &value, &found_in, errors) {
            typed.push((name, option, value));
        }
    }
    for (name, option, value) in &typed {
        choices(name, option, value, &found_in, errors);
    }
    for (name, option, value) in &typed {
        let Some(Value::Map(inner)) = option.get("options") else {
            continue;
        };
        let path = if context.is_empty() {
            (*name).clone()
        } else {
            format!("{context} -> {name}")
        };
        let items = match value {
            Value::List(items) => items.to_vec(),
            other => vec![other.clone()],
        };
        for item in items.iter().filter_map(Value::as_map) {
            check(&inner, item, &path, errors, unknown);
        }
    }
}

fn has_alias(option: &Map, name: &str) -> bool {
    let aliases = option.get("aliases").and_then(|v| v.as_sequence());
    aliases.is_some_and(|all| all.iter().any(|a| a.to_text() == name))
}

/// The value in the option's type, its elements too.
fn convert_option(
    name: &str,
    option: &Map,
    value: &Value,
    found_in: &str,
    errors: &mut Vec<String>,
) -> Option<Value> {
    let wanted = option
        .get("type")
        .map_or_else(|| "str".to_owned(), |v| v.to_text());
    let converted = match convert(value, kind(&wanted)?) {
        Ok(v) => v,
        Err(e) => {
            errors.push(format!(
                "argument '{name}' is of type {}{found_in} and we were unable to convert to {wanted}: {e}",
                value.type_name()
            ));
            return None;
        }
    };
    let element = option.get("elements").and_then(|v| kind(&v.to_text()));
    if let (Value::List(items), Some(element)) = (&converted, element) {
        for item in items.to_vec() {
            if let Err(e) = convert(&item, element) {
                errors.push(format!(
                    "Elements value for option '{name}'{found_in} is of type {} and we were unable to convert to {}: {e}",
                    item.type_name(),
                    element.name()
                ));
            }
        }
    }
    Some(converted)
}

fn choices(name: &str, option: &Map, value: &Value, found_in: &str, errors: &mut Vec<String>) {
    let Some(Value::List(allowed)) = option.get("choices") else {
        return;
    };
    let allowed = allowed.to_vec();
    let texts: Vec<String> = allowed.iter().map(Value::to_text).collect();
    let list = texts.join(", ");
    match value {
        Value::List(items) => {
            let bad: Vec<String> = items
                .to_vec()
                .iter()
                .filter(|i| !texts.contains(&i.to_text()))
                .map(Value::to_text)
                .collect();
            if !bad.is_empty() {
                errors.push(format!(
                    "value of {name} must be one or more of: {list}. Got no match for: {}{found_in}",
                    bad.join(", ")
                ));
            }
        }
        v if !texts.contains(&v.to_text()) => {
            errors.push(format!(
                "value of {name} must be one of: {list}, got: {}{found_in}",
                v.to_text()
            ));
        }
        _ => {}
    }
}
