//! Filters on numbers, and between numbers and sizes in words.

use super::conversion::{read_float, truncate};
use crate::{Call, Callable, Check, TemplateError, declare::callable};
use kdo_value::{
    Value,
    number::{Operator, apply, negate},
};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.abs", abs, "The number without its sign.", [];
        "{{ -5 | abs }}" => "5", "{{ (-2.5) | abs }}" => "2.5"),
    callable!("ansible.builtin.round", round, "The number rounded to a precision: `common`, `ceil` or `floor`.", [];
        "{{ 2.5 | round }}" => "2.0", "{{ 2.675 | round(2) }}" => "2.67", "{{ 2.1 | round(0, 'ceil') }}" => "3.0",
        "{{ 25 | round(-1) }}" => "20", "{{ 5 | round }}" => "5"),
    callable!("ansible.builtin.log", log, "The logarithm, natural or to a base.", [];
        "{{ 8 | log(2) }}" => "3.0", "{{ 100 | log(10) }}" => "2.0", "{{ 8 | log }}" => "2.0794415416798357"),
    callable!("ansible.builtin.pow", pow, "The number raised to a power.", [];
        "{{ 2 | pow(3) }}" => "8.0", "{{ 2 | pow(-1) }}" => "0.5"),
    callable!("ansible.builtin.root", root, "The square root, or the root of a given degree.", [];
        "{{ 16 | root }}" => "4.0", "{{ 27 | root(3) }}" => "3.0"),
    callable!("ansible.builtin.human_readable", human_readable, "A size in bytes (or bits) with a fitting unit.", [];
        "{{ 1024 | human_readable }}" => r#""1.00 KB""#, "{{ 10 | human_readable(true) }}" => r#""10.00 bits""#,
        "{{ 123456789 | human_readable(unit='K') }}" => r#""120563.27 KB""#),
    callable!("ansible.builtin.human_to_bytes", human_to_bytes, "The number of bytes (or bits) that a size with a unit means.", [];
        "{{ '10M' | human_to_bytes }}" => "10485760", "{{ '1.5 GB' | human_to_bytes }}" => "1610612736",
        "{{ '10' | human_to_bytes('K') }}" => "10240", "{{ '10Mb' | human_to_bytes(isbits=true) }}" => "10485760"),
    callable!("ansible.builtin.filesizeformat", file_size, "A size in bytes with a fitting unit of powers of 1000 (or 1024).", [];
        "{{ 1500 | filesizeformat }}" => r#""1.5 kB""#, "{{ 1024 | filesizeformat(true) }}" => r#""1.0 KiB""#,
        "{{ 1 | filesizeformat }}" => r#""1 Byte""#),
];

fn abs(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    match value {
        Value::Float(f) => Ok(Value::Float(f.abs())),
        Value::Bool(b) => Ok(Value::Int(i64::from(*b))),
        Value::Int(_) | Value::Big(_) => {
            let negative = value.as_float().is_some_and(|f| f < 0.0);
            Ok(if negative { negate(value)? } else { value.clone() })
        }
        other => call.fail(format!("bad operand type for abs(): '{}'", other.type_name())),
    }
}

/// `round(f, digits)`: by the decimal digits of the exact value, ties to even.
pub(crate) fn round_float(f: f64, digits: i64) -> f64 {
    if !f.is_finite() || digits > 320 {
        return f;
    }
    if let Ok(digits) = usize::try_from(digits) {
        // formatting rounds the exact binary value, ties to even, as Python does
        return format!("{f:.digits$}").parse().unwrap_or(f);
    }
    let unit = 10_f64.powi(i32::try_from(digits.saturating_neg()).unwrap_or(i32::MAX));
    if unit.is_finite() {
        (f / unit).round_ties_even() * unit
    } else {
        0.0 * f
    }
}

fn round(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let digits = call.int(1, "precision", 0)?;
    let method = call.text(2, "method", "common")?;
    match method.as_str() {
        "common" => match value {
            Value::Float(f) => Ok(Value::Float(round_float(*f, digits))),
            Value::Int(_) | Value::Bool(_) | Value::Big(_) => round_int(call, value, digits),
            other => call.fail(format!(
                "type {} doesn't define __round__ method",
                other.type_name()
            )),
        },
        "ceil" | "floor" => {
            let power = 10_f64.powi(i32::try_from(digits).unwrap_or(i32::MAX));
            let Some(f) = value.as_float() else {
                return call.fail(format!(
                    "unsupported operand type(s) for *: '{}' and 'int'",
                    value.type_name()
                ));
            };
            let scaled = f * power;
            let whole = if method == "ceil" {
                scaled.ceil()
            } else {
                scaled.floor()
            };
            if whole.is_nan() {
                return call.fail("cannot convert float NaN to integer");
            }
            if whole.is_infinite() {
                return call.fail("cannot convert float infinity to integer");
            }
            // Python's `ceil` and `floor` give integers, which have no negative zero
            Ok(Value::Float((whole + 0.0) / power))
        }
        _ => call.fail("method must be common, ceil or floor"),
    }
}

fn round_int(call: &Call<'_>, value: &Value, digits: i64) -> Result<Value, TemplateError> {
    let whole = match value {
        Value::Bool(b) => Value::Int(i64::from(*b)),
        v => v.clone(),
    };
    if digits >= 0 {
        return Ok(whole);
    }
    if digits < -400 {
        return Ok(Value::Int(0));
    }
    let unit = apply(Operator::Pow, &Value::Int(10), &Value::Int(-digits))?;
    let rest = apply(Operator::Rem, &whole, &unit)?;
    let down = apply(Operator::Sub, &whole, &rest)?;
    let twice = apply(Operator::Mul, &rest, &Value::Int(2))?;
    let half = match twice.py_cmp(&unit, "<")? {
        Some(std::cmp::Ordering::Equal) => {
            let odd = apply(
                Operator::Rem,
                &apply(Operator::FloorDiv, &down, &unit)?,
                &Value::Int(2),
            )?;
            odd.truthy()
        }
        Some(order) => order.is_gt(),
        None => return call.fail("cannot round this number"),
    };
    Ok(if half {
        apply(Operator::Add, &down, &unit)?
    } else {
        down
    })
}

fn real(call: &Call<'_>, value: &Value) -> Result<f64, TemplateError> {
    value.check()?.as_float().ok_or_else(|| {
        TemplateError::new(format!(
            "{}() can only be used on numbers: must be real number, not {}",
            call.name,
            value.type_name()
        ))
    })
}

fn log(call: &Call<'_>) -> Result<Value, TemplateError> {
    let x = real(call, call.subject()?)?;
    let base = match call.get(1, "base") {
        Some(v) => real(call, v)?,
        None => std::f64::consts::E,
    };
    if x <= 0.0 || base <= 0.0 {
        return call.fail("math domain error");
    }
    Ok(Value::Float(if call.get(1, "base").is_none() {
        x.ln()
    } else if base == 10.0 {
        x.log10()
    } else if base == 1.0 {
        return call.fail("float division by zero");
    } else {
        x.ln() / base.ln()
    }))
}

fn pow(call: &Call<'_>) -> Result<Value, TemplateError> {
    let x = real(call, call.subject()?)?;
    let y = real(call, call.required(1, "y")?)?;
    power(call, x, y)
}

fn power(call: &Call<'_>, x: f64, y: f64) -> Result<Value, TemplateError> {
    let result = x.powf(y);
    if result.is_infinite() && x.is_finite() && y.is_finite() {
        return call.fail(if x == 0.0 {
            "math domain error"
        } else {
            "math range error"
        });
    }
    if result.is_nan() && !x.is_nan() && !y.is_nan() {
        return call.fail(format!(
            "{}() can only be used on numbers: math domain error",
            call.name
        ));
    }
    Ok(Value::Float(result))
}

fn root(call: &Call<'_>) -> Result<Value, TemplateError> {
    let x = real(call, call.subject()?)?;
    let base = match call.get(1, "base") {
        Some(v) => real(call, v)?,
        None => 2.0,
    };
    if base == 2.0 {
        if x < 0.0 {
            return call.fail("root() can only be used on numbers: math domain error");
        }
        return Ok(Value::Float(x.sqrt()));
    }
    if base == 0.0 {
        return call.fail("float division by zero");
    }
    power(call, x, 1.0 / base)
}

const UNITS: [(char, f64); 9] = [
    ('Y', 1_208_925_819_614_629_174_706_176.0),
    ('Z', 1_180_591_620_717_411_303_424.0),
    ('E', 1_152_921_504_606_846_976.0),
    ('P', 1_125_899_906_842_624.0),
    ('T', 1_099_511_627_776.0),
    ('G', 1_073_741_824.0),
    ('M', 1_048_576.0),
    ('K', 1024.0),
    ('B', 1.0),
];

fn human_readable(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some(size) = value.as_float() else {
        return call.fail(format!(
            "human_readable() failed on bad input: '>=' not supported between instances of '{}' and 'int'",
            value.type_name()
        ));
    };
    let bits = call.flag(1, "isbits", false);
    let unit = match call.get(2, "unit") {
        None | Some(Value::None) => None,
        Some(v) => Some(v.check()?.to_text().to_uppercase()),
    };
    let (letter, limit) = UNITS
        .iter()
        .copied()
        .find(|(letter, limit)| match &unit {
            None => size >= *limit,
            Some(u) => u.starts_with(*letter),
        })
        .unwrap_or(('B', 1.0));
    let base = if bits { "bits" } else { "Bytes" };
    let suffix = match (letter, bits) {
        ('B', _) => base.to_owned(),
        (l, true) => format!("{l}b"),
        (l, false) => format!("{l}B"),
    };
    Ok(Value::str(format!("{:.2} {suffix}", size / limit)))
}

/// Reads a size such as `10M`; the error is what is wrong with it.
pub(crate) fn read_size(text: &str, default_unit: Option<&str>, bits: bool) -> Result<Value, String> {
    let trimmed = text.trim_start();
    let end = trimmed
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(trimmed.len());
    let (digits, rest) = trimmed.split_at(end);
    let rest = rest.trim_start();
    let letters = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let (unit, _) = rest.split_at(letters);
    let cannot = || format!("human_to_bytes() can't interpret following string: {text}");
    let number = read_float(digits).ok_or_else(cannot)?;
    let unit = if unit.is_empty() {
        default_unit.unwrap_or("")
    } else {
        unit
    };
    let Some(first) = unit.chars().next() else {
        return truncate(number.round_ties_even()).ok_or_else(cannot);
    };
    let Some((letter, limit)) = UNITS.iter().find(|(l, _)| *l == first.to_ascii_uppercase()) else {
        return Err(format!(
            "human_to_bytes() failed to convert {text} (unit = {unit}). The suffix must be one of Y, Z, E, P, T, G, M, K, B"
        ));
    };
    let small = if bits { 'b' } else { 'B' };
    let word = if bits { "bit" } else { "byte" };
    let (expected, fits) = if *letter == 'B' {
        (
            format!("{small} or {word}"),
            unit.len() == 1 || unit.eq_ignore_ascii_case(word),
        )
    } else {
        let pair = format!("{letter}{small}");
        let long = unit.len() > 2;
        (
            format!("{pair} or {letter}"),
            unit.len() == 1 || (!long && unit.get(1..) == pair.get(1..)),
        )
    };
    if !fits {
        return Err(format!(
            "human_to_bytes() failed to convert {text}. Value is not a valid string (expect {expected})"
        ));
    }
    truncate((number * limit).round_ties_even()).ok_or_else(cannot)
}

fn human_to_bytes(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let unit = match call.get(1, "default_unit") {
        None | Some(Value::None) => None,
        Some(v) => Some(v.check()?.to_text()),
    };
    match read_size(&value.to_text(), unit.as_deref(), call.flag(2, "isbits", false)) {
        Ok(v) => Ok(v),
        Err(e) => call.fail(format!("human_to_bytes() can't interpret the input: {e}")),
    }
}

fn file_size(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let number = match value {
        Value::Str(s) => read_float(s),
        v => v.as_float(),
    };
    let Some(bytes) = number else {
        return call.fail(format!("could not convert string to float: {}", value.repr()));
    };
    let binary = call.flag(1, "binary", false);
    let base: f64 = if binary { 1024.0 } else { 1000.0 };
    if bytes == 1.0 {
        return Ok(Value::str("1 Byte"));
    }
    if bytes < base {
        return Ok(Value::str(format!("{} Bytes", bytes.trunc())));
    }
    let prefixes = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
    let mut unit = base;
    let mut text = String::new();
    for prefix in prefixes {
        unit *= base;
        let name = if binary {
            format!("{}iB", prefix.to_uppercase())
        } else {
            format!("{prefix}B")
        };
        text = format!("{:.1} {name}", base * bytes / unit);
        if bytes < unit {
            break;
        }
    }
    Ok(Value::str(text))
}
