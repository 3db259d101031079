//! Filters that treat lists as sets; the order of the first list is kept.

use crate::{
    Call, Callable, TemplateError,
    declare::callable,
    iterate::{Seen, iterate},
};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.union", |c| join(c, |_, _| true, |_, _| true), "The items of both lists, each once.", [];
        "{{ [1, 2, 2] | union([3, 2]) }}" => "[1, 2, 3]",
        "{{ [{'a': 1}] | union([{'a': 1}, {'b': 2}]) }}" => r#"[{"a": 1}, {"b": 2}]"#),
    callable!("ansible.builtin.intersect", |c| join(c, |_, there| there, |_, _| false), "The items that are in both lists, each once.", [];
        "{{ [1, 2, 2] | intersect([3, 2, 2]) }}" => "[2]", "{{ [[1], [2]] | intersect([[2]]) }}" => "[[2]]"),
    callable!("ansible.builtin.difference", |c| join(c, |_, there| !there, |_, _| false), "The items of the first list that are not in the second, each once.", [];
        "{{ [1, 2, 2, 3, 3] | difference([2]) }}" => "[1, 3]"),
    callable!("ansible.builtin.symmetric_difference", |c| join(c, |_, there| !there, |_, there| !there), "The items that are in only one of the lists, each once.", [];
        "{{ [1, 2, 2] | symmetric_difference([2, 3]) }}" => "[1, 3]"),
];

type Keep = fn(&Value, bool) -> bool;

fn join(call: &Call<'_>, first: Keep, second: Keep) -> Result<Value, TemplateError> {
    let a = iterate(call.subject()?)?;
    let b = iterate(call.required(1, "b")?)?;
    if call.args.len() > 2 {
        return call.fail(format!("{}() takes one list", call.name));
    }
    let (in_a, in_b) = (Seen::of(&a), Seen::of(&b));
    let mut seen = Seen::default();
    let mut out = Vec::new();
    let sides = [(a, first, in_b), (b, second, in_a)];
    for (items, keep, other) in sides {
        for item in items {
            if keep(&item, other.contains(&item)) && seen.insert(&item) {
                out.push(item);
            }
        }
    }
    Ok(Value::list(out))
}
