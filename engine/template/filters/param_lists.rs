//! The `ansible.utils` filter that compares lists of wanted and known parameters.

use crate::{Call, Callable, Check, TemplateError, declare::callable};
use kdo_value::{Map, Value};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.utils.param_list_compare", compare, "Which of the known names a list with `all` and `!name` chooses, and which of its names are not known.", ["param_list_compare"];
        "{{ ['a', 'b', 'c'] | ansible.utils.param_list_compare(['all', '!c']) }}"
            => r#"{"actionable": ["a", "b"], "unsupported": []}"#),
];

fn compare(call: &Call<'_>) -> Result<Value, TemplateError> {
    let texts = |value: &Value| -> Option<Vec<String>> {
        match value {
            Value::Str(s) => Some(s.split(',').map(str::to_owned).collect()),
            v => Some(v.as_sequence()?.iter().map(Value::to_text).collect()),
        }
    };
    let (Some(base), Some(wanted)) = (
        texts(call.subject()?),
        texts(call.required(1, "target")?.check()?),
    ) else {
        return call.fail("argspec validation failed for param_list_compare filter plugin");
    };
    let without = |name: &str| wanted.iter().any(|w| w.strip_prefix('!') == Some(name));
    let all = wanted.iter().any(|w| w == "all");
    let mut actionable: Vec<&String> = Vec::new();
    for name in if all { &base } else { &wanted } {
        if base.contains(name) && !without(name) && !actionable.contains(&name) {
            actionable.push(name);
        }
    }
    let unsupported = wanted.iter().filter(|w| {
        let bare = w.strip_prefix('!').unwrap_or(w);
        bare != "all" && !base.iter().any(|b| b == bare)
    });
    let list = |names: Vec<&String>| Value::list(names.into_iter().map(|n| Value::str(n.as_str())));
    let out = Map::new();
    out.insert("actionable", list(actionable));
    out.insert("unsupported", list(unsupported.collect()));
    Ok(Value::Map(out))
}
