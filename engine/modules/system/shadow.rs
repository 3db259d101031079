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

/// The mode of a new home folder: `HOME_MODE` of login.defs, else what the umask leaves.
pub(super) fn home_mode(umask: Option<u32>) -> u32 {
    let defs = fs::read_to_string("/etc/login.defs").unwrap_or_default();
    let setting = |key: &str| {
        let mut words = defs.lines().filter_map(|l| {
            let mut w = l.split_whitespace();
            (w.next() == Some(key)).then(|| w.next()).flatten()
        });
        words.next_back().and_then(|w| u32::from_str_radix(w, 8).ok())
    };
    match umask {
        Some(umask) => 0o777 & !umask,
        None => setting("HOME_MODE").unwrap_or_else(|| 0o777 & !setting("UMASK").unwrap_or(0o022)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, parse};

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
}
