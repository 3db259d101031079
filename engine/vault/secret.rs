//! A password with its label.

use crate::{VaultError, cipher::Keys, envelope::Envelope, envelope::is_sealed};

/// A vault password and the id it goes by; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct VaultSecret {
    /// The vault id (`default` where none was given).
    pub id: String,
    /// The password.
    pub password: Vec<u8>,
}

impl VaultSecret {
    /// Seals clear bytes under a random salt of 32 bytes; format 1.2 where the id is not `default`.
    pub fn seal(&self, clear: &[u8]) -> Result<String, VaultError> {
        let mut salt = [0_u8; 32];
        rand::fill(&mut salt);
        self.seal_with(clear, &salt)
    }

    /// Seals under this salt: the same bytes give the same text. What is sealed already is refused.
    pub fn seal_with(&self, clear: &[u8], salt: &[u8]) -> Result<String, VaultError> {
        if is_sealed(clear) {
            return Err(VaultError::new("input is already encrypted"));
        }
        let keys = Keys::derive(&self.password, salt);
        let (data, tag) = keys
            .seal(clear)
            .ok_or_else(|| VaultError::new("the cipher could not be set up"))?;
        let envelope = Envelope {
            label: Some(self.id.clone()),
            salt: salt.to_vec(),
            tag,
            data,
        };
        Ok(envelope.write())
    }
}
