//! Versions: semantic ones of collections, free-form ones of roles.

use crate::{Failure, Kind, Result};
use std::{cmp::Ordering, fmt};

/// A piece of a free-form version or of a pre-release: numbers come before words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    /// Digits without leading zeros: as many as there are.
    Number(usize, Box<str>),
    Word(Box<str>),
}

impl Piece {
    fn new(text: &str) -> Self {
        if text.bytes().all(|b| b.is_ascii_digit()) {
            let digits = text.trim_start_matches('0');
            Self::Number(digits.len(), digits.into())
        } else {
            Self::Word(text.into())
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    /// Collections: three numbers; the release comes after its pre-releases; build metadata do not count.
    Semantic([u64; 3], bool, Vec<Piece>),
    /// Roles: digits and words in turn, without the `v` before them; then the text, so that `v1.0` is not `1.0`.
    Loose(Vec<Piece>, Box<str>),
}

/// A version. The order is Galaxy's.
#[derive(Clone, Debug)]
pub struct Version {
    text: Box<str>,
    order: Order,
}

impl Version {
    /// The version of that text, of a package of that kind.
    pub fn new(kind: Kind, text: &str) -> Result<Self> {
        match kind {
            Kind::Role => Self::loose(text),
            Kind::Collection => Self::semantic(text),
        }
    }

    /// A semantic version, strictly.
    pub fn semantic(text: &str) -> Result<Self> {
        let bad = || {
            Failure::invalid(format!("{text:?} is no semantic version (MAJOR.MINOR.PATCH)"))
                .help("collections have versions such as 1.2.3 or 1.2.3-beta.1")
        };
        let (rest, build) = text.split_once('+').map_or((text, None), |(r, b)| (r, Some(b)));
        let (numbers, pre) = rest.split_once('-').map_or((rest, None), |(n, p)| (n, Some(p)));
        let number = |part: &str| {
            let plain = part.bytes().all(|b| b.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
            part.parse().ok().filter(|_| plain)
        };
        let numbers: Option<Vec<u64>> = numbers.split('.').map(number).collect();
        let numbers: [u64; 3] = numbers.and_then(|n| n.try_into().ok()).ok_or_else(bad)?;
        let word =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let pieces: Vec<&str> = pre.map_or_else(Vec::new, |p| p.split('.').collect());
        let leading_zero =
            |p: &&str| p.len() > 1 && p.starts_with('0') && p.bytes().all(|b| b.is_ascii_digit());
        if !pieces.iter().all(|p| word(p))
            || pieces.iter().any(leading_zero)
            || build.is_some_and(|b| !b.split('.').all(word))
        {
            return Err(bad());
        }
        Ok(Self {
            text: text.into(),
            order: Order::Semantic(
                numbers,
                pre.is_none(),
                pieces.into_iter().map(Piece::new).collect(),
            ),
        })
    }

    /// A semantic version as requirements may write it: `1` and `1.2` are filled up with zeros.
    pub fn padded(text: &str) -> Result<Self> {
        let end = text.find(['-', '+']).unwrap_or(text.len());
        let (numbers, rest) = text.split_at(end);
        if numbers.split('.').any(str::is_empty) {
            return Err(Failure::invalid(format!("{text:?} is no version")));
        }
        let mut parts: Vec<&str> = numbers.split('.').map(|p| p.trim_start_matches('0')).collect();
        parts.resize(parts.len().max(3), "0");
        let parts: Vec<&str> = parts
            .into_iter()
            .map(|p| if p.is_empty() { "0" } else { p })
            .collect();
        let mut version = Self::semantic(&format!("{}{rest}", parts.join(".")))
            .map_err(|_| Failure::invalid(format!("{text:?} is no version")))?;
        version.text = text.into();
        Ok(version)
    }

    /// A free-form version: a tag, a branch, a commit.
    pub fn loose(text: &str) -> Result<Self> {
        let odd = |c: char| c.is_control() || c.is_whitespace();
        if text.is_empty()
            || text.starts_with('-')
            || text.contains(odd)
            || text.contains("..")
            || text.len() > 250
        {
            return Err(Failure::invalid(format!("{text:?} is no version")));
        }
        let rest = match text.strip_prefix(['v', 'V']) {
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
            _ => text,
        };
        let mut pieces = Vec::new();
        let mut start = 0;
        let sort = |c: char| match c {
            '0'..='9' => 0,
            '.' | '-' | '_' => 1,
            _ => 2,
        };
        let mut last = None;
        for (at, c) in rest.char_indices() {
            if last.is_some_and(|l| l != sort(c)) {
                pieces.push(&rest[start..at]);
                start = at;
            }
            last = Some(sort(c));
        }
        pieces.push(&rest[start..]);
        let pieces = pieces.into_iter().filter(|p| !p.starts_with(['.', '-', '_']));
        Ok(Self {
            text: text.into(),
            order: Order::Loose(pieces.map(Piece::new).collect(), text.into()),
        })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it comes before a release.
    pub fn is_prerelease(&self) -> bool {
        matches!(&self.order, Order::Semantic(_, release, _) if !release)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.order, &other.order) {
            (Order::Semantic(a, release_a, pre_a), Order::Semantic(b, release_b, pre_b)) => a
                .cmp(b)
                .then(release_a.cmp(release_b))
                .then_with(|| pre_a.cmp(pre_b)),
            (a, b) => a.cmp(b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn semantic_versions_are_ordered_as_semver_says() {
        let order = [
            "0.9.9",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.2.0",
            "1.10.0",
        ];
        let versions: Vec<Version> = order.iter().map(|t| Version::semantic(t).unwrap()).collect();
        for pair in versions.windows(2) {
            assert!(pair[0] < pair[1], "{} < {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn build_metadata_do_not_count() {
        let of = |t| Version::semantic(t).unwrap();
        assert_eq!(of("1.0.0+a"), of("1.0.0+b"));
        assert!(of("1.0.0-a+b").is_prerelease());
        assert!(!of("1.0.0+a-b").is_prerelease());
    }

    #[test]
    fn what_is_not_semantic_is_refused() {
        for text in [
            "1", "1.2", "01.2.3", "1.2.3.4", "v1.2.3", "1.2.3-", "1.2.3-01", "1.2.3+", "",
        ] {
            assert!(Version::semantic(text).is_err(), "{text}");
        }
        assert_eq!(
            Version::padded("1.2").unwrap(),
            Version::semantic("1.2.0").unwrap()
        );
        assert!(Version::padded("x").is_err());
    }

    #[test]
    fn free_versions_have_a_total_order() {
        let order = [
            "0.9", "v1.0", "1.0.1", "1.2", "1.10", "2.0b1", "2023-10", "2024.1", "main",
        ];
        let versions: Vec<Version> = order.iter().map(|t| Version::loose(t).unwrap()).collect();
        for pair in versions.windows(2) {
            assert!(pair[0] < pair[1], "{} < {}", pair[0], pair[1]);
        }
        assert_ne!(Version::loose("v1.0").unwrap(), Version::loose("1.0").unwrap());
    }

    #[test]
    fn options_of_git_are_no_versions() {
        for text in ["--upload-pack=x", "-b", "a b", "a..b", "", "a\nb"] {
            assert!(Version::loose(text).is_err(), "{text:?}");
        }
    }
}
