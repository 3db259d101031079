//! Ansible's own filter for trust, which its test-suite uses, and JSON that marks what is to be trusted.

use crate::{Call, Callable, TemplateError, declare::callable};
use kdo_value::{Map, Text, Value, VaultText};
use std::rc::Rc;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible._protomatter.apply_trust", apply_trust, "The same text, which may be a template from now on: only for texts that you wrote.", [];
        "{{ 'a' | ansible._protomatter.apply_trust }}" => r#""a""#),
];

fn apply_trust(call: &Call<'_>) -> Result<Value, TemplateError> {
    Ok(match call.subject()? {
        Value::Str(text) => Value::Str(Text::trusted(text.as_str(), text.origin())),
        other => other.clone(),
    })
}

/// What JSON of the profile `inventory_legacy` means: encrypted texts and texts that are no templates are marked, all
/// others are as trusted as the JSON itself.
pub(crate) fn unmarked(value: &Value, trusted: bool) -> Value {
    match value {
        Value::Str(text) if trusted => Value::Str(Text::trusted(text.as_str(), None)),
        Value::List(items) => Value::list(items.to_vec().iter().map(|v| unmarked(v, trusted))),
        Value::Map(map) => {
            if map.len() == 1
                && let Some((key, Value::Str(text))) = map.first()
            {
                match key.as_str() {
                    Some("__ansible_unsafe") => return Value::Str(text.untrusted()),
                    Some("__ansible_vault") => {
                        return Value::Vault(Rc::new(VaultText {
                            ciphertext: text.as_str().to_owned(),
                            origin: text.origin(),
                        }));
                    }
                    _ => {}
                }
            }
            let out = Map::new();
            map.for_each(|k, v| {
                out.insert(k.clone(), unmarked(v, trusted));
            });
            Value::Map(out)
        }
        other => other.clone(),
    }
}
