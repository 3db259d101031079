//! Filters that make identifiers.

use crate::{Call, Callable, TemplateError, declare::callable, iterate::text};
use kdo_value::Value;
use sha1::{Digest, Sha1};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.to_uuid", to_uuid, "The UUID (version 5) of the text in a namespace, by default Ansible's.", [];
        "{{ 'abc' | to_uuid }}" => r#""27dc713b-d72c-5825-88f3-9f240e739319""#,
        "{{ 'abc' | to_uuid('6ba7b810-9dad-11d1-80b4-00c04fd430c8') }}" => r#""6cb8e707-0fc5-5f55-88d4-d4fed43e64a8""#),
];

const NAMESPACE: &str = "361E6D51-FAEC-444A-9079-341386DA8E2E";

fn to_uuid(call: &Call<'_>) -> Result<Value, TemplateError> {
    let name = text(call.subject()?)?;
    let namespace = call.text(1, "namespace", NAMESPACE)?;
    let digits: Vec<u32> = namespace
        .trim_start_matches("urn:uuid:")
        .chars()
        .filter(|c| !matches!(c, '-' | '{' | '}'))
        .map_while(|c| c.to_digit(16))
        .collect();
    let plain = namespace.chars().filter(|c| c.is_ascii_hexdigit()).count();
    if digits.len() != 32 || plain < 32 {
        return call.fail(format!(
            "Invalid value '{namespace}' for 'namespace': badly formed hexadecimal UUID string"
        ));
    }
    let mut hasher = Sha1::new();
    let bytes: Vec<u8> = digits
        .chunks_exact(2)
        .filter_map(|p| u8::try_from(p.iter().fold(0, |n, d| n * 16 + d)).ok())
        .collect();
    hasher.update(bytes);
    hasher.update(name.as_bytes());
    let mut id: Vec<u8> = hasher.finalize().iter().copied().take(16).collect();
    if let Some(b) = id.get_mut(6) {
        *b = *b & 0x0f | 0x50;
    }
    if let Some(b) = id.get_mut(8) {
        *b = *b & 0x3f | 0x80;
    }
    let mut out = String::new();
    for (i, b) in id.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        out.push_str(&format!("{b:02x}"));
    }
    Ok(Value::str(out))
}
