//! Tests of encrypted texts and files.

use crate::{Call, Callable, TemplateError, declare::callable, iterate::path_text};
use kdo_value::Value;
use std::io::Read;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.vault_encrypted", encrypted, "Whether it is an encrypted value that has not been decrypted.", [];
        "{{ 'x' is vault_encrypted }}" => "false"),
    callable!("ansible._protomatter.tagged_with", tagged, "Whether a value is marked: `VaultedValue` or `TrustedAsTemplate`.", [];
        "{{ 5 is ansible._protomatter.tagged_with('VaultedValue') }}" => "false"),
    callable!("ansible.builtin.vaulted_file", vaulted_file, "Whether the file on the controller is encrypted.", [];
        "{{ '/dev/null' is vaulted_file }}" => "false"),
];

fn encrypted(call: &Call<'_>) -> Result<Value, TemplateError> {
    // Once decrypted, a value is only known to be secret.
    Ok(Value::Bool(match call.subject()? {
        Value::Vault(_) => true,
        Value::Str(text) => text.is_secret(),
        _ => false,
    }))
}

fn tagged(call: &Call<'_>) -> Result<Value, TemplateError> {
    let subject = call.subject()?;
    let name = call.get(1, "tag_name").map(Value::to_text).unwrap_or_default();
    let Value::Str(text) = subject else {
        let sealed = matches!(subject, Value::Vault(_));
        return Ok(Value::Bool(sealed && name == "VaultedValue"));
    };
    match name.as_str() {
        "VaultedValue" => Ok(Value::Bool(text.is_secret())),
        "TrustedAsTemplate" => Ok(Value::Bool(text.is_trusted())),
        _ => call.fail(format!("unknown tag name '{name}'")),
    }
}

fn vaulted_file(call: &Call<'_>) -> Result<Value, TemplateError> {
    let path = path_text(call.subject()?)?;
    let mut head = Vec::new();
    match std::fs::File::open(path) {
        Ok(file) => {
            file.take(14)
                .read_to_end(&mut head)
                .map_err(|e| TemplateError::new(format!("Cannot test if the file {path} is a vault: {e}")))?;
        }
        Err(e) => return call.fail(format!("Cannot test if the file {path} is a vault: {e}")),
    }
    Ok(Value::Bool(head == b"$ANSIBLE_VAULT"))
}
