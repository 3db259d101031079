//! Filters that treat lists as sets; the order of the first list is kept where it is not Python's.

use crate::{
    Call, Callable, TemplateError,
    declare::callable,
    iterate::{Seen, iterate},
    pyset::PySet,
};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.union", |c| combine(c, Operation { first: |_| true, second: |_| true, numbers: PySet::union }), "The items of both lists, each once.", [];
        "{{ [3, 1, 2, 2] | union([9]) }}" => "[1, 2, 3, 9]", "{{ [100, 5, 33] | union([1000, 2]) }}" => "[33, 2, 100, 5, 1000]",
        "{{ [-1, 5, -7] | union([3]) }}" => "[-7, 3, 5, -1]", "{{ [10.5, 2.5] | union([1]) }}" => "[1, 10.5, 2.5]",
        "{{ range(20, 0, -3) | list | union([100]) }}" => "[17, 2, 20, 5, 100, 8, 11, 14]",
        "{{ [{'a': 1}] | union([{'a': 1}, {'b': 2}]) }}" => r#"[{"a": 1}, {"b": 2}]"#),
    callable!("ansible.builtin.intersect", |c| combine(c, Operation { first: |there| there, second: |_| false, numbers: PySet::intersection }), "The items that are in both lists, each once.", [];
        "{{ [1, 2, 2] | intersect([3, 2, 2]) }}" => "[2]", "{{ [[1], [2]] | intersect([[2]]) }}" => "[[2]]",
        "{{ [3, 1, 2, 3] | intersect([3, 1]) }}" => "[1, 3]"),
    callable!("ansible.builtin.difference", |c| combine(c, Operation { first: |there| !there, second: |_| false, numbers: PySet::difference }), "The items of the first list that are not in the second, each once.", [];
        "{{ [1, 2, 2, 3, 3] | difference([2]) }}" => "[1, 3]", "{{ ['a', 'b'] | difference(['a']) }}" => r#"["b"]"#),
    callable!("ansible.builtin.symmetric_difference", |c| combine(c, Operation { first: |there| !there, second: |there| !there, numbers: PySet::symmetric_difference }), "The items that are in only one of the lists, each once.", [];
        "{{ [3, 1, 2, 3] | symmetric_difference([1, 9]) }}" => "[2, 3, 9]"),
];

/// What to keep, by whether the other list has it too, and the same on sets of numbers.
struct Operation {
    first: fn(bool) -> bool,
    second: fn(bool) -> bool,
    numbers: fn(&PySet, &PySet) -> PySet,
}

fn combine(call: &Call<'_>, operation: Operation) -> Result<Value, TemplateError> {
    let a = iterate(call.subject()?)?;
    let b = iterate(call.required(1, "b")?)?;
    if call.args.len() > 2 {
        return call.fail(format!("{}() takes one list", call.name));
    }
    if let (Some(x), Some(y)) = (PySet::of(&a), PySet::of(&b)) {
        return Ok(Value::list((operation.numbers)(&x, &y).into_items()));
    }
    let (in_a, in_b) = (Seen::of(&a), Seen::of(&b));
    let mut seen = Seen::default();
    let mut out = Vec::new();
    for (items, keep, other) in [(a, operation.first, in_b), (b, operation.second, in_a)] {
        for item in items {
            if keep(other.contains(&item)) && seen.insert(&item) {
                out.push(item);
            }
        }
    }
    Ok(Value::list(out))
}
