//! The value type.

use crate::{List, Map, Object, Origin, Text, Undefined};
use num_bigint::BigInt;
use num_traits::{ToPrimitive, Zero};
use std::{fmt, rc::Rc};

/// Ciphertext of a `!vault` value; it is decrypted when it is used.
#[derive(Debug)]
pub struct VaultText {
    /// The armoured text, beginning with `$ANSIBLE_VAULT`.
    pub ciphertext: String,
    /// Where it was written.
    pub origin: Option<Origin>,
}

/// A value as Python's Ansible knows it.
#[derive(Clone)]
pub enum Value {
    /// `None` / YAML null.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer that fits 64 bits.
    Int(i64),
    /// A larger integer; never one that fits `Int`.
    Big(Rc<BigInt>),
    /// A float.
    Float(f64),
    /// Text.
    Str(Text),
    /// Raw bytes.
    Bytes(Rc<[u8]>),
    /// A list.
    List(List),
    /// A tuple; becomes a list where a template's result leaves the template.
    Tuple(Rc<[Value]>),
    /// A dict.
    Map(Map),
    /// Encrypted text that has not been decrypted yet.
    Vault(Rc<VaultText>),
    /// A missing value.
    Undefined(Rc<Undefined>),
    /// The `omit` placeholder.
    Omit,
    /// Anything with behaviour of its own.
    Object(Rc<dyn Object>),
}

impl Value {
    /// Untrusted text.
    pub fn str(text: impl Into<Box<str>>) -> Self {
        Self::Str(Text::new(text))
    }

    /// Text that may be a template.
    pub fn trusted(text: impl Into<Box<str>>) -> Self {
        Self::Str(Text::trusted(text, None))
    }

    /// A changeable list.
    pub fn list(items: impl IntoIterator<Item = Value>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// A missing variable, attribute or item.
    pub fn missing(name: Option<&str>, message: impl Into<String>) -> Self {
        Self::Undefined(Rc::new(Undefined::missing(name, message)))
    }

    /// An integer of any size.
    pub fn big(n: BigInt) -> Self {
        n.to_i64().map_or_else(|| Self::Big(Rc::new(n)), Self::Int)
    }

    /// Python's name of the type.
    pub fn type_name(&self) -> &str {
        match self {
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Big(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) | Self::Vault(_) => "str",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Map(_) => "dict",
            Self::Undefined(_) => "Undefined",
            Self::Omit => "Omit",
            Self::Object(o) => o.type_name(),
        }
    }

    /// Python's truth.
    pub fn truthy(&self) -> bool {
        match self {
            Self::None | Self::Undefined(_) | Self::Omit => false,
            Self::Bool(b) => *b,
            Self::Int(n) => *n != 0,
            Self::Big(n) => !n.is_zero(),
            Self::Float(f) => *f != 0.0,
            Self::Str(s) => !s.is_empty(),
            Self::Bytes(b) => !b.is_empty(),
            Self::List(l) => !l.is_empty(),
            Self::Tuple(t) => !t.is_empty(),
            Self::Map(m) => !m.is_empty(),
            Self::Vault(_) => true,
            Self::Object(o) => o.truthy(),
        }
    }

    /// Whether it can be a dict's key.
    pub fn is_hashable(&self) -> bool {
        match self {
            Self::List(_) | Self::Map(_) | Self::Undefined(_) | Self::Omit | Self::Vault(_) => false,
            Self::Tuple(t) => t.iter().all(Self::is_hashable),
            _ => true,
        }
    }

    /// Whether it holds templates or vault texts, at any depth, that must be evaluated before use.
    pub fn is_templated(&self) -> bool {
        match self {
            Self::Str(s) => s.is_template(),
            Self::Vault(_) => true,
            Self::List(l) => l.is_templated(),
            Self::Map(m) => m.is_templated(),
            _ => false,
        }
    }

    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Str(s) = self {
            Some(s.as_str())
        } else {
            None
        }
    }

    /// The map, if it is a dict.
    pub fn as_map(&self) -> Option<&Map> {
        if let Self::Map(m) = self { Some(m) } else { None }
    }

    /// The list, if it is a list.
    pub fn as_list(&self) -> Option<&List> {
        if let Self::List(l) = self { Some(l) } else { None }
    }

    /// The integer, if it is one that fits (booleans count, as in Python).
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(*n),
            Self::Bool(b) => Some(i64::from(*b)),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(b) = self { Some(*b) } else { None }
    }

    /// The number as a float, if it is a number.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(f) => Some(*f),
            Self::Big(n) => n.to_f64(),
            _ => self.as_int().map(|n| n as f64),
        }
    }

    /// Items of a list or tuple (copied references).
    pub fn as_sequence(&self) -> Option<Vec<Value>> {
        match self {
            Self::List(l) => Some(l.to_vec()),
            Self::Tuple(t) => Some(t.to_vec()),
            _ => None,
        }
    }

    /// The entry of a dict under a text key.
    pub fn get(&self, key: &str) -> Option<Value> {
        match self {
            Self::Map(m) => m.get(key),
            Self::Object(o) => o.get(&Value::str(key)),
            _ => None,
        }
    }

    /// Whether it is `None`.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Whether it is missing.
    pub fn is_undefined(&self) -> bool {
        matches!(self, Self::Undefined(_))
    }

    /// Whether it is the `omit` placeholder.
    pub fn is_omit(&self) -> bool {
        matches!(self, Self::Omit)
    }

    /// Where it was written, for text that knows it.
    pub fn origin(&self) -> Option<Origin> {
        match self {
            Self::Str(s) => s.origin(),
            Self::Vault(v) => v.origin,
            _ => None,
        }
    }

    /// A copy without shared, changeable parts; `frozen` says whether the copy belongs to the variables.
    #[must_use]
    pub fn deep_copy(&self, frozen: bool) -> Self {
        match self {
            Self::List(l) => {
                let items = l.items().iter().map(|v| v.deep_copy(frozen)).collect();
                Self::List(if frozen {
                    List::frozen(items)
                } else {
                    List::new(items)
                })
            }
            Self::Map(m) => {
                let copy = Map::new();
                m.for_each(|k, v| {
                    copy.insert(k.clone(), v.deep_copy(frozen));
                });
                if frozen {
                    copy.freeze();
                }
                Self::Map(copy)
            }
            Self::Tuple(t) => Self::Tuple(t.iter().map(|v| v.deep_copy(frozen)).collect()),
            _ => self.clone(),
        }
    }

    /// Marks all containers as belonging to the variables; cheap where that is already so.
    #[must_use]
    pub fn into_frozen(self) -> Self {
        match &self {
            Self::List(l) if l.is_frozen() => self,
            Self::Map(m) if m.is_frozen() => self,
            Self::List(_) | Self::Map(_) | Self::Tuple(_) => self.deep_copy(true),
            _ => self,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Str(s) => fmt::Debug::fmt(s, f),
            Self::Undefined(u) => write!(f, "<undefined: {}>", u.message),
            Self::Omit => f.write_str("<omit>"),
            Self::Vault(_) => f.write_str("<vault>"),
            _ => f.write_str(&self.repr()),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.py_eq(other)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}
impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}
impl From<i32> for Value {
    fn from(n: i32) -> Self {
        Self::Int(n.into())
    }
}
impl From<u32> for Value {
    fn from(n: u32) -> Self {
        Self::Int(n.into())
    }
}
impl From<u64> for Value {
    fn from(n: u64) -> Self {
        Self::big(n.into())
    }
}
impl From<usize> for Value {
    fn from(n: usize) -> Self {
        Self::big(n.into())
    }
}
impl From<f64> for Value {
    fn from(f: f64) -> Self {
        Self::Float(f)
    }
}
impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self::str(s)
    }
}
impl From<String> for Value {
    fn from(s: String) -> Self {
        Self::str(s)
    }
}
impl From<&String> for Value {
    fn from(s: &String) -> Self {
        Self::str(s.as_str())
    }
}
impl From<Text> for Value {
    fn from(s: Text) -> Self {
        Self::Str(s)
    }
}
impl From<Map> for Value {
    fn from(m: Map) -> Self {
        Self::Map(m)
    }
}
impl From<List> for Value {
    fn from(l: List) -> Self {
        Self::List(l)
    }
}
impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::list(items.into_iter().map(Into::into))
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Self {
        v.map_or(Self::None, Into::into)
    }
}
