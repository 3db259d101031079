//! Roles and collections and their names.

use crate::{Failure, Result};
use std::fmt;

/// What a package is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A collection.
    Collection,
    /// A role.
    Role,
}

impl Kind {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Collection => "collection",
            Self::Role => "role",
        }
    }

    /// The kind of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Collection, Self::Role]
            .into_iter()
            .find(|k| k.word() == word)
    }
}

/// A package by kind and name. A name is a folder's name: whatever could lead out of it is none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Package {
    kind: Kind,
    name: Box<str>,
}

impl Package {
    /// A role: `name` or `namespace.name`; it is installed under that name.
    pub fn role(name: &str) -> Result<Self> {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '@' | '~');
        if name.is_empty() || name.starts_with(['.', '-']) || !name.chars().all(fits) || name.len() > 255 {
            return Err(Failure::invalid(format!(
                "{name:?} is no name of a role: it must be the name of one folder"
            ))
            .help("give another one by `name:`; letters, digits, `_`, `-` and `.` make a name"));
        }
        Ok(Self {
            kind: Kind::Role,
            name: name.into(),
        })
    }

    /// A collection: `namespace.name`.
    pub fn collection(name: &str) -> Result<Self> {
        let word = |part: &str| {
            let mut chars = part.chars();
            chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
                && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        let parts: Vec<&str> = name.split('.').collect();
        if parts.len() != 2 || !parts.iter().all(|p| word(p)) || name.len() > 250 {
            return Err(Failure::invalid(format!(
                "{name:?} is no name of a collection: that is NAMESPACE.NAME, of letters, digits and `_`"
            )));
        }
        Ok(Self {
            kind: Kind::Collection,
            name: name.into(),
        })
    }

    /// A package of that kind.
    pub fn new(kind: Kind, name: &str) -> Result<Self> {
        match kind {
            Kind::Role => Self::role(name),
            Kind::Collection => Self::collection(name),
        }
    }

    /// Role or collection.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The whole name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace, if there is one.
    pub fn namespace(&self) -> Option<&str> {
        self.name.split_once('.').map(|(namespace, _)| namespace)
    }

    /// The name without its namespace.
    pub fn short(&self) -> &str {
        self.name.split_once('.').map_or(&*self.name, |(_, short)| short)
    }

    pub(crate) fn is_role(&self) -> bool {
        self.kind == Kind::Role
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::Package;

    #[test]
    fn names_that_lead_elsewhere_are_none() {
        for name in [
            "../x", "a/b", "", ".", "..", ".git", "-x", "a\u{1b}b", "a\0", "a b",
        ] {
            assert!(Package::role(name).is_err(), "{name:?}");
            assert!(Package::collection(name).is_err(), "{name:?}");
        }
        for name in ["a", "a.b.c", "a.", "../a.b", "a.b-c", "1a.b"] {
            assert!(Package::collection(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_name_has_a_namespace_or_none() {
        let role = Package::role("geerlingguy.docker").unwrap();
        assert_eq!((role.namespace(), role.short()), (Some("geerlingguy"), "docker"));
        assert_eq!(Package::role("bootlinux").unwrap().namespace(), None);
        assert!(Package::collection("ansible.posix").is_ok());
    }
}
