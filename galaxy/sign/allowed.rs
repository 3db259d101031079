//! Who may sign: fingerprints, public keys, files of allowed signers as `ssh-keygen` reads them, and keyrings of GnuPG.

use super::{Gpg, NAMESPACE, fingerprint_of};
use crate::{Failure, Result};
use std::{
    collections::BTreeSet,
    fmt, fs,
    path::{Path, PathBuf},
};

/// Whose signatures count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Allowed {
    /// Fingerprints of SSH keys.
    pub(crate) ssh: BTreeSet<String>,
    /// Keys of OpenPGP.
    pub(crate) gpg: BTreeSet<GpgKeys>,
}

/// Keys of OpenPGP: those of a keyring, or the one with that fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum GpgKeys {
    Keyring(Gpg),
    Key(String),
}

impl GpgKeys {
    /// `gpg:FINGERPRINT` or `gpg:KEYRING`, without `gpg:`.
    fn parse(text: &str, base: &Path) -> Result<Self> {
        let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if matches!(bare.len(), 40 | 64) && bare.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(Self::Key(bare.to_uppercase()));
        }
        let looks = bare.len() >= 8 && bare.bytes().all(|b| b.is_ascii_hexdigit());
        let path = located(text, base);
        if looks && !path.exists() {
            return Err(Failure::invalid(format!(
                "gpg:{text} is too short: others can make keys that end so"
            ))
            .help("write the whole fingerprint, as gpg --fingerprint shows it"));
        }
        Gpg::of_keyring(&path).map(Self::Keyring)
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gpg = self.gpg.iter().map(|keys| match keys {
            GpgKeys::Key(fingerprint) => format!("gpg:{fingerprint}"),
            GpgKeys::Keyring(Gpg { keyring }) => {
                format!("gpg:{}", keyring.as_deref().unwrap_or(Path::new("")).display())
            }
        });
        let all: Vec<String> = self.ssh.iter().cloned().chain(gpg).collect();
        f.write_str(&all.join(" or "))
    }
}

fn located(text: &str, base: &Path) -> PathBuf {
    match text.strip_prefix("~/") {
        Some(rest) => std::env::home_dir().unwrap_or_default().join(rest),
        None => base.join(text),
    }
}

impl Allowed {
    /// A list with commas: `SHA256:…`, `ssh-ed25519 AAAA…`, files of allowed signers, `gpg:FINGERPRINT`,
    /// `gpg:KEYRING`. What cannot be read is an error: a policy that allows less or more than was meant is none.
    pub(crate) fn parse(text: &str, base: &Path) -> Result<Self> {
        let mut found = Self::default();
        for part in text.split([',', '\n']).map(str::trim).filter(|p| !p.is_empty()) {
            if let Some(keys) = part.strip_prefix("gpg:") {
                found.gpg.insert(GpgKeys::parse(keys.trim(), base)?);
            } else if part.starts_with("SHA256:") {
                found.ssh.insert(part.to_owned());
            } else if part.split_whitespace().count() >= 2 && is_key_type(part) {
                found.ssh.insert(fingerprint_of(part)?);
            } else {
                let path = located(part, base);
                let text = fs::read_to_string(&path).map_err(|e| Failure::file(&path, &e))?;
                for line in text.lines() {
                    found.ssh.extend(signer(line).map_err(|f| f.of(path.display()))?);
                }
            }
        }
        if found == Self::default() {
            return Err(Failure::invalid("nobody is allowed to sign"));
        }
        Ok(found)
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
        assert_eq!(both.ssh.len(), 2);
        let fingerprint = "2bd5 824B 7F94 70e6 0000 1111 2222 3333 4444 5555";
        let gpg = Allowed::parse(&format!("gpg:{fingerprint}"), here).unwrap();
        assert_eq!(
            gpg.to_string(),
            "gpg:2BD5824B7F9470E600001111222233334444 5555".replace(' ', "")
        );
        for bad in ["gpg:7F9470E6", "gpg:missing-keyring", "gpg:"] {
            assert!(Allowed::parse(bad, here).is_err(), "{bad}");
        }
    }
}
