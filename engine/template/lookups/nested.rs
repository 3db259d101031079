//! Lookups that combine lists.

use super::items::one_level;
use crate::{
    Call, Callable, Check, TemplateError,
    declare::callable,
    filters::{cartesian, flat},
};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.nested", nested, "All lists of one item from each term.", [];
        "{{ query('nested', [1, 2], [3, 4]) }}" => "[[1, 3], [1, 4], [2, 3], [2, 4]]",
        "{{ query('nested', 'a', ['b', 'c']) }}" => r#"[["a", "b"], ["a", "c"]]"#),
    callable!("community.general.cartesian", nested, "All lists of one item from each term.", ["cartesian"];
        "{{ query('community.general.cartesian', [1, 2], [3, [4, 5]]) }}" => "[[1, 3], [1, 4, 5], [2, 3], [2, 4, 5]]"),
    callable!("ansible.builtin.together", together, "Lists of the first items, the second items and so on; missing ones are none.", [];
        "{{ query('together', [1, 2], [3]) }}" => "[[1, 3], [2, null]]"),
];

fn deep(items: Vec<Value>) -> Result<Vec<Value>, TemplateError> {
    let mut out = Vec::new();
    flat(items, None, false, 0, &mut out)?;
    Ok(out)
}

fn nested(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut columns = Vec::new();
    for term in &call.args {
        columns.push(one_level(std::slice::from_ref(term.check()?))?);
    }
    if columns.is_empty() && call.name.ends_with("cartesian") {
        return call.fail("with_cartesian requires at least one element in each list");
    }
    if columns.is_empty() {
        return call.fail("with_nested requires at least one element in the nested list");
    }
    let mut out = Vec::new();
    for row in cartesian(&columns)? {
        out.push(Value::list(deep(row)?));
    }
    Ok(Value::list(out))
}

fn together(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut columns = Vec::new();
    for term in &call.args {
        columns.push(crate::iterate::iterate(term)?);
    }
    let Some(rows) = columns.iter().map(Vec::len).max() else {
        return call.fail("with_together requires at least one element in each list");
    };
    if rows.saturating_mul(columns.len()) > crate::iterate::MAX_ITEMS {
        return call.fail("the result would have too many items");
    }
    let mut out = Vec::new();
    for i in 0..rows {
        let row = columns
            .iter()
            .map(|c| c.get(i).cloned().unwrap_or(Value::None))
            .collect();
        out.push(Value::list(deep(row)?));
    }
    Ok(Value::list(out))
}
