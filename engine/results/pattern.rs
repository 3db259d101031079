//! Patterns of names: `*` stands for any text, `?` for one character.

/// Whether a pattern fits the whole name.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where the last `*` was, and how much of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, taken)) = star else {
                    return false;
                };
                star = Some((at, taken + 1));
                p = at + 1;
                n = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// How much of a pattern is no wildcard: of several patterns that fit, the one that says most wins.
pub(crate) fn weight(pattern: &str) -> usize {
    pattern.chars().filter(|c| !matches!(c, '*' | '?')).count()
}

#[cfg(test)]
mod tests {
    use super::{fits, weight};

    #[test]
    fn wildcards_stand_for_texts() {
        for (pattern, name, good) in [
            ("*", "", true),
            ("6.1?.*", "6.18.0-rc3", true),
            ("6.1?.*", "6.1.0", false),
            ("*-debug", "6.18.0-debug-debug", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("6.18.0", "6.18.0", true),
            ("6.18.0", "6.18.01", false),
            ("", "x", false),
        ] {
            assert_eq!(fits(pattern, name), good, "{pattern} {name}");
        }
        assert!(weight("6.18.*") > weight("6.*"));
    }

    #[test]
    fn many_stars_take_no_long_time() {
        assert!(!fits(&"*a".repeat(200), &"a".repeat(199)));
    }
}
