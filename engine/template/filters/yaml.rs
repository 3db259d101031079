//! Filters between values and YAML.

use crate::{Call, Callable, Check, TemplateError, declare::callable};
use kdo_syntax::{EmitOptions, LoadOptions, SourceMap, emit_yaml, load_text};
use kdo_value::Value;
use std::path::Path;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.to_yaml", |c| dump(c, EmitOptions::to_yaml()), "The value as YAML, containers of scalars on one line.", [];
        "{{ [1, [2, 3]] | to_yaml }}" => r#""- 1\n- [2, 3]\n""#,
        "{{ {'b': 1, 'a': [1, 2]} | to_yaml(default_flow_style=false) }}" => r#""a:\n- 1\n- 2\nb: 1\n""#),
    callable!("ansible.builtin.to_nice_yaml", nice, "The value as YAML over several lines, indented by four blanks.", [];
        "{{ {'b': 1, 'a': {'d': [1, {'x': 2}], 'c': 'yes', 'n': none, 'e': ''}} | to_nice_yaml }}"
            => r#""a:\n    c: 'yes'\n    d:\n    - 1\n    -   x: 2\n    e: ''\n    n: null\nb: 1\n""#,
        "{{ {'b': 1, 'a': [1, 2]} | to_nice_yaml(indent=2, sort_keys=false) }}" => r#""b: 1\na:\n- 1\n- 2\n""#,
        "{{ {} | to_nice_yaml }}" => r#""{}\n""#),
    callable!("community.general.to_yaml", |c| dump(c, EmitOptions::to_yaml()), "The value as YAML, containers of scalars on one line.", [];
        "{{ [1, [2, 3]] | community.general.to_yaml }}" => r#""- 1\n- [2, 3]\n""#),
    callable!("community.general.to_nice_yaml", |c| dump(c, EmitOptions { indent: Some(2), ..EmitOptions::to_nice_yaml() }), "The value as YAML over several lines, indented by two blanks.", [];
        "{{ {'a': {'b': 1}} | community.general.to_nice_yaml }}" => r#""a:\n  b: 1\n""#),
    callable!("ansible.builtin.from_yaml", |c| load(c, false), "The value that a YAML text holds.", [];
        "{{ 'a: [1, yes, 012, ~]' | from_yaml }}" => r#"{"a": [1, true, 10, null]}"#,
        "{{ '' | from_yaml }}" => "null", "{{ 5 | from_yaml }}" => "5"),
    callable!("ansible.builtin.from_yaml_all", |c| load(c, true), "The values that the documents of a YAML text hold.", [];
        "{{ '--- {a: 1}\n--- {b: 2}' | from_yaml_all }}" => r#"[{"a": 1}, {"b": 2}]"#),
];

fn nice(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut options = EmitOptions::to_nice_yaml();
    options.indent = match call.arg(1) {
        None => options.indent,
        Some(Value::None) => None,
        Some(Value::Float(f)) => Some(*f as i32),
        Some(_) => i32::try_from(call.int(1, "indent", 4)?).ok(),
    };
    dump(call, options)
}

fn dump(call: &Call<'_>, mut options: EmitOptions) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    for (name, given) in &call.kwargs {
        let given = given.check()?;
        let number = || match given.as_int() {
            Some(n) => Ok(i32::try_from(n).ok()),
            None if given.is_none() => Ok(None),
            None => given
                .as_float()
                .map(|f| Some(if f > 1e9 { -1 } else { f as i32 }))
                .ok_or_else(|| {
                    TemplateError::new(format!(
                        "{}: '{name}' must be an integer, not {}",
                        call.name,
                        given.type_name()
                    ))
                }),
        };
        match name.as_str() {
            "indent" => options.indent = number()?,
            "width" => options.width = number()?,
            "sort_keys" => options.sort_keys = given.truthy(),
            "default_flow_style" => options.default_flow_style = (!given.is_none()).then(|| given.truthy()),
            "default_style" => options.default_style = given.as_str().and_then(|s| s.chars().next()),
            "allow_unicode" => options.allow_unicode = given.truthy(),
            "explicit_start" => options.explicit_start = given.truthy(),
            "explicit_end" => options.explicit_end = given.truthy(),
            "canonical" => options.canonical = given.truthy(),
            "line_break"
            | "encoding"
            | "version"
            | "tags"
            | "Dumper"
            | "vault_behavior"
            | "dump_vault_tags"
            | "redact_sensitive_values" => {}
            other => {
                return call.fail(format!("dump_all() got an unexpected keyword argument '{other}'"));
            }
        }
    }
    Ok(Value::str(emit_yaml(value, &options)))
}

fn load(call: &Call<'_>, all: bool) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let text = match value {
        Value::Str(s) => s.to_string(),
        Value::Bytes(b) => String::from_utf8_lossy(b).into_owned(),
        Value::None if all => return Ok(Value::list([])),
        other => return Ok(other.clone()),
    };
    let sources = SourceMap::new();
    let loaded =
        load_text(&sources, Path::new("<unicode string>"), &text, LoadOptions::PLAIN).and_then(|d| {
            if all {
                Ok(Value::list(d.values))
            } else {
                d.single()
            }
        });
    match loaded {
        Ok(v) => Ok(v.deep_copy(false)),
        Err(e) => call.fail(e.message),
    }
}
