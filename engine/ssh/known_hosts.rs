//! known_hosts files: plain, bracketed, hashed and wildcard names, `@cert-authority` and `@revoked`.

use crate::glob;
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use std::path::{Path, PathBuf};

/// What the word before the names says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    /// A host's own key.
    Key,
    /// A key that signs host certificates.
    Authority,
    /// A key never to be trusted.
    Revoked,
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) line: usize,
    pub(crate) marker: Marker,
    names: Names,
    pub(crate) key_type: String,
    /// The key in its wire form.
    pub(crate) key: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Names {
    Hashed { salt: Vec<u8>, hash: Vec<u8> },
    Patterns(String),
}

/// A file, read.
#[derive(Clone, Debug)]
pub(crate) struct KnownHosts {
    pub(crate) path: PathBuf,
    pub(crate) entries: Vec<Entry>,
}

impl KnownHosts {
    /// Reads the lines of a file; those that are not understood are passed over, as ssh does.
    pub(crate) fn parse(path: &Path, text: &str) -> Self {
        let entries = text
            .lines()
            .enumerate()
            .filter_map(|(index, line)| Entry::parse(index + 1, line))
            .collect();
        Self {
            path: path.to_owned(),
            entries,
        }
    }

    /// The entries for a name in its known_hosts form.
    pub(crate) fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |entry| entry.names.matches(name))
    }
}

impl Entry {
    fn parse(line_number: usize, line: &str) -> Option<Self> {
        let line = line.trim();
        if line.starts_with('#') {
            return None;
        }
        let mut words = line.split_whitespace();
        let mut first = words.next()?;
        let mut marker = Marker::Key;
        if first.starts_with('@') {
            marker = match first {
                "@cert-authority" => Marker::Authority,
                "@revoked" => Marker::Revoked,
                _ => return None,
            };
            first = words.next()?;
        }
        let key_type = words.next()?.to_owned();
        let key = STANDARD.decode(words.next()?).ok()?;
        Some(Self {
            line: line_number,
            marker,
            names: Names::parse(first)?,
            key_type,
            key,
        })
    }
}

impl Names {
    fn parse(field: &str) -> Option<Self> {
        let Some(hashed) = field.strip_prefix("|1|") else {
            return Some(Self::Patterns(field.to_ascii_lowercase()));
        };
        let (salt, hash) = hashed.split_once('|')?;
        Some(Self::Hashed {
            salt: STANDARD.decode(salt).ok()?,
            hash: STANDARD.decode(hash).ok()?,
        })
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Patterns(patterns) => glob::any_matches(patterns.split(','), name),
            Self::Hashed { salt, hash } => Hmac::<Sha1>::new_from_slice(salt).is_ok_and(|mut mac| {
                mac.update(name.as_bytes());
                mac.verify_slice(hash).is_ok()
            }),
        }
    }
}

/// `name` as a hashed field with the given salt.
pub(crate) fn hashed_name(name: &str, salt: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(salt).ok()?;
    mac.update(name.as_bytes());
    Some(format!(
        "|1|{}|{}",
        STANDARD.encode(salt),
        STANDARD.encode(mac.finalize().into_bytes())
    ))
}

/// The name under which a host's key is kept: bare for port 22, else `[host]:port`.
pub(crate) fn file_name(host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    if port == 22 {
        host
    } else {
        format!("[{host}]:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

    fn file(text: &str) -> KnownHosts {
        KnownHosts::parse(Path::new("kh"), text)
    }

    fn lines(file: &KnownHosts, name: &str) -> Vec<usize> {
        file.of(name).map(|entry| entry.line).collect()
    }

    #[test]
    fn plain_bracketed_and_wildcard_names_match() {
        let file = file(&format!(
            "# comment\nweb1,10.0.0.1 ssh-ed25519 {KEY} c\n[web1]:2222\tssh-ed25519   {KEY}\n*.lab,!bad.lab ssh-ed25519 {KEY}\n"
        ));
        assert_eq!(lines(&file, "web1"), [2]);
        assert_eq!(lines(&file, "10.0.0.1"), [2]);
        assert_eq!(lines(&file, "[web1]:2222"), [3]);
        assert_eq!(lines(&file, "good.lab"), [4]);
        assert!(lines(&file, "bad.lab").is_empty());
    }

    #[test]
    fn a_hashed_name_matches_only_its_host() {
        let name = hashed_name("[h]:2200", b"01234567890123456789").unwrap();
        let file = file(&format!("{name} ssh-ed25519 {KEY}"));
        assert_eq!(lines(&file, "[h]:2200"), [1]);
        assert!(lines(&file, "h").is_empty());
    }

    #[test]
    fn a_line_hashed_by_ssh_keygen_is_understood() {
        // ssh-keygen -H of "example.org".
        let salt = STANDARD.decode("9PKSUSlqqDJ2b7+SyhyWGZqLpVs=").unwrap();
        let own = hashed_name("example.org", &salt).unwrap();
        assert!(own.starts_with("|1|9PKSUSlqqDJ2b7+SyhyWGZqLpVs=|"));
        assert_eq!(own.len(), "|1|".len() + 28 + 1 + 28);
    }

    #[test]
    fn markers_are_told_apart_and_unknown_ones_ignored() {
        let file = file(&format!(
            "@cert-authority * ssh-ed25519 {KEY}\n@revoked h ssh-ed25519 {KEY}\n@other h ssh-ed25519 {KEY}\nh ssh-ed25519 ???\n"
        ));
        let markers: Vec<_> = file.of("h").map(|e| e.marker).collect();
        assert_eq!(markers, [Marker::Authority, Marker::Revoked]);
    }

    #[test]
    fn names_carry_the_port_only_when_it_is_not_22() {
        assert_eq!(file_name("Web1", 22), "web1");
        assert_eq!(file_name("web1", 2222), "[web1]:2222");
    }
}
