//! Compact binary form of values, for the wire between controller and agent and for caches.

use crate::{List, Map, Text, Value};
use num_bigint::BigInt;

/// Containers nested deeper than this are refused.
const MAX_DEPTH: usize = 200;

/// Appends the value's bytes. Objects are written as text, missing values and `omit` as none; trust is not sent.
pub fn encode(value: &Value, out: &mut Vec<u8>) {
    encode_at(value, out, 0);
}

fn encode_at(value: &Value, out: &mut Vec<u8>, depth: usize) {
    match value {
        _ if depth >= MAX_DEPTH => out.push(b'n'),
        Value::None | Value::Undefined(_) | Value::Omit => out.push(b'n'),
        Value::Bool(b) => out.push(if *b { b't' } else { b'f' }),
        Value::Int(n) => {
            out.push(b'i');
            number(((n << 1) ^ (n >> 63)) as u64, out);
        }
        Value::Big(n) => bytes(b'I', &n.to_signed_bytes_le(), out),
        Value::Float(f) => {
            out.push(b'd');
            out.extend(f.to_le_bytes());
        }
        Value::Str(s) => bytes(if s.is_secret() { b'S' } else { b's' }, s.as_bytes(), out),
        Value::Vault(v) => bytes(b's', v.ciphertext.as_bytes(), out),
        Value::Bytes(b) => bytes(b'b', b, out),
        Value::List(l) => items(&l.items(), out, depth),
        Value::Tuple(t) => items(t, out, depth),
        Value::Map(m) => {
            out.push(b'm');
            number(m.len() as u64, out);
            m.for_each(|k, v| {
                encode_at(k, out, depth + 1);
                encode_at(v, out, depth + 1);
            });
        }
        Value::Object(o) => match o.keys() {
            Some(keys) => {
                out.push(b'm');
                number(keys.len() as u64, out);
                for k in keys {
                    encode_at(&k, out, depth + 1);
                    encode_at(&o.get(&k).unwrap_or(Value::None), out, depth + 1);
                }
            }
            None => bytes(b's', o.to_text().as_bytes(), out),
        },
    }
}

fn items(items: &[Value], out: &mut Vec<u8>, depth: usize) {
    out.push(b'l');
    number(items.len() as u64, out);
    for v in items {
        encode_at(v, out, depth + 1);
    }
}

fn bytes(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    number(bytes.len() as u64, out);
    out.extend(bytes);
}

fn number(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push((n as u8) | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Reads one value and gives what follows it; `None` for bytes that are no value.
pub fn decode(input: &[u8]) -> Option<(Value, &[u8])> {
    decode_at(input, 0)
}

fn decode_at(input: &[u8], depth: usize) -> Option<(Value, &[u8])> {
    if depth > MAX_DEPTH {
        return None;
    }
    let (tag, rest) = input.split_first()?;
    Some(match tag {
        b'n' => (Value::None, rest),
        b't' => (Value::Bool(true), rest),
        b'f' => (Value::Bool(false), rest),
        b'i' => {
            let (n, rest) = read_number(rest)?;
            (Value::Int((n >> 1) as i64 ^ -((n & 1) as i64)), rest)
        }
        b'I' => {
            let (b, rest) = read_bytes(rest)?;
            (Value::big(BigInt::from_signed_bytes_le(b)), rest)
        }
        b'd' => {
            let (b, rest) = rest.split_first_chunk::<8>()?;
            (Value::Float(f64::from_le_bytes(*b)), rest)
        }
        b's' | b'S' => {
            let (b, rest) = read_bytes(rest)?;
            let text = String::from_utf8_lossy(b);
            let text = if *tag == b'S' {
                Text::secret(&*text)
            } else {
                Text::new(&*text)
            };
            (Value::Str(text), rest)
        }
        b'b' => {
            let (b, rest) = read_bytes(rest)?;
            (Value::Bytes(b.into()), rest)
        }
        b'l' => {
            let (n, mut rest) = read_number(rest)?;
            let mut items = Vec::with_capacity(usize::try_from(n).ok()?.min(rest.len()));
            for _ in 0..n {
                let (v, after) = decode_at(rest, depth + 1)?;
                items.push(v);
                rest = after;
            }
            (Value::List(List::new(items)), rest)
        }
        b'm' => {
            let (n, mut rest) = read_number(rest)?;
            let map = Map::new();
            for _ in 0..n {
                let (k, after) = decode_at(rest, depth + 1)?;
                let (v, after) = decode_at(after, depth + 1)?;
                if !map.insert(k, v) {
                    return None;
                }
                rest = after;
            }
            (Value::Map(map), rest)
        }
        _ => return None,
    })
}

fn read_number(input: &[u8]) -> Option<(u64, &[u8])> {
    let mut n = 0_u64;
    for (i, b) in input.iter().enumerate().take(10) {
        n |= u64::from(b & 0x7f).checked_shl(7 * u32::try_from(i).ok()?)?;
        if b & 0x80 == 0 {
            return Some((n, input.get(i + 1..)?));
        }
    }
    None
}

fn read_bytes(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (n, rest) = read_number(input)?;
    rest.split_at_checked(usize::try_from(n).ok()?)
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};
    use crate::{Value, json};

    #[test]
    fn values_survive_the_wire() {
        let text = r#"{"a": [1, -5, 2.5, null, true, "é", 123456789012345678901234567890], "9": {"b": ""}}"#;
        let mut out = Vec::new();
        encode(&json::read(text).unwrap(), &mut out);
        let (back, rest) = decode(&out).unwrap();
        assert!(rest.is_empty());
        assert_eq!(json::line(&back).replace("\\u00e9", "é"), text);
    }

    #[test]
    fn cut_or_foreign_bytes_are_refused() {
        let mut out = Vec::new();
        encode(&json::read(r#"{"a": [1, "xyz", {"b": 2.0}]}"#).unwrap(), &mut out);
        for n in 0..out.len() {
            assert!(decode(&out[..n]).is_none(), "{n}");
        }
        assert!(decode(b"l\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f").is_none());
        assert!(decode(&[b'l', 1].repeat(10_000)).is_none());
        assert!(matches!(Value::None, Value::None));
    }
}
