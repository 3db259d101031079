//! Values that are kept for long in as little memory as they need.

use crate::{List, Map, Text, Value};
use std::{
    borrow::Borrow,
    collections::HashSet,
    hash::{Hash, Hasher},
};

/// Longer texts are seldom the same.
const MAX_SHARED: usize = 256;

/// A plain text, found by its characters.
struct Plain(Text);

impl Borrow<str> for Plain {
    fn borrow(&self) -> &str {
        self.0.as_str()
    }
}
impl PartialEq for Plain {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}
impl Eq for Plain {}
impl Hash for Plain {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_str().hash(state);
    }
}

/// Makes frozen copies whose equal texts are one, without spare room. The facts of thousands of hosts have mostly the
/// same names and many of the same values.
#[derive(Default)]
pub struct Compactor {
    texts: HashSet<Plain>,
}

impl Compactor {
    /// The same value, frozen.
    pub fn compact(&mut self, value: &Value) -> Value {
        match value {
            Value::Str(text) => Value::Str(self.text(text)),
            Value::List(list) => List::frozen(list.items().iter().map(|v| self.compact(v)).collect()).into(),
            Value::Map(map) => {
                let entries = map.borrow();
                let copy = Map::with_capacity(entries.len());
                for (key, value) in entries.iter() {
                    copy.insert(self.compact(key.value()), self.compact(value));
                }
                copy.freeze();
                copy.into()
            }
            other => other.clone().into_frozen(),
        }
    }

    /// Texts that carry a place, trust or secrecy are kept as they are.
    fn text(&mut self, text: &Text) -> Text {
        if text.is_trusted() || text.is_secret() || text.origin().is_some() || text.len() > MAX_SHARED {
            return text.clone();
        }
        if let Some(known) = self.texts.get(text.as_str()) {
            return known.0.clone();
        }
        self.texts.insert(Plain(text.clone()));
        text.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::Compactor;
    use crate::{Map, Text, Value, json};

    #[test]
    fn equal_texts_become_one_and_the_value_stays_the_same() {
        let read = |text: &str| json::read(text).unwrap();
        let mut compactor = Compactor::default();
        let first = compactor.compact(&read(r#"{"device": "/dev/sda", "n": [1, "ext4", null]}"#));
        let second = compactor.compact(&read(r#"{"device": "/dev/sdb", "n": ["ext4", "/dev/sda"]}"#));
        assert_eq!(first, read(r#"{"device": "/dev/sda", "n": [1, "ext4", null]}"#));
        assert_eq!(
            second,
            read(r#"{"device": "/dev/sdb", "n": ["ext4", "/dev/sda"]}"#)
        );
        // device, /dev/sda, n, ext4, /dev/sdb
        assert_eq!(compactor.texts.len(), 5);
        assert!(first.as_map().is_some_and(Map::is_frozen));
    }

    #[test]
    fn trust_and_secrecy_are_not_lost() {
        let mut compactor = Compactor::default();
        let plain = Value::str("{{ x }}");
        let trusted = Value::Str(Text::trusted("{{ x }}", None));
        let secret = Value::Str(Text::secret("{{ x }}"));
        for value in [&plain, &trusted, &secret, &plain] {
            let (Value::Str(before), Value::Str(after)) = (value, compactor.compact(value)) else {
                panic!("no text");
            };
            assert_eq!(before.is_trusted(), after.is_trusted());
            assert_eq!(before.is_secret(), after.is_secret());
        }
    }
}
