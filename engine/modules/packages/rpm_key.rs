//! `rpm_key`: keys that rpm trusts.

use super::openpgp::{self, Key};
use crate::{host::Scratch, prelude::*};
use std::path::{Path, PathBuf};

/// Add or remove keys that rpm checks packages with
///
/// Keys are read without gpg.
#[derive(Params)]
pub struct RpmKey {
    /// Fingerprints that the key's file must have, blanks allowed.
    #[param(elements = "str")]
    fingerprint: Option<Vec<String>>,
    /// File or address of the key; its identifier where it is there already or shall be removed.
    #[param(required)]
    key: String,
    /// Whether rpm trusts the key.
    #[param(default = "present", choices("absent", "present"))]
    state: String,
    /// Whether the server's certificate is checked.
    #[param(default = true)]
    validate_certs: bool,
}

/// Whether a text is a key's identifier: it begins with eight hexadecimal digits, perhaps after `0x`.
fn is_id(text: &str) -> bool {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .unwrap_or(text);
    digits
        .get(..8)
        .is_some_and(|d| d.chars().all(|c| c.is_ascii_hexdigit()))
}

/// An identifier in upper case without `0x`.
fn normal(id: &str) -> String {
    let id = id.trim().to_uppercase();
    id.strip_prefix("0X").unwrap_or(&id).to_owned()
}

/// Whether an identifier, short, long or a fingerprint, is that of the key.
fn means(id: &str, key: &Key) -> bool {
    key.id().contains(id) || id.len() > key.id().len() && key.fingerprint == id
}

impl RpmKey {
    /// The file with the key, fetched if it is given by address; `None` where only its identifier is given.
    fn file(&self, host: &mut Host<'_>, scratch: &Scratch) -> Result<Option<PathBuf>, Failure> {
        if self.key.contains("://") {
            let path = scratch.path().join("key");
            crate::net::http::download(host, &self.key, &path, self.validate_certs)
                .map_err(|e| format!("failed to fetch key at {}: {}", self.key, e.message))?;
            if !openpgp::is_armored(&host.read(&path)?) {
                return Err(Failure::new(format!("Not a public key: {}", self.key)));
            }
            return Ok(Some(path));
        }
        if is_id(&self.key) {
            return Ok(None);
        }
        let path = PathBuf::from(&self.key);
        if path.is_file() {
            return Ok(Some(path));
        }
        Err(Failure::new(format!("Not a valid key {}", self.key)))
    }

    fn check_fingerprints(&self, keys: &[Key], file: &Path) -> Result<(), Failure> {
        for wanted in self.fingerprint.iter().flatten() {
            let plain = wanted.replace(' ', "").to_uppercase();
            if keys.iter().all(|k| k.fingerprint != plain) {
                let found: Vec<_> = keys.iter().map(|k| k.fingerprint.as_str()).collect();
                return Err(Failure::new(format!(
                    "{} has no key with the fingerprint '{wanted}', but {}",
                    file.display(),
                    found.join(", ")
                )));
            }
        }
        Ok(())
    }
}

impl Module for RpmKey {
    const META: Meta = Meta {
        name: "ansible.builtin.rpm_key",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[],
        examples: &[
            Example {
                title: "Trust a key",
                args: r#"{"key": "https://repo.example.org/key.asc", "fingerprint": "EBC6 E12C 62B1 C734 026B 2122 A20E 5214 6B8D 79E6"}"#,
                given: &[],
                then: &[],
                changed: true,
                runs: false,
            },
            Example {
                title: "Do not trust a key any more",
                args: r#"{"key": "6B8D79E6", "state": "absent"}"#,
                given: &[],
                then: &[],
                changed: true,
                runs: false,
            },
        ],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let rpm = Command::new(host.need_program("rpm", "rpm")?).env("LC_ALL", "C");
        let scratch = Scratch::new()?;
        let file = self.file(host, &scratch)?;
        let keys = match &file {
            Some(file) => openpgp::keys(&host.read(file)?),
            None => Vec::new(),
        };
        let id = match (&file, keys.first()) {
            (Some(file), None) => {
                return Err(Failure::new(format!("{} has no public key", file.display())));
            }
            (Some(_), Some(key)) => key.id().to_owned(),
            (None, _) => normal(&self.key),
        };
        let out = host.query(rpm.clone().args(["-q", "gpg-pubkey", "--qf", "%{DESCRIPTION}\n"]))?;
        let trusted = out.rc == 0 && openpgp::keys(&out.stdout).iter().any(|key| means(&id, key));
        match (self.state.as_str(), trusted, file) {
            ("present", false, None) => {
                return Err(Failure::new("When importing a key, a valid file must be given"));
            }
            ("present", false, Some(file)) => {
                self.check_fingerprints(&keys, &file)?;
                if let Some(out) = host.execute(rpm.arg("--import").path(&file))? {
                    out.success("rpm could not import the key")?;
                }
            }
            ("absent", true, _) => {
                let short = id.get(id.len().saturating_sub(8)..).unwrap_or(&id).to_lowercase();
                let package = format!("gpg-pubkey-{short}");
                if let Some(out) = host.execute(rpm.args(["--erase", "--allmatches", &package]))? {
                    out.success("rpm could not remove the key")?;
                }
            }
            _ => {}
        }
        Ok(Outcome::new())
    }
}

#[cfg(test)]
mod tests {
    use super::{is_id, means, normal};
    use crate::packages::openpgp::Key;

    #[test]
    fn keys_are_known_by_short_and_long_identifiers_and_fingerprints() {
        let key = Key {
            fingerprint: "EBC6E12C62B1C734026B2122A20E52146B8D79E6".into(),
        };
        for id in [
            "6b8d79e6",
            "0x6B8D79E6",
            "A20E52146B8D79E6",
            "EBC6E12C62B1C734026B2122A20E52146B8D79E6",
        ] {
            assert!(is_id(id) && means(&normal(id), &key), "{id}");
        }
        assert!(!means("12345678", &key) && !means("00C6E12C62B1C734026B2122A20E52146B8D79E6", &key));
        assert!(!is_id("/etc/key") && !is_id("abc"));
    }
}
