//! Files of `NAME=value` lines, such as `/etc/os-release`.

/// Names and unquoted values.
pub(super) struct OsRelease(Vec<(String, String)>);

impl OsRelease {
    pub(super) fn parse(text: &str) -> Self {
        let mut pairs = Vec::new();
        for line in text.lines() {
            let line = line.trim();
            if line.starts_with('#') {
                continue;
            }
            if let Some((name, value)) = line.split_once('=') {
                pairs.push((name.trim().to_owned(), unquote(value.trim())));
            }
        }
        Self(pairs)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// The value if it is not empty.
    pub(super) fn word(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|v| !v.is_empty())
    }
}

fn unquote(value: &str) -> String {
    let inner = ['"', '\'']
        .iter()
        .find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q))
        .unwrap_or(value);
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c == '\\' && value.starts_with('"') {
            out.extend(chars.next());
        } else {
            out.push(c);
        }
    }
    out
}
