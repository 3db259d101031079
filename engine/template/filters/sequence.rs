//! Filters over the items of one sequence.

use crate::{
    Call, Callable, Check, TemplateError,
    declare::callable,
    iterate::{Seen, iterate, less, sort_by_key, text},
};
use kdo_value::{
    Value,
    number::{Operator, apply},
};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.length", length, "The number of items or characters.", ["count"];
        "{{ [1, 2] | length }}" => "2", "{{ 'abc' | count }}" => "3", "{{ {} | length }}" => "0"),
    callable!("ansible.builtin.join", join, "The items (or an attribute of each) as text with a separator between them.", [];
        "{{ [1, 'a', none] | join(',') }}" => r#""1,a,None""#,
        "{{ [{'a': 1}, {'a': 2}] | join(',', attribute='a') }}" => r#""1,2""#),
    callable!("ansible.builtin.first", first, "The first item.", [];
        "{{ [1, 2] | first }}" => "1", "{{ 'abc' | first }}" => r#""a""#),
    callable!("ansible.builtin.last", last, "The last item.", [];
        "{{ [1, 2] | last }}" => "2", "{{ {'a': 1, 'b': 2} | last }}" => r#""b""#),
    callable!("ansible.builtin.min", |c| extreme(c, false), "The smallest item, by an attribute if one is given.", [];
        "{{ [3, 1] | min }}" => "1", "{{ ['b', 'A'] | min }}" => r#""A""#,
        "{{ [{'a': 2}, {'a': 1}] | min(attribute='a') }}" => r#"{"a": 1}"#),
    callable!("ansible.builtin.max", |c| extreme(c, true), "The largest item, by an attribute if one is given.", [];
        "{{ [1, 5, 3] | max }}" => "5", "{{ ['b', 'A'] | max }}" => r#""b""#),
    callable!("ansible.builtin.sum", sum, "The sum of the items, or of an attribute of each, added to `start`.", [];
        "{{ [1, 2.5] | sum }}" => "3.5", "{{ [[1], [2]] | sum(start=[]) }}" => "[1, 2]",
        "{{ [{'a': 2}, {'a': 1}] | sum('a', 10) }}" => "13"),
    callable!("ansible.builtin.sort", sort, "The items in order; texts without regard to case unless told.", [];
        "{{ ['b', 'a', 'C'] | sort }}" => r#"["a", "b", "C"]"#,
        "{{ ['b', 'a', 'C'] | sort(case_sensitive=true) }}" => r#"["C", "a", "b"]"#,
        "{{ [3, 1, 2] | sort(reverse=true) }}" => "[3, 2, 1]",
        "{{ [{'a': 2, 'b': 1}, {'a': 1, 'b': 5}, {'a': 1, 'b': 3}] | sort(attribute='a,b') }}"
            => r#"[{"a": 1, "b": 3}, {"a": 1, "b": 5}, {"a": 2, "b": 1}]"#),
    callable!("ansible.builtin.unique", unique, "The items without repetitions; texts without regard to case unless told.", [];
        "{{ [1, 1, 2, 'A', 'a'] | unique }}" => r#"[1, 2, "A"]"#,
        "{{ [1, 1.0, true] | unique }}" => "[1]",
        "{{ [{'a': 1}, {'a': 1}] | unique }}" => r#"[{"a": 1}]"#,
        "{{ ['A', 'a'] | unique(case_sensitive=true) }}" => r#"["A", "a"]"#),
    callable!("ansible.builtin.reverse", reverse, "The items, or the characters of a text, from the last to the first.", [];
        "{{ 'abc' | reverse }}" => r#""cba""#, "{{ [1, 2] | reverse }}" => "[2, 1]"),
    callable!("ansible.builtin.batch", batch, "Lists of at most `linecount` items, the last filled up with `fill_with`.", [];
        "{{ [1, 2, 3] | batch(2) }}" => "[[1, 2], [3]]",
        "{{ [1, 2, 3] | batch(2, 'x') }}" => r#"[[1, 2], [3, "x"]]"#),
    callable!("ansible.builtin.slice", slice, "The items in `slices` lists of nearly equal length.", [];
        "{{ [1, 2, 3, 4, 5] | slice(3) }}" => "[[1, 2], [3, 4], [5]]",
        "{{ [1, 2, 3, 4] | slice(3, 'x') }}" => r#"[[1, 2], [3, "x"], [4, "x"]]"#),
];

/// `len(value)`.
pub(crate) fn size(value: &Value) -> Result<usize, TemplateError> {
    Ok(match value.check()? {
        Value::Str(s) => s.chars().count(),
        Value::Bytes(b) => b.len(),
        Value::List(l) => l.len(),
        Value::Tuple(t) => t.len(),
        Value::Map(m) => m.len(),
        v => match v {
            Value::Object(o) if o.keys().is_some() => o.keys().map_or(0, |k| k.len()),
            v => {
                return Err(TemplateError::new(format!(
                    "object of type '{}' has no len()",
                    v.type_name()
                )));
            }
        },
    })
}

fn length(call: &Call<'_>) -> Result<Value, TemplateError> {
    size(call.subject()?).map(Value::from)
}

fn join(call: &Call<'_>) -> Result<Value, TemplateError> {
    let items = iterate(call.subject()?)?;
    let separator = call.text(1, "d", "")?;
    let attribute = call.get(2, "attribute").filter(|a| !a.is_none());
    let mut out = String::new();
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(&separator);
        }
        let item = match attribute {
            Some(path) => text(&call.engine.attribute(item.check()?, path))?,
            None => text(item)?,
        };
        out.push_str(&item);
    }
    Ok(Value::str(out))
}

fn first(call: &Call<'_>) -> Result<Value, TemplateError> {
    Ok(iterate(call.subject()?)?
        .into_iter()
        .next()
        .unwrap_or_else(|| Value::missing(None, "No first item, sequence was empty.")))
}

fn last(call: &Call<'_>) -> Result<Value, TemplateError> {
    Ok(iterate(call.subject()?)?
        .pop()
        .unwrap_or_else(|| Value::missing(None, "No last item, sequence was empty.")))
}

/// What to compare an item by: itself or an attribute of it, in lower case unless case matters.
pub(crate) fn key_of(
    call: &Call<'_>,
    item: &Value,
    attribute: Option<&Value>,
    case: bool,
) -> Result<Value, TemplateError> {
    let value = match attribute {
        Some(path) => call.engine.attribute(item.check()?, path),
        None => item.clone(),
    };
    Ok(match value.check()? {
        Value::Str(s) if !case => Value::str(s.to_lowercase()),
        _ => value,
    })
}

fn extreme(call: &Call<'_>, largest: bool) -> Result<Value, TemplateError> {
    let items = iterate(call.subject()?)?;
    let case = call.flag(1, "case_sensitive", false);
    let attribute = call.get(2, "attribute").filter(|a| !a.is_none());
    let mut best: Option<(Value, Value)> = None;
    for item in items {
        let key = key_of(call, &item, attribute, case)?;
        let better = match &best {
            None => true,
            Some((k, _)) if largest => key.py_cmp(k, ">")? == Some(std::cmp::Ordering::Greater),
            Some((k, _)) => less(&key, k)?,
        };
        if better {
            best = Some((key, item));
        }
    }
    Ok(best.map_or_else(
        || Value::missing(None, "No aggregated item, sequence was empty."),
        |(_, v)| v,
    ))
}

fn sum(call: &Call<'_>) -> Result<Value, TemplateError> {
    let attribute = call.get(1, "attribute").filter(|a| !a.is_none());
    let mut total = call.get(2, "start").cloned().unwrap_or(Value::Int(0));
    if let Value::Str(_) = total {
        return call.fail("sum() can't sum strings [use ''.join(seq) instead]");
    }
    // lists grow in place: adding them one by one would copy the growing sum each time
    if let Value::List(start) = total.check()? {
        let mut all = start.to_vec();
        for item in iterate(call.subject()?)? {
            let item = match attribute {
                Some(path) => call.engine.attribute(item.check()?, path),
                None => item,
            };
            match item.check()? {
                Value::List(l) => all.extend(l.to_vec()),
                other => {
                    return call.fail(format!(
                        "can only concatenate list (not \"{}\") to list",
                        other.type_name()
                    ));
                }
            }
        }
        return Ok(Value::list(all));
    }
    for item in iterate(call.subject()?)? {
        let item = match attribute {
            Some(path) => call.engine.attribute(item.check()?, path),
            None => item,
        };
        total = apply(Operator::Add, &total, item.check()?)?;
    }
    Ok(total)
}

fn sort(call: &Call<'_>) -> Result<Value, TemplateError> {
    let items = iterate(call.subject()?)?;
    if let Some(odd) = call.get(1, "reverse").filter(|r| r.as_int().is_none()) {
        return call.fail(format!(
            "'{}' object cannot be interpreted as an integer",
            odd.type_name()
        ));
    }
    let reverse = call.flag(1, "reverse", false);
    let case = call.flag(2, "case_sensitive", false);
    let paths: Vec<Value> = match call.get(3, "attribute") {
        None | Some(Value::None) => Vec::new(),
        Some(Value::Str(s)) => s.split(',').map(Value::str).collect(),
        Some(other) => vec![other.clone()],
    };
    let mut keyed = Vec::with_capacity(items.len());
    for item in items {
        let key = match paths.as_slice() {
            [] => key_of(call, &item, None, case)?,
            [path] => key_of(call, &item, Some(path), case)?,
            paths => {
                let mut keys = Vec::with_capacity(paths.len());
                for path in paths {
                    keys.push(key_of(call, &item, Some(path), case)?);
                }
                Value::list(keys)
            }
        };
        keyed.push((key, item));
    }
    Ok(Value::list(
        sort_by_key(keyed, reverse)?.into_iter().map(|(_, v)| v),
    ))
}

fn unique(call: &Call<'_>) -> Result<Value, TemplateError> {
    let items = iterate(call.subject()?)?;
    let case = call.get(1, "case_sensitive").filter(|c| !c.is_none());
    let attribute = call.get(2, "attribute").filter(|a| !a.is_none());
    let mut keys = Vec::with_capacity(items.len());
    for item in &items {
        keys.push(key_of(call, item, attribute, case.is_some_and(Value::truthy))?);
    }
    if keys.iter().any(|k| !k.is_hashable()) {
        // items that are no keys are compared one by one; then case always matters
        if case.is_some_and(|c| !c.truthy()) || attribute.is_some() {
            return call.fail(
                "Jinja2's unique filter failed and we cannot fall back to Ansible's version as it does not support the parameters supplied",
            );
        }
        keys.clone_from(&items);
    }
    let mut seen = Seen::default();
    Ok(Value::list(
        items
            .into_iter()
            .zip(&keys)
            .filter_map(|(item, key)| seen.insert(key).then_some(item)),
    ))
}

fn reverse(call: &Call<'_>) -> Result<Value, TemplateError> {
    match call.subject()? {
        Value::Str(s) => Ok(Value::str(s.chars().rev().collect::<String>())),
        v => match iterate(v) {
            Ok(items) => Ok(Value::list(items.into_iter().rev())),
            Err(e) => call.fail(format!("argument must be iterable: {e}")),
        },
    }
}

fn batch(call: &Call<'_>) -> Result<Value, TemplateError> {
    let items = iterate(call.subject()?)?;
    let count = call.required(1, "linecount")?;
    // no row is as long as what is no number
    let size = count
        .as_int()
        .or_else(|| count.as_float().filter(|f| f.fract() == 0.0).map(|f| f as i64))
        .unwrap_or(i64::MAX);
    let fill = call.get(2, "fill_with").filter(|f| !f.is_none());
    if fill.is_some() && count.as_float().is_none() && !items.is_empty() {
        return call.fail(format!(
            "'<' not supported between instances of 'int' and '{}'",
            count.type_name()
        ));
    }
    let mut out: Vec<Value> = Vec::new();
    let mut row: Vec<Value> = Vec::new();
    for item in items {
        if row.len() as i64 == size {
            out.push(Value::list(std::mem::take(&mut row)));
        }
        row.push(item);
    }
    if !row.is_empty() {
        if let Some(fill) = fill {
            let missing = usize::try_from(size).unwrap_or(0).saturating_sub(row.len());
            if missing > crate::iterate::MAX_ITEMS {
                return call.fail("batch: too many items");
            }
            row.extend(std::iter::repeat_n(fill.clone(), missing));
        }
        out.push(Value::list(row));
    }
    Ok(Value::list(out))
}

fn slice(call: &Call<'_>) -> Result<Value, TemplateError> {
    let items = iterate(call.subject()?)?;
    let slices = call.required(1, "slices")?.as_int().unwrap_or(0);
    let fill = call.get(2, "fill_with").filter(|f| !f.is_none());
    let Some(slices) = usize::try_from(slices)
        .ok()
        .filter(|n| (1..=crate::iterate::MAX_ITEMS).contains(n))
    else {
        return call.fail(if slices == 0 {
            "integer division or modulo by zero"
        } else {
            "slice: number of slices out of range"
        });
    };
    let (each, extra) = (items.len() / slices, items.len() % slices);
    let mut items = items.into_iter();
    let mut out = Vec::with_capacity(slices);
    for n in 0..slices {
        let mut row: Vec<Value> = items.by_ref().take(each + usize::from(n < extra)).collect();
        if n >= extra
            && let Some(fill) = fill
        {
            row.push(fill.clone());
        }
        out.push(Value::list(row));
    }
    Ok(Value::list(out))
}
