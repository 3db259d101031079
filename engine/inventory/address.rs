//! `host:port` and ranges such as `web[01:20]`.

use std::net::Ipv6Addr;

/// More hosts from one pattern are refused.
const MAX_HOSTS: usize = 1_000_000;

/// Host and port of `host`, `host:port` or `[v6]:port`; `None` for what is no host name, for example `a:b`.
pub fn parse_address(text: &str, ranges: bool) -> Option<(String, Option<u16>)> {
    if let Some((host, port)) = bracketed(text) {
        return valid(host, ranges).then(|| (host.to_owned(), Some(port)));
    }
    if let Some((host, digits)) = text.rsplit_once(':')
        && without_ranges(host).is_some_and(|h| !h.contains(':'))
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
        && let Ok(port) = digits.parse()
    {
        return valid(host, ranges).then(|| (host.to_owned(), Some(port)));
    }
    valid(text, ranges).then(|| (text.to_owned(), None))
}

fn bracketed(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.strip_prefix('[')?.rsplit_once("]:")?;
    if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((host, port.parse().ok()?))
}

/// The text with each well-formed range replaced by `1`; `None` for brackets that are none.
fn without_ranges(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let (range, tail) = after.split_once(']')?;
        let parts: Vec<&str> = range.split(':').collect();
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        let letter = |s: &str| s.len() == 1 && s.bytes().all(|b| b.is_ascii_lowercase());
        let fits = match parts.as_slice() {
            [a, b] | [a, b, _] => (digits(a) && digits(b)) || (letter(a) && letter(b)),
            _ => false,
        };
        if !fits || parts.get(2).is_some_and(|s| !digits(s)) {
            return None;
        }
        out.push_str(before);
        out.push('1');
        rest = tail;
    }
    if rest.contains(']') {
        return None;
    }
    out.push_str(rest);
    Some(out)
}

fn valid(host: &str, ranges: bool) -> bool {
    let Some(plain) = without_ranges(host) else {
        return false;
    };
    if plain != host && !ranges {
        return false;
    }
    if plain.parse::<Ipv6Addr>().is_ok() {
        return true;
    }
    let word = |c: char| c.is_alphanumeric() || c == '_';
    plain.split('.').all(|label| {
        label.starts_with(word) && label.ends_with(word) && label.chars().all(|c| word(c) || c == '-')
    })
}

/// Host names of an inventory line's first word, with the port.
pub fn expand_host(text: &str) -> Result<(Vec<String>, Option<u16>), String> {
    let (pattern, port) = parse_address(text, true).unwrap_or_else(|| (text.to_owned(), None));
    let mut names = Vec::new();
    expand("", &pattern, &mut names)?;
    Ok((names, port))
}

fn expand(head: &str, rest: &str, names: &mut Vec<String>) -> Result<(), String> {
    let Some((before, after)) = rest.split_once('[') else {
        if names.len() >= MAX_HOSTS {
            return Err(format!("a host range gives more than {MAX_HOSTS} hosts"));
        }
        names.push(format!("{head}{rest}"));
        return Ok(());
    };
    let Some((range, tail)) = after.split_once(']') else {
        return Err(format!("the host range `[{after}` has no closing bracket"));
    };
    let parts: Vec<&str> = range.split(':').collect();
    let (begin, end, step) = match parts.as_slice() {
        [begin, end] => (*begin, *end, 1),
        [begin, end, step] => {
            let step = step.parse().ok().filter(|n: &usize| *n > 0);
            let step = step.ok_or_else(|| format!("the step of the host range `[{range}]` is no number"))?;
            (*begin, *end, step)
        }
        _ => {
            return Err(format!(
                "host range must be begin:end or begin:end:step, it is `[{range}]`"
            ));
        }
    };
    let begin = if begin.is_empty() { "0" } else { begin };
    if end.is_empty() {
        return Err("host range must specify end value".to_owned());
    }
    let letter = |s: &str| s.len() == 1 && s.bytes().all(|b| b.is_ascii_alphabetic());
    if letter(begin) && letter(end) {
        let letters: Vec<char> = ('a'..='z').chain('A'..='Z').collect();
        let index = |s: &str| letters.iter().position(|c| s.starts_with(*c)).unwrap_or(0);
        let (from, to) = (index(begin), index(end));
        if from > to {
            return Err(format!("host range must have begin <= end, it is `[{range}]`"));
        }
        for c in letters.iter().skip(from).take(to - from + 1).step_by(step) {
            expand(&format!("{head}{before}{c}"), tail, names)?;
        }
        return Ok(());
    }
    let number = |s: &str| s.parse::<u64>().ok();
    let (Some(from), Some(to)) = (number(begin), number(end)) else {
        return Err(format!(
            "the host range `[{range}]` needs two numbers or two letters"
        ));
    };
    let width = if begin.len() > 1 && begin.starts_with('0') {
        begin.len()
    } else {
        0
    };
    if width > 0 && end.len() != width {
        return Err(format!(
            "host range must specify equal-length begin and end formats, it is `[{range}]`"
        ));
    }
    if to.saturating_sub(from) / step as u64 > MAX_HOSTS as u64 {
        return Err(format!("a host range gives more than {MAX_HOSTS} hosts"));
    }
    for n in (from..=to).step_by(step) {
        expand(&format!("{head}{before}{n:0width$}"), tail, names)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{expand_host, parse_address};

    #[test]
    fn ports_and_addresses_are_told_apart() {
        let parse = |t: &str| parse_address(t, true);
        assert_eq!(parse("a:22"), Some(("a".into(), Some(22))));
        assert_eq!(
            parse("[2001:db8::1]:2200"),
            Some(("2001:db8::1".into(), Some(2200)))
        );
        assert_eq!(parse("::1"), Some(("::1".into(), None)));
        assert_eq!(parse("web[1:3].x:80"), Some(("web[1:3].x".into(), Some(80))));
        assert_eq!(parse("web[01:03].x"), Some(("web[01:03].x".into(), None)));
        for text in ["a:b", "*x", "a:!b", "x y", "", "web[0-2]", "a[1"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse_address("web[1:3]", false), None);
    }

    #[test]
    fn ranges_expand_as_in_ansible() {
        let expand = |t: &str| expand_host(t).map(|(n, _)| n.join(" "));
        for (text, want) in [
            ("w[01:03]", "w01 w02 w03"),
            ("w[1:03]", "w1 w2 w3"),
            ("[1:10:4]", "1 5 9"),
            ("h[a:c]x[1:2]", "hax1 hax2 hbx1 hbx2 hcx1 hcx2"),
            ("h[x:z:2]", "hx hz"),
            ("h[:3]", "h0 h1 h2 h3"),
            ("h[3:1]", ""),
            ("x:y:22", "x:y:22"),
            ("*x", "*x"),
        ] {
            assert_eq!(expand(text).unwrap(), want, "{text}");
        }
        for text in [
            "h[01:3]",
            "h[a:]",
            "h[1",
            "h[c:a]",
            "h[1:2:0]",
            "h[1]",
            "h[1:99999999999]",
            "h[a:9]",
        ] {
            assert!(expand(text).is_err(), "{text}");
        }
    }
}
