//! Filters of `community.general` on several lists at once.

use crate::{
    Call, Callable, TemplateError,
    declare::callable,
    iterate::{Seen, iterate},
};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("community.general.lists_union", |c| lists(c, true, union), "The items of any of the lists, each once.", ["lists_union"];
        "{{ [1, 2] | community.general.lists_union([2, 3]) }}" => "[1, 2, 3]",
        "{{ [[1, 2], [2, 3]] | community.general.lists_union(flatten=true) }}" => "[1, 2, 3]"),
    callable!("community.general.lists_intersect", |c| lists(c, false, |a, b| keep(&unique(a), b, true)), "The items of all of the lists, each once.", ["lists_intersect"];
        "{{ [1, 2] | community.general.lists_intersect([2, 3]) }}" => "[2]"),
    callable!("community.general.lists_difference", |c| lists(c, false, |a, b| keep(&unique(a), b, false)), "The items of the first list that are in none of the others, each once.", ["lists_difference"];
        "{{ [1, 2, 3] | community.general.lists_difference([2], [3]) }}" => "[1]"),
    callable!("community.general.lists_symmetric_difference", |c| lists(c, true, symmetric), "The items that are in only one of two lists; with more lists the result is compared with the next.", ["lists_symmetric_difference"];
        "{{ [1, 2] | community.general.lists_symmetric_difference([2, 3]) }}" => "[1, 3]"),
];

type Step = fn(&[Value], &[Value]) -> Vec<Value>;

fn unique(items: &[Value]) -> Vec<Value> {
    let mut seen = Seen::default();
    items.iter().filter(|i| seen.insert(i)).cloned().collect()
}

fn keep(items: &[Value], other: &[Value], inside: bool) -> Vec<Value> {
    let other = Seen::of(other);
    items
        .iter()
        .filter(|i| other.contains(i) == inside)
        .cloned()
        .collect()
}

fn union(a: &[Value], b: &[Value]) -> Vec<Value> {
    unique(&[a, b].concat())
}

fn symmetric(a: &[Value], b: &[Value]) -> Vec<Value> {
    keep(&union(a, b), &keep(a, b, true), false)
}

fn lists(call: &Call<'_>, adds: bool, step: Step) -> Result<Value, TemplateError> {
    if let Some((name, _)) = call.kwargs.iter().find(|(k, _)| k != "flatten") {
        let short = call.name.rsplit('.').next().unwrap_or(call.name);
        return call.fail(format!("{short}() got unexpected keywords arguments: {name}"));
    }
    let mut terms = call.args.clone();
    if call.keyword("flatten").is_some_and(Value::truthy) {
        let mut flat = Vec::new();
        for term in &terms {
            let Some(items) = term.as_sequence() else {
                return call.fail(format!(
                    "All arguments must be lists. {} is {}",
                    term.to_text(),
                    term.type_name()
                ));
            };
            if !items.is_empty() && items.iter().all(|i| i.as_sequence().is_some()) {
                flat.extend(items);
            } else if !items.is_empty() {
                flat.push(term.clone());
            }
        }
        terms = flat;
    }
    let mut terms = terms.into_iter();
    let Some(first) = terms.next() else {
        return Ok(Value::list([]));
    };
    let mut out: Option<Vec<Value>> = None;
    for term in terms {
        if adds && (first.as_sequence().is_none() || term.as_sequence().is_none()) {
            return call.fail(format!(
                "can only concatenate lists, not '{}' and '{}'",
                first.type_name(),
                term.type_name()
            ));
        }
        let before = match out {
            Some(items) => items,
            None => iterate(&first)?,
        };
        out = Some(step(&before, &iterate(&term)?));
    }
    Ok(out.map_or(first, Value::list))
}
