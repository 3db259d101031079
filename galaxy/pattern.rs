//! Patterns of package names in the configuration: a name, or its start with `*`.

/// The entry whose pattern fits the name; the longest pattern says most. Patterns are in small letters, as the keys of
/// the configuration are.
pub(crate) fn fitting<'a, T>(entries: &'a [(String, T)], name: &str) -> Option<&'a (String, T)> {
    let name = name.to_lowercase();
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    };
    let fitting = entries.iter().filter(|(pattern, _)| fits(pattern));
    fitting.max_by_key(|(pattern, _)| pattern.len())
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn the_longest_pattern_that_fits_counts() {
        let entries = [("*", 0), ("acme.*", 1), ("acme.web", 2)].map(|(p, n)| (p.to_owned(), n));
        for (name, found) in [("other.x", 0), ("Acme.db", 1), ("acme.WEB", 2), ("acme.web2", 1)] {
            assert_eq!(fitting(&entries, name).unwrap().1, found, "{name}");
        }
        assert!(fitting(&entries[2..], "acme.db").is_none());
    }
}
