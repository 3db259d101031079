//! Filters that encrypt and decrypt texts with a given password.

use crate::{Call, Callable, Check, TemplateError, declare::callable};
use aes::Aes256;
use cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, KeyInit, Mac};
use kdo_value::{Text, Value};
use sha2::Sha256;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.vault", vault, "The text encrypted with a password, as `ansible-vault` writes it.", [];
        "{{ 'x' | vault('pw', salt='abc') }}"
            => r#""$ANSIBLE_VAULT;1.2;AES256;filter_default\n3631363236330a313531346238346566313437313262663031353530656133363937656465306230\n373530656262356232303339373365656262313737393764356131663466300a3161326663313864\n613063383265343865363763353764613834623365613234\n""#),
    callable!("ansible.builtin.unvault", unvault, "The clear text of an encrypted one; other texts stay as they are.", [];
        "{{ 'x' | vault('pw') | unvault('pw') }}" => r#""x""#, "{{ 'plain' | unvault('pw') }}" => r#""plain""#),
];

const ITERATIONS: u32 = 10_000;
const BLOCK: usize = 16;

/// Key, key of the signature, and first counter.
struct Keys([u8; 80]);

impl Keys {
    fn derive(password: &[u8], salt: &[u8]) -> Self {
        let mut keys = [0; 80];
        pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, ITERATIONS, &mut keys);
        Self(keys)
    }

    fn parts(&self) -> Option<(&[u8], &[u8], &[u8])> {
        let (key, rest) = self.0.split_at_checked(32)?;
        let (mac, counter) = rest.split_at_checked(32)?;
        Some((key, mac, counter))
    }

    fn signature(&self, data: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.parts()?.1).ok()?;
        mac.update(data);
        Some(mac)
    }

    fn apply(&self, data: &mut [u8]) -> Option<()> {
        let (key, _, counter) = self.parts()?;
        ctr::Ctr128BE::<Aes256>::new_from_slices(key, counter)
            .ok()?
            .apply_keystream(data);
        Some(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.trim().chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|d| d.len().is_multiple_of(2))?;
    digits
        .chunks_exact(2)
        .map(|p| u8::try_from(p.iter().fold(0, |n, d| n * 16 + d)).ok())
        .collect()
}

fn seal(clear: &[u8], password: &[u8], salt: &[u8], id: &str) -> Option<String> {
    let keys = Keys::derive(password, salt);
    let padding = BLOCK - clear.len() % BLOCK;
    let mut data = clear.to_vec();
    data.extend(std::iter::repeat_n(u8::try_from(padding).ok()?, padding));
    keys.apply(&mut data)?;
    let tag = keys.signature(&data)?.finalize().into_bytes();
    let body = hex(format!("{}\n{}\n{}", hex(salt), hex(&tag), hex(&data)).as_bytes());
    let mut out = match id {
        "" | "default" => "$ANSIBLE_VAULT;1.1;AES256\n".to_owned(),
        id => format!("$ANSIBLE_VAULT;1.2;AES256;{id}\n"),
    };
    for line in body.as_bytes().chunks(80) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push('\n');
    }
    Some(out)
}

fn open(armoured: &str, password: &[u8]) -> Option<Vec<u8>> {
    let (_, body) = armoured.trim().split_once('\n')?;
    let body: String = body.split_whitespace().collect();
    let inner = String::from_utf8(unhex(&body)?).ok()?;
    let mut parts = inner.split('\n').map(unhex);
    let (salt, tag, mut data) = (parts.next()??, parts.next()??, parts.next()??);
    let keys = Keys::derive(password, &salt);
    keys.signature(&data)?.verify_slice(&tag).ok()?;
    keys.apply(&mut data)?;
    let padding = usize::from(*data.last()?);
    let kept = data
        .len()
        .checked_sub(padding)
        .filter(|_| (1..=BLOCK).contains(&padding))?;
    data.truncate(kept);
    Some(data)
}

fn secret(call: &Call<'_>) -> Result<String, TemplateError> {
    let secret = call.required(1, "secret")?;
    match secret.as_str() {
        Some(s) => Ok(s.to_owned()),
        None => call.fail(format!(
            "Secret passed is required to be a string, instead we got {}",
            secret.type_name()
        )),
    }
}

fn vault(call: &Call<'_>) -> Result<Value, TemplateError> {
    let secret = secret(call)?;
    let value = call.subject()?;
    let Some(clear) = value.as_str() else {
        return call.fail(format!(
            "Can only vault strings, instead we got {}.",
            value.type_name()
        ));
    };
    let salt = match call.get(2, "salt").filter(|s| !s.is_none()) {
        Some(s) => s.check()?.to_text().into_bytes(),
        None => {
            let mut salt = vec![0; 32];
            rand::fill(salt.as_mut_slice());
            salt
        }
    };
    let id = call.text(3, "vault_id", "filter_default")?;
    match seal(clear.as_bytes(), secret.as_bytes(), &salt, &id) {
        Some(sealed) => Ok(Value::str(sealed)),
        None => call.fail("Unable to encrypt."),
    }
}

fn unvault(call: &Call<'_>) -> Result<Value, TemplateError> {
    let secret = secret(call)?;
    let value = call.subject()?;
    let armoured = match value {
        Value::Str(s) => s.to_string(),
        Value::Vault(v) => v.ciphertext.clone(),
        other => {
            return call.fail(format!(
                "Vault should be in the form of a string, instead we got {}.",
                other.type_name()
            ));
        }
    };
    if !armoured.starts_with("$ANSIBLE_VAULT;") {
        return Ok(value.clone());
    }
    match open(&armoured, secret.as_bytes()).map(String::from_utf8) {
        Some(Ok(clear)) => Ok(Value::Str(Text::secret(clear))),
        _ => call
            .fail("Unable to decrypt: Decryption failed (no vault secrets were found that could decrypt)."),
    }
}
