//! Tests of encrypted texts and files.

use crate::{Call, Callable, TemplateError, declare::callable, iterate::path_text};
use kdo_value::Value;
use std::io::Read;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.vault_encrypted", encrypted, "Whether it is an encrypted value that has not been decrypted.", [];
        "{{ 'x' is vault_encrypted }}" => "false"),
    callable!("ansible.builtin.vaulted_file", vaulted_file, "Whether the file on the controller is encrypted.", [];
        "{{ '/dev/null' is vaulted_file }}" => "false"),
];

fn encrypted(call: &Call<'_>) -> Result<Value, TemplateError> {
    Ok(Value::Bool(matches!(call.subject()?, Value::Vault(_))))
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
