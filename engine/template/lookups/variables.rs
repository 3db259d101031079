//! Lookups of variables and of the environment.

use crate::{
    Call, Callable, Check, TemplateError,
    declare::callable,
    pyregex::{Anchor, Flags, compile},
};
use kdo_value::{Undefined, Value};
use std::rc::Rc;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!(lenient "ansible.builtin.env", env, "Variables of the controller's environment; missing ones are empty or the default.", [];
        "{{ lookup('env', 'NO_SUCH_VARIABLE') }}" => r#""""#,
        "{{ lookup('env', 'NO_SUCH_VARIABLE', default='d') }}" => r#""d""#),
    callable!("ansible.builtin.vars", vars, "The values of variables by name.", [];
        "{{ lookup('vars', 'nope', default='d') }}" => r#""d""#),
    callable!("ansible.builtin.varnames", varnames, "Names of the variables that match a pattern.", [];
        "{{ query('varnames', '^no_such') }}" => "[]"),
    callable!(
        "ansible.builtin.inventory_hostnames",
        hostnames,
        "Names of the hosts that a pattern chooses.",
        []
    ),
];

fn env(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut out = Vec::new();
    for term in &call.args {
        let Some(name) = term.check()?.as_str() else {
            return call.fail(format!("'{}' object has no attribute 'split'", term.type_name()));
        };
        let name = name.split_whitespace().next().unwrap_or("");
        out.push(match (std::env::var_os(name), call.keyword("default")) {
            (Some(value), _) => Value::str(value.to_string_lossy().into_owned()),
            (None, None | Some(Value::None)) => Value::str(""),
            (None, Some(default)) => default.clone(),
        });
    }
    Ok(Value::list(out))
}

fn vars(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut out = Vec::new();
    for term in &call.args {
        let Some(name) = term.check()?.as_str() else {
            return call.fail(format!("Variable name must be 'str' not '{}'.", term.type_name()));
        };
        out.push(match (call.variables.get(name), call.keyword("default")) {
            (Some(raw), _) => call.engine.resolve(&raw)?,
            (None, Some(default)) => default.clone(),
            (None, None) => Value::Undefined(Rc::new(Undefined::missing(
                Some(name),
                format!("No variable named '{name}' was found."),
            ))),
        });
    }
    Ok(Value::list(out))
}

fn varnames(call: &Call<'_>) -> Result<Value, TemplateError> {
    let names = call.variables.names();
    let mut out = Vec::new();
    for term in &call.args {
        let Some(pattern) = term.check()?.as_str() else {
            return call.fail(format!(
                "Invalid setting identifier, \"{}\" is not a string, it is a {}",
                term.to_text(),
                term.type_name()
            ));
        };
        let regex = compile(pattern, Flags::default(), Anchor::Search).map_err(|e| {
            TemplateError::new(format!(
                "Unable to use \"{pattern}\" as a search parameter: {}",
                e.message
                    .replace("Target of repeat operator is invalid", "nothing to repeat")
            ))
        })?;
        for name in &names {
            if regex.find(name)?.is_some() {
                out.push(Value::str(name.as_str()));
            }
        }
    }
    Ok(Value::list(out))
}

/// Hosts that one part of a pattern means: a group, a host, or a pattern with wildcards.
fn members(groups: &Value, part: &str, known: &[String]) -> Result<Vec<String>, TemplateError> {
    let hosts_of = |group: &str| -> Option<Vec<String>> {
        Some(
            groups
                .get(group)?
                .as_sequence()?
                .iter()
                .map(Value::to_text)
                .collect(),
        )
    };
    if part == "all" || part == "*" {
        return Ok(known.to_vec());
    }
    if let Some(hosts) = hosts_of(part) {
        return Ok(hosts);
    }
    let regex = match part.strip_prefix('~') {
        Some(pattern) => Some(compile(pattern, Flags::default(), Anchor::Start)?),
        None => None,
    };
    let fits = |name: &str| -> Result<bool, TemplateError> {
        match &regex {
            Some(r) => Ok(r.find(name)?.is_some()),
            None => Ok(crate::filters::matches(part, name)),
        }
    };
    let mut out: Vec<String> = Vec::new();
    let names = match groups {
        Value::Map(m) => m.keys(),
        Value::Object(o) => o.keys().unwrap_or_default(),
        _ => Vec::new(),
    };
    for group in names {
        let group = group.to_text();
        if fits(&group)? {
            out.extend(hosts_of(&group).unwrap_or_default());
        }
    }
    for host in known {
        if fits(host)? {
            out.push(host.clone());
        }
    }
    Ok(out)
}

fn hostnames(call: &Call<'_>) -> Result<Value, TemplateError> {
    let Some(raw) = call.variables.get("groups") else {
        return call.fail("the variable 'groups' is needed");
    };
    let groups = call.engine.resolve(&raw)?;
    let known: Vec<String> = groups
        .get("all")
        .and_then(|a| a.as_sequence())
        .unwrap_or_default()
        .iter()
        .map(Value::to_text)
        .collect();
    let mut patterns = Vec::new();
    for term in super::items::one_level(&call.args)? {
        let term = term.check()?.to_text();
        let separator = if term.contains(',') { ',' } else { ':' };
        patterns.extend(
            term.split(separator)
                .map(|p| p.trim().to_owned())
                .filter(|p| !p.is_empty()),
        );
    }
    let plain = |p: &&String| !p.starts_with(['&', '!']);
    let mut chosen: Vec<String> = Vec::new();
    for pattern in patterns.iter().filter(plain) {
        for host in members(&groups, pattern, &known)? {
            if !chosen.contains(&host) {
                chosen.push(host);
            }
        }
    }
    if !patterns.iter().any(|p| plain(&p)) {
        chosen.clone_from(&known);
    }
    for (sign, keep) in [('&', true), ('!', false)] {
        for pattern in patterns.iter().filter_map(|p| p.strip_prefix(sign)) {
            let hosts = members(&groups, pattern, &known)?;
            chosen.retain(|h| hosts.contains(h) == keep);
        }
    }
    Ok(Value::list(chosen.into_iter().map(Value::str)))
}
