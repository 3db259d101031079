//! Values as JSON that keeps what is known of texts: whether they are templates, whether they are secrets. In the form of
//! ansible-core 2.19, so that either reads what the other wrote.

use kdo_value::{List, Map, Text, Value};

/// Tells what a dictionary stands for.
const TYPE: &str = "__ansible_type";

/// The facts as they are written. A dictionary that looks like one of the marks below is left out with the fact that it is
/// in: nobody may get a text trusted by naming it so.
pub(crate) fn encode(facts: &Map) -> Value {
    let out = Map::new();
    for (key, value) in facts.entries() {
        if let Some(value) = encode_value(&value) {
            out.insert(key.to_text(), value);
        }
    }
    Value::Map(out)
}

fn encode_value(value: &Value) -> Option<Value> {
    Some(match value {
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Big(_) | Value::Float(_) => value.clone(),
        Value::Str(text) => encode_text(text),
        Value::List(items) => {
            let items: Option<List> = items.to_vec().iter().map(encode_value).collect();
            Value::List(items?)
        }
        Value::Map(map) => {
            let out = Map::new();
            for (key, value) in map.entries() {
                let key = key.to_text();
                if key == TYPE {
                    return None;
                }
                out.insert(key, encode_value(&value)?);
            }
            Value::Map(out)
        }
        Value::Vault(vault) => {
            let out = Map::new();
            out.insert("ciphertext", vault.ciphertext.as_str());
            out.insert(TYPE, "EncryptedString");
            Value::Map(out)
        }
        Value::Omit | Value::Undefined(_) => return None,
        other => Value::str(other.to_text()),
    })
}

fn encode_text(text: &Text) -> Value {
    let tag = Map::new();
    if text.is_secret() {
        // What it was encrypted as is no longer known.
        tag.insert("ciphertext", "");
        tag.insert(TYPE, "VaultedValue");
    } else if text.is_trusted() {
        tag.insert(TYPE, "TrustedAsTemplate");
    } else {
        return Value::str(text.as_str());
    }
    let out = Map::new();
    out.insert("value", text.as_str());
    out.insert("tags", Value::list([Value::Map(tag)]));
    out.insert(TYPE, "_AnsibleTaggedStr");
    Value::Map(out)
}

/// The values that such JSON means. Dates and the like are texts, as JSON has them.
pub(crate) fn decode(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.to_vec().iter().map(decode).collect()),
        Value::Map(map) => match map.get(TYPE).map(|t| t.to_text()) {
            Some(name) => decode_marked(map, &name),
            None => {
                let out = Map::new();
                for (key, value) in map.entries() {
                    out.insert(key, decode(&value));
                }
                Value::Map(out)
            }
        },
        other => other.clone(),
    }
}

fn decode_marked(map: &Map, name: &str) -> Value {
    if name == "EncryptedString" {
        let ciphertext = map.get("ciphertext").map(|c| c.to_text()).unwrap_or_default();
        return Value::Vault(std::rc::Rc::new(kdo_value::VaultText {
            ciphertext,
            origin: None,
        }));
    }
    if let Some(date) = map.get("iso8601") {
        return date;
    }
    let Some(inner) = map.get("value") else {
        return Value::None;
    };
    // A marked dictionary or list holds values that may be marked themselves; it is no mark itself.
    let inner = match &inner {
        Value::Map(inner) if name == "_AnsibleTaggedDict" => {
            let out = Map::new();
            for (key, value) in inner.entries() {
                out.insert(key, decode(&value));
            }
            Value::Map(out)
        }
        other => decode(other),
    };
    let Value::Str(text) = &inner else {
        return inner;
    };
    let tags = match map.get("tags") {
        Some(Value::List(tags)) => tags.to_vec(),
        _ => Vec::new(),
    };
    let has = |wanted: &str| {
        tags.iter().any(|t| match t {
            Value::Map(t) => t.get(TYPE).is_some_and(|n| n.as_str() == Some(wanted)),
            _ => false,
        })
    };
    Value::Str(if has("VaultedValue") {
        Text::secret(text.as_str())
    } else if has("TrustedAsTemplate") {
        Text::trusted(text.as_str(), None)
    } else {
        text.clone()
    })
}
