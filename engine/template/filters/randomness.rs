//! Filters that choose by chance.

use crate::{Call, Callable, Check, TemplateError, declare::callable, iterate::iterate, mersenne::Random};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.random", random, "A random item, or a random number below the given one; always the same for a seed.", [];
        "{{ 59 | random(seed='host1') }}" => "31",
        "{{ 20 | random(seed='abc', start=5, step=3) }}" => "17",
        "{{ ['a', 'b', 'c'] | random(seed='x') }}" => r#""c""#),
    callable!("ansible.builtin.shuffle", shuffle, "The items in random order; always the same for a seed.", [];
        "{{ ['a', 'b', 'c', 'd', 'e'] | shuffle(seed='x') }}" => r#"["e", "b", "a", "d", "c"]"#),
    callable!("community.general.random_mac", random_mac, "A random hardware address that begins with the given part; always the same for a seed.", [];
        "{{ '52:54:00' | community.general.random_mac | length }}" => "17"),
];

fn seed(call: &Call<'_>, index: usize) -> Result<Random, TemplateError> {
    Ok(match call.get(index, "seed") {
        Some(v) => Random::seeded(v.check()?),
        None => Random::system(),
    })
}

fn random(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let given = |i: usize, name: &str| call.get(i, name).is_some_and(|v| v.truthy());
    let mut random = seed(call, 3)?;
    if let Value::Int(end) = value {
        let start = if given(1, "start") {
            call.int(1, "start", 0)?
        } else {
            0
        };
        let step = if given(2, "step") {
            call.int(2, "step", 1)?
        } else {
            1
        };
        let width = i128::from(*end) - i128::from(start);
        let step = i128::from(step);
        let count = if step > 0 {
            (width + step - 1) / step
        } else {
            (width + step + 1) / step
        };
        let Some(count) = u64::try_from(count).ok().filter(|c| *c > 0) else {
            return call.fail(format!("empty range for randrange() ({start}, {end}, {width})"));
        };
        let chosen = i128::from(start) + step * i128::from(random.below(count));
        return Ok(i64::try_from(chosen).map_or(Value::None, Value::Int));
    }
    if !matches!(value, Value::Str(_) | Value::List(_) | Value::Tuple(_)) {
        return call.fail("random can only be used on sequences and integers");
    }
    if given(1, "start") || given(2, "step") {
        return call.fail("start and step can only be used with integer values");
    }
    match random.choice(&iterate(value)?) {
        Some(item) => Ok(item.clone()),
        None => call.fail("Cannot choose from an empty sequence"),
    }
}

fn shuffle(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Ok(mut items) = iterate(value) else {
        return Ok(value.clone());
    };
    seed(call, 1)?.shuffle(&mut items);
    Ok(Value::list(items))
}

fn random_mac(call: &Call<'_>) -> Result<Value, TemplateError> {
    let Some(prefix) = call.subject()?.as_str().map(str::to_lowercase) else {
        return call.fail("Invalid value type for random_mac (expected string)");
    };
    let parts: Vec<&str> = prefix.split(':').collect();
    if parts.len() > 5 {
        return call.fail(format!(
            "Invalid value ({prefix}) for random_mac: 5 colon(:) separated items max"
        ));
    }
    let hexadecimal = |p: &str| p.len() >= 2 && p.bytes().take(2).all(|b| b.is_ascii_hexdigit());
    if let Some(bad) = parts.iter().find(|p| !hexadecimal(p)) {
        let why = if bad.is_empty() {
            "empty item".to_owned()
        } else {
            format!("{bad} not hexa byte")
        };
        return call.fail(format!("Invalid value ({prefix}) for random_mac: {why}"));
    }
    let mut random = seed(call, 1)?;
    let drawn = format!("{:x}", (1_u64 << 36) + random.below((1 << 40) - (1 << 36)));
    let mut out = prefix.clone();
    for pair in drawn.as_bytes().chunks(2).take(6 - parts.len()) {
        out.push(':');
        out.extend(pair.iter().map(|b| char::from(*b)));
    }
    Ok(Value::str(out))
}
