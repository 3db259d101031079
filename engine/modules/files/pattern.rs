//! Shell patterns over the host's files.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Whether the whole text matches the pattern: `*`, `?`, `[a-z]`, `[!a]`.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut pi, mut ti, mut star) = (0, 0, None);
    while ti < t.len() {
        match p.get(pi) {
            Some('*') => {
                star = Some((pi, ti));
                pi += 1;
                continue;
            }
            Some('?') => {
                pi += 1;
                ti += 1;
                continue;
            }
            Some('[') => {
                if let Some((inside, next)) = class(&p, pi, t.get(ti).copied().unwrap_or('\0')) {
                    if inside {
                        pi = next;
                        ti += 1;
                        continue;
                    }
                } else if t.get(ti) == Some(&'[') {
                    pi += 1;
                    ti += 1;
                    continue;
                }
            }
            Some(c) if Some(c) == t.get(ti) => {
                pi += 1;
                ti += 1;
                continue;
            }
            _ => {}
        }
        match star {
            Some((sp, st)) => {
                pi = sp + 1;
                ti = st + 1;
                star = Some((sp, st + 1));
            }
            None => return false,
        }
    }
    p.iter().skip(pi).all(|c| *c == '*')
}

/// Whether `c` is in the class that begins at `start`, and where the pattern goes on; `None` if it is not closed.
fn class(p: &[char], start: usize, c: char) -> Option<(bool, usize)> {
    let negated = p.get(start + 1) == Some(&'!');
    let first = start + 1 + usize::from(negated);
    let end = (first + 1..p.len()).find(|i| p.get(*i) == Some(&']'))?;
    let set = p.get(first..end)?;
    let mut inside = false;
    let mut i = 0;
    while let Some(a) = set.get(i) {
        if let (Some('-'), Some(b)) = (set.get(i + 1), set.get(i + 2)) {
            inside |= (*a..=*b).contains(&c);
            i += 3;
        } else {
            inside |= *a == c;
            i += 1;
        }
    }
    Some((inside != negated, end + 1))
}

/// Existing paths that match, sorted within each folder; hidden names only where the pattern begins with a dot.
pub fn expand(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        let part = part.as_os_str();
        let text = part.to_string_lossy();
        if !text.contains(['*', '?', '[']) {
            found.iter_mut().for_each(|f| f.push(part));
            continue;
        }
        let mut next = Vec::new();
        for folder in &found {
            let read = if folder.as_os_str().is_empty() {
                fs::read_dir(".")
            } else {
                fs::read_dir(folder)
            };
            let mut names: Vec<_> = read
                .into_iter()
                .flatten()
                .flatten()
                .map(|e| e.file_name())
                .collect();
            names.sort();
            for name in names {
                let n = name.to_string_lossy();
                if matches(&text, &n) && (!n.starts_with('.') || text.starts_with('.')) {
                    next.push(folder.join(&name));
                }
            }
        }
        found = next;
    }
    found.retain(|p| fs::symlink_metadata(p).is_ok());
    found
}

/// Whether anything matches.
pub fn any_match(pattern: &Path) -> bool {
    !expand(pattern).is_empty()
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (pattern, text, result) in [
            ("*.rs", "a.rs", true),
            ("a*b*c", "aXXbYYc", true),
            ("a*b*c", "aXXbYY", false),
            ("[a-c]?", "bz", true),
            ("[!a-c]?", "bz", false),
            ("[", "[", true),
            ("[^a]", "^", true),
            ("[^a]", "b", false),
            ("[]]", "]", true),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), result, "{pattern} {text}");
        }
    }
}
