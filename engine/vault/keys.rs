//! The passwords of a run.

use crate::{Envelope, VaultError, VaultSecret, cipher::Keys};
use std::{cell::RefCell, collections::HashMap};

/// What came out of a vault text.
#[derive(Clone)]
pub struct Opened<'a> {
    /// The clear bytes.
    pub clear: Vec<u8>,
    /// The label on the text.
    pub label: Option<String>,
    /// The password that opened it.
    pub secret: &'a VaultSecret,
}

/// Several passwords, tried in order; one whose id is that of the text first.
#[derive(Default)]
pub struct VaultKeys {
    secrets: Vec<VaultSecret>,
    only_matching: bool,
    derived: RefCell<HashMap<(usize, Vec<u8>), Keys>>,
}

impl VaultKeys {
    /// These passwords.
    pub fn new(secrets: Vec<VaultSecret>) -> Self {
        Self {
            secrets,
            ..Self::default()
        }
    }

    /// `vault_id_match`: whether only a password with the text's id is tried.
    #[must_use]
    pub fn only_matching(self, only: bool) -> Self {
        Self {
            only_matching: only,
            ..self
        }
    }

    /// Whether there is no password.
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// The clear bytes of an armoured text.
    pub fn open(&self, armoured: &str) -> Result<Vec<u8>, VaultError> {
        self.open_with(armoured).map(|o| o.clear)
    }

    /// The clear bytes and who opened them.
    pub fn open_with(&self, armoured: &str) -> Result<Opened<'_>, VaultError> {
        let envelope = Envelope::read(armoured)?;
        if self.secrets.is_empty() {
            return Err(VaultError::new(
                "Attempting to decrypt but no vault secrets found.",
            ));
        }
        // A text without a label is one of `default`.
        let label = envelope.label.as_deref().unwrap_or("default");
        let matches = |s: &VaultSecret| s.id == label;
        let (first, rest): (Vec<_>, Vec<_>) = self.secrets.iter().enumerate().partition(|(_, s)| matches(s));
        let rest = if self.only_matching { Vec::new() } else { rest };
        for (index, secret) in first.into_iter().chain(rest) {
            let keys = self.keys(index, &secret.password, &envelope.salt);
            if let Some(clear) = keys.open(&envelope.data, &envelope.tag) {
                return Ok(Opened {
                    clear,
                    label: envelope.label,
                    secret,
                });
            }
        }
        Err(VaultError::new(
            "Decryption failed (no vault secrets were found that could decrypt).",
        ))
    }

    /// Keys are kept: a playbook opens the same text many times, and making them is slow.
    fn keys(&self, index: usize, password: &[u8], salt: &[u8]) -> Keys {
        let key = (index, salt.to_vec());
        *self
            .derived
            .borrow_mut()
            .entry(key)
            .or_insert_with(|| Keys::derive(password, salt))
    }
}

#[cfg(test)]
mod tests {
    use super::VaultKeys;
    use crate::VaultSecret;

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
            let opened = keys.open_with(&text).unwrap();
            assert_eq!(
                (opened.clear.as_slice(), opened.secret.id.as_str()),
                (clear.as_bytes(), "dev")
            );
            assert!(VaultKeys::new(vec![secret("dev", "wrong")]).open(&text).is_err());
        }
    }

    #[test]
    fn ids_must_match_where_that_is_asked() {
        let text = secret("dev", "pw").seal(b"x").unwrap();
        let open = |id: &str| {
            VaultKeys::new(vec![secret(id, "pw")])
                .only_matching(true)
                .open(&text)
                .is_ok()
        };
        assert_eq!(
            (open("dev"), open("other"), open("default")),
            (true, false, false)
        );
    }

    #[test]
    fn texts_of_ansible_vault_are_read() {
        // Made by ansible-vault of ansible-core 2.19.14: encrypt_salt=abc, password pw.
        let text = include_str!("fixtures/salted_dev.vault");
        let keys = VaultKeys::new(vec![secret("dev", "pw")]);
        assert_eq!(keys.open(text).unwrap(), b"hello\n");
        assert_eq!(secret("dev", "pw").seal_with(b"hello\n", b"abc").unwrap(), text);
        let old = include_str!("fixtures/format_1_1.vault");
        assert_eq!(keys.open(old).unwrap(), "zw\u{f6}lf\n".as_bytes());
    }

    #[test]
    fn damaged_texts_are_told_in_ansibles_words() {
        let keys = VaultKeys::new(vec![secret("default", "pw")]);
        let told = |text: &str| keys.open(text).unwrap_err().0;
        assert_eq!(told("hello"), "Input is not vault encrypted data.");
        assert_eq!(
            told("$ANSIBLE_VAULT\nabc"),
            "Vault envelope format error: list index out of range"
        );
        assert_eq!(
            told("$ANSIBLE_VAULT;1.0;AES\nabcd"),
            "Cipher 'AES' could not be found."
        );
        let bad = |body: &str| told(&format!("$ANSIBLE_VAULT;1.1;AES256\n{body}\n"));
        assert_eq!(
            bad("zzzz"),
            "Vault format unhexlify error: Non-hexadecimal digit found"
        );
        assert_eq!(bad("abc"), "Vault format unhexlify error: Odd-length string");
        assert_eq!(
            bad("abcd"),
            "Vault vaulttext format error: not enough values to unpack (expected 3, got 1)"
        );
        let text = secret("default", "pw").seal(b"secret").unwrap();
        for n in [10, 30, text.len() / 2, text.len() - 3] {
            assert!(keys.open(&text[..n]).is_err());
        }
        assert!(VaultKeys::default().open(&text).is_err());
        assert_eq!(
            secret("a", "b").seal(text.as_bytes()).unwrap_err().0,
            "input is already encrypted"
        );
    }
}
