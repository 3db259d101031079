//! Putting one dict over another.

use kdo_value::{Map, Value};

/// What happens to dicts that are on both levels (`hash_behaviour`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashBehaviour {
    /// The higher level's dict is taken.
    #[default]
    Replace,
    /// Their entries are merged, at all depths.
    Merge,
}

/// Puts `over` over `under`, changing `under`.
pub fn merge(under: &Map, over: &Map, behaviour: HashBehaviour) {
    for (key, value) in over.entries() {
        merge_entry(under, key, value, behaviour);
    }
}

/// The same for one entry.
pub(crate) fn merge_entry(under: &Map, key: Value, value: Value, behaviour: HashBehaviour) {
    match (behaviour, under.get_value(&key), &value) {
        (HashBehaviour::Merge, Some(Value::Map(below)), Value::Map(above)) => {
            let both = below.copied();
            merge(&both, above, behaviour);
            both.freeze();
            under.insert(key, both);
        }
        _ => {
            under.insert(key, value);
        }
    }
}
