//! Filters that compute digests and password hashes.

use crate::{Call, Callable, Check, TemplateError, declare::callable, mersenne::Random};
use blake2::{Blake2b512, Blake2s256};
use kdo_crypt::{self as crypt, Scheme};
use kdo_value::Value;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.hash", hash, "The digest of the text in hexadecimal, by default SHA-1.", [];
        "{{ 'abc' | hash }}" => r#""a9993e364706816aba3e25717850c26c9cd0d89d""#,
        "{{ 'abc' | hash('md5') }}" => r#""900150983cd24fb0d6963f7d28e17f72""#,
        "{{ 'abc' | hash('sha256') }}" => r#""ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad""#),
    callable!("ansible.builtin.checksum", |c| fixed(c, "sha1"), "The SHA-1 digest of the text in hexadecimal.", [];
        "{{ 'abc' | checksum }}" => r#""a9993e364706816aba3e25717850c26c9cd0d89d""#),
    callable!("ansible.builtin.md5", |c| fixed(c, "md5"), "The MD5 digest of the text in hexadecimal.", [];
        "{{ 'abc' | md5 }}" => r#""900150983cd24fb0d6963f7d28e17f72""#),
    callable!("ansible.builtin.sha1", |c| fixed(c, "sha1"), "The SHA-1 digest of the text in hexadecimal.", [];
        "{{ 'abc' | sha1 }}" => r#""a9993e364706816aba3e25717850c26c9cd0d89d""#),
    callable!("ansible.builtin.password_hash", password_hash, "The password hashed for `/etc/shadow`: sha512, sha256, md5 or blowfish.", [];
        "{{ 'abc' | password_hash('sha512', 'saltsalt', rounds=1000) }}"
            => r#""$6$rounds=1000$saltsalt$NA0tUOoXYli67O46SiSe4jOx5fJrwbcvn.93O1OCXTNvMnSOqQqJeiUNvi3QplzYv406C7qWWXacNBluOyvO3/""#,
        "{{ 'abc' | password_hash('md5', 'salt') }}" => r#""$1$salt$Ix0K7gMcCieLMZGthf6yT1""#),
];

/// The digest in hexadecimal, if the kind is known.
pub(crate) fn digest(kind: &str, data: &[u8]) -> Option<String> {
    fn hex(bytes: impl AsRef<[u8]>) -> String {
        bytes.as_ref().iter().map(|b| format!("{b:02x}")).collect()
    }
    Some(match kind {
        "md5" => hex(Md5::digest(data)),
        "sha1" => hex(Sha1::digest(data)),
        "sha224" => hex(Sha224::digest(data)),
        "sha256" => hex(Sha256::digest(data)),
        "sha384" => hex(Sha384::digest(data)),
        "sha512" => hex(Sha512::digest(data)),
        "sha512_224" => hex(Sha512_224::digest(data)),
        "sha512_256" => hex(Sha512_256::digest(data)),
        "sha3_224" => hex(Sha3_224::digest(data)),
        "sha3_256" => hex(Sha3_256::digest(data)),
        "sha3_384" => hex(Sha3_384::digest(data)),
        "sha3_512" => hex(Sha3_512::digest(data)),
        "blake2b" => hex(Blake2b512::digest(data)),
        "blake2s" => hex(Blake2s256::digest(data)),
        _ => return None,
    })
}

fn data(value: &Value) -> Vec<u8> {
    match value {
        Value::Bytes(b) => b.to_vec(),
        v => v.to_text().into_bytes(),
    }
}

fn hash(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let kind = call.text(1, "hashtype", "sha1")?;
    match digest(&kind, &data(value)) {
        Some(hex) => Ok(Value::str(hex)),
        None => call.fail(format!("unsupported hash type {kind}")),
    }
}

fn fixed(call: &Call<'_>, kind: &str) -> Result<Value, TemplateError> {
    if let Some(odd) = call.get(1, "hash_func") {
        return call.fail(format!("'{}' object is not callable", odd.type_name()));
    }
    Ok(digest(kind, &data(call.subject()?)).map_or(Value::None, Value::str))
}

/// A random salt of the scheme's alphabet.
pub(crate) fn random_salt(length: usize) -> String {
    let mut random = Random::system();
    let alphabet: Vec<char> = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        .chars()
        .collect();
    (0..length).filter_map(|_| random.choice(&alphabet)).collect()
}

fn password_hash(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some(password) = value.as_str() else {
        return call.fail(format!(
            "secret must be unicode or bytes, not {}",
            value.type_name()
        ));
    };
    let given = |i: usize, name: &str| call.get(i, name).filter(|v| !v.is_none());
    let kind = given(1, "hashtype").map_or_else(|| "sha512".to_owned(), Value::to_text);
    let Some(scheme) = Scheme::of(&kind) else {
        return call.fail(format!(
            "{kind} is not in the list of supported passlib algorithms: md5, blowfish, sha256, sha512"
        ));
    };
    let size = match given(3, "salt_size") {
        Some(size) => match size.as_int().and_then(|n| usize::try_from(n).ok()) {
            Some(size) => size,
            None => return call.fail("salt_size must be an integer"),
        },
        None => scheme.salt_size(),
    };
    if size > scheme.salt_size() {
        return call.fail(format!(
            "Could not hash the secret: {}: salt_size ({size}) above max_salt_size ({})",
            scheme.name(),
            scheme.salt_size()
        ));
    }
    let salt = match given(2, "salt") {
        Some(v) => v.check()?.to_text(),
        None => random_salt(size),
    };
    let rounds = match given(4, "rounds") {
        Some(_) => Some(call.int(4, "rounds", 0)?),
        None => None,
    };
    let ident = given(5, "ident").map(Value::to_text);
    match crypt::hash(scheme, password, &salt, rounds, ident.as_deref()) {
        Ok(hashed) => Ok(Value::str(hashed)),
        Err(e) => call.fail(format!("Could not hash the secret: {e}")),
    }
}
