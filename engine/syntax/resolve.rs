//! What an untagged plain scalar is: YAML 1.1 as PyYAML resolves it.

/// Type of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tag {
    /// `!!null`
    Null,
    /// `!!bool`
    Bool,
    /// `!!int`
    Int,
    /// `!!float`
    Float,
    /// `!!timestamp`
    Timestamp,
    /// `!!str`
    Str,
    /// `!!binary`
    Binary,
    /// `!!seq`
    Seq,
    /// `!!map`
    Map,
    /// `!!set`
    Set,
    /// `!!omap` and `!!pairs`
    Pairs,
    /// `<<`
    Merge,
    /// `=`
    Value,
    /// `!vault`
    Vault,
    /// `!unsafe`
    Unsafe,
    /// Any other.
    Other(Box<str>),
}

impl Tag {
    /// The tag of a written tag name.
    pub(crate) fn named(name: &str) -> Self {
        match name.strip_prefix("tag:yaml.org,2002:") {
            Some("null") => Self::Null,
            Some("bool") => Self::Bool,
            Some("int") => Self::Int,
            Some("float") => Self::Float,
            Some("timestamp") => Self::Timestamp,
            Some("str" | "python/unicode") => Self::Str,
            Some("binary") => Self::Binary,
            Some("seq") => Self::Seq,
            Some("map" | "python/dict") => Self::Map,
            Some("set") => Self::Set,
            Some("omap" | "pairs") => Self::Pairs,
            Some("merge") => Self::Merge,
            Some("value") => Self::Value,
            _ => match name {
                "!vault" | "!vault-encrypted" => Self::Vault,
                "!unsafe" => Self::Unsafe,
                _ => Self::Other(name.into()),
            },
        }
    }

    /// As it is written in a file.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Null => "!!null".into(),
            Self::Bool => "!!bool".into(),
            Self::Int => "!!int".into(),
            Self::Float => "!!float".into(),
            Self::Timestamp => "!!timestamp".into(),
            Self::Str => "!!str".into(),
            Self::Binary => "!!binary".into(),
            Self::Seq => "!!seq".into(),
            Self::Map => "!!map".into(),
            Self::Set => "!!set".into(),
            Self::Pairs => "!!omap".into(),
            Self::Merge => "<<".into(),
            Self::Value => "=".into(),
            Self::Vault => "!vault".into(),
            Self::Unsafe => "!unsafe".into(),
            Self::Other(name) => name
                .strip_prefix("tag:yaml.org,2002:")
                .map_or_else(|| name.to_string(), |short| format!("!!{short}")),
        }
    }
}

/// The type of an untagged plain scalar.
pub fn resolve(text: &str) -> Tag {
    let Some(first) = text.bytes().next() else {
        return Tag::Null;
    };
    match first {
        b'y' | b'Y' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' => match text {
            "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "false" | "False" | "FALSE" | "on" | "On"
            | "ON" | "off" | "Off" | "OFF" => Tag::Bool,
            _ => Tag::Str,
        },
        b'n' | b'N' => match text {
            "no" | "No" | "NO" => Tag::Bool,
            "null" | "Null" | "NULL" => Tag::Null,
            _ => Tag::Str,
        },
        b'~' if text == "~" => Tag::Null,
        b'<' if text == "<<" => Tag::Merge,
        b'=' if text == "=" => Tag::Value,
        b'+' | b'-' | b'.' | b'0'..=b'9' => number(text),
        _ => Tag::Str,
    }
}

fn number(text: &str) -> Tag {
    if is_float(text) {
        Tag::Float
    } else if is_int(text) {
        Tag::Int
    } else if crate::date::YamlDate::parse_parts(text).is_some() {
        Tag::Timestamp
    } else {
        Tag::Str
    }
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

fn all(text: &str, digit: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(|b| digit(b) || b == b'_')
}

/// `(:[0-5]?[0-9])+` after a number's first part.
fn sexagesimal(parts: &str) -> bool {
    parts.split(':').all(|p| match p.as_bytes() {
        [d] => d.is_ascii_digit(),
        [t, d] => (b'0'..=b'5').contains(t) && d.is_ascii_digit(),
        _ => false,
    })
}

fn is_int(text: &str) -> bool {
    let body = unsigned(text);
    if let Some(bits) = body.strip_prefix("0b") {
        return all(bits, |b| b == b'0' || b == b'1');
    }
    if let Some(hex) = body.strip_prefix("0x") {
        return all(hex, |b| b.is_ascii_hexdigit());
    }
    if let Some(octal) = body.strip_prefix('0') {
        return octal.is_empty() || all(octal, |b| (b'0'..=b'7').contains(&b));
    }
    let starts = body.starts_with(|c: char| ('1'..='9').contains(&c));
    match body.split_once(':') {
        Some((head, parts)) => starts && all(head, |b| b.is_ascii_digit()) && sexagesimal(parts),
        None => starts && all(body, |b| b.is_ascii_digit()),
    }
}

fn is_float(text: &str) -> bool {
    let body = unsigned(text);
    if matches!(body, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let Some((head, tail)) = body.split_once('.') else {
        return false;
    };
    if let Some((hours, parts)) = head.split_once(':') {
        return hours.starts_with(|c: char| c.is_ascii_digit())
            && all(hours, |b| b.is_ascii_digit())
            && sexagesimal(parts)
            && (tail.is_empty() || all(tail, |b| b.is_ascii_digit()));
    }
    let (fraction, exponent) = match tail.find(['e', 'E']) {
        Some(at) => tail.split_at(at),
        None => (tail, ""),
    };
    let exponent_fits = exponent.is_empty()
        || exponent
            .get(1..)
            .and_then(|e| e.strip_prefix(['+', '-']))
            .is_some_and(|e| !e.is_empty() && e.bytes().all(|b| b.is_ascii_digit()));
    let fraction_fits = |may_be_empty: bool| {
        if may_be_empty {
            fraction.is_empty() || all(fraction, |b| b.is_ascii_digit())
        } else {
            fraction.starts_with(|c: char| c.is_ascii_digit()) && all(fraction, |b| b.is_ascii_digit())
        }
    };
    exponent_fits
        && if head.is_empty() {
            body == text && fraction_fits(false)
        } else {
            head.starts_with(|c: char| c.is_ascii_digit())
                && all(head, |b| b.is_ascii_digit())
                && fraction_fits(true)
        }
}
