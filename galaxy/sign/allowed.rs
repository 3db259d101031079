//! Who may sign: fingerprints, public keys, and files of allowed signers as `ssh-keygen` reads them.

use super::{NAMESPACE, fingerprint_of};
use crate::{Failure, Result};
use std::{collections::BTreeSet, fs, path::Path};

/// Fingerprints of allowed keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Allowed(pub(crate) BTreeSet<String>);

impl Allowed {
    /// A list with commas: `SHA256:…`, `ssh-ed25519 AAAA…`, files. What cannot be read is an error: a policy that
    /// allows less or more than was meant is none.
    pub(crate) fn parse(text: &str, base: &Path) -> Result<Self> {
        let mut found = BTreeSet::new();
        for part in text.split([',', '\n']).map(str::trim).filter(|p| !p.is_empty()) {
            if part.starts_with("SHA256:") {
                found.insert(part.to_owned());
            } else if part.split_whitespace().count() >= 2 && is_key_type(part) {
                found.insert(fingerprint_of(part)?);
            } else {
                let path = match part.strip_prefix("~/") {
                    Some(rest) => std::env::home_dir().unwrap_or_default().join(rest),
                    None => base.join(part),
                };
                let text = fs::read_to_string(&path).map_err(|e| Failure::file(&path, &e))?;
                for line in text.lines() {
                    found.extend(signer(line).map_err(|f| f.of(path.display()))?);
                }
            }
        }
        if found.is_empty() {
            return Err(Failure::invalid("nobody is allowed to sign"));
        }
        Ok(Self(found))
    }
}

fn is_key_type(text: &str) -> bool {
    ["ssh-", "ecdsa-", "sk-"].iter().any(|t| text.starts_with(t))
}

/// `PRINCIPALS [OPTIONS] KEYTYPE KEY [COMMENT]`
fn signer(line: &str) -> Result<Option<String>> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let words = words(line);
    let at = words
        .iter()
        .skip(1)
        .position(|w| is_key_type(w))
        .map(|at| at + 1)
        .filter(|at| *at <= 2 && at + 1 < words.len());
    let at = at.ok_or_else(|| Failure::invalid(format!("{line:?} is no line of allowed signers")))?;
    for option in words[1..at].iter().flat_map(|w| options(w)) {
        match option.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("namespaces") => {
                let mut listed = value.trim_matches('"').split(',');
                if !listed.any(|n| n == NAMESPACE || n == "*") {
                    return Ok(None);
                }
            }
            _ => {
                return Err(Failure::invalid(format!(
                    "the option {option:?} of allowed signers is not supported"
                ))
                .help("write the key without it, or leave the line out"));
            }
        }
    }
    fingerprint_of(&words[at..at + 2].join(" ")).map(Some)
}

/// Words between spaces; quotes keep spaces.
fn words(line: &str) -> Vec<String> {
    split(line, char::is_whitespace)
}

fn options(word: &str) -> Vec<String> {
    split(word, |c| c == ',')
}

fn split(text: &str, between: impl Fn(char) -> bool) -> Vec<String> {
    let mut quoted = false;
    let parts = text.split(|c: char| {
        quoted ^= c == '"';
        !quoted && between(c)
    });
    parts.filter(|p| !p.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::{Allowed, signer};
    use std::path::Path;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIILJVAn/hRe3dEvUvOs+NYNzqvcGD8KxoMDlHpJVHFxs";

    #[test]
    fn lines_of_allowed_signers() {
        let plain = signer(&format!("me@a.test {KEY} comment")).unwrap();
        assert!(plain.as_deref().is_some_and(|f| f.starts_with("SHA256:")));
        let spaced = format!("a@a,b@b namespaces=\"git,kdo-package@v1\" {KEY}");
        assert_eq!(signer(&spaced).unwrap(), plain);
        assert_eq!(signer(&format!("a namespaces=\"git\" {KEY}")).unwrap(), None);
        assert_eq!(signer("# text").unwrap(), None);
        for bad in [
            format!("a valid-after=\"2020\" {KEY}"),
            format!("a cert-authority {KEY}"),
            KEY.to_owned(),
        ] {
            assert!(signer(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_policy_names_someone() {
        let here = Path::new("/nowhere");
        assert!(Allowed::parse("", here).is_err());
        assert!(Allowed::parse("missing-file", here).is_err());
        let both = Allowed::parse(&format!("SHA256:abc, {KEY}"), here).unwrap();
        assert_eq!(both.0.len(), 2);
    }
}
