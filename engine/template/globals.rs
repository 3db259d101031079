//! Names that every template knows.

use crate::{
    Check, PluginKind, TemplateError,
    cycler::Cycler,
    evaluator::{Evaluator, Keywords, Result},
    function::Function,
    lorem,
    module::TemplateReference,
    namespace::Namespace,
    range::Range,
    scope::Scope,
};
use kdo_value::{Map, Object, Undefined, Value};
use std::{cell::Cell, rc::Rc};

const FUNCTIONS: &[&str] = &[
    "range",
    "dict",
    "namespace",
    "cycler",
    "joiner",
    "lipsum",
    "lookup",
    "query",
    "q",
    "now",
    "undef",
];

/// The global of that name.
pub(crate) fn get(name: &str, scope: &Rc<Scope>, evaluator: &Evaluator<'_>) -> Option<Value> {
    if let Some(name) = FUNCTIONS.iter().find(|f| **f == name) {
        return Some(Function::Global(name).value());
    }
    match name {
        "omit" => Some(Value::Omit),
        "self" => Some(Value::Object(Rc::new(TemplateReference {
            scope: Rc::clone(scope),
        }))),
        "vars" => {
            let map = Map::new();
            for name in evaluator.variables.names() {
                if let Some(v) = evaluator.variables.get(&name) {
                    map.insert(name, v);
                }
            }
            map.freeze();
            Some(Value::Map(map))
        }
        _ => None,
    }
}

/// Calls a global function.
pub(crate) fn call(
    evaluator: &Evaluator<'_>,
    name: &str,
    args: Vec<Value>,
    kwargs: Keywords,
) -> Result<Value> {
    match name {
        "lookup" => lookup(evaluator, args, kwargs, false),
        "query" | "q" => lookup(evaluator, args, kwargs, true),
        "undef" => Ok(undef(&args, &kwargs)),
        _ => {
            let args = args
                .into_iter()
                .map(|v| evaluator.argument(v))
                .collect::<Result<Vec<_>>>()?;
            let kwargs = kwargs
                .into_iter()
                .map(|(k, v)| Ok((k, evaluator.argument(v)?)))
                .collect::<Result<Keywords>>()?;
            for arg in args.iter().chain(kwargs.iter().map(|(_, v)| v)) {
                if !matches!(name, "dict" | "namespace") {
                    arg.check()?;
                }
            }
            plain(evaluator, name, args, kwargs)
        }
    }
}

fn plain(evaluator: &Evaluator<'_>, name: &str, args: Vec<Value>, kwargs: Keywords) -> Result<Value> {
    match name {
        "range" => range(&args),
        "dict" => mapping(evaluator, &args, kwargs).map(Value::Map),
        "namespace" => Ok(object(Namespace {
            attributes: mapping(evaluator, &args, kwargs)?,
        })),
        "cycler" if args.is_empty() => Err("at least one item has to be provided".into()),
        "cycler" => Ok(object(Cycler {
            items: args,
            position: Cell::new(0),
        })),
        "joiner" => {
            let separator = args.first().or_else(|| kwargs.first().map(|(_, v)| v));
            Ok(Function::Joiner(
                separator.map_or_else(|| ", ".into(), Value::to_text),
                Cell::new(false),
            )
            .value())
        }
        "now" => crate::moment::now(&args, &kwargs),
        "lipsum" => lorem::lipsum(&args, &kwargs),
        _ => Err(TemplateError::new(format!("'{name}' is no function"))),
    }
}

fn object(object: impl Object) -> Value {
    Value::Object(Rc::new(object))
}

fn range(args: &[Value]) -> Result<Value> {
    let number = |v: &Value| {
        v.as_int().ok_or_else(|| {
            TemplateError::new(format!(
                "'{}' object cannot be interpreted as an integer",
                v.type_name()
            ))
        })
    };
    let range = match args {
        [stop] => Range {
            start: 0,
            stop: number(stop)?,
            step: 1,
        },
        [start, stop] => Range {
            start: number(start)?,
            stop: number(stop)?,
            step: 1,
        },
        [start, stop, step] => Range {
            start: number(start)?,
            stop: number(stop)?,
            step: number(step)?,
        },
        _ => {
            return Err(TemplateError::new(format!(
                "range expected 1 to 3 arguments, got {}",
                args.len()
            )));
        }
    };
    if range.step == 0 {
        return Err("range() arg 3 must not be zero".into());
    }
    Ok(object(range))
}

/// `dict(pairs or mapping, **entries)`.
fn mapping(evaluator: &Evaluator<'_>, args: &[Value], kwargs: Keywords) -> Result<Map> {
    let map = Map::new();
    if args.len() > 1 {
        return Err(TemplateError::new(format!(
            "dict expected at most 1 argument, got {}",
            args.len()
        )));
    }
    if let Some(first) = args.first() {
        crate::methods_dict::update_from(evaluator, &map, first)?;
    }
    for (k, v) in kwargs {
        map.insert(k, v);
    }
    Ok(map)
}

fn undef(args: &[Value], kwargs: &[(String, Value)]) -> Value {
    let hint = args
        .first()
        .or_else(|| kwargs.iter().find(|(k, _)| k == "hint").map(|(_, v)| v));
    let message = match hint {
        Some(v) if !v.is_none() => v.to_text(),
        _ => "Mandatory variable has not been overridden".into(),
    };
    Value::Undefined(Rc::new(Undefined::missing(None, message)))
}

/// `lookup(name, terms…)`: joined text, or the one result; `query` gives the list.
pub(crate) fn lookup(
    evaluator: &Evaluator<'_>,
    args: Vec<Value>,
    kwargs: Keywords,
    wantlist: bool,
) -> Result<Value> {
    let mut args = args.into_iter();
    let name = match args.next() {
        Some(v) => v.check()?.to_text(),
        None => return Err("lookup() needs the name of a lookup".into()),
    };
    let callable = crate::lookup(&name);
    let mut wantlist = wantlist;
    let mut errors = "strict".to_owned();
    let mut rest: Keywords = Vec::new();
    for (k, v) in kwargs {
        match k.as_str() {
            "wantlist" => wantlist = evaluator.deep(v)?.check()?.truthy(),
            "errors" => errors = evaluator.deep(v)?.check()?.to_text(),
            _ => rest.push((k, v)),
        }
    }
    let empty = || if wantlist { Value::list([]) } else { Value::None };
    let args = args.collect();
    let applied = match callable {
        Some(callable) => evaluator.apply(callable, &name, args, rest),
        None => match evaluator.apply_plugin(PluginKind::Lookup, &name, args, rest) {
            Some(result) => result,
            None => return Err(unknown_lookup(&name)),
        },
    };
    let result = match applied {
        Ok(v) => v,
        Err(e) if e.undefined => return Err(e),
        Err(e) => match errors.as_str() {
            "ignore" => return Ok(empty()),
            "warn" => {
                evaluator.warn(
                    format!("Lookup failed but the error is being ignored: {}", e.message),
                    e.origin,
                );
                return Ok(empty());
            }
            _ => {
                return Err(TemplateError {
                    message: format!("The lookup plugin '{name}' failed: {}", e.message),
                    ..e
                });
            }
        },
    };
    let items = result.as_sequence().unwrap_or_else(|| vec![result.clone()]);
    if wantlist {
        return Ok(Value::list(items));
    }
    let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
    match (texts, items.as_slice()) {
        (_, []) => Ok(Value::list([])),
        (_, [one]) => Ok(one.clone()),
        (Some(texts), _) => {
            crate::operators::fits(texts.iter().map(|t| t.len() + 1).sum())?;
            Ok(Value::str(texts.join(",")))
        }
        (None, _) => Ok(Value::list(items)),
    }
}

fn unknown_lookup(name: &str) -> TemplateError {
    let full = name.contains('.');
    let known = crate::lookups::FAMILIES.iter().flat_map(|f| f.iter()).map(|c| {
        if full {
            c.name
        } else {
            c.name.rsplit('.').next().unwrap_or(c.name)
        }
    });
    TemplateError {
        help: crate::evaluator::near_help("lookup", name, known),
        ..TemplateError::new(format!("The lookup plugin '{name}' was not found."))
    }
}
