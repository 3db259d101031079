//! Passwords' hashes and ages, and the settings for new accounts.

use std::fs;

/// A line of `/etc/shadow`.
#[derive(Default, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) password: String,
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
    pub(super) warn: Option<i64>,
    pub(super) inactive: Option<i64>,
    /// Day of expiry, counted from 1970.
    pub(super) expires: Option<i64>,
}

/// The entry of a user, if it can be read.
pub(super) fn entry(name: &str) -> Option<Entry> {
    parse(&fs::read_to_string("/etc/shadow").ok()?, name)
}

fn parse(text: &str, name: &str) -> Option<Entry> {
    let line = text.lines().find(|l| l.split(':').next() == Some(name))?;
    let fields: Vec<_> = line.split(':').collect();
    let number = |i: usize| fields.get(i).and_then(|f| f.parse().ok());
    Some(Entry {
        password: (*fields.get(1)?).to_owned(),
        min: number(3),
        max: number(4),
        warn: number(5),
        inactive: number(6),
        expires: number(7),
    })
}

/// The mode of a new home folder by `/etc/login.defs`; `None` if there is no such file.
pub(super) fn home_mode() -> Option<u32> {
    let defs = fs::read_to_string("/etc/login.defs").ok()?;
    let setting = |key: &str| {
        let words = defs.lines().filter_map(|l| {
            let mut w = l.split_whitespace();
            (l.starts_with(key) && w.next() == Some(key))
                .then(|| w.next())
                .flatten()
        });
        words
            .map(|w| u32::from_str_radix(w, 8))
            .collect::<Result<Vec<_>, _>>()
            .ok()
    };
    let first = setting("HOME_MODE").and_then(|all| all.first().copied());
    let umask = setting("UMASK").and_then(|all| all.last().copied());
    Some(first.unwrap_or_else(|| 0o777 & !umask.unwrap_or(0o022)))
}

/// Whether a text looks like the hash of a password, or like one of the words that mean no password.
pub(super) fn is_hash(password: &str) -> bool {
    if ["*", "!", "*************"].contains(&password) {
        return true;
    }
    let fields: Vec<_> = password.split('$').collect();
    let [_, method, .., hash] = fields[..] else {
        return false;
    };
    let letters = hash
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "./=".contains(c));
    let length = match method {
        "1" => Some(22),
        "5" | "y" => Some(43),
        "6" => Some(86),
        _ => None,
    };
    !password.contains([':', '*', '!']) && letters && length.is_none_or(|n| hash.chars().count() == n)
}

#[cfg(test)]
mod tests {
    use super::{Entry, is_hash, parse};

    #[test]
    fn entries_are_read_with_their_ages() {
        let text = "root:*:19000:0:99999:7:::\nx:!$6$a:19000:1:90:14:30:20000:\n";
        let entry = parse(text, "x").unwrap();
        let wanted = Entry {
            password: "!$6$a".into(),
            min: Some(1),
            max: Some(90),
            warn: Some(14),
            inactive: Some(30),
            expires: Some(20000),
        };
        assert_eq!(entry, wanted);
        assert_eq!(parse(text, "y"), None);
    }

    #[test]
    fn hashes_are_told_from_plain_words() {
        let sha512 = format!("$6$salt${}", "a".repeat(86));
        for (text, hash) in [
            ("secret", false),
            ("*", true),
            ("!", true),
            ("$6$salt$short", false),
            (sha512.as_str(), true),
            (&format!("{sha512}!"), false),
            ("$2b$12$abc", true),
            ("$x", false),
        ] {
            assert_eq!(is_hash(text), hash, "{text}");
        }
    }
}
