//! The lookup that merges variables by their names.

use super::options::word;
use crate::{
    Call, Callable, Check, TemplateError,
    declare::callable,
    filters::merge_deep,
    pyregex::{Anchor, Flags, compile},
};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("community.general.merge_variables", merge_variables, "The lists or dicts of all variables whose names match, put together.", ["merge_variables"];
        "{{ lookup('community.general.merge_variables', 'no_such_', pattern_type='prefix', initial_value=[1]) }}" => "[1]"),
];

fn merge_variables(call: &Call<'_>) -> Result<Value, TemplateError> {
    let kind = word(call, "pattern_type")?.unwrap_or_else(|| "regex".into());
    let on_conflict = word(call, "override")?.unwrap_or_else(|| "ignore".into());
    if call.keyword("groups").is_some_and(Value::truthy) {
        return call.fail("'groups' is not part of kdo");
    }
    let mut out = Vec::new();
    for term in &call.args {
        let Some(pattern) = term.check()?.as_str() else {
            return call.fail("Non-string type pattern found");
        };
        let mut names = Vec::new();
        for name in call.variables.names() {
            let fits = match kind.as_str() {
                "prefix" => name.starts_with(pattern),
                "suffix" => name.ends_with(pattern),
                "regex" => compile(pattern, Flags::default(), Anchor::Search)?
                    .find(&name)?
                    .is_some(),
                other => return call.fail(format!("pattern_type '{other}' is unknown")),
            };
            if fits {
                names.push(name);
            }
        }
        names.sort();
        let mut merged = call.keyword("initial_value").cloned().filter(|v| !v.is_none());
        for name in names {
            let Some(raw) = call.variables.get(&name) else {
                continue;
            };
            let value = call.engine.resolve(&raw)?;
            merged = Some(match (merged, value) {
                (None, v @ (Value::List(_) | Value::Map(_))) => v,
                (Some(Value::List(a)), Value::List(b)) => {
                    Value::list(a.to_vec().into_iter().chain(b.to_vec()))
                }
                (Some(Value::Map(a)), Value::Map(b)) => {
                    let clash = b
                        .entries()
                        .iter()
                        .find(|(k, v)| {
                            a.get_value(k).is_some_and(|old| {
                                !matches!(old, Value::Map(_) | Value::List(_)) && !old.py_eq(v)
                            })
                        })
                        .map(|(k, _)| k.to_text());
                    if let Some(key) = clash {
                        let message =
                            format!("The key '{key}' with value will be overwritten by the one of '{name}'");
                        match (on_conflict.as_str(), call.environment.warn) {
                            ("error", _) => return call.fail(message),
                            ("warn", Some(warn)) => warn(message, None),
                            _ => {}
                        }
                    }
                    Value::Map(merge_deep(&a, &b)?)
                }
                _ => return call.fail("Unable to merge, not all variables are of the same type"),
            });
        }
        out.push(merged.unwrap_or(Value::None));
    }
    Ok(Value::list(out))
}
