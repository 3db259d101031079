//! Filters between integers and short codes, by the Hashids method.

use crate::{Call, Callable, Check, TemplateError, declare::callable};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("community.general.hashids_encode", encode, "The integers as a short code.", ["hashids_encode"];
        "{{ [1, 2, 3] | community.general.hashids_encode }}" => r#""o2fXhV""#,
        "{{ 12345 | community.general.hashids_encode(salt='this is my salt') }}" => r#""NkK9""#,
        "{{ 0 | community.general.hashids_encode(min_length=8) }}" => r#""jnegYbwZ""#),
    callable!("community.general.hashids_decode", decode, "The integers in a short code.", ["hashids_decode"];
        "{{ 'o2fXhV' | community.general.hashids_decode }}" => "[1, 2, 3]"),
];

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890";

struct Hashids {
    salt: Vec<char>,
    alphabet: Vec<char>,
    separators: Vec<char>,
    guards: Vec<char>,
    min_length: usize,
}

/// The letters in an order that depends on the salt.
fn reordered(letters: &[char], salt: &[char]) -> Vec<char> {
    let mut out = letters.to_vec();
    let mut sum = 0_usize;
    let mut at = salt.iter().enumerate().cycle();
    for i in (1..out.len()).rev() {
        let Some((index, letter)) = at.next() else { break };
        let code = *letter as usize;
        sum += code;
        out.swap(i, (code + index + sum) % i);
    }
    out
}

impl Hashids {
    fn read(call: &Call<'_>) -> Result<Self, TemplateError> {
        let chosen = |i: usize, name: &str| match call.get(i, name) {
            Some(v) if v.check()?.truthy() => Ok(Some(v.to_text())),
            _ => Ok::<_, TemplateError>(None),
        };
        let salt: Vec<char> = chosen(1, "salt")?.unwrap_or_default().chars().collect();
        let given = chosen(2, "alphabet")?.unwrap_or_else(|| LETTERS.into());
        let min_length = match call.get(3, "min_length") {
            Some(v) if v.truthy() => usize::try_from(call.int(3, "min_length", 0)?).unwrap_or(0),
            _ => 0,
        };
        if min_length > 1 << 20 {
            return call.fail("min_length is too large");
        }
        let separators: Vec<char> = "cfhistuCFHISTU".chars().filter(|c| given.contains(*c)).collect();
        let mut alphabet: Vec<char> = Vec::new();
        for c in given.chars() {
            if !alphabet.contains(&c) && !separators.contains(&c) {
                alphabet.push(c);
            }
        }
        if alphabet.len() + separators.len() < 16 {
            return call.fail("Alphabet must contain at least 16 unique characters.");
        }
        let mut separators = reordered(&separators, &salt);
        // one separator for each 3.5 letters, one guard for each 12
        let missing = (alphabet.len() * 2).div_ceil(7).saturating_sub(separators.len());
        separators.extend(alphabet.drain(..missing.min(alphabet.len())));
        let mut alphabet = reordered(&alphabet, &salt);
        let count = alphabet.len().div_ceil(12);
        let from = if alphabet.len() < 3 {
            &mut separators
        } else {
            &mut alphabet
        };
        let guards = from.drain(..count.min(from.len())).collect();
        Ok(Self {
            salt,
            alphabet,
            separators,
            guards,
            min_length,
        })
    }

    /// The alphabet for the next number.
    fn next(&self, lottery: char, alphabet: &[char]) -> Vec<char> {
        let salt: Vec<char> = std::iter::once(lottery)
            .chain(self.salt.iter().copied())
            .chain(alphabet.iter().copied())
            .take(alphabet.len())
            .collect();
        reordered(alphabet, &salt)
    }

    fn encode(&self, numbers: &[u128]) -> String {
        let hash: u128 = numbers.iter().zip(100_u128..).map(|(n, i)| n % i).sum();
        let pick = |letters: &[char], n: u128| {
            let n = n.checked_rem(letters.len() as u128)?;
            letters.get(usize::try_from(n).ok()?).copied()
        };
        let mut alphabet = self.alphabet.clone();
        let Some(lottery) = pick(&alphabet, hash) else {
            return String::new();
        };
        let mut out = vec![lottery];
        for (i, number) in numbers.iter().enumerate() {
            alphabet = self.next(lottery, &alphabet);
            let mut digits = Vec::new();
            let mut rest = *number;
            loop {
                digits.extend(pick(&alphabet, rest));
                rest /= alphabet.len() as u128;
                if rest == 0 {
                    break;
                }
            }
            digits.reverse();
            let first = digits.first().map_or(0, |c| *c as u128);
            out.extend(digits);
            out.extend(pick(&self.separators, number % (first + i as u128)));
        }
        out.pop();
        let code = |c: Option<&char>| c.map_or(0, |c| *c as u128);
        if out.len() < self.min_length {
            if let Some(guard) = pick(&self.guards, hash + code(out.first())) {
                out.insert(0, guard);
            }
            if out.len() < self.min_length {
                out.extend(pick(&self.guards, hash + code(out.get(2))));
            }
        }
        while out.len() < self.min_length {
            alphabet = reordered(&alphabet, &alphabet);
            let (left, right) = alphabet.split_at(alphabet.len() / 2);
            out = [right, &out, left].concat();
            if let Some(excess) = out.len().checked_sub(self.min_length).filter(|e| *e > 0) {
                out = out.into_iter().skip(excess / 2).take(self.min_length).collect();
            }
        }
        out.into_iter().collect()
    }

    fn decode(&self, code: &str) -> Option<Vec<u128>> {
        let parts: Vec<&str> = code.split(|c| self.guards.contains(&c)).collect();
        let inner = match parts.as_slice() {
            [_, inner] | [_, inner, _] => inner,
            [first, ..] => first,
            [] => return None,
        };
        let mut letters = inner.chars();
        let lottery = letters.next()?;
        let mut alphabet = self.alphabet.clone();
        let mut out = Vec::new();
        for part in letters.as_str().split(|c| self.separators.contains(&c)) {
            alphabet = self.next(lottery, &alphabet);
            let mut number = 0_u128;
            for c in part.chars() {
                let digit = alphabet.iter().position(|a| *a == c)?;
                number = number
                    .checked_mul(alphabet.len() as u128)?
                    .checked_add(digit as u128)?;
            }
            out.push(number);
        }
        (self.encode(&out) == code).then_some(out)
    }
}

fn encode(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let hashids = Hashids::read(call)?;
    let items = value.as_sequence().unwrap_or_else(|| vec![value.clone()]);
    if items
        .iter()
        .any(|i| matches!(i, Value::None | Value::List(_) | Value::Map(_) | Value::Tuple(_)))
    {
        return call.fail("Data to encode must by a tuple or list of ints");
    }
    let numbers: Option<Vec<u128>> = items
        .iter()
        .map(|i| match i {
            Value::Int(_) | Value::Bool(_) | Value::Big(_) => i
                .as_int()
                .map_or_else(|| i.to_text(), |n| n.to_string())
                .parse()
                .ok(),
            _ => None,
        })
        .collect();
    Ok(Value::str(match numbers {
        Some(numbers) if !numbers.is_empty() => hashids.encode(&numbers),
        _ => String::new(),
    }))
}

fn decode(call: &Call<'_>) -> Result<Value, TemplateError> {
    let code = call.subject()?.to_text();
    let numbers = Hashids::read(call)?.decode(&code).unwrap_or_default();
    Ok(Value::list(numbers.into_iter().map(|n| Value::big(n.into()))))
}
