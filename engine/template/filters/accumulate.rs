//! The filter of running sums.

use crate::{Call, Callable, TemplateError, declare::callable, iterate::iterate, operators};
use kdo_value::{Value, number::Operator};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("community.general.accumulate", accumulate, "The sums of the first item, the first two, and so on.", ["accumulate"];
        "{{ 'abc' | community.general.accumulate }}" => r#"["a", "ab", "abc"]"#,
        "{{ [[1], [2]] | community.general.accumulate }}" => "[[1], [1, 2]]"),
];

fn accumulate(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    if !matches!(
        value,
        Value::Str(_) | Value::List(_) | Value::Tuple(_) | Value::Bytes(_)
    ) {
        return call.fail(format!(
            "Invalid value type ({}) for accumulate ({})",
            value.type_name(),
            value.repr()
        ));
    }
    let mut out: Vec<Value> = Vec::new();
    for item in iterate(value)? {
        let next = match out.last() {
            Some(sum) => operators::binary(Operator::Add, sum, &item)?,
            None => item,
        };
        out.push(next);
    }
    Ok(Value::list(out))
}
