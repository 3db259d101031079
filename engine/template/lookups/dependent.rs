//! The lookup of nested loops whose inner lists depend on the outer items.

use crate::{Call, Callable, Check, TemplateError, declare::callable};
use kdo_value::{Map, Value};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("community.general.dependent", dependent, "Dicts with one value for each parameter; later parameters are expressions of `item`, the values before them.", ["dependent"];
        "{{ query('community.general.dependent', {'a': [1, 2]}, {'b': '[item.a, 9]'}) }}"
            => r#"[{"a": 1, "b": 1}, {"a": 1, "b": 9}, {"a": 2, "b": 2}, {"a": 2, "b": 9}]"#),
];

fn dependent(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut rows = vec![Map::new()];
    if call.args.is_empty() {
        return Ok(Value::list([]));
    }
    for (i, term) in call.args.iter().enumerate() {
        let entry = match term.check()? {
            Value::Map(m) if m.len() == 1 => m.first(),
            Value::Map(m) => {
                return call.fail(format!(
                    "Parameter {i} must be a one-element dictionary, got {} elements",
                    m.len()
                ));
            }
            other => {
                return call.fail(format!(
                    "Parameter {i} must be a dictionary, got {}",
                    other.type_name()
                ));
            }
        };
        let Some((name, source)) = entry else { continue };
        let mut next = Vec::new();
        for row in &rows {
            let value = match &source {
                Value::Str(text) => {
                    let own = [("item".to_owned(), Value::Map(row.copied()))];
                    call.engine
                        .render(&format!("{{{{ {} }}}}", text.as_str()), &own, &[])?
                }
                other => other.clone(),
            };
            let items = match &value {
                Value::Map(m) => m
                    .entries()
                    .into_iter()
                    .map(|(k, v)| Value::Map([("key", k), ("value", v)].into_iter().collect()))
                    .collect(),
                v => match v.as_sequence() {
                    Some(items) => items,
                    None => {
                        return call.fail(format!(
                            "Did not obtain dictionary or list while evaluating '{}' with item == {}, but {}",
                            name.to_text(),
                            Value::Map(row.clone()).repr(),
                            v.type_name()
                        ));
                    }
                },
            };
            if next.len() + items.len() > crate::iterate::MAX_ITEMS {
                return call.fail("the result would have too many items");
            }
            for item in items {
                let wider = row.copied();
                wider.insert(name.clone(), item);
                next.push(wider);
            }
        }
        rows = next;
    }
    Ok(Value::list(rows.into_iter().map(Value::Map)))
}
