//! Sets of versions as requirements write them.

use crate::{Failure, Kind, Result, Version};
use pubgrub::Ranges;
use std::fmt;

/// Which versions a requirement takes, with the words that said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    text: String,
    kind: Kind,
    set: Ranges<Version>,
    /// Versions that are named exactly: such a pre-release is wanted.
    exact: Vec<Version>,
}

impl Range {
    /// Any version.
    pub fn any(kind: Kind) -> Self {
        Self {
            text: "*".to_owned(),
            kind,
            set: Ranges::full(),
            exact: Vec::new(),
        }
    }

    /// Exactly that version.
    pub fn exactly(kind: Kind, version: Version) -> Self {
        Self {
            text: version.as_str().to_owned(),
            kind,
            set: Ranges::singleton(version.clone()),
            exact: vec![version],
        }
    }

    /// Comparisons joined by commas: `==` (or nothing), `!=`, `>`, `>=`, `<`, `<=`, `*`.
    pub fn new(kind: Kind, text: &str) -> Result<Self> {
        let text = text.trim();
        let mut range = Self::any(kind);
        if text.is_empty() || text == "*" {
            return Ok(range);
        }
        range.text = text.to_owned();
        for part in text.split(',').map(str::trim) {
            let (operator, version) = split(part);
            if version == "*" {
                continue;
            }
            let version = match kind {
                Kind::Collection => Version::padded(version),
                Kind::Role => Version::loose(version),
            }
            .map_err(|_| {
                Failure::invalid(format!("{part:?} is no requirement of a version"))
                    .help("write 1.2.3, or comparisons joined by commas: >=1.2.0,<2.0.0")
            })?;
            let set = match operator {
                "" | "=" | "==" => {
                    range.exact.push(version.clone());
                    Ranges::singleton(version)
                }
                "!=" => Ranges::singleton(version).complement(),
                ">" => Ranges::strictly_higher_than(version),
                ">=" => Ranges::higher_than(version),
                "<" => Ranges::strictly_lower_than(version),
                _ => Ranges::lower_than(version),
            };
            range.set = range.set.intersection(&set);
        }
        Ok(range)
    }

    /// What both take; none where that is nothing.
    pub(crate) fn and(&self, other: &Self) -> Option<Self> {
        let set = self.set.intersection(&other.set);
        let exact = self.exact.iter().chain(&other.exact).cloned();
        (set != Ranges::empty()).then(|| Self {
            text: match (self.is_any(), other.is_any()) {
                (true, _) => other.text.clone(),
                (_, true) => self.text.clone(),
                _ if self.text == other.text => self.text.clone(),
                _ => format!("{},{}", self.text, other.text),
            },
            kind: self.kind,
            set,
            exact: exact.collect(),
        })
    }

    /// The only version, if one is named.
    pub fn single(&self) -> Option<&Version> {
        match self.exact.as_slice() {
            [version] if self.set.as_singleton().is_some() => Some(version),
            _ => None,
        }
    }

    /// Whether any version will do.
    pub fn is_any(&self) -> bool {
        self.set == Ranges::full()
    }

    /// Whether the version is one of them.
    pub fn contains(&self, version: &Version) -> bool {
        self.set.contains(version)
    }

    /// Versions that are named exactly.
    pub(crate) fn named(&self) -> &[Version] {
        &self.exact
    }

    pub(crate) fn set(&self) -> &Ranges<Version> {
        &self.set
    }
}

/// The operator and what is compared with.
pub(crate) fn split(part: &str) -> (&str, &str) {
    let operator = ["==", "!=", ">=", "<=", "=", ">", "<"]
        .into_iter()
        .find(|o| part.starts_with(o))
        .unwrap_or("");
    (operator, part[operator.len()..].trim_start())
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::Range;
    use crate::{Kind, Version};

    fn takes(range: &str, version: &str) -> bool {
        let range = Range::new(Kind::Collection, range).unwrap();
        range.contains(&Version::semantic(version).unwrap())
    }

    #[test]
    fn comparisons_are_joined_by_commas() {
        assert!(takes(">=1.0.0,<2.0.0", "1.9.9"));
        assert!(!takes(">=1.0.0, <2.0.0", "2.0.0"));
        assert!(takes("1.2.3", "1.2.3") && !takes("=1.2.3", "1.2.4"));
        assert!(takes("!=1.2.3", "1.2.4") && !takes("!=1.2.3,>1", "1.2.3"));
        assert!(takes("*", "0.0.1") && takes("", "0.0.1"));
        assert!(takes("1.2", "1.2.0"));
        assert!(takes("==1.0.0", "1.0.0+build"));
        assert!(!takes("==1.0.0,==2.0.0", "1.0.0"));
    }

    #[test]
    fn a_slip_is_told() {
        for text in ["~>1.0", ">=x", "^1", ">=1.0.0,,<2"] {
            assert!(Range::new(Kind::Collection, text).is_err(), "{text}");
        }
    }
}
