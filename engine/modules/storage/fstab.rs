//! The table of file systems, `/etc/fstab`.

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Device, label or remote path.
    pub source: String,
    /// Where it is mounted; `none` or `swap` for swap space.
    pub path: String,
    /// Kind of the file system.
    pub kind: String,
    /// Options.
    pub options: String,
    /// Whether `dump` saves it.
    pub dump: String,
    /// When it is checked at boot.
    pub pass: String,
}

/// A word as it stands in the table: blanks as octal numbers.
pub fn encode(word: &str) -> String {
    word.replace('\\', "\\134")
        .replace(' ', "\\040")
        .replace('&', "\\046")
}

/// The word that stands in the table.
pub fn decode(word: &str) -> String {
    let (mut out, mut rest) = (String::new(), word);
    while let Some(at) = rest.find('\\') {
        out.push_str(rest.get(..at).unwrap_or(""));
        match rest
            .get(at + 1..at + 4)
            .and_then(|d| u8::from_str_radix(d, 8).ok())
        {
            Some(byte) => {
                out.push(char::from(byte));
                rest = rest.get(at + 4..).unwrap_or("");
            }
            None => {
                out.push('\\');
                rest = rest.get(at + 1..).unwrap_or("");
            }
        }
    }
    out.push_str(rest);
    out
}

impl Entry {
    /// Reads a line; `None` for comments and what is no entry.
    pub fn parse(line: &str) -> Option<Self> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let word = |n: usize| words.get(n).map(|w| (*w).to_owned());
        // Four to six fields are usual; a comment may follow. Absent numbers are not `0`, so that they get written.
        let number = |n: usize| word(n).filter(|w| !w.starts_with('#')).unwrap_or_default();
        Some(Self {
            source: word(0)?,
            path: word(1)?,
            kind: word(2)?,
            options: word(3)?,
            dump: number(4),
            pass: number(5),
        })
    }

    /// The line of the table.
    pub fn line(&self) -> String {
        format!(
            "{} {} {} {} {} {}\n",
            self.source, self.path, self.kind, self.options, self.dump, self.pass
        )
    }

    /// Whether both are about the same place: swap space is known by its device.
    pub fn same_place(&self, other: &Self) -> bool {
        self.path == other.path && (self.path != "none" && self.path != "swap" || self.source == other.source)
    }
}

/// The table with the entry in it; equal text if it is there already.
pub fn set(text: &str, wanted: &Entry) -> String {
    let (mut out, mut there) = (String::new(), false);
    for line in text.split_inclusive('\n') {
        match Entry::parse(line) {
            Some(entry) if entry.same_place(wanted) => {
                there = true;
                if entry == *wanted {
                    out.push_str(line);
                } else {
                    out.push_str(&wanted.line());
                }
            }
            _ => out.push_str(line),
        }
    }
    if !there {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        out.push_str(&wanted.line());
    }
    out
}

/// The table without the place.
pub fn unset(text: &str, path: &str, source: Option<&str>) -> String {
    let gone = |e: &Entry| {
        e.path == path && (path != "none" && path != "swap" || source.is_none_or(|s| s == e.source))
    };
    text.split_inclusive('\n')
        .filter(|l| !Entry::parse(l).is_some_and(|e| gone(&e)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Entry, decode, encode, set, unset};

    const TABLE: &str = "# c\n/dev/a / ext4 defaults 0 1\n/dev/s none swap sw 0 0\n/dev/t none swap sw 0 0\n";

    fn entry(source: &str, path: &str, options: &str) -> Entry {
        Entry {
            source: source.into(),
            path: path.into(),
            kind: "ext4".into(),
            options: options.into(),
            dump: "0".into(),
            pass: "0".into(),
        }
    }

    #[test]
    fn entries_are_replaced_added_and_removed() {
        let new = set(TABLE, &entry("/dev/b", "/", "ro"));
        assert!(new.contains("/dev/b / ext4 ro 0 0\n") && !new.contains("/dev/a"));
        assert_eq!(set(&new, &entry("/dev/b", "/", "ro")), new);
        assert!(set("x", &entry("/dev/b", "/b", "ro")).ends_with("x\n/dev/b /b ext4 ro 0 0\n"));
        assert_eq!(unset(TABLE, "none", Some("/dev/s")).lines().count(), 3);
        assert_eq!(unset(TABLE, "/nowhere", None), TABLE);
    }

    #[test]
    fn blanks_survive() {
        assert_eq!(encode("/a b"), "/a\\040b");
        assert_eq!(decode("/a\\040b\\"), "/a b\\");
    }
}
