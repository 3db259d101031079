//! Digits of numbers for `%` and `format`.

use crate::{TemplateError, evaluator::Result};
use kdo_value::{BigInt, float_repr};

/// Largest precision.
pub(crate) const MAX_PRECISION: usize = 1000;

/// A float without sign in the style of `kind`: one of `e f g` (either case) or `r` for the shortest digits.
/// `alternate` keeps the point and the zeros of `g`.
pub(crate) fn float(f: f64, kind: char, precision: Option<usize>, alternate: bool) -> Result<String> {
    let f = f.abs();
    if !f.is_finite() {
        let text = if f.is_nan() { "nan" } else { "inf" };
        return Ok(if kind.is_ascii_uppercase() {
            text.to_uppercase()
        } else {
            text.into()
        });
    }
    let precision = precision.unwrap_or(6);
    if precision > MAX_PRECISION {
        return Err(TemplateError::new("precision too big"));
    }
    let text = match kind.to_ascii_lowercase() {
        'f' => format!("{f:.precision$}"),
        'e' => exponent(f, precision),
        'g' => general(f, precision.max(1), alternate),
        _ => float_repr(f),
    };
    let text = if alternate && !text.contains('.') {
        match text.split_once('e') {
            Some((m, e)) => format!("{m}.e{e}"),
            None => format!("{text}."),
        }
    } else {
        text
    };
    Ok(if kind.is_ascii_uppercase() {
        text.to_uppercase()
    } else {
        text
    })
}

fn exponent(f: f64, precision: usize) -> String {
    let text = format!("{f:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

fn general(f: f64, precision: usize, alternate: bool) -> String {
    let scientific = exponent(f, precision - 1);
    let power: i64 = scientific
        .split_once('e')
        .and_then(|(_, e)| e.parse().ok())
        .unwrap_or(0);
    let limit = i64::try_from(precision).unwrap_or(i64::MAX);
    let text = if power >= -4 && power < limit {
        let digits = usize::try_from(limit - 1 - power).unwrap_or(0);
        format!("{f:.digits$}")
    } else {
        scientific
    };
    if alternate {
        return text;
    }
    let (mantissa, tail) = match text.split_once('e') {
        Some((m, e)) => (m.to_owned(), format!("e{e}")),
        None => (text, String::new()),
    };
    let mantissa = if mantissa.contains('.') {
        mantissa.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        mantissa
    };
    mantissa + &tail
}

/// An integer's digits without sign in base `kind`: `d o x X b`.
pub(crate) fn integer(n: &BigInt, kind: char) -> String {
    let magnitude = n.magnitude();
    match kind {
        'o' => magnitude.to_str_radix(8),
        'x' => magnitude.to_str_radix(16),
        'X' => magnitude.to_str_radix(16).to_uppercase(),
        'b' => magnitude.to_str_radix(2),
        _ => magnitude.to_string(),
    }
}

/// Puts `separator` between groups of `size` digits before the point.
pub(crate) fn grouped(digits: &str, separator: char, size: usize) -> String {
    let end = digits
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(digits.len());
    let end = if size == 3 {
        digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len())
    } else {
        end
    };
    let (whole, rest) = digits.split_at(end);
    let count = whole.chars().count();
    let mut out = String::new();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (count - i) % size == 0 {
            out.push(separator);
        }
        out.push(c);
    }
    out + rest
}
