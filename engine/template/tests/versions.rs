//! Tests of versions.

use crate::{Call, Callable, TemplateError, declare::callable};
use kdo_value::Value;
use std::cmp::Ordering;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.version", version, "Whether a version stands in the given relation (by default equality) to another.", ["version_compare"];
        "{{ '1.2' is version('1.10', '<') }}" => "true",
        "{{ '1.2' is version('1.2') }}" => "true",
        "{{ '1.2.3-rc1' is version('1.2.3', '<', version_type='semver') }}" => "true",
        "{{ '1.0.0.dev1' is version('1.0.0', '<', version_type='pep440') }}" => "true",
        "{{ '2.9rc1' is version('2.9', 'ge') }}" => "true"),
];

enum Part {
    Number(u64),
    Word(String),
}

/// The numbers and words of a version, as `LooseVersion` splits them.
fn loose_parts(text: &str) -> Vec<Part> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let same: fn(char) -> bool = match c {
            '0'..='9' => |c| c.is_ascii_digit(),
            'a'..='z' => |c| c.is_ascii_lowercase(),
            '.' => |c| c == '.',
            _ => |c| !c.is_ascii_digit() && !c.is_ascii_lowercase() && c != '.',
        };
        let end = rest.find(|c| !same(c)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        match c {
            '.' => {}
            '0'..='9' => out.push(
                part.parse()
                    .map_or_else(|_| Part::Word(part.to_owned()), Part::Number),
            ),
            _ => out.push(Part::Word(part.to_owned())),
        }
    }
    out
}

/// Order of two versions as `LooseVersion` sees it; a number against a word is an error.
pub(crate) fn compare_loose(a: &str, b: &str) -> Result<Ordering, TemplateError> {
    let (a, b) = (loose_parts(a), loose_parts(b));
    for pair in a.iter().zip(&b) {
        let order = match pair {
            (Part::Number(x), Part::Number(y)) => x.cmp(y),
            (Part::Word(x), Part::Word(y)) => x.cmp(y),
            (Part::Number(_), Part::Word(_)) => {
                return Err("'<' not supported between instances of 'int' and 'str'".into());
            }
            (Part::Word(_), Part::Number(_)) => {
                return Err("'<' not supported between instances of 'str' and 'int'".into());
            }
        };
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(a.len().cmp(&b.len()))
}

/// `N.N`, `N.N.N`, each with an optional `aN` or `bN` at the end.
fn strict(text: &str) -> Result<([u64; 3], (u8, u64)), TemplateError> {
    let bad = || TemplateError::new(format!("invalid version number '{text}'"));
    let (numbers, pre) = match text.find(['a', 'b']) {
        Some(i) => {
            let (numbers, tail) = text.split_at(i);
            let kind = u8::from(tail.starts_with('b'));
            (
                numbers,
                (kind, tail.get(1..).unwrap_or("").parse().map_err(|_| bad())?),
            )
        }
        None => (text, (2, 0)),
    };
    let parts: Result<Vec<u64>, _> = numbers.split('.').map(str::parse).collect();
    match parts.map_err(|_| bad())?.as_slice() {
        [a, b] => Ok(([*a, *b, 0], pre)),
        [a, b, c] => Ok(([*a, *b, *c], pre)),
        _ => Err(bad()),
    }
}

fn semantic(a: &str, b: &str) -> Result<Ordering, TemplateError> {
    let read = |text: &str| -> Result<([u64; 3], Vec<String>), TemplateError> {
        let bad = || TemplateError::new(format!("invalid semantic version '{text}'"));
        let core = text.split_once('+').map_or(text, |(c, _)| c);
        let (core, pre) = core.split_once('-').map_or((core, None), |(c, p)| (c, Some(p)));
        let numbers: Result<Vec<u64>, _> = core.split('.').map(str::parse).collect();
        let Ok([x, y, z]) = <[u64; 3]>::try_from(numbers.map_err(|_| bad())?) else {
            return Err(bad());
        };
        let pre: Vec<String> = pre
            .map(|p| p.split('.').map(str::to_owned).collect())
            .unwrap_or_default();
        if pre.iter().any(String::is_empty) {
            return Err(bad());
        }
        Ok(([x, y, z], pre))
    };
    let ((a, pre_a), (b, pre_b)) = (read(a)?, read(b)?);
    let order = a.cmp(&b);
    if order.is_ne() {
        return Ok(order);
    }
    match (pre_a.is_empty(), pre_b.is_empty()) {
        (true, false) => return Ok(Ordering::Greater),
        (false, true) => return Ok(Ordering::Less),
        _ => {}
    }
    for (x, y) in pre_a.iter().zip(&pre_b) {
        let order = match (x.parse::<u64>(), y.parse::<u64>()) {
            (Ok(x), Ok(y)) => x.cmp(&y),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            _ => x.cmp(y),
        };
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(pre_a.len().cmp(&pre_b.len()))
}

/// What a Python version sorts by.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Pep440 {
    epoch: u64,
    release: Vec<u64>,
    pre: (u8, u64),
    post: (bool, u64),
    dev: (bool, u64),
    local: Vec<(bool, u64, String)>,
}

fn pep440(text: &str) -> Result<Pep440, TemplateError> {
    let bad = || TemplateError::new(format!("Invalid version: '{text}'"));
    let lower = text.trim().to_lowercase();
    let lower = lower.strip_prefix('v').unwrap_or(&lower);
    let (public, local) = lower.split_once('+').map_or((lower, None), |(p, l)| (p, Some(l)));
    let (epoch, rest) = match public.split_once('!') {
        Some((e, r)) => (e.parse().map_err(|_| bad())?, r),
        None => (0, public),
    };
    let end = rest
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(rest.len());
    let (release, mut rest) = rest.split_at(end);
    let release = release.strip_suffix('.').unwrap_or(release);
    let mut release: Vec<u64> = release
        .split('.')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .map_err(|_| bad())?;
    while release.len() > 1 && release.last() == Some(&0) {
        release.pop();
    }
    let (mut pre, mut post, mut dev) = (None, None, None);
    while !rest.is_empty() {
        rest = rest.trim_start_matches(['.', '-', '_']);
        let end = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let after = if word.is_empty() {
            after
        } else {
            after.trim_start_matches(['.', '-', '_'])
        };
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (digits, after) = after.split_at(end);
        let number = if digits.is_empty() {
            0
        } else {
            digits.parse().map_err(|_| bad())?
        };
        match word {
            "a" | "alpha" if pre.is_none() => pre = Some((1, number)),
            "b" | "beta" if pre.is_none() => pre = Some((2, number)),
            "c" | "rc" | "pre" | "preview" if pre.is_none() => pre = Some((3, number)),
            "post" | "rev" | "r" if post.is_none() => post = Some(number),
            "" if post.is_none() && !digits.is_empty() => post = Some(number),
            "dev" if dev.is_none() => dev = Some(number),
            _ => return Err(bad()),
        }
        rest = after;
    }
    let local = local
        .map(|l| {
            l.split(['.', '-', '_'])
                .map(|p| match p.parse() {
                    Ok(n) => (true, n, String::new()),
                    Err(_) => (false, 0, p.to_owned()),
                })
                .collect()
        })
        .unwrap_or_default();
    Ok(Pep440 {
        epoch,
        release,
        // a development release without anything else comes before all pre-releases
        pre: match pre {
            Some(p) => p,
            None if post.is_none() && dev.is_some() => (0, 0),
            None => (4, 0),
        },
        post: post.map_or((false, 0), |n| (true, n)),
        dev: dev.map_or((true, 0), |n| (false, n)),
        local,
    })
}

fn version(call: &Call<'_>) -> Result<Value, TemplateError> {
    let (a, b) = (call.subject()?.to_text(), call.required(1, "version")?.to_text());
    let operator = call.text(2, "operator", "eq")?;
    let strictly = call.get(3, "strict").filter(|s| !s.is_none()).map(Value::truthy);
    let kind = call.get(4, "version_type").filter(|k| !k.is_none());
    if strictly.is_some() && kind.is_some() {
        return call.fail("Cannot specify both 'strict' and 'version_type'");
    }
    if !call.subject()?.truthy() {
        return call.fail("Input version value cannot be empty");
    }
    if !call.required(1, "version")?.truthy() {
        return call.fail("Version parameter to compare against cannot be empty");
    }
    let kind = match kind {
        Some(k) => k.to_text(),
        None if strictly == Some(true) => "strict".to_owned(),
        None => "loose".to_owned(),
    };
    let holds: fn(Ordering) -> bool = match operator.as_str() {
        "==" | "=" | "eq" => Ordering::is_eq,
        "<" | "lt" => Ordering::is_lt,
        "<=" | "le" => Ordering::is_le,
        ">" | "gt" => Ordering::is_gt,
        ">=" | "ge" => Ordering::is_ge,
        "!=" | "<>" | "ne" => Ordering::is_ne,
        _ => {
            return call.fail(format!(
                "Invalid operator type ({operator}). Must be one of '==', '=', 'eq', '<', 'lt', '<=', 'le', '>', 'gt', '>=', 'ge', '!=', '<>', 'ne'"
            ));
        }
    };
    let order = match kind.as_str() {
        "loose" => compare_loose(&a, &b),
        "strict" => strict(&a).and_then(|x| Ok(x.cmp(&strict(&b)?))),
        "semver" | "semantic" => semantic(&a, &b),
        "pep440" => pep440(&a).and_then(|x| Ok(x.cmp(&pep440(&b)?))),
        other => {
            return call.fail(format!(
                "Invalid version type ({other}). Must be one of 'loose', 'strict', 'semver', 'semantic', 'pep440'"
            ));
        }
    };
    match order {
        Ok(order) => Ok(Value::Bool(holds(order))),
        Err(e) => call.fail(format!("Version comparison failed: {e}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{compare_loose, pep440, semantic};
    use std::cmp::Ordering;

    #[test]
    fn python_versions_are_in_pep440_order() {
        let order = [
            "1.0.dev1",
            "1.0a1.dev1",
            "1.0a1",
            "1.0b2",
            "1.0rc1",
            "1.0",
            "1.0+local",
            "1.0.post1",
            "1.1",
            "1!0.1",
        ];
        for pair in order.windows(2) {
            assert!(pep440(pair[0]).unwrap() < pep440(pair[1]).unwrap(), "{pair:?}");
        }
        assert!(pep440("1.0.0").unwrap() == pep440("v1.0").unwrap());
        assert!(pep440("x").is_err());
    }

    #[test]
    fn semantic_versions_are_in_their_order() {
        let order = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
        ];
        for pair in order.windows(2) {
            assert_eq!(semantic(pair[0], pair[1]).unwrap(), Ordering::Less, "{pair:?}");
        }
        assert!(semantic("1.0", "1.0.0").is_err());
    }

    #[test]
    fn loose_versions_compare_numbers_and_words_but_not_mixed() {
        assert_eq!(compare_loose("1.10", "1.9").unwrap(), Ordering::Greater);
        assert_eq!(compare_loose("1.10a", "1.10").unwrap(), Ordering::Greater);
        assert!(compare_loose("1.a", "1.2").is_err());
    }
}
