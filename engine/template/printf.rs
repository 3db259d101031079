//! `'%05.2f' % x`.

use crate::{
    Check, TemplateError,
    evaluator::Result,
    number_text,
    output::{MAX_TEXT, too_large},
};
use kdo_value::{BigInt, Value, number::to_big, repr_str};
use num_bigint::Sign;

/// Width and precision are read up to here.
const MAX_WIDTH: usize = 1 << 20;

struct Spec {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

struct Source<'a> {
    args: &'a [Value],
    next: usize,
    map: Option<&'a Value>,
}

impl Source<'_> {
    fn take(&mut self) -> Result<Value> {
        let value = self.args.get(self.next).cloned();
        self.next += 1;
        let value = value.ok_or("not enough arguments for format string")?;
        value.check()?;
        Ok(value)
    }
}

/// Formats text as Python's `%` operator.
pub(crate) fn format(format: &str, operand: &Value) -> Result<String> {
    let single = [operand.clone()];
    let mut source = Source {
        args: match operand {
            Value::Tuple(items) => items,
            _ => &single,
        },
        next: 0,
        map: matches!(operand, Value::Map(_)).then_some(operand),
    };
    let mut out = String::with_capacity(format.len());
    let mut rest = format;
    let mut used_map = false;
    while let Some(at) = rest.find('%') {
        out.push_str(rest.get(..at).unwrap_or(""));
        rest = rest.get(at + 1..).unwrap_or("");
        let mut key = None;
        if let Some(inner) = rest.strip_prefix('(') {
            let end = closing(inner).ok_or("incomplete format key")?;
            let Some(map) = source.map else {
                return Err("format requires a mapping".into());
            };
            let name = inner.get(..end).unwrap_or("");
            let value = map.get(name).ok_or_else(|| TemplateError::new(repr_str(name)))?;
            value.check()?;
            key = Some(value);
            used_map = true;
            rest = inner.get(end + 1..).unwrap_or("");
        }
        // only `%%` itself is a per cent sign; one with anything between is a conversion like others
        if let Some(after) = rest.strip_prefix('%').filter(|_| key.is_none()) {
            out.push('%');
            rest = after;
            continue;
        }
        let (spec, kind, after) = read_spec(rest, &mut source)?;
        rest = after;
        let value = match key {
            Some(v) => v,
            None => source.take()?,
        };
        out.push_str(&one(&spec, kind, &value)?);
        if out.len() > MAX_TEXT {
            return Err(too_large());
        }
    }
    out.push_str(rest);
    // Lists count as mappings here, as in Python.
    let mapping = matches!(
        operand,
        Value::Map(_) | Value::List(_) | Value::Object(_) | Value::Undefined(_)
    );
    let excused = used_map || mapping && source.next == 0;
    if source.next < source.args.len() && !excused {
        return Err("not all arguments converted during string formatting".into());
    }
    Ok(out)
}

fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    text.char_indices().find_map(|(i, c)| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        (depth == 0).then_some(i)
    })
}

fn read_spec<'t>(text: &'t str, source: &mut Source<'_>) -> Result<(Spec, char, &'t str)> {
    let mut spec = Spec {
        left: false,
        plus: false,
        space: false,
        zero: false,
        alternate: false,
        width: 0,
        precision: None,
    };
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match c {
            '-' => spec.left = true,
            '+' => spec.plus = true,
            ' ' => spec.space = true,
            '0' => spec.zero = true,
            '#' => spec.alternate = true,
            _ => break,
        }
        rest = rest.get(1..).unwrap_or("");
    }
    let mut number = |rest: &mut &'t str| -> Result<Option<i64>> {
        if let Some(after) = rest.strip_prefix('*') {
            *rest = after;
            return Ok(Some(source.take()?.as_int().ok_or("* wants int")?));
        }
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let digits = rest.get(..end).unwrap_or("");
        *rest = rest.get(end..).unwrap_or("");
        Ok((!digits.is_empty()).then(|| digits.parse().unwrap_or(i64::MAX)))
    };
    let width = number(&mut rest)?.unwrap_or(0);
    spec.left |= width < 0;
    spec.width = usize::try_from(width.unsigned_abs()).unwrap_or(usize::MAX);
    if let Some(after) = rest.strip_prefix('.') {
        rest = after;
        let precision = number(&mut rest)?.unwrap_or(0).max(0);
        spec.precision = Some(usize::try_from(precision).unwrap_or(usize::MAX));
    }
    rest = rest.trim_start_matches(['h', 'l', 'L']);
    if spec.width > MAX_WIDTH || spec.precision.is_some_and(|p| p > MAX_WIDTH) {
        return Err("width too big".into());
    }
    let kind = rest.chars().next().ok_or("incomplete format")?;
    Ok((spec, kind, rest.get(kind.len_utf8()..).unwrap_or("")))
}

fn one(spec: &Spec, kind: char, value: &Value) -> Result<String> {
    let cut = |text: String| match spec.precision {
        Some(p) => text.chars().take(p).collect(),
        None => text,
    };
    match kind {
        's' => Ok(pad(spec, "", &cut(value.to_text()), false)),
        'r' => Ok(pad(spec, "", &cut(value.repr()), false)),
        'a' => Ok(pad(spec, "", &cut(ascii(&value.repr())), false)),
        'c' => {
            let c = match value {
                Value::Str(s) if s.chars().count() == 1 => s.as_str().to_owned(),
                v => match v
                    .as_int()
                    .and_then(|n| u32::try_from(n).ok())
                    .and_then(char::from_u32)
                {
                    Some(c) => c.to_string(),
                    None => return Err("%c requires int or char".into()),
                },
            };
            Ok(pad(spec, "", &c, false))
        }
        'd' | 'i' | 'u' | 'o' | 'x' | 'X' => whole(spec, kind, value),
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            let Some(f) = value.as_float() else {
                return Err(TemplateError::new(format!(
                    "must be real number, not {}",
                    value.type_name()
                )));
            };
            let digits = number_text::float(f, kind, spec.precision, spec.alternate)?;
            let negative = f.is_sign_negative() && !f.is_nan();
            Ok(pad(spec, sign(spec, negative), &digits, true))
        }
        other => Err(TemplateError::new(format!(
            "unsupported format character '{other}'"
        ))),
    }
}

fn whole(spec: &Spec, kind: char, value: &Value) -> Result<String> {
    let n = match value {
        Value::Float(f) if matches!(kind, 'd' | 'i' | 'u') => {
            exact(f.trunc()).ok_or("cannot convert float infinity or NaN to integer")?
        }
        v => to_big(v).ok_or_else(|| {
            let wanted = if matches!(kind, 'd' | 'i' | 'u') {
                "a real number"
            } else {
                "an integer"
            };
            TemplateError::new(format!(
                "%{kind} format: {wanted} is required, not {}",
                v.type_name()
            ))
        })?,
    };
    let mut digits = number_text::integer(&n, kind);
    if let Some(p) = spec.precision {
        digits = format!("{digits:0>p$}", p = p.min(number_text::MAX_PRECISION));
    }
    if spec.alternate {
        digits = match kind {
            'o' => format!("0o{digits}"),
            'x' => format!("0x{digits}"),
            'X' => format!("0X{digits}"),
            _ => digits,
        };
    }
    Ok(pad(spec, sign(spec, n.sign() == Sign::Minus), &digits, true))
}

fn sign(spec: &Spec, negative: bool) -> &'static str {
    match (negative, spec.plus, spec.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    }
}

fn pad(spec: &Spec, sign: &str, text: &str, zeros: bool) -> String {
    let missing = spec.width.saturating_sub(sign.len() + text.chars().count());
    if spec.left {
        return format!("{sign}{text}{}", " ".repeat(missing));
    }
    if spec.zero && zeros {
        let (prefix, digits) = match text.get(..2) {
            Some("0x" | "0X" | "0o") if spec.alternate => text.split_at(2),
            _ => ("", text),
        };
        return format!("{sign}{prefix}{}{digits}", "0".repeat(missing));
    }
    format!("{}{sign}{text}", " ".repeat(missing))
}

/// `ascii()` of a text that is a `repr` already.
pub(crate) fn ascii(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c as u32 {
            0..=0x7f => out.push(c),
            n @ 0x80..=0xff => out.push_str(&format!("\\x{n:02x}")),
            n @ 0x100..=0xffff => out.push_str(&format!("\\u{n:04x}")),
            n => out.push_str(&format!("\\U{n:08x}")),
        }
    }
    out
}

/// The integer that a whole float is.
fn exact(f: f64) -> Option<BigInt> {
    format!("{f:.0}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::format;
    use kdo_value::{Map, Value};

    fn show(template: &str, value: impl Into<Value>) -> String {
        format(template, &value.into()).unwrap_or_else(|e| e.message)
    }

    #[test]
    fn numbers_are_written_as_python_writes_them() {
        assert_eq!(show("%05.2f|", Value::Float(2.5071)), "02.51|");
        assert_eq!(show("%+d", Value::Int(5)), "+5");
        assert_eq!(show("%-5s|", Value::str("ab")), "ab   |");
        assert_eq!(show("%#06x", Value::Int(255)), "0x00ff");
        assert_eq!(show("%g", Value::Float(1e-5)), "1e-05");
        assert_eq!(show("%.3g", Value::Float(1234.5)), "1.23e+03");
        assert_eq!(show("%d", Value::Float(-3.9)), "-3");
        assert_eq!(show("%5.1e%%", Value::Float(12345.0)), "1.2e+04%");
    }

    #[test]
    fn arguments_must_fit() {
        assert_eq!(
            show("%d", Value::str("x")),
            "%d format: a real number is required, not str"
        );
        assert_eq!(
            show("%s %s", Value::str("x")),
            "not enough arguments for format string"
        );
        assert_eq!(
            show("x", Value::Int(1)),
            "not all arguments converted during string formatting"
        );
        assert_eq!(show("%", Value::Int(1)), "incomplete format");
        let map = Map::new();
        map.insert("a", 1_i64);
        assert_eq!(show("%(a)03d", Value::Map(map)), "001");
        assert_eq!(show("%(a)s", Value::Int(1)), "format requires a mapping");
    }
}
