//! The order of Python's sets of numbers. Their hashes are fixed, so Ansible's `union` and its kin always give numbers
//! in the same order, and playbooks see it; texts are hashed differently in each run, so their order is free.

use crate::mersenne::float_hash;
use kdo_value::Value;

const LINEAR_PROBES: usize = 9;
const SHIFT: u32 = 5;

#[derive(Clone)]
enum Slot {
    Free,
    Removed,
    Used(u64, Value),
}

/// CPython's hash table for sets.
#[derive(Clone)]
pub(crate) struct PySet {
    table: Vec<Slot>,
    fill: usize,
    used: usize,
}

/// Python's hash, for numbers.
fn hash(value: &Value) -> Option<u64> {
    const PRIME: u64 = (1 << 61) - 1;
    let (negative, size) = match value {
        Value::Float(f) => (*f < 0.0, float_hash(*f)),
        v => {
            let n = v.as_int()?;
            (n < 0, n.unsigned_abs() % PRIME)
        }
    };
    let hash = if negative { size.wrapping_neg() } else { size };
    Some(if hash == u64::MAX { u64::MAX - 1 } else { hash })
}

impl PySet {
    fn empty() -> Self {
        Self {
            table: vec![Slot::Free; 8],
            fill: 0,
            used: 0,
        }
    }

    /// A set of the items, if all are numbers.
    pub(crate) fn of(items: &[Value]) -> Option<Self> {
        let mut set = Self::empty();
        for item in items {
            set.add(hash(item)?, item);
        }
        Some(set)
    }

    fn mask(&self) -> usize {
        self.table.len() - 1
    }

    /// The slot of the value, or the free one where it belongs.
    fn place(&self, hash: u64, value: &Value) -> (usize, bool) {
        let mask = self.mask();
        let mut perturb = hash;
        let mut i = hash as usize & mask;
        loop {
            let probes = if i + LINEAR_PROBES <= mask {
                LINEAR_PROBES
            } else {
                0
            };
            for at in i..=i + probes {
                match self.table.get(at) {
                    Some(Slot::Used(h, v)) if *h == hash && v.py_eq(value) => return (at, true),
                    Some(Slot::Free) | None => return (at, false),
                    _ => {}
                }
            }
            perturb >>= SHIFT;
            i = i.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb as usize) & mask;
        }
    }

    fn put(&mut self, at: usize, hash: u64, value: &Value) {
        if let Some(slot) = self.table.get_mut(at) {
            *slot = Slot::Used(hash, value.clone());
            self.fill += 1;
            self.used += 1;
        }
    }

    fn add(&mut self, hash: u64, value: &Value) {
        let (at, found) = self.place(hash, value);
        if found {
            return;
        }
        self.put(at, hash, value);
        if self.fill * 5 >= self.mask() * 3 {
            self.resize(if self.used > 50_000 {
                self.used * 2
            } else {
                self.used * 4
            });
        }
    }

    fn resize(&mut self, least: usize) {
        let mut size = 8;
        while size <= least {
            size *= 2;
        }
        let old = std::mem::replace(&mut self.table, vec![Slot::Free; size]);
        (self.fill, self.used) = (0, 0);
        for slot in old {
            if let Slot::Used(hash, value) = slot {
                let (at, _) = self.place(hash, &value);
                self.put(at, hash, &value);
            }
        }
    }

    fn entries(&self) -> impl Iterator<Item = (u64, &Value)> {
        self.table.iter().filter_map(|s| match s {
            Slot::Used(h, v) => Some((*h, v)),
            _ => None,
        })
    }

    fn merge(&mut self, other: &Self) {
        if (self.fill + other.used) * 5 >= self.mask() * 3 {
            self.resize((self.used + other.used) * 2);
        }
        if self.fill == 0 && self.mask() == other.mask() && other.fill == other.used {
            self.clone_from(other);
            return;
        }
        for (hash, value) in other.entries() {
            let (at, found) = self.place(hash, value);
            if !found {
                self.put(at, hash, value);
                if self.fill * 5 >= self.mask() * 3 {
                    self.resize(if self.used > 50_000 {
                        self.used * 2
                    } else {
                        self.used * 4
                    });
                }
            }
        }
    }

    fn copy(&self) -> Self {
        let mut copy = Self::empty();
        copy.merge(self);
        copy
    }

    fn contains(&self, hash: u64, value: &Value) -> bool {
        self.place(hash, value).1
    }

    /// `self | other`
    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut out = self.copy();
        out.merge(other);
        out
    }

    /// `self & other`
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let (walked, asked) = if other.used > self.used {
            (self, other)
        } else {
            (other, self)
        };
        let mut out = Self::empty();
        for (hash, value) in walked.entries() {
            if asked.contains(hash, value) {
                out.add(hash, value);
            }
        }
        out
    }

    /// `self - other`
    pub(crate) fn difference(&self, other: &Self) -> Self {
        if self.used >> 2 > other.used {
            let mut out = self.copy();
            for (hash, value) in other.entries() {
                out.discard(hash, value);
            }
            return out;
        }
        let mut out = Self::empty();
        for (hash, value) in self.entries() {
            if !other.contains(hash, value) {
                out.add(hash, value);
            }
        }
        out
    }

    /// `self ^ other`
    pub(crate) fn symmetric_difference(&self, other: &Self) -> Self {
        let mut out = other.copy();
        for (hash, value) in self.entries() {
            if !out.discard(hash, value) {
                out.add(hash, value);
            }
        }
        out
    }

    fn discard(&mut self, hash: u64, value: &Value) -> bool {
        let (at, found) = self.place(hash, value);
        if found && let Some(slot) = self.table.get_mut(at) {
            *slot = Slot::Removed;
            self.used -= 1;
        }
        found
    }

    /// The items in the table's order.
    pub(crate) fn into_items(self) -> Vec<Value> {
        self.table
            .into_iter()
            .filter_map(|s| if let Slot::Used(_, v) = s { Some(v) } else { None })
            .collect()
    }
}
