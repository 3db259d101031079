//! Methods of integers and floats.

use crate::{TemplateError, evaluator::Result, methods::Args};
use kdo_value::{BigInt, Value, number::to_big};

pub(crate) const INT_NAMES: &[&str] = &["as_integer_ratio", "bit_count", "bit_length", "conjugate"];
pub(crate) const FLOAT_NAMES: &[&str] = &["as_integer_ratio", "conjugate", "hex", "is_integer"];

/// Calls a number's method.
pub(crate) fn call(value: &Value, args: &Args<'_>) -> Result<Value> {
    args.at_most(0)?;
    if let Value::Float(f) = value {
        return float(*f, args.name);
    }
    let Some(n) = to_big(value) else {
        return Err(TemplateError::new(format!(
            "'{}' object has no method '{}'",
            value.type_name(),
            args.name
        )));
    };
    Ok(match args.name {
        "bit_length" => Value::from(n.bits()),
        "bit_count" => Value::from(
            n.magnitude()
                .iter_u64_digits()
                .map(|d| u64::from(d.count_ones()))
                .sum::<u64>(),
        ),
        "as_integer_ratio" => Value::Tuple([Value::big(n), Value::Int(1)].into()),
        _ => Value::big(n),
    })
}

fn float(f: f64, name: &str) -> Result<Value> {
    match name {
        "is_integer" => Ok(Value::Bool(f.fract() == 0.0)),
        "conjugate" => Ok(Value::Float(f)),
        "hex" => Ok(Value::str(hex(f))),
        _ => ratio(f),
    }
}

fn parts(f: f64) -> (bool, u64, i32) {
    let bits = f.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let exponent = i32::try_from(bits >> 52 & 0x7ff).unwrap_or(0);
    let (mantissa, exponent) = if exponent == 0 {
        (fraction, -1074)
    } else {
        (fraction | 1 << 52, exponent - 1075)
    };
    (f.is_sign_negative(), mantissa, exponent)
}

fn ratio(f: f64) -> Result<Value> {
    if !f.is_finite() {
        return Err("cannot convert infinity or NaN to integer ratio".into());
    }
    let (negative, mut mantissa, mut exponent) = parts(f);
    while mantissa != 0 && mantissa & 1 == 0 && exponent < 0 {
        mantissa >>= 1;
        exponent += 1;
    }
    if mantissa == 0 {
        exponent = 0;
    }
    let shift = exponent.unsigned_abs();
    let (top, bottom) = if exponent >= 0 {
        (BigInt::from(mantissa) << shift, BigInt::from(1))
    } else {
        (BigInt::from(mantissa), BigInt::from(1) << shift)
    };
    let top = if negative { -top } else { top };
    Ok(Value::Tuple([Value::big(top), Value::big(bottom)].into()))
}

fn hex(f: f64) -> String {
    if !f.is_finite() {
        return kdo_value::float_repr(f);
    }
    let sign = if f.is_sign_negative() { "-" } else { "" };
    if f == 0.0 {
        return format!("{sign}0x0.0p+0");
    }
    let (_, mantissa, exponent) = parts(f);
    let normal = mantissa >> 52;
    format!(
        "{sign}0x{normal}.{:013x}p{:+}",
        mantissa & ((1 << 52) - 1),
        exponent + 52
    )
}
