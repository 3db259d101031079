//! Shared, mutable, ordered maps.

use crate::Value;
use indexmap::{Equivalent, IndexMap};
use std::{
    cell::{Cell, Ref, RefCell},
    hash::{BuildHasherDefault, Hash, Hasher},
    rc::Rc,
};

/// A hashable value in the role of a key; `1`, `1.0` and `true` are the same key, as in Python.
#[derive(Clone)]
pub struct Key(Value);

impl Key {
    /// The value, if it can be a key (no list or dict).
    pub fn new(value: Value) -> Option<Self> {
        value.is_hashable().then_some(Self(value))
    }

    /// A text key.
    pub fn text(text: &str) -> Self {
        Self(Value::str(text))
    }

    /// The value.
    pub fn value(&self) -> &Value {
        &self.0
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.py_eq(&other.0)
    }
}
impl Eq for Key {}
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.py_hash(state);
    }
}

struct TextKey<'a>(&'a str);
impl Hash for TextKey<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl Equivalent<Key> for TextKey<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        key.0.as_str() == Some(self.0)
    }
}

/// FNV-1a: short keys, no attacker-chosen bulk, and half the memory traffic of the default hasher.
#[derive(Clone)]
pub struct Fnv(u64);
impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}
impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = (self.0 ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

type Table = IndexMap<Key, Value, BuildHasherDefault<Fnv>>;

struct Inner {
    entries: RefCell<Table>,
    frozen: Cell<bool>,
    templated: Cell<bool>,
}

/// A Python dict: clones share their entries; order is that of insertion. See [`crate::List`] for *frozen* and *templated*.
#[derive(Clone)]
pub struct Map(Rc<Inner>);

impl Default for Map {
    fn default() -> Self {
        Self::new()
    }
}

impl Map {
    /// An empty map that may be changed.
    pub fn new() -> Self {
        Self(Rc::new(Inner {
            entries: RefCell::new(Table::default()),
            frozen: Cell::new(false),
            templated: Cell::new(false),
        }))
    }

    /// An empty map with room for so many entries.
    pub fn with_capacity(entries: usize) -> Self {
        let map = Self::new();
        map.0.entries.replace(Table::with_capacity_and_hasher(
            entries,
            BuildHasherDefault::default(),
        ));
        map
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.0.entries.borrow().len()
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value under a text key.
    pub fn get(&self, key: &str) -> Option<Value> {
        self.0.entries.borrow().get(&TextKey(key)).cloned()
    }

    /// The value under any key; `None` for unhashable keys too.
    pub fn get_value(&self, key: &Value) -> Option<Value> {
        match key.as_str() {
            Some(text) => self.get(text),
            None => self.0.entries.borrow().get(&Key::new(key.clone())?).cloned(),
        }
    }

    /// Whether a text key is there.
    pub fn contains(&self, key: &str) -> bool {
        self.0.entries.borrow().contains_key(&TextKey(key))
    }

    /// The entry at a position.
    pub fn at(&self, index: usize) -> Option<(Value, Value)> {
        self.0
            .entries
            .borrow()
            .get_index(index)
            .map(|(k, v)| (k.0.clone(), v.clone()))
    }

    /// Sets an entry while the map is being built; frozen maps too, for the owner of the variables.
    pub fn insert(&self, key: impl Into<Value>, value: impl Into<Value>) -> bool {
        let (key, value) = (key.into(), value.into());
        let Some(key) = Key::new(key) else { return false };
        if self.0.frozen.get() && value.is_templated() {
            self.0.templated.set(true);
        }
        self.0.entries.borrow_mut().insert(key, value);
        true
    }

    /// Takes an entry out, keeping the order of the others.
    pub fn remove(&self, key: &str) -> Option<Value> {
        self.0.entries.borrow_mut().shift_remove(&TextKey(key))
    }

    /// Takes an entry out by any key.
    pub fn remove_value(&self, key: &Value) -> Option<Value> {
        self.0.entries.borrow_mut().shift_remove(&Key::new(key.clone())?)
    }

    /// Takes the last entry out.
    pub fn pop_last(&self) -> Option<(Value, Value)> {
        self.0.entries.borrow_mut().pop().map(|(k, v)| (k.0, v))
    }

    /// Removes all entries.
    pub fn clear(&self) {
        self.0.entries.borrow_mut().clear();
    }

    /// A copy of the keys.
    pub fn keys(&self) -> Vec<Value> {
        self.0.entries.borrow().keys().map(|k| k.0.clone()).collect()
    }

    /// A copy of the values.
    pub fn values(&self) -> Vec<Value> {
        self.0.entries.borrow().values().cloned().collect()
    }

    /// A copy of the entries, safe to walk while the map changes.
    pub fn entries(&self) -> Vec<(Value, Value)> {
        self.0
            .entries
            .borrow()
            .iter()
            .map(|(k, v)| (k.0.clone(), v.clone()))
            .collect()
    }

    /// Text keys (others are left out) with their values.
    pub fn text_entries(&self) -> Vec<(String, Value)> {
        let table = self.0.entries.borrow();
        table
            .iter()
            .filter_map(|(k, v)| Some((k.0.as_str()?.to_owned(), v.clone())))
            .collect()
    }

    /// Calls `f` with each entry without copying; `f` must not change this map.
    pub fn for_each(&self, mut f: impl FnMut(&Value, &Value)) {
        for (k, v) in self.0.entries.borrow().iter() {
            f(&k.0, v);
        }
    }

    /// A changeable copy of this level; the values are shared.
    #[must_use]
    pub fn copied(&self) -> Self {
        let map = Self::new();
        map.0.entries.replace(self.0.entries.borrow().clone());
        map
    }

    /// Borrowed first key, for maps with one entry.
    pub fn first(&self) -> Option<(Value, Value)> {
        self.at(0)
    }

    /// Whether it belongs to the variables.
    pub fn is_frozen(&self) -> bool {
        self.0.frozen.get()
    }

    /// Makes it belong to the variables from now on, and finds out whether it holds templates.
    pub fn freeze(&self) {
        let templated = self.0.entries.borrow().values().any(Value::is_templated);
        self.0.templated.set(templated);
        self.0.frozen.set(true);
    }

    /// Whether it is frozen and holds templates.
    pub fn is_templated(&self) -> bool {
        self.0.templated.get()
    }

    /// A number that is the same for all clones of this map and for no other living map.
    pub fn identity(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    /// Whether both are the same map.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Borrowed entries, for readers that need no copy.
    pub fn borrow(&self) -> Ref<'_, IndexMap<Key, Value, BuildHasherDefault<Fnv>>> {
        self.0.entries.borrow()
    }
}

impl<K: Into<Value>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        let map = Self::new();
        for (k, v) in iter {
            map.insert(k, v);
        }
        map
    }
}

impl std::fmt::Debug for Map {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.entries()).finish()
    }
}
