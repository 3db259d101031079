//! Identifiers of OpenPGP public keys, read without gpg (RFC 9580).

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};

const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END: &str = "-----END PGP PUBLIC KEY BLOCK-----";

/// A public key or subkey.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// Forty hexadecimal digits, upper case.
    pub(super) fingerprint: String,
}

impl Key {
    /// The last sixteen digits.
    pub(super) fn id(&self) -> &str {
        self.fingerprint.get(24..).unwrap_or_default()
    }
}

/// Whether a text holds an armored public key.
pub(super) fn is_armored(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.split_once(BEGIN).is_some_and(|(_, rest)| rest.contains(END))
}

/// All keys and subkeys in armored blocks, or in a binary file.
pub(super) fn keys(bytes: &[u8]) -> Vec<Key> {
    let mut out = Vec::new();
    if !is_armored(bytes) {
        read(bytes, &mut out);
        return out;
    }
    let text = String::from_utf8_lossy(bytes);
    for block in text.split(BEGIN).skip(1) {
        let block = block.split(END).next().unwrap_or_default();
        // Headers end with an empty line; the checksum begins with `=`.
        let body = block.lines().skip(1).skip_while(|l| !l.trim().is_empty()).skip(1);
        let body: String = body.map(str::trim).take_while(|l| !l.starts_with('=')).collect();
        if let Ok(packets) = STANDARD.decode(body) {
            read(&packets, &mut out);
        }
    }
    out
}

fn read(mut bytes: &[u8], out: &mut Vec<Key>) {
    const KEY: u8 = 6;
    const SUBKEY: u8 = 14;
    while let Some((tag, body, rest)) = packet(bytes) {
        if matches!(tag, KEY | SUBKEY)
            && body.first() == Some(&4)
            && let Ok(length) = u16::try_from(body.len())
        {
            let mut hash = Sha1::new();
            hash.update([0x99]);
            hash.update(length.to_be_bytes());
            hash.update(body);
            let fingerprint = hash.finalize().iter().map(|b| format!("{b:02X}")).collect();
            out.push(Key { fingerprint });
        }
        bytes = rest;
    }
}

/// The first packet's kind and content, and what follows it; `None` where there is no whole packet.
fn packet(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (head, rest) = bytes.split_first()?;
    if head & 0x80 == 0 {
        return None;
    }
    let number = |bytes: &[u8]| bytes.iter().fold(0_usize, |n, b| (n << 8) | usize::from(*b));
    let (tag, length, rest) = if head & 0x40 != 0 {
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=191 => (usize::from(*first), rest),
            192..=223 => {
                let (second, rest) = rest.split_first()?;
                (
                    ((usize::from(*first) - 192) << 8) + usize::from(*second) + 192,
                    rest,
                )
            }
            255 => {
                let (length, rest) = rest.split_at_checked(4)?;
                (number(length), rest)
            }
            // Parts of unknown number: only data packets may have those.
            _ => return None,
        };
        (head & 0x3f, length, rest)
    } else {
        let size = match head & 3 {
            0 => 1,
            1 => 2,
            2 => 4,
            _ => return None,
        };
        let (length, rest) = rest.split_at_checked(size)?;
        ((head >> 2) & 0x0f, number(length), rest)
    };
    let (body, rest) = rest.split_at_checked(length)?;
    Some((tag, body, rest))
}

#[cfg(test)]
mod tests {
    use super::{is_armored, keys};

    /// An Ed25519 key with a subkey, made by gpg for this test.
    const ARMORED: &str = include_str!("checks/key.asc");

    #[test]
    fn fingerprints_are_those_that_gpg_shows() {
        let found = keys(ARMORED.as_bytes());
        let expected: Vec<&str> = include_str!("checks/key.fingerprints").lines().collect();
        assert_eq!(
            found.iter().map(|k| k.fingerprint.as_str()).collect::<Vec<_>>(),
            expected
        );
        assert_eq!(found.first().map(|k| k.id()), expected.first().map(|f| &f[24..]));
    }

    #[test]
    fn what_is_no_key_gives_none() {
        assert!(!is_armored(b"text") && keys(b"text").is_empty());
        for end in 0..ARMORED.len() {
            keys(&ARMORED.as_bytes()[..end]);
        }
        assert!(keys(&[0x99, 0xff, 0xff, 4]).is_empty());
    }
}
