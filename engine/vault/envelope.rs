//! The armour around the sealed bytes: a line that says how, and hexadecimal digits.

use crate::{VaultError, hex};

const HEADER: &str = "$ANSIBLE_VAULT";
const LINE: usize = 80;

/// Whether these bytes begin as a vault text does and hold ASCII only.
pub fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(HEADER.as_bytes()) && bytes.is_ascii()
}

/// A vault text taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The label of format 1.2.
    pub label: Option<String>,
    pub(crate) salt: Vec<u8>,
    pub(crate) tag: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

impl Envelope {
    /// Takes a text apart; the version is not looked at, as in Ansible: what differs is whether there is a label.
    pub fn read(text: &str) -> Result<Self, VaultError> {
        if !is_sealed(text.as_bytes()) {
            return Err(VaultError::new("Input is not vault encrypted data."));
        }
        let mut lines = text.lines();
        let mut fields = lines.next().unwrap_or_default().trim().split(';').map(str::trim);
        let missing = || VaultError::new("Vault envelope format error: list index out of range");
        fields.next();
        fields.next().ok_or_else(missing)?;
        let cipher = fields.next().ok_or_else(missing)?;
        if cipher != "AES256" {
            return Err(VaultError::new(format!("Cipher '{cipher}' could not be found.")));
        }
        let label = fields.next().map(str::to_owned);
        let body: String = lines.collect();
        // Values in YAML keep the spaces of their indentation at the end.
        let inner = hex::decode(body.trim_end().as_bytes())?;
        let parts: Vec<&[u8]> = inner.splitn(3, |b| *b == b'\n').collect();
        let [salt, tag, data] = parts.as_slice() else {
            return Err(VaultError::new(format!(
                "Vault vaulttext format error: not enough values to unpack (expected 3, got {})",
                parts.len()
            )));
        };
        Ok(Self {
            label,
            salt: hex::decode(salt)?,
            tag: hex::decode(tag)?,
            data: hex::decode(data)?,
        })
    }

    /// The text; format 1.1 without a label (`default` counts as none), else 1.2.
    pub(crate) fn write(&self) -> String {
        let mut text = match self.label.as_deref() {
            None | Some("" | "default") => format!("{HEADER};1.1;AES256\n"),
            Some(label) => format!("{HEADER};1.2;AES256;{label}\n"),
        };
        let parts = [&self.salt, &self.tag, &self.data].map(|p| hex::encode(p));
        let body = hex::encode(parts.join("\n").as_bytes());
        for line in body.as_bytes().chunks(LINE) {
            text.push_str(&String::from_utf8_lossy(line));
            text.push('\n');
        }
        text
    }
}
