//! `get_url`: the checksum that is wanted, given or found in a list.

/// The digest of `name` in a list of digests, as the GNU and BSD programs write them; a digest alone is any file's.
pub(super) fn digest_in<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    if let [line] = list.lines().collect::<Vec<_>>()[..]
        && let [digest] = line.split_whitespace().collect::<Vec<_>>()[..]
    {
        return Some(digest);
    }
    let mut all = list.lines().filter_map(|l| bsd(l).or_else(|| gnu(l)));
    all.find(|(file, _)| *file == name).map(|(_, digest)| digest)
}

/// `SHA256 (name) = digest`
fn bsd(line: &str) -> Option<(&str, &str)> {
    let (head, digest) = line.rsplit_once('=')?;
    let (algorithm, file) = head.trim_end().strip_suffix(')')?.split_once('(')?;
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_.".contains(c));
    (word(algorithm.trim_end()) && word(digest.trim())).then(|| (file, digest.trim()))
}

/// `digest  name`, `digest *name`, `digest  ./name`
fn gnu(line: &str) -> Option<(&str, &str)> {
    let (digest, file) = line.split_once(char::is_whitespace)?;
    let file = file.trim();
    let file = file.strip_prefix('*').unwrap_or(file);
    Some((file.trim_start_matches(['.', '/']), digest))
}

/// Only what belongs to a digest, in small letters; `None` if that is none.
pub(super) fn clean(digest: &str) -> Option<String> {
    let kept = digest.chars().filter(|c| c.is_alphanumeric() || *c == '_');
    let digest = kept.collect::<String>().to_lowercase();
    (!digest.is_empty() && digest.chars().all(|c| c.is_ascii_hexdigit())).then_some(digest)
}

#[cfg(test)]
mod tests {
    use super::{clean, digest_in};

    #[test]
    fn digests_are_found_in_lists() {
        let list = "aa  other\nbb *x.tgz\nSHA256 (y.tgz) = cc\ndd  ./z.tgz\nee  sub/w\n";
        assert_eq!(digest_in(list, "x.tgz"), Some("bb"));
        assert_eq!(digest_in(list, "y.tgz"), Some("cc"));
        assert_eq!(digest_in(list, "z.tgz"), Some("dd"));
        assert_eq!(digest_in(list, "w"), None);
        assert_eq!(digest_in("dd\n", "z"), Some("dd"));
        assert_eq!(digest_in("", "z"), None);
    }

    #[test]
    fn digests_are_cleaned() {
        assert_eq!(clean(" AB\u{200b}12 ").as_deref(), Some("ab12"));
        assert_eq!(clean("xyz"), None);
        assert_eq!(clean(""), None);
    }
}
