//! Filters of `community.general` that read lengths of time.

use crate::{Call, Callable, TemplateError, declare::callable};
use kdo_value::{Value, number, number::Operator};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("community.general.to_time_unit", |c| convert(c, None), "A length of time such as `1h 30m` in a unit.", ["to_time_unit"];
        "{{ '1w' | community.general.to_time_unit('hours') }}" => "168.0",
        "{{ '1h' | community.general.to_time_unit }}" => "3600000.0"),
    callable!("community.general.to_milliseconds", |c| convert(c, Some("ms")), "A length of time in milliseconds.", ["to_milliseconds"];
        "{{ '1s' | community.general.to_milliseconds }}" => "1000.0"),
    callable!("community.general.to_seconds", |c| convert(c, Some("s")), "A length of time in seconds.", ["to_seconds"];
        "{{ '30m -5s' | community.general.to_seconds }}" => "1795.0", "{{ '0' | community.general.to_seconds }}" => "0"),
    callable!("community.general.to_minutes", |c| convert(c, Some("m")), "A length of time in minutes.", ["to_minutes"];
        "{{ '2hours' | community.general.to_minutes }}" => "120.0"),
    callable!("community.general.to_hours", |c| convert(c, Some("h")), "A length of time in hours.", ["to_hours"];
        "{{ '1y 2mo 3w 4d' | community.general.to_hours }}" => "10800.0"),
    callable!("community.general.to_days", |c| convert(c, Some("d")), "A length of time in days.", ["to_days"];
        "{{ '1y' | community.general.to_days(year=365.25) }}" => "365.25"),
    callable!("community.general.to_weeks", |c| convert(c, Some("w")), "A length of time in weeks.", ["to_weeks"];
        "{{ '14days' | community.general.to_weeks }}" => "2.0"),
    callable!("community.general.to_months", |c| convert(c, Some("mo")), "A length of time in months of 30 days, or of `month` days.", ["to_months"];
        "{{ '60d' | community.general.to_months }}" => "2.0"),
    callable!("community.general.to_years", |c| convert(c, Some("y")), "A length of time in years of 365 days, or of `year` days.", ["to_years"];
        "{{ '365d' | community.general.to_years }}" => "1.0"),
];

/// The short name of a unit: plurals and full words count.
fn unit(name: &str) -> &str {
    match name.trim_end_matches('s') {
        "millisecond" | "msec" | "msecond" => "ms",
        "sec" | "second" => "s",
        "min" | "minute" => "m",
        "hour" => "h",
        "day" => "d",
        "week" => "w",
        "month" => "mo",
        "year" => "y",
        _ => name,
    }
}

/// Milliseconds of a unit; years and months can be given in days.
fn length(call: &Call<'_>, unit: &str) -> Result<Option<Value>, TemplateError> {
    const DAY: i64 = 86_400_000;
    let days = |name: &str, default: i64| {
        let days = call.keyword(name).cloned().unwrap_or(Value::Int(default));
        number::apply(Operator::Mul, &Value::Int(DAY), &days).map_err(TemplateError::new)
    };
    Ok(Some(match unit {
        "ms" => Value::Int(1),
        "s" => Value::Int(1000),
        "m" => Value::Int(60_000),
        "h" => Value::Int(3_600_000),
        "d" => Value::Int(DAY),
        "w" => Value::Int(7 * DAY),
        "mo" => days("month", 30)?,
        "y" => days("year", 365)?,
        _ => return Ok(None),
    }))
}

fn convert(call: &Call<'_>, fixed: Option<&str>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some(text) = value.as_str() else {
        return call.fail(format!("'{}' object has no attribute 'split'", value.type_name()));
    };
    if text == "0" {
        return Ok(Value::Int(0));
    }
    if let Some((name, _)) = call
        .kwargs
        .iter()
        .find(|(k, _)| !(["year", "month"].contains(&k.as_str()) || k == "unit" && fixed.is_none()))
    {
        return call.fail(format!("to_time_unit() got unknown keyword arguments: {name}"));
    }
    let wanted = match fixed {
        Some(unit) => unit.to_owned(),
        None => call.text(1, "unit", "ms")?,
    };
    let Some(divisor) = length(call, unit(&wanted))? else {
        return call.fail(format!(
            "to_time_unit() can not convert to the following unit: {wanted}"
        ));
    };
    let mut sum = Value::Int(0);
    for word in text.split_whitespace() {
        let digits = word.strip_prefix('-').unwrap_or(word);
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let name: String = digits
            .get(end..)
            .unwrap_or("")
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        let count = word.get(..word.len() - digits.len() + end).unwrap_or("");
        let (Ok(count), Some(factor)) = (count.parse::<i64>(), length(call, unit(&name))?) else {
            return call.fail(format!(
                "to_time_unit() can not interpret following string: {text}"
            ));
        };
        let part = number::apply(Operator::Mul, &Value::Int(count), &factor)?;
        sum = number::apply(Operator::Add, &sum, &part)?;
    }
    let quotient = number::apply(Operator::Div, &sum, &divisor)?;
    Ok(match quotient {
        Value::Float(f) => Value::Float(super::numbers::round_float(f, 12)),
        other => other,
    })
}
