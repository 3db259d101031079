//! Filters that encrypt and decrypt texts with a given password.

use crate::{Call, Callable, Check, TemplateError, declare::callable};
use kdo_value::{Text, Value, VaultText};
use kdo_vault::{VaultKeys, VaultSecret, is_sealed};
use std::rc::Rc;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.vault", vault, "The text encrypted with a password, as `ansible-vault` writes it.", [];
        "{{ 'x' | vault('pw', salt='abc') }}"
            => r#""$ANSIBLE_VAULT;1.2;AES256;filter_default\n3631363236330a313531346238346566313437313262663031353530656133363937656465306230\n373530656262356232303339373365656262313737393764356131663466300a3161326663313864\n613063383265343865363763353764613834623365613234\n""#),
    callable!("ansible.builtin.unvault", unvault, "The clear text of an encrypted one; other texts stay as they are.", [];
        "{{ 'x' | vault('pw') | unvault('pw') }}" => r#""x""#, "{{ 'plain' | unvault('pw') }}" => r#""plain""#),
];

fn secret(call: &Call<'_>) -> Result<String, TemplateError> {
    let secret = call.required(1, "secret")?;
    match secret.as_str() {
        Some(s) => Ok(s.to_owned()),
        None => call.fail(format!(
            "Secret passed is required to be a string, instead we got <class '{}'>",
            secret.type_name()
        )),
    }
}

fn vault(call: &Call<'_>) -> Result<Value, TemplateError> {
    let secret = secret(call)?;
    let value = call.subject()?;
    let Some(clear) = value.as_str() else {
        return call.fail(format!(
            "Can only vault strings, instead we got <class '{}'>.",
            value.type_name()
        ));
    };
    let secret = VaultSecret {
        id: call.text(3, "vault_id", "filter_default")?,
        password: secret.into_bytes(),
    };
    let sealed = match call.get(2, "salt").filter(|s| !s.is_none()) {
        Some(salt) => secret.seal_with(clear.as_bytes(), salt.check()?.to_text().as_bytes()),
        None => secret.seal(clear.as_bytes()),
    };
    match sealed {
        Ok(ciphertext) if call.flag(4, "wrap_object", false) => Ok(Value::Vault(Rc::new(VaultText {
            ciphertext,
            origin: None,
        }))),
        Ok(text) => Ok(Value::str(text)),
        Err(why) => call.fail(format!("Unable to encrypt: {why}")),
    }
}

fn unvault(call: &Call<'_>) -> Result<Value, TemplateError> {
    let password = secret(call)?.into_bytes();
    let value = call.subject()?;
    let armoured = match value {
        Value::Str(s) => s.to_string(),
        Value::Vault(v) => v.ciphertext.clone(),
        other => {
            return call.fail(format!(
                "Vault should be in the form of a string, instead we got <class '{}'>.",
                other.type_name()
            ));
        }
    };
    if !is_sealed(armoured.as_bytes()) {
        return Ok(value.clone());
    }
    let keys = VaultKeys::new(vec![VaultSecret {
        id: call.text(2, "vault_id", "filter_default")?,
        password,
    }]);
    match keys.open(&armoured) {
        Ok(clear) => match String::from_utf8(clear) {
            Ok(clear) => Ok(Value::Str(Text::secret(clear))),
            Err(_) => call.fail("Unable to decrypt: the clear text is not valid UTF-8"),
        },
        Err(why) => call.fail(format!("Unable to decrypt: {why}")),
    }
}
