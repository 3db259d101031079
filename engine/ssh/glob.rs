//! The wildcard patterns of ssh's configuration and known_hosts files.

/// Whether `text` matches `pattern`, where `*` is any text and `?` any character.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == b'?' || text.get(t) == Some(&c) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((star_p, star_t)) => {
                    star = Some((star_p, star_t + 1));
                    p = star_p + 1;
                    t = star_t + 1;
                }
                None => return false,
            },
        }
    }
    pattern
        .get(p..)
        .is_none_or(|rest| rest.iter().all(|&c| c == b'*'))
}

/// Whether one of `patterns` matches and no pattern with `!` before it does.
pub(crate) fn any_matches<'a>(patterns: impl IntoIterator<Item = &'a str>, text: &str) -> bool {
    let mut found = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(negated) if matches(negated, text) => return false,
            Some(_) => {}
            None => found |= matches(pattern, text),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_like_openssh() {
        assert!(matches("*", ""));
        assert!(matches("web*.example.??", "web1.a.example.de"));
        assert!(!matches("web?", "web"));
        assert!(matches("10.0.*.1", "10.0.44.1"));
        assert!(!matches("a*b", "a"));
        assert!(matches("a*b*c", "aXbYbZc"));
    }

    #[test]
    fn a_negated_pattern_excludes_whatever_else_matches() {
        assert!(any_matches(["*", "!bad"], "good"));
        assert!(!any_matches(["*", "!bad"], "bad"));
        assert!(!any_matches(["!bad"], "good"));
    }
}
