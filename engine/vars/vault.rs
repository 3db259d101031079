//! Ansible's vault: AES-256-CTR with HMAC-SHA256 over keys from PBKDF2, formats 1.1 and 1.2.

use aes::Aes256;
use cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, KeyInit, Mac};
use kdo_template::{TemplateError, Vault};
use kdo_value::{Text, VaultText};
use sha2::Sha256;
use std::{cell::RefCell, collections::HashMap, fmt};

const ITERATIONS: u32 = 10_000;
const BLOCK: usize = 16;

/// Why a vault text could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultError(pub String);

impl fmt::Display for VaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for VaultError {}

/// A vault password with its id; never shown.
#[derive(Clone)]
pub struct VaultSecret {
    /// The vault id (`default` where none was given).
    pub id: String,
    /// The password.
    pub password: Vec<u8>,
}

/// The passwords of a run.
#[derive(Default)]
pub struct VaultKeys {
    secrets: Vec<VaultSecret>,
    derived: RefCell<HashMap<(usize, Vec<u8>), [u8; 80]>>,
}

impl VaultKeys {
    /// These passwords, tried in order (one whose id is that of the text first).
    pub fn new(secrets: Vec<VaultSecret>) -> Self {
        Self {
            secrets,
            derived: RefCell::default(),
        }
    }

    /// Whether there is no password.
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// The clear bytes of an armoured text.
    pub fn open(&self, armoured: &str) -> Result<Vec<u8>, VaultError> {
        let fail = |text: &str| VaultError(text.to_owned());
        let mut lines = armoured.trim().lines().map(str::trim);
        let header = lines.next().unwrap_or_default();
        let mut fields = header.split(';');
        if fields.next() != Some("$ANSIBLE_VAULT") {
            return Err(fail("input is not vault encrypted data"));
        }
        let version = fields.next().unwrap_or_default();
        if !matches!(version, "1.1" | "1.2") {
            return Err(VaultError(format!("vault format {version} is not supported")));
        }
        if fields.next() != Some("AES256") {
            return Err(fail("only the vault cipher AES256 is supported"));
        }
        let label = fields.next().map(str::trim).filter(|l| !l.is_empty());
        let body: String = lines.collect();
        let outer = unhex(&body).ok_or_else(|| fail("Vault format unhexlify error: the text is damaged"))?;
        let inner = String::from_utf8(outer).map_err(|_| fail("Vault format error: the text is damaged"))?;
        let mut parts = inner.split('\n').map(unhex);
        let (Some(Some(salt)), Some(Some(tag)), Some(Some(data))) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(fail("Vault format error: the text is damaged"));
        };
        if self.secrets.is_empty() {
            return Err(fail("Attempting to decrypt but no vault secrets found."));
        }
        let mut order: Vec<usize> = (0..self.secrets.len()).collect();
        order.sort_by_key(|i| self.secrets.get(*i).is_none_or(|s| Some(s.id.as_str()) != label));
        for index in order {
            if let Some(clear) = self.try_open(index, &salt, &tag, &data) {
                return Ok(clear);
            }
        }
        Err(fail(
            "Decryption failed (no vault secrets were found that could decrypt).",
        ))
    }

    fn try_open(&self, index: usize, salt: &[u8], tag: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        let keys = self.keys(index, salt)?;
        let (key, rest) = keys.split_at_checked(32)?;
        let (mac_key, iv) = rest.split_at_checked(32)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(mac_key).ok()?;
        mac.update(data);
        mac.verify_slice(tag).ok()?;
        let mut clear = data.to_vec();
        ctr::Ctr128BE::<Aes256>::new_from_slices(key, iv)
            .ok()?
            .apply_keystream(&mut clear);
        let padding = usize::from(*clear.last()?);
        if padding == 0 || padding > BLOCK || padding > clear.len() {
            return None;
        }
        clear.truncate(clear.len() - padding);
        Some(clear)
    }

    fn keys(&self, index: usize, salt: &[u8]) -> Option<[u8; 80]> {
        let key = (index, salt.to_vec());
        if let Some(found) = self.derived.borrow().get(&key) {
            return Some(*found);
        }
        let derived = derive(&self.secrets.get(index)?.password, salt);
        self.derived.borrow_mut().insert(key, derived);
        Some(derived)
    }
}

fn derive(password: &[u8], salt: &[u8]) -> [u8; 80] {
    let mut keys = [0; 80];
    pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, ITERATIONS, &mut keys);
    keys
}

impl VaultSecret {
    /// Armours clear bytes; format 1.2 where the id is not `default`.
    pub fn seal(&self, clear: &[u8]) -> Result<String, VaultError> {
        let mut salt = [0_u8; 32];
        rand::fill(&mut salt);
        self.seal_with(clear, &salt)
    }

    fn seal_with(&self, clear: &[u8], salt: &[u8]) -> Result<String, VaultError> {
        let keys = derive(&self.password, salt);
        let broken = || VaultError("the cipher could not be set up".into());
        let (key, rest) = keys.split_at(32);
        let (mac_key, iv) = rest.split_at(32);
        let padding = BLOCK - clear.len() % BLOCK;
        let mut data = clear.to_vec();
        data.extend(std::iter::repeat_n(
            u8::try_from(padding).map_err(|_| broken())?,
            padding,
        ));
        ctr::Ctr128BE::<Aes256>::new_from_slices(key, iv)
            .map_err(|_| broken())?
            .apply_keystream(&mut data);
        let mut mac = Hmac::<Sha256>::new_from_slice(mac_key).map_err(|_| broken())?;
        mac.update(&data);
        let inner = format!(
            "{}\n{}\n{}",
            hex(salt),
            hex(&mac.finalize().into_bytes()),
            hex(&data)
        );
        let body = hex(inner.as_bytes());
        let mut out = match self.id.as_str() {
            "default" | "" => "$ANSIBLE_VAULT;1.1;AES256\n".to_owned(),
            id => format!("$ANSIBLE_VAULT;1.2;AES256;{id}\n"),
        };
        for line in body.as_bytes().chunks(80) {
            out.push_str(&String::from_utf8_lossy(line));
            out.push('\n');
        }
        Ok(out)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    if !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok())
        .collect()
}

impl Vault for VaultKeys {
    fn decrypt(&self, vault: &VaultText) -> Result<Text, TemplateError> {
        let clear = self
            .open(&vault.ciphertext)
            .map_err(|e| TemplateError::new(e.0))?;
        let text = String::from_utf8(clear)
            .map_err(|_| TemplateError::new("the decrypted value is not valid UTF-8"))?;
        Ok(Text::secret(text))
    }

    fn decrypt_text(&self, armoured: &str) -> Result<Vec<u8>, TemplateError> {
        self.open(armoured).map_err(|e| TemplateError::new(e.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{VaultKeys, VaultSecret};

    fn secret(id: &str, password: &str) -> VaultSecret {
        VaultSecret {
            id: id.into(),
            password: password.into(),
        }
    }

    #[test]
    fn what_is_sealed_can_be_opened_with_the_right_password_only() {
        for clear in [
            "",
            "short",
            "exactly sixteen!",
            "two\nlines of a longer secret text",
        ] {
            let text = secret("dev", "pw").seal(clear.as_bytes()).unwrap();
            assert!(text.starts_with("$ANSIBLE_VAULT;1.2;AES256;dev\n"));
            let keys = VaultKeys::new(vec![secret("other", "no"), secret("dev", "pw")]);
            assert_eq!(keys.open(&text).unwrap(), clear.as_bytes());
            assert!(VaultKeys::new(vec![secret("dev", "wrong")]).open(&text).is_err());
        }
    }

    #[test]
    fn damaged_texts_are_refused() {
        let text = secret("default", "pw").seal(b"secret").unwrap();
        let keys = VaultKeys::new(vec![secret("default", "pw")]);
        assert!(text.starts_with("$ANSIBLE_VAULT;1.1;AES256\n"));
        for n in [10, 30, text.len() / 2, text.len() - 3] {
            assert!(keys.open(&text[..n]).is_err());
        }
        assert!(keys.open("hello").is_err() && keys.open("$ANSIBLE_VAULT;9.9;AES256\nff").is_err());
        assert!(VaultKeys::default().open(&text).is_err());
    }
}
