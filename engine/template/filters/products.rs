//! Filters that combine several sequences, and flattening.

use crate::{
    Call, Callable, TemplateError,
    declare::callable,
    iterate::{MAX_ITEMS, iterate},
};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.zip", |c| zip(c, false), "Tuples of the first items, the second items and so on, as long as the shortest.", [];
        "{{ [1, 2, 3] | zip([3, 4], 'ab') }}" => r#"[[1, 3, "a"], [2, 4, "b"]]"#),
    callable!("ansible.builtin.zip_longest", |c| zip(c, true), "Like `zip`, as long as the longest, with `fillvalue` for missing items.", [];
        "{{ [1, 2] | zip_longest([3], fillvalue='x') }}" => r#"[[1, 3], [2, "x"]]"#),
    callable!("ansible.builtin.product", product, "All tuples of one item from each sequence.", [];
        "{{ [1, 2] | product([3, 4]) }}" => "[[1, 3], [1, 4], [2, 3], [2, 4]]",
        "{{ [1, 2] | product(repeat=2) }}" => "[[1, 1], [1, 2], [2, 1], [2, 2]]"),
    callable!("ansible.builtin.permutations", |c| arrange(c, true), "All orders of `r` of the items.", [];
        "{{ [1, 2, 3] | permutations(2) }}" => "[[1, 2], [1, 3], [2, 1], [2, 3], [3, 1], [3, 2]]"),
    callable!("ansible.builtin.combinations", |c| arrange(c, false), "All choices of `r` of the items.", [];
        "{{ [1, 2, 3] | combinations(2) }}" => "[[1, 2], [1, 3], [2, 3]]"),
    callable!("ansible.builtin.flatten", flatten, "The items of nested lists in one list, down to `levels`.", [];
        "{{ [[1, [2, [3]]], 4] | flatten }}" => "[1, 2, 3, 4]",
        "{{ [[1, [2, [3]]], 4] | flatten(levels=1) }}" => "[1, [2, [3]], 4]",
        "{{ [none, 1, ''] | flatten }}" => r#"[1, ""]"#),
];

fn too_many<T>() -> Result<T, TemplateError> {
    Err("the result would have too many items".into())
}

fn columns(call: &Call<'_>) -> Result<Vec<Vec<Value>>, TemplateError> {
    call.subject()?;
    call.args.iter().map(iterate).collect()
}

fn zip(call: &Call<'_>, longest: bool) -> Result<Value, TemplateError> {
    let columns = columns(call)?;
    let lengths = columns.iter().map(Vec::len);
    let rows = if longest { lengths.max() } else { lengths.min() }.unwrap_or(0);
    let fill = call.keyword("fillvalue").cloned().unwrap_or(Value::None);
    if rows.saturating_mul(columns.len()) > MAX_ITEMS {
        return too_many();
    }
    Ok(Value::list((0..rows).map(|i| {
        Value::Tuple(
            columns
                .iter()
                .map(|c| c.get(i).unwrap_or(&fill).clone())
                .collect(),
        )
    })))
}

/// All tuples of one item from each column, the last one running fastest.
pub(crate) fn cartesian(columns: &[Vec<Value>]) -> Result<Vec<Vec<Value>>, TemplateError> {
    let total = columns.iter().try_fold(1_usize, |n, c| n.checked_mul(c.len()));
    if total
        .and_then(|t| t.checked_mul(columns.len().max(1)))
        .is_none_or(|t| t > MAX_ITEMS)
    {
        return too_many();
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for column in columns {
        let mut next = Vec::with_capacity(rows.len() * column.len());
        for row in &rows {
            for item in column {
                let mut longer = row.clone();
                longer.push(item.clone());
                next.push(longer);
            }
        }
        rows = next;
    }
    Ok(rows)
}

fn product(call: &Call<'_>) -> Result<Value, TemplateError> {
    let once = columns(call)?;
    let repeat = usize::try_from(call.int(usize::MAX, "repeat", 1)?).unwrap_or(0);
    if once.len().saturating_mul(repeat) > 10_000 {
        return too_many();
    }
    let columns: Vec<_> = std::iter::repeat_n(once, repeat).flatten().collect();
    Ok(Value::list(
        cartesian(&columns)?
            .into_iter()
            .map(|row| Value::Tuple(row.into())),
    ))
}

fn arrange(call: &Call<'_>, ordered: bool) -> Result<Value, TemplateError> {
    let items = iterate(call.subject()?)?;
    let r = match call.get(1, "r") {
        Some(v) if !v.is_none() => match v.as_int().map(usize::try_from) {
            Some(Ok(r)) => r,
            Some(Err(_)) => return call.fail("r must be non-negative"),
            None => return call.fail("Expected int as r"),
        },
        _ if ordered => items.len(),
        _ => return call.fail("combinations() missing required argument 'r' (pos 2)"),
    };
    if r > items.len() {
        return Ok(Value::list([]));
    }
    let mut walk = Walk {
        items: &items,
        r,
        ordered,
        chosen: Vec::new(),
        out: Vec::new(),
    };
    walk.step()?;
    Ok(Value::list(walk.out))
}

struct Walk<'a> {
    items: &'a [Value],
    r: usize,
    ordered: bool,
    chosen: Vec<usize>,
    out: Vec<Value>,
}

impl Walk<'_> {
    fn step(&mut self) -> Result<(), TemplateError> {
        if self.chosen.len() == self.r {
            let row = self
                .chosen
                .iter()
                .filter_map(|i| self.items.get(*i).cloned())
                .collect();
            self.out.push(Value::Tuple(row));
            if self.out.len().saturating_mul(self.r.max(1)) > MAX_ITEMS {
                return too_many();
            }
            return Ok(());
        }
        // one frame per chosen item: bounded, for results beyond this depth exceed the limit anyway
        if self.chosen.len() > 2_000 {
            return too_many();
        }
        let from = match self.chosen.last() {
            Some(last) if !self.ordered => last + 1,
            _ => 0,
        };
        let last = if self.ordered {
            self.items.len()
        } else {
            self.items.len() + self.chosen.len() + 1 - self.r
        };
        for i in from..last {
            if self.ordered && self.chosen.contains(&i) {
                continue;
            }
            self.chosen.push(i);
            self.step()?;
            self.chosen.pop();
        }
        Ok(())
    }
}

/// The items of nested lists down to `levels`; with `skip` without none, `'None'` and `'null'`.
pub(crate) fn flat(
    items: Vec<Value>,
    levels: Option<i64>,
    skip: bool,
    depth: usize,
    out: &mut Vec<Value>,
) -> Result<(), TemplateError> {
    if depth > 200 {
        return Err("flatten: lists are nested too deeply".into());
    }
    for item in items {
        if skip && (item.is_none() || matches!(item.as_str(), Some("None" | "null"))) {
            continue;
        }
        match item.as_sequence() {
            Some(inner) if levels.is_none_or(|l| l >= 1) => {
                flat(inner, levels.map(|l| l - 1), skip, depth + 1, out)?;
            }
            _ => out.push(item),
        }
        if out.len() > MAX_ITEMS {
            return too_many();
        }
    }
    Ok(())
}

fn flatten(call: &Call<'_>) -> Result<Value, TemplateError> {
    let items = iterate(call.subject()?)?;
    let levels = match call.get(1, "levels") {
        None | Some(Value::None) => None,
        Some(_) => Some(call.int(1, "levels", 0)?),
    };
    let mut out = Vec::new();
    flat(items, levels, call.flag(2, "skip_nulls", true), 0, &mut out)?;
    Ok(Value::list(out))
}
