//! The difference of two values, as `ansible.utils.fact_diff` tells it.

use crate::{Call, Callable, Check, TemplateError, declare::callable};
use fancy_regex::Regex;
use kdo_value::{
    List, Map, Value,
    json::{Layout, write},
};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.utils.fact_diff", fact_diff, "The unified difference from the value to another one: its lines, as Python writes a list of them. `plugin.vars.skip_lines` leaves lines out that match.", [];
        "{{ [1, 2, 3] | ansible.utils.fact_diff([1, 3]) }}"
            => r#""['--- before', '+++ after', '@@ -1,3 +1,2 @@', ' 1', '-2', ' 3', '']""#,
        "{{ {'a': 1} | ansible.utils.fact_diff({'a': 1}) }}" => r#""[]""#),
];

fn fact_diff(call: &Call<'_>) -> Result<Value, TemplateError> {
    let before = call.subject()?;
    let after = call.required(1, "after")?.check()?;
    let skipped = skipped(call)?;
    let keeps = |line: &&str| !skipped.iter().any(|r| r.is_match(line).unwrap_or(false));
    let side = |value: &Value| -> Result<String, TemplateError> {
        Ok(match value {
            // Of what is left of a value's text.
            other if !skipped.is_empty() => {
                let text = other.to_text();
                text.lines()
                    .filter(keeps)
                    .map(|line| format!("{line}\n"))
                    .collect()
            }
            // Lists are lines, dicts JSON.
            Value::List(list) => list.to_vec().iter().map(|v| v.to_text() + "\n").collect(),
            Value::Map(_) => {
                let layout = Layout {
                    sort_keys: true,
                    ..Layout::pretty(4)
                };
                write(value, &layout)? + "\n"
            }
            other => other.to_text(),
        })
    };
    let headers = ("before".to_owned(), "after".to_owned());
    let (before, after) = (side(before)?, side(after)?);
    // All lines are shown, changed or not.
    let all = before.lines().count() + after.lines().count();
    let text = kdo_value::unified_diff(&before, &after, &headers, all, &|_, line| line.to_owned());
    let lines: Vec<Value> = match text.strip_suffix('\n') {
        Some(text) => text.split('\n').map(Value::str).collect(),
        None => Vec::new(),
    };
    Ok(Value::str(Value::List(List::new(lines)).repr()))
}

/// The patterns of `plugin={'vars': {'skip_lines': …}}`; they hold from the start of a line.
fn skipped(call: &Call<'_>) -> Result<Vec<Regex>, TemplateError> {
    let vars = call
        .get(2, "plugin")
        .and_then(|p| p.get("vars"))
        .unwrap_or(Value::Map(Map::new()));
    let patterns = match vars.get("skip_lines") {
        None | Some(Value::None) => Vec::new(),
        Some(Value::List(list)) => list.to_vec(),
        Some(one) => vec![one],
    };
    let compiled = patterns.iter().map(|p| {
        let text = p.to_text();
        Regex::new(&format!("^(?:{text})"))
            .map_err(|e| TemplateError::new(format!("The regex '{text}', is not valid. The error was {e}")))
    });
    compiled.collect()
}
