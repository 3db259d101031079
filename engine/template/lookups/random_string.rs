//! The lookup of random texts.

use super::options::{flag, word};
use crate::{Call, Callable, Check, TemplateError, declare::callable, mersenne::Random};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("community.general.random_string", random_string, "A random text of letters, digits and marks.", ["random_string"];
        "{{ lookup('community.general.random_string', seed='x', length=8) }}" => r#""=o//9Ix.""#,
        "{{ lookup('community.general.random_string', override_all='a', length=4) }}" => r#""aaaa""#),
];

const MARKS: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// Names of the kinds of characters: the switch, the least number, the characters.
const KINDS: [(&str, &str, &str); 4] = [
    ("upper", "min_upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("lower", "min_lower", "abcdefghijklmnopqrstuvwxyz"),
    ("numbers", "min_numeric", "0123456789"),
    ("special", "min_special", MARKS),
];

fn count(call: &Call<'_>, name: &str, default: i64) -> Result<usize, TemplateError> {
    let given = match call.keyword(name) {
        None | Some(Value::None) => default,
        Some(v) => match v.check()?.to_text().trim().parse() {
            Ok(n) => n,
            Err(_) => return call.fail(format!("'{name}' must be an integer")),
        },
    };
    if given > 1 << 20 {
        return call.fail(format!("'{name}' is too large"));
    }
    Ok(usize::try_from(given).unwrap_or(0))
}

fn random_string(call: &Call<'_>) -> Result<Value, TemplateError> {
    let similar = if flag(call, "ignore_similar_chars", false) {
        word(call, "similar_chars")?.unwrap_or_else(|| "il1LoO0".into())
    } else {
        String::new()
    };
    let length = count(call, "length", 8)?;
    let mut random = match call.keyword("seed") {
        None | Some(Value::None) => Random::system(),
        Some(seed) => Random::seeded(&Value::str(seed.check()?.to_text())),
    };
    let usable = |chars: &str| -> Vec<char> { chars.chars().filter(|c| !similar.contains(*c)).collect() };
    let override_all = word(call, "override_all")?;
    let marks = word(call, "override_special")?;
    let mut all = Vec::new();
    let mut out = Vec::new();
    for (switch, least, chars) in KINDS {
        let chars = match &marks {
            Some(marks) if switch == "special" => marks,
            _ => chars,
        };
        let chars = usable(chars);
        if override_all.is_none() {
            for _ in 0..count(call, least, 0)? {
                match random.choice(&chars) {
                    Some(c) => out.push(*c),
                    None => {
                        return call.fail("Available characters cannot be None, please change constraints");
                    }
                }
            }
        }
        if flag(call, switch, true) {
            all.extend(chars);
        }
    }
    if let Some(chars) = &override_all {
        all = usable(chars);
    }
    if all.is_empty() {
        return call.fail("Available characters cannot be None, please change constraints");
    }
    while out.len() < length {
        out.extend(random.choice(&all));
    }
    let text: String = out.into_iter().collect();
    Ok(Value::list([Value::str(if flag(call, "base64", false) {
        crate::filters::base64(text.as_bytes())
    } else {
        text
    })]))
}
