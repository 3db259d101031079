//! Rust types as parameters.

use super::{Kind, Params, Spec};
use kdo_value::{Map, Value};
use std::path::PathBuf;

/// A type that a parameter may have. Values arrive converted to `KIND`.
pub trait FromParam: Sized {
    /// Ansible's type.
    const KIND: Kind;
    /// Type of the items, for lists.
    const ELEMENTS: Option<Kind> = None;
    /// Choices, for enums.
    const CHOICES: &'static [&'static str] = &[];
    /// Sub-parameters, for structs.
    const OPTIONS: Option<&'static Spec> = None;

    /// The typed value.
    fn from_param(value: &Value) -> Option<Self>;
}

/// A parameter of any type, not converted.
#[derive(Clone)]
pub struct Raw(pub Value);

/// A dict with free keys.
#[derive(Clone, Default)]
pub struct AnyDict(pub Map);

impl FromParam for Raw {
    const KIND: Kind = Kind::Raw;
    fn from_param(value: &Value) -> Option<Self> {
        (!value.is_none()).then(|| Self(value.clone()))
    }
}

impl FromParam for AnyDict {
    const KIND: Kind = Kind::Dict;
    fn from_param(value: &Value) -> Option<Self> {
        value.as_map().map(|m| Self(m.clone()))
    }
}

impl FromParam for String {
    const KIND: Kind = Kind::Str;
    fn from_param(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl FromParam for PathBuf {
    const KIND: Kind = Kind::Path;
    fn from_param(value: &Value) -> Option<Self> {
        value.as_str().map(Self::from)
    }
}

impl FromParam for bool {
    const KIND: Kind = Kind::Bool;
    fn from_param(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl FromParam for i64 {
    const KIND: Kind = Kind::Int;
    fn from_param(value: &Value) -> Option<Self> {
        value.as_int()
    }
}

impl FromParam for u64 {
    const KIND: Kind = Kind::Int;
    fn from_param(value: &Value) -> Option<Self> {
        value.as_int().and_then(|n| n.try_into().ok())
    }
}

impl FromParam for f64 {
    const KIND: Kind = Kind::Float;
    fn from_param(value: &Value) -> Option<Self> {
        value.as_float()
    }
}

impl<T: FromParam> FromParam for Option<T> {
    const KIND: Kind = T::KIND;
    const ELEMENTS: Option<Kind> = T::ELEMENTS;
    const CHOICES: &'static [&'static str] = T::CHOICES;
    const OPTIONS: Option<&'static Spec> = T::OPTIONS;
    fn from_param(value: &Value) -> Option<Self> {
        if value.is_none() {
            Some(None)
        } else {
            T::from_param(value).map(Some)
        }
    }
}

impl<T: FromParam> FromParam for Vec<T> {
    const KIND: Kind = Kind::List;
    const ELEMENTS: Option<Kind> = Some(T::KIND);
    const CHOICES: &'static [&'static str] = T::CHOICES;
    const OPTIONS: Option<&'static Spec> = T::OPTIONS;
    fn from_param(value: &Value) -> Option<Self> {
        if value.is_none() {
            return Some(Self::new());
        }
        value.as_sequence()?.iter().map(T::from_param).collect()
    }
}

/// A struct of parameters inside a parameter.
#[derive(Clone)]
pub struct Sub<T>(pub T);

impl<T: Params> FromParam for Sub<T> {
    const KIND: Kind = Kind::Dict;
    const OPTIONS: Option<&'static Spec> = Some(&T::SPEC);
    fn from_param(value: &Value) -> Option<Self> {
        T::from_args(value.as_map()?).ok().map(Self)
    }
}
