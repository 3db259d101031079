//! The `ansible.utils` filters on hardware addresses.

use crate::{Call, Callable, TemplateError, declare::callable};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.utils.hwaddr", |c| hwaddr(c, ""), "The hardware address if it is one, or its form for a system.", ["hwaddr"];
        "{{ '1a:2b:3c:4d:5e:6f' | ansible.utils.hwaddr('cisco') }}" => r#""1a2b.3c4d.5e6f""#,
        "{{ '1a:2b:3c:4d:5e:6f' | ansible.utils.hwaddr('int') }}" => "28772997619311"),
    callable!("ansible.utils.macaddr", |c| hwaddr(c, ""), "The hardware address if it is one, or its form for a system.", ["macaddr"];
        "{{ '1A2B3C4D5E6F' | ansible.utils.macaddr('unix') }}" => r#""1a:2b:3c:4d:5e:6f""#),
];

/// The 48 bits of an address in one of the usual spellings, or of a number.
pub(crate) fn read_hardware(text: &str) -> Option<u64> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && text.len() != 12 {
        return text.parse().ok().filter(|n| *n < 1 << 48);
    }
    let groups: Vec<&str> = text.split([':', '-', '.']).collect();
    let marks: Vec<char> = text.chars().filter(|c| matches!(c, ':' | '-' | '.')).collect();
    let digits = match groups.len() {
        6 if marks.iter().all(|m| *m != '.') => 2,
        3 => 4,
        2 if marks != ['.'] => 6,
        1 => 12,
        _ => return None,
    };
    if marks.windows(2).any(|pair| pair.first() != pair.last()) {
        return None;
    }
    let mut out = 0;
    for group in groups {
        let right = group.bytes().all(|b| b.is_ascii_hexdigit()) && (1..=digits).contains(&group.len());
        if !right || digits == 12 && group.len() != 12 {
            return None;
        }
        out = out << (digits * 4) | u64::from_str_radix(group, 16).ok()?;
    }
    Some(out)
}

fn groups(address: u64, digits: usize, mark: &str, upper: bool) -> String {
    let text = if upper {
        format!("{address:012X}")
    } else {
        format!("{address:012x}")
    };
    let parts: Vec<String> = text
        .as_bytes()
        .chunks(digits)
        .map(|c| c.iter().map(|b| char::from(*b)).collect())
        .collect();
    parts.join(mark)
}

fn hwaddr(call: &Call<'_>, default: &str) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let text = value.to_text();
    let query = call.text(1, "query", default)?;
    let Some(address) = read_hardware(&text) else {
        return match query.as_str() {
            "" | "bool" => Ok(Value::None),
            _ => call.fail(format!("hwaddr: not a hardware address: {text}")),
        };
    };
    Ok(Value::str(match query.as_str() {
        "" => text,
        "bool" => return Ok(Value::Bool(true)),
        "int" => return Ok(Value::big(address.into())),
        "bare" => groups(address, 12, "", true),
        "cisco" => groups(address, 4, ".", false),
        "eui48" | "win" => groups(address, 2, "-", true),
        "linux" => groups(address, 2, ":", false),
        "unix" => {
            let bytes = address.to_be_bytes();
            let parts: Vec<String> = bytes.iter().skip(2).map(|b| format!("{b:x}")).collect();
            parts.join(":")
        }
        "pgsql" | "postgresql" | "psql" => groups(address, 6, ":", false),
        other => return call.fail(format!("hwaddr: unknown filter type: {other}")),
    }))
}
