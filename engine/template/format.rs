//! `str.format` and its format specifications.

use crate::{
    Check, TemplateError,
    evaluator::{Evaluator, Result},
    number_text::{self, grouped},
    output::{MAX_TEXT, too_large},
    printf::ascii,
};
use kdo_value::{Value, number::to_big};
use num_bigint::Sign;

const MAX_WIDTH: usize = 1 << 20;

/// Where the values of replacement fields come from.
pub(crate) struct Fields<'a> {
    pub(crate) positional: &'a [Value],
    pub(crate) named: &'a dyn Fn(&str) -> Option<Value>,
    /// Number of the next field without a name; `None` after a numbered one.
    pub(crate) next: Option<usize>,
    pub(crate) evaluator: &'a Evaluator<'a>,
}

impl Fields<'_> {
    /// Replaces the fields of `text`; specifications may hold fields of their own.
    pub(crate) fn format(&mut self, text: &str, depth: usize) -> Result<String> {
        if depth > 2 {
            return Err("Max string recursion exceeded".into());
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            out.push_str(rest.get(..at).unwrap_or(""));
            let brace = rest.get(at..at + 1).unwrap_or("{");
            rest = rest.get(at + 1..).unwrap_or("");
            if let Some(after) = rest.strip_prefix(brace) {
                out.push_str(brace);
                rest = after;
                continue;
            }
            if brace == "}" {
                return Err("Single '}' encountered in format string".into());
            }
            let end = field_end(rest).ok_or("expected '}' before end of string")?;
            out.push_str(&self.field(rest.get(..end).unwrap_or(""), depth)?);
            rest = rest.get(end + 1..).unwrap_or("");
            if out.len() > MAX_TEXT {
                return Err(too_large());
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    fn field(&mut self, field: &str, depth: usize) -> Result<String> {
        let split = field_name_end(field);
        let (name, tail) = field.split_at(split);
        let (conversion, spec) = match tail.strip_prefix('!') {
            Some(t) => {
                let c = t
                    .chars()
                    .next()
                    .ok_or("end of string while looking for conversion specifier")?;
                let after = t.get(c.len_utf8()..).unwrap_or("");
                match after.strip_prefix(':') {
                    Some(spec) => (Some(c), spec),
                    None if after.is_empty() => (Some(c), ""),
                    None => return Err("expected ':' after conversion specifier".into()),
                }
            }
            None => (None, tail.strip_prefix(':').unwrap_or("")),
        };
        let value = self.value(name)?;
        value.check()?;
        let value = match conversion {
            None => value,
            Some('s') => Value::str(value.to_text()),
            Some('r') => Value::str(value.repr()),
            Some('a') => Value::str(ascii(&value.repr())),
            Some(c) => return Err(TemplateError::new(format!("Unknown conversion specifier '{c}'"))),
        };
        let spec = if spec.contains(['{', '}']) {
            self.format(spec, depth + 1)?
        } else {
            spec.to_owned()
        };
        with_spec(&value, &spec)
    }

    fn value(&mut self, name: &str) -> Result<Value> {
        let end = name.find(['.', '[']).unwrap_or(name.len());
        let (first, mut rest) = name.split_at(end);
        let mut value = if first.is_empty() {
            let n = self
                .next
                .ok_or("cannot switch from manual field specification to automatic field numbering")?;
            self.next = Some(n + 1);
            self.positional(n)?
        } else if first.bytes().all(|b| b.is_ascii_digit()) {
            if self.next.is_some_and(|n| n > 0) {
                return Err(
                    "cannot switch from automatic field numbering to manual field specification".into(),
                );
            }
            self.next = None;
            self.positional(first.parse().unwrap_or(usize::MAX))?
        } else {
            (self.named)(first).ok_or_else(|| TemplateError::new(kdo_value::repr_str(first)))?
        };
        while !rest.is_empty() {
            value = if let Some(after) = rest.strip_prefix('[') {
                let end = after.find(']').ok_or("Missing ']' in format string")?;
                let key = after.get(..end).unwrap_or("");
                rest = after.get(end + 1..).unwrap_or("");
                let key = key.parse::<i64>().map_or_else(|_| Value::str(key), Value::Int);
                let known = match &value {
                    Value::Map(m) => m.get_value(&key).is_some(),
                    Value::Object(o) => o.get(&key).is_some(),
                    _ => !key.type_name().eq("str"),
                };
                if !known {
                    return Err(TemplateError::new(key.repr()));
                }
                self.evaluator.item(&value, &key)?.check()?.clone()
            } else if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let name = after.get(..end).unwrap_or("");
                rest = after.get(end..).unwrap_or("");
                if matches!(&value, Value::Map(_)) || name.starts_with('_') {
                    return Err(TemplateError::new(format!(
                        "'{}' object has no attribute '{name}'",
                        value.type_name()
                    )));
                }
                self.evaluator.attr(&value, name)?.check()?.clone()
            } else {
                return Err("Only '.' or '[' may follow ']' in format field specifier".into());
            };
        }
        Ok(value)
    }

    fn positional(&self, index: usize) -> Result<Value> {
        self.positional.get(index).cloned().ok_or_else(|| {
            TemplateError::new(format!(
                "Replacement index {index} out of range for positional args tuple"
            ))
        })
    }
}

/// Where the field's closing brace is.
fn field_end(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (i, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(i),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn field_name_end(field: &str) -> usize {
    let mut bracket = false;
    for (i, c) in field.char_indices() {
        match c {
            '[' => bracket = true,
            ']' => bracket = false,
            '!' | ':' if !bracket => return i,
            _ => {}
        }
    }
    field.len()
}

#[derive(Default)]
struct Spec {
    fill: Option<char>,
    align: Option<char>,
    sign: Option<char>,
    alternate: bool,
    width: usize,
    grouping: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

fn read_spec(text: &str) -> Result<Spec> {
    let mut spec = Spec::default();
    let mut chars: std::collections::VecDeque<char> = text.chars().collect();
    let is_align = |c: Option<&char>| matches!(c, Some('<' | '>' | '=' | '^'));
    if is_align(chars.get(1)) {
        spec.fill = chars.pop_front();
        spec.align = chars.pop_front();
    } else if is_align(chars.front()) {
        spec.align = chars.pop_front();
    }
    if matches!(chars.front(), Some('+' | '-' | ' ')) {
        spec.sign = chars.pop_front();
    }
    if chars.front() == Some(&'z') {
        chars.pop_front();
    }
    if chars.front() == Some(&'#') {
        spec.alternate = true;
        chars.pop_front();
    }
    if chars.front() == Some(&'0') {
        chars.pop_front();
        spec.fill.get_or_insert('0');
        spec.align.get_or_insert('=');
    }
    let number = |chars: &mut std::collections::VecDeque<char>| -> Result<Option<usize>> {
        let mut n: Option<usize> = None;
        while let Some(d) = chars.front().and_then(|c| c.to_digit(10)) {
            chars.pop_front();
            let next = n.unwrap_or(0) * 10 + d as usize;
            if next > MAX_WIDTH {
                return Err("Too many decimal digits in format string".into());
            }
            n = Some(next);
        }
        Ok(n)
    };
    spec.width = number(&mut chars)?.unwrap_or(0);
    if matches!(chars.front(), Some(',' | '_')) {
        spec.grouping = chars.pop_front();
    }
    if chars.front() == Some(&'.') {
        chars.pop_front();
        spec.precision = Some(number(&mut chars)?.ok_or("Format specifier missing precision")?);
    }
    spec.kind = chars.pop_front();
    if !chars.is_empty() {
        return Err("Invalid format specifier".into());
    }
    Ok(spec)
}

/// `format(value, spec)`.
pub(crate) fn with_spec(value: &Value, spec: &str) -> Result<String> {
    if spec.is_empty() {
        return Ok(value.to_text());
    }
    if let Value::Object(o) = value
        && let Some(result) = o.call_method("__format__", &[Value::str(spec)], &[])
    {
        return Ok(result?.to_text());
    }
    let fills_inside = spec.starts_with('=') || spec.chars().nth(1) == Some('=');
    let spec = read_spec(spec)?;
    let unknown = |kind: char| {
        TemplateError::new(format!(
            "Unknown format code '{kind}' for object of type '{}'",
            value.type_name()
        ))
    };
    match value {
        Value::Float(f) => float(*f, &spec).ok_or_else(|| unknown(spec.kind.unwrap_or('?')))?,
        Value::Int(_) | Value::Big(_) | Value::Bool(_) => match spec.kind {
            Some(k @ ('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%')) => {
                float(value.as_float().unwrap_or(f64::NAN), &spec).ok_or_else(|| unknown(k))?
            }
            kind => integer(value, kind.unwrap_or('d'), &spec).ok_or_else(|| unknown(kind.unwrap_or('?')))?,
        },
        Value::Str(s) => {
            if let Some(k) = spec.kind.filter(|k| *k != 's') {
                return Err(unknown(k));
            }
            let refused = match &spec {
                Spec { sign: Some(_), .. } => Some("Sign not allowed in string format specifier".to_owned()),
                Spec { alternate: true, .. } => {
                    Some("Alternate form (#) not allowed in string format specifier".to_owned())
                }
                Spec {
                    grouping: Some(g), ..
                } => Some(format!("Cannot specify '{g}' with 's'.")),
                _ => None,
            };
            if let Some(why) = refused {
                return Err(TemplateError::new(why));
            }
            if fills_inside {
                return Err("'=' alignment not allowed in string format specifier".into());
            }
            let text: String = s.chars().take(spec.precision.unwrap_or(usize::MAX)).collect();
            let spec = Spec {
                align: spec.align.filter(|a| *a != '='),
                ..spec
            };
            Ok(aligned(&spec, "", &text, '<'))
        }
        other => Err(TemplateError::new(format!(
            "unsupported format string passed to {}.__format__",
            other.type_name()
        ))),
    }
}

fn sign(spec: &Spec, negative: bool) -> &'static str {
    match (negative, spec.sign) {
        (true, _) => "-",
        (_, Some('+')) => "+",
        (_, Some(' ')) => " ",
        _ => "",
    }
}

fn integer(value: &Value, kind: char, spec: &Spec) -> Option<Result<String>> {
    let n = to_big(value)?;
    let negative = n.sign() == Sign::Minus;
    let refused = match (kind, spec) {
        (
            _,
            Spec {
                precision: Some(_), ..
            },
        ) => Some("Precision not allowed in integer format specifier".to_owned()),
        (
            'n' | 'c',
            Spec {
                grouping: Some(g), ..
            },
        )
        | (
            'b' | 'o' | 'x' | 'X',
            Spec {
                grouping: Some(g @ ','),
                ..
            },
        ) => Some(format!("Cannot specify '{g}' with '{kind}'.")),
        ('c', Spec { sign: Some(_), .. }) => {
            Some("Sign not allowed with integer format specifier 'c'".to_owned())
        }
        ('c', Spec { alternate: true, .. }) => {
            Some("Alternate form (#) not allowed with integer format specifier 'c'".to_owned())
        }
        _ => None,
    };
    if let Some(why) = refused {
        return Some(Err(TemplateError::new(why)));
    }
    if kind == 'c' {
        let c = value
            .as_int()
            .and_then(|n| u32::try_from(n).ok())
            .and_then(char::from_u32);
        return Some(
            c.map(|c| aligned(spec, "", &c.to_string(), '<'))
                .ok_or_else(|| "%c arg not in range".into()),
        );
    }
    if !matches!(kind, 'd' | 'n' | 'b' | 'o' | 'x' | 'X') {
        return None;
    }
    let digits = number_text::integer(&n, kind);
    let size = if matches!(kind, 'd' | 'n') { 3 } else { 4 };
    let prefix = match (spec.alternate, kind) {
        (true, 'b') => "0b",
        (true, 'o') => "0o",
        (true, 'x') => "0x",
        (true, 'X') => "0X",
        _ => "",
    };
    let sign = format!("{}{prefix}", sign(spec, negative));
    Some(Ok(aligned(
        spec,
        &sign,
        &separated(spec, sign.len(), digits, size),
        '>',
    )))
}

fn float(f: f64, spec: &Spec) -> Option<Result<String>> {
    let digits = match spec.kind {
        Some(k @ ('e' | 'E' | 'f' | 'F' | 'g' | 'G')) => {
            number_text::float(f, k, spec.precision, spec.alternate)
        }
        Some('n') if let Some(g) = spec.grouping => {
            return Some(Err(TemplateError::new(format!("Cannot specify '{g}' with 'n'."))));
        }
        Some('n') => number_text::float(f, 'g', spec.precision, spec.alternate),
        Some('%') => number_text::float(f * 100.0, 'f', spec.precision, spec.alternate).map(|t| t + "%"),
        Some(_) => return None,
        None => match spec.precision {
            None => number_text::float(f, 'r', None, spec.alternate),
            Some(p) => number_text::float(f, 'g', spec.precision, spec.alternate).and_then(|t| {
                if t.contains(['.', 'e', 'n']) {
                    Ok(t)
                } else if t.len() < p.max(1) {
                    Ok(t + ".0")
                } else {
                    // no digit is left for what comes after the point
                    let text = number_text::float(f, 'e', Some(t.len() - 1), false)?;
                    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "+00"));
                    let digits = match digits.contains('.') {
                        true => digits.trim_end_matches('0').trim_end_matches('.'),
                        false => digits,
                    };
                    Ok(format!("{digits}e{exponent}"))
                }
            }),
        },
    };
    Some(digits.map(|digits| {
        let sign = sign(spec, f.is_sign_negative() && !f.is_nan());
        aligned(spec, sign, &separated(spec, sign.len(), digits, 3), '>')
    }))
}

/// The digits with their separators; zeros that fill up to the width are separated too.
fn separated(spec: &Spec, before: usize, digits: String, size: usize) -> String {
    let Some(separator) = spec.grouping else {
        return digits;
    };
    if spec.fill != Some('0') || spec.align != Some('=') {
        return grouped(&digits, separator, size);
    }
    let whole = digits
        .find(|c: char| {
            if size == 3 {
                !c.is_ascii_digit()
            } else {
                !c.is_ascii_hexdigit()
            }
        })
        .unwrap_or(digits.len());
    if whole == 0 {
        return digits;
    }
    let room = spec.width.saturating_sub(before + digits.len() - whole);
    // so many digits fill the room together with the separators between them
    let needed = room - room / (size + 1) + usize::from(room > 0 && room.is_multiple_of(size + 1));
    let zeros = "0".repeat(needed.saturating_sub(whole));
    grouped(&format!("{zeros}{digits}"), separator, size)
}

fn aligned(spec: &Spec, sign: &str, text: &str, default: char) -> String {
    let missing = spec.width.saturating_sub(sign.len() + text.chars().count());
    let fill = |n: usize| spec.fill.unwrap_or(' ').to_string().repeat(n);
    match spec.align.unwrap_or(default) {
        '<' => format!("{sign}{text}{}", fill(missing)),
        '^' => format!("{}{sign}{text}{}", fill(missing / 2), fill(missing - missing / 2)),
        '=' => format!("{sign}{}{text}", fill(missing)),
        _ => format!("{}{sign}{text}", fill(missing)),
    }
}

#[cfg(test)]
mod tests {
    use super::with_spec;
    use kdo_value::Value;

    fn show(value: impl Into<Value>, spec: &str) -> String {
        with_spec(&value.into(), spec).unwrap_or_else(|e| e.message)
    }

    #[test]
    fn specifications_follow_python() {
        assert_eq!(show(5_i64, ">5"), "    5");
        assert_eq!(show("ab", "*^6"), "**ab**");
        assert_eq!(show(1_234_567_i64, ","), "1,234,567");
        assert_eq!(show(-42_i64, "06d"), "-00042");
        assert_eq!(show(255_i64, "#x"), "0xff");
        assert_eq!(show(1234.5, ",.2f"), "1,234.50");
        assert_eq!(show(0.25, ".1%"), "25.0%");
        assert_eq!(show(10.0, ".3"), "10.0");
        assert_eq!(show("x", "d"), "Unknown format code 'd' for object of type 'str'");
    }
}
