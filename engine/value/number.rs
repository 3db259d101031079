//! Python's arithmetic on values.

use crate::{List, Value};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};

/// Largest result of `*` on text and lists, in bytes or items, and of `**`, in bits: a guard for the controller's memory.
const MAX_REPEAT: usize = 64 << 20;

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `//`
    FloorDiv,
    /// `%` (of numbers; text formatting is the evaluator's)
    Rem,
    /// `**`
    Pow,
}

impl Operator {
    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::FloorDiv => "//",
            Self::Rem => "%",
            Self::Pow => "** or pow()",
        }
    }
}

/// The value as a big integer, if it is an integer or boolean.
pub fn to_big(v: &Value) -> Option<BigInt> {
    match v {
        Value::Big(n) => Some((**n).clone()),
        v => v.as_int().map(BigInt::from),
    }
}

/// Applies `operator`; the error is Python's message.
pub fn apply(operator: Operator, a: &Value, b: &Value) -> Result<Value, String> {
    if let (Some(x), Some(y)) = (a.as_int(), b.as_int())
        && let Some(result) = small(operator, x, y)
    {
        return result;
    }
    if let (Some(x), Some(y)) = (to_big(a), to_big(b)) {
        return big(operator, &x, &y);
    }
    if let (Some(x), Some(y)) = (a.as_float(), b.as_float()) {
        return floats(operator, x, y);
    }
    match (operator, a, b) {
        (Operator::Add, Value::Str(x), Value::Str(y)) => {
            Ok(Value::str(format!("{}{}", x.as_str(), y.as_str())))
        }
        (Operator::Add, Value::List(x), Value::List(y)) => {
            let mut items = x.to_vec();
            items.extend(y.to_vec());
            Ok(Value::List(List::new(items)))
        }
        (Operator::Add, Value::Tuple(x), Value::Tuple(y)) => {
            Ok(Value::Tuple(x.iter().chain(y.iter()).cloned().collect()))
        }
        (Operator::Add, Value::Bytes(x), Value::Bytes(y)) => {
            Ok(Value::Bytes([&x[..], &y[..]].concat().into()))
        }
        (Operator::Add, Value::Str(_), y) => Err(format!(
            "can only concatenate str (not \"{}\") to str",
            y.type_name()
        )),
        (Operator::Add, Value::List(_), y) => Err(format!(
            "can only concatenate list (not \"{}\") to list",
            y.type_name()
        )),
        (Operator::Mul, Value::Str(_) | Value::List(_) | Value::Tuple(_) | Value::Bytes(_), n)
            if n.as_int().is_some() =>
        {
            repeat(a, n)
        }
        (Operator::Mul, n, Value::Str(_) | Value::List(_) | Value::Tuple(_) | Value::Bytes(_))
            if n.as_int().is_some() =>
        {
            repeat(b, n)
        }
        (Operator::Mul, Value::Str(_) | Value::List(_), y) => Err(format!(
            "can't multiply sequence by non-int of type '{}'",
            y.type_name()
        )),
        (Operator::Mul, x, Value::Str(_) | Value::List(_)) => Err(format!(
            "can't multiply sequence by non-int of type '{}'",
            x.type_name()
        )),
        _ => Err(format!(
            "unsupported operand type(s) for {}: '{}' and '{}'",
            operator.symbol(),
            a.type_name(),
            b.type_name()
        )),
    }
}

/// `-x`.
pub fn negate(v: &Value) -> Result<Value, String> {
    match v {
        Value::Float(f) => Ok(Value::Float(-f)),
        v => match to_big(v) {
            Some(n) => Ok(Value::big(-n)),
            None => Err(format!("bad operand type for unary -: '{}'", v.type_name())),
        },
    }
}

fn repeat(seq: &Value, n: &Value) -> Result<Value, String> {
    let n = usize::try_from(n.as_int().unwrap_or(0)).unwrap_or(0);
    let too_long = |len: usize| len.checked_mul(n).is_none_or(|total| total > MAX_REPEAT);
    match seq {
        Value::Str(s) if !too_long(s.len()) => Ok(Value::str(s.repeat(n))),
        Value::List(l) if !too_long(l.len()) => {
            let items = l.to_vec();
            Ok(Value::list((0..n).flat_map(|_| items.iter().cloned())))
        }
        Value::Tuple(t) if !too_long(t.len()) => {
            Ok(Value::Tuple((0..n).flat_map(|_| t.iter().cloned()).collect()))
        }
        Value::Bytes(b) if !too_long(b.len()) => Ok(Value::Bytes(b.repeat(n).into())),
        _ => Err("the repeated sequence is too long".into()),
    }
}

fn small(operator: Operator, x: i64, y: i64) -> Option<Result<Value, String>> {
    Some(Ok(Value::Int(match operator {
        Operator::Add => x.checked_add(y)?,
        Operator::Sub => x.checked_sub(y)?,
        Operator::Mul => x.checked_mul(y)?,
        _ => return None,
    })))
}

fn big(operator: Operator, x: &BigInt, y: &BigInt) -> Result<Value, String> {
    let zero = || match operator {
        Operator::Div => "division by zero".to_owned(),
        Operator::Rem => "integer modulo by zero".to_owned(),
        _ => "integer division or modulo by zero".to_owned(),
    };
    Ok(match operator {
        Operator::Add => Value::big(x + y),
        Operator::Sub => Value::big(x - y),
        Operator::Mul => Value::big(x * y),
        Operator::Div => {
            if y.is_zero() {
                return Err(zero());
            }
            Value::Float(quotient(x, y).ok_or("integer division result too large for a float")?)
        }
        Operator::FloorDiv if y.is_zero() => return Err(zero()),
        Operator::Rem if y.is_zero() => return Err(zero()),
        Operator::FloorDiv => Value::big(x.div_floor(y)),
        Operator::Rem => Value::big(x.mod_floor(y)),
        Operator::Pow => {
            if y.is_negative() {
                return floats(
                    operator,
                    x.to_f64().unwrap_or(f64::NAN),
                    y.to_f64().unwrap_or(f64::NAN),
                );
            }
            match y.to_u32() {
                Some(e) if x.bits().saturating_mul(u64::from(e)) <= MAX_REPEAT as u64 => Value::big(x.pow(e)),
                _ => return Err("the power is too large".into()),
            }
        }
    })
}

fn floats(operator: Operator, x: f64, y: f64) -> Result<Value, String> {
    Ok(Value::Float(match operator {
        Operator::Add => x + y,
        Operator::Sub => x - y,
        Operator::Mul => x * y,
        Operator::Div if y == 0.0 => return Err("float division by zero".into()),
        Operator::FloorDiv if y == 0.0 => return Err("float floor division by zero".into()),
        Operator::Rem if y == 0.0 => return Err("float modulo".into()),
        Operator::Div => x / y,
        Operator::FloorDiv => floor_div(x, y),
        Operator::Rem => {
            let r = x % y;
            if r == 0.0 {
                r.copysign(y)
            } else if (r < 0.0) != (y < 0.0) {
                r + y
            } else {
                r
            }
        }
        Operator::Pow if x == 0.0 && y < 0.0 => return Err("0.0 cannot be raised to a negative power".into()),
        Operator::Pow if x.is_finite() && y.is_finite() && x.powf(y).is_infinite() => {
            return Err("(34, 'Numerical result out of range')".into());
        }
        Operator::Pow => x.powf(y),
    }))
}

/// The float nearest to the exact quotient, which the operands rounded to floats would miss; `None` beyond the largest.
fn quotient(x: &BigInt, y: &BigInt) -> Option<f64> {
    const BITS: i64 = 66;
    let bits = |n: &BigInt| i64::try_from(n.bits()).ok();
    let shift = BITS - (bits(x)? - bits(y)?);
    let (mut a, mut b) = (x.abs(), y.abs());
    match usize::try_from(shift) {
        Ok(up) => a <<= up,
        Err(_) => b <<= usize::try_from(-shift).ok()?,
    }
    let (whole, rest) = a.div_rem(&b);
    // whatever is left over decides only whether the rounded part is more than half
    let digits = whole.to_u128()? | u128::from(!rest.is_zero());
    let half = i32::try_from(-shift / 2).ok()?;
    let size = digits as f64 * 2_f64.powi(half) * 2_f64.powi(i32::try_from(-shift).ok()? - half);
    let negative = x.is_negative() != y.is_negative();
    size.is_finite().then_some(if negative { -size } else { size })
}

/// The whole number below the exact quotient, which the rounded one can exceed: `1.0 // 0.1` is 9.
fn floor_div(x: f64, y: f64) -> f64 {
    let rest = x % y;
    let quotient = (x - rest) / y;
    let quotient = if rest != 0.0 && (rest < 0.0) != (y < 0.0) {
        quotient - 1.0
    } else {
        quotient
    };
    if quotient == 0.0 {
        return 0_f64.copysign(x / y);
    }
    let whole = quotient.floor();
    if quotient - whole > 0.5 {
        whole + 1.0
    } else {
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::{Operator, apply};
    use crate::Value;

    fn calc(a: impl Into<Value>, op: Operator, b: impl Into<Value>) -> String {
        apply(op, &a.into(), &b.into()).map_or_else(|e| e, |v| v.repr())
    }

    #[test]
    fn division_and_modulo_follow_the_sign_of_the_divisor() {
        assert_eq!(calc(7_i64, Operator::Div, 2_i64), "3.5");
        assert_eq!(
            calc(9_007_199_254_740_993_i64, Operator::Div, 3_i64),
            "3002399751580331.0"
        );
        assert_eq!(calc(i64::MIN, Operator::Div, i64::MAX), "-1.0");
        assert_eq!(calc(0_i64, Operator::Div, -5_i64), "-0.0");
        assert_eq!(calc(-7_i64, Operator::FloorDiv, 2_i64), "-4");
        assert_eq!(calc(-7_i64, Operator::Rem, 3_i64), "2");
        assert_eq!(calc(7.5, Operator::Rem, -2_i64), "-0.5");
        assert_eq!(calc(1_i64, Operator::Div, 0_i64), "division by zero");
    }

    #[test]
    fn integers_have_no_limit_but_memory_has() {
        assert_eq!(calc(i64::MAX, Operator::Add, 1_i64), "9223372036854775808");
        assert_eq!(calc(2_i64, Operator::Pow, 70_i64), "1180591620717411303424");
        assert_eq!(calc(2_i64, Operator::Pow, -1_i64), "0.5");
        assert_eq!(
            calc(10_i64, Operator::Pow, 10_000_000_000_i64),
            "the power is too large"
        );
        assert_eq!(
            calc("x", Operator::Mul, 10_000_000_000_i64),
            "the repeated sequence is too long"
        );
    }

    #[test]
    fn text_and_numbers_do_not_add() {
        assert_eq!(
            calc("a", Operator::Add, 1_i64),
            "can only concatenate str (not \"int\") to str"
        );
        assert_eq!(
            calc(1_i64, Operator::Add, "a"),
            "unsupported operand type(s) for +: 'int' and 'str'"
        );
    }
}
