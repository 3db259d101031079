//! The lookup of counted numbers.

use super::options::split_term;
use crate::{Call, Callable, Check, TemplateError, declare::callable, iterate::MAX_ITEMS};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.sequence", sequence, "Numbers from `start` to `end`, or `count` of them, each as formatted text.", [];
        "{{ query('sequence', 'start=1 end=3') }}" => r#"["1", "2", "3"]"#,
        "{{ query('sequence', '2-8/2') }}" => r#"["2", "4", "6", "8"]"#,
        "{{ query('sequence', '4:host%02d') }}" => r#"["host01", "host02", "host03", "host04"]"#,
        "{{ query('sequence', 'count=4 stride=2 start=1 format=t%d') }}" => r#"["t1", "t3", "t5", "t7"]"#,
        "{{ query('sequence', 'start=5 end=1 stride=-2') }}" => r#"["5", "3", "1"]"#),
];

struct Settings {
    start: i64,
    end: Option<i64>,
    count: Option<i64>,
    stride: i64,
    format: String,
}

fn integer(name: &str, text: &str) -> Result<i64, TemplateError> {
    let text = text.trim();
    let read = match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16),
        None => match text.strip_prefix('0') {
            Some(octal) if !octal.is_empty() => i64::from_str_radix(octal, 8),
            _ => text.parse(),
        },
    };
    read.map_err(|_| {
        TemplateError::new(format!(
            "The option '{name}' has an invalid value: can't parse {text} as integer"
        ))
    })
}

impl Settings {
    fn of(call: &Call<'_>, term: Option<&str>) -> Result<Self, TemplateError> {
        let mut settings = Self {
            start: 1,
            end: None,
            count: None,
            stride: 1,
            format: "%d".into(),
        };
        for (name, value) in &call.kwargs {
            if matches!(name.as_str(), "start" | "end" | "count" | "stride" | "format") && !value.is_none() {
                settings.set(name, &value.check()?.to_text())?;
            }
        }
        let Some(term) = term else { return Ok(settings) };
        if !settings.shortcut(term)? {
            let (plain, pairs) = split_term(term);
            if !plain.is_empty() {
                if term.contains(['-', '/']) {
                    return call.fail(format!("The term has an invalid value: '{term}'"));
                }
                return call.fail(format!("unknown error parsing with_sequence arguments: '{term}'"));
            }
            for (name, value) in pairs {
                if !settings.set(&name, &value)? {
                    return call.fail(format!("unrecognized arguments to with_sequence: ['{name}']"));
                }
            }
        }
        Ok(settings)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<bool, TemplateError> {
        match name {
            "start" => self.start = integer(name, value)?,
            "end" => self.end = Some(integer(name, value)?),
            "count" => self.count = Some(integer(name, value)?),
            "stride" => self.stride = integer(name, value)?,
            "format" => self.format = value.to_owned(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// `[start-]end[/stride][:format]`
    fn shortcut(&mut self, term: &str) -> Result<bool, TemplateError> {
        let (numbers, format) = term.split_once(':').map_or((term, None), |(n, f)| (n, Some(f)));
        let (range, stride) = numbers
            .split_once('/')
            .map_or((numbers, None), |(r, s)| (r, Some(s)));
        let (start, end) = range.split_once('-').map_or((None, range), |(s, e)| (Some(s), e));
        let number = |s: &str| {
            let digits = s.trim();
            let body = digits.strip_prefix("0x").unwrap_or(digits);
            !body.is_empty()
                && body.bytes().all(|b| b.is_ascii_hexdigit())
                && (body.len() < digits.len() || body.bytes().all(|b| b.is_ascii_digit()))
        };
        if !number(end)
            || !start.is_none_or(number)
            || !stride.is_none_or(|s| number(s.trim_start_matches('-')))
        {
            return Ok(false);
        }
        if let Some(start) = start {
            self.start = integer("start", start)?;
        }
        self.end = Some(integer("end", end)?);
        if let Some(stride) = stride {
            self.stride = integer("stride", stride)?;
        }
        if let Some(format) = format {
            self.format = format.to_owned();
        }
        Ok(true)
    }

    fn numbers(&self) -> Result<Vec<i64>, TemplateError> {
        let overflow = || TemplateError::new("with_sequence: number out of range");
        let end = match (self.count, self.end) {
            (None, None) => return Err("must specify count or end in with_sequence".into()),
            (Some(_), Some(_)) => return Err("can't specify both count and end in with_sequence".into()),
            (Some(0), _) => return Ok(Vec::new()),
            // As in Ansible: backwards, this is more than `count` numbers.
            (Some(count), None) => count
                .checked_mul(self.stride)
                .and_then(|n| n.checked_add(self.start))
                .and_then(|n| n.checked_sub(1))
                .ok_or_else(overflow)?,
            (None, Some(end)) => end,
        };
        if self.stride > 0 && end < self.start {
            return Err("to count backwards make stride negative".into());
        }
        if self.stride < 0 && end > self.start {
            return Err("to count forward don't make stride negative".into());
        }
        if self.stride == 0 {
            return Ok(Vec::new());
        }
        let mut out = Vec::new();
        let mut n = self.start;
        while if self.stride > 0 { n <= end } else { n >= end } {
            if out.len() >= MAX_ITEMS {
                return Err("with_sequence: too many items".into());
            }
            out.push(n);
            n = match n.checked_add(self.stride) {
                Some(n) => n,
                None => break,
            };
        }
        Ok(out)
    }
}

/// One number in a format with a single `%d`, `%x`, `%o`, `%s` and the like.
fn write(format: &str, n: i64) -> Option<String> {
    let mut out = String::new();
    let mut used = false;
    let mut rest = format;
    while let Some((head, after)) = rest.split_once('%') {
        out.push_str(head);
        if let Some(tail) = after.strip_prefix('%') {
            out.push('%');
            rest = tail;
            continue;
        }
        let end = after.find(|c: char| !"-+ #0123456789".contains(c))?;
        let (flags, tail) = after.split_at(end);
        let kind = tail.chars().next()?;
        rest = tail.get(kind.len_utf8()..)?;
        if used {
            return None;
        }
        used = true;
        let width_at = flags
            .find(|c: char| c.is_ascii_digit() && c != '0')
            .unwrap_or(flags.len());
        let (flags, width) = flags.split_at(width_at);
        let width: usize = if width.is_empty() {
            0
        } else {
            width.parse().ok().filter(|w| *w < 10_000)?
        };
        let digits = match kind {
            'd' | 'i' | 'u' | 's' => n.unsigned_abs().to_string(),
            'x' => format!("{:x}", n.unsigned_abs()),
            'X' => format!("{:X}", n.unsigned_abs()),
            'o' => format!("{:o}", n.unsigned_abs()),
            'f' | 'F' => format!("{}.000000", n.unsigned_abs()),
            _ => return None,
        };
        let prefix = match kind {
            'x' | 'X' | 'o' if flags.contains('#') => format!("0{kind}"),
            _ => String::new(),
        };
        let sign = if n < 0 {
            "-"
        } else if flags.contains('+') {
            "+"
        } else if flags.contains(' ') {
            " "
        } else {
            ""
        };
        let fill = width.saturating_sub(digits.len() + sign.len() + prefix.len());
        out.push_str(&if flags.contains('-') {
            format!("{sign}{prefix}{digits}{}", " ".repeat(fill))
        } else if flags.contains('0') && kind != 's' {
            format!("{sign}{prefix}{}{digits}", "0".repeat(fill))
        } else {
            format!("{}{sign}{prefix}{digits}", " ".repeat(fill))
        });
    }
    out.push_str(rest);
    used.then_some(out)
}

fn sequence(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut terms: Vec<Option<String>> = Vec::new();
    for term in &call.args {
        terms.push(Some(term.check()?.to_text()));
    }
    if terms.is_empty() {
        terms.push(None);
    }
    let mut out = Vec::new();
    for term in terms {
        let settings = Settings::of(call, term.as_deref())?;
        for n in settings.numbers()? {
            match write(&settings.format, n) {
                Some(text) => out.push(Value::str(text)),
                None => return call.fail(format!("bad formatting string: {}", settings.format)),
            }
        }
    }
    Ok(Value::list(out))
}
