//! Requirements of Python packages: names, version conditions, and the order of versions (PEP 440).

use std::cmp::Ordering;

/// A requirement of `pip`'s `name`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Requirement {
    /// As pip gets it.
    text: String,
    /// The project's canonical name; none for addresses and paths.
    pub(super) project: Option<String>,
    /// Operators with versions.
    conditions: Vec<(&'static str, String)>,
}

/// Longer ones first, so that they are found.
const OPERATORS: &[&str] = &["===", "~=", "==", "!=", "<=", ">=", "<", ">"];

/// A project's name in its canonical form.
pub(super) fn canonical(name: &str) -> String {
    let lower = name.to_lowercase();
    let parts: Vec<_> = lower.split(['-', '_', '.']).collect();
    let last = parts.len().saturating_sub(1);
    let kept = parts
        .iter()
        .enumerate()
        .filter(|(at, p)| !p.is_empty() || *at == 0 || *at == last);
    kept.map(|(_, p)| *p).collect::<Vec<_>>().join("-")
}

fn conditions(text: &str) -> Option<Vec<(&'static str, String)>> {
    let bare = text.trim();
    let bare = bare
        .strip_prefix('(')
        .and_then(|t| t.strip_suffix(')'))
        .unwrap_or(bare);
    let parts = bare.split(',').map(str::trim).filter(|p| !p.is_empty());
    parts
        .map(|part| {
            let operator = OPERATORS.iter().find(|o| part.starts_with(**o))?;
            let version = part.strip_prefix(operator)?.trim();
            let good = |c: char| c.is_ascii_alphanumeric() || ".*+!-_".contains(c);
            (!version.is_empty() && version.chars().all(good)).then(|| (*operator, version.to_owned()))
        })
        .collect()
}

impl Requirement {
    pub(super) fn parse(text: &str) -> Self {
        Self::project(text.trim()).unwrap_or_else(|| Self {
            text: text.to_owned(),
            project: None,
            conditions: Vec::new(),
        })
    }

    /// The requirement, if it is one by name.
    fn project(text: &str) -> Option<Self> {
        let (bare, marker) = match text.split_once(';') {
            Some((bare, marker)) => (bare.trim(), Some(marker.trim())),
            None => (text, None),
        };
        let end = bare
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
            .unwrap_or(bare.len());
        let (name, rest) = bare.split_at(end);
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if !edge(name.chars().next()) || !edge(name.chars().last()) {
            return None;
        }
        let rest = rest.trim_start();
        let (extras, rest) = match rest.strip_prefix('[') {
            Some(inside) => {
                let (extras, rest) = inside.split_once(']')?;
                let mut extras: Vec<_> = extras.split(',').map(str::trim).collect();
                extras.sort_unstable();
                (format!("[{}]", extras.join(",")), rest.trim_start())
            }
            None => (String::new(), rest),
        };
        let (how, conditions) = match rest.strip_prefix('@') {
            Some(address) => (format!("@ {}", address.trim()), Vec::new()),
            None => {
                let found = conditions(rest)?;
                let mut words: Vec<_> = found.iter().map(|(o, v)| format!("{o}{v}")).collect();
                words.sort();
                (words.join(","), found)
            }
        };
        let marker = marker.map_or(String::new(), |m| format!("; {m}"));
        Some(Self {
            text: format!("{name}{extras}{how}{marker}"),
            project: Some(canonical(name)),
            conditions,
        })
    }

    /// The requirement in that version too.
    pub(super) fn with_version(&self, version: &str) -> Self {
        let version = version.trim_start();
        let separator = if version.starts_with(|c: char| c.is_ascii_digit()) {
            "=="
        } else {
            " "
        };
        Self::parse(&format!("{}{separator}{version}", self.text))
    }

    pub(super) fn has_conditions(&self) -> bool {
        !self.conditions.is_empty()
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether an installed version is one of those wanted.
    pub(super) fn accepts(&self, version: &str) -> bool {
        self.conditions.iter().all(|(operator, wanted)| {
            let order = compare(version, wanted);
            let like = |pattern: &str| {
                let (a, b) = (Version::parse(version), Version::parse(pattern));
                let length = b.release.len();
                a.epoch == b.epoch && a.padded(length).get(..length) == Some(b.release.as_slice())
            };
            match (*operator, wanted.strip_suffix(".*")) {
                ("===", _) => version == wanted,
                ("==", Some(pattern)) => like(pattern),
                ("!=", Some(pattern)) => !like(pattern),
                ("==", None) => order == Ordering::Equal,
                ("!=", None) => order != Ordering::Equal,
                ("<=", _) => order != Ordering::Greater,
                (">=", _) => order != Ordering::Less,
                ("<", _) => order == Ordering::Less,
                (">", _) => order == Ordering::Greater,
                _ => {
                    let up_to = wanted
                        .rsplit_once('.')
                        .map_or(wanted.as_str(), |(series, _)| series);
                    order != Ordering::Less && like(up_to)
                }
            }
        })
    }
}

/// Names as they are given, with commas and conditions in items of their own, put together.
pub(super) fn recovered(names: &[String]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut bracket = false;
    for part in names.iter().flat_map(|n| n.split(',')) {
        let condition = OPERATORS.iter().any(|o| part.trim_start().starts_with(o));
        match out.last_mut() {
            Some(last) if condition || bracket => {
                last.push(',');
                last.push_str(part);
            }
            _ => out.push(part.to_owned()),
        }
        bracket = (bracket || part.contains('[')) && !part.contains(']');
    }
    out
}

/// A version, taken apart so that its parts are ordered.
#[derive(Debug, PartialEq, Eq)]
struct Version {
    epoch: u64,
    release: Vec<u64>,
    /// Kind (development, alpha, beta, candidate, final) and number.
    pre: (i8, u64),
    post: Option<u64>,
    /// Development versions come before the others.
    dev: u64,
}

impl Version {
    fn parse(text: &str) -> Self {
        let text = text.trim().to_lowercase();
        let text = text.strip_prefix('v').unwrap_or(&text);
        let text = text.split('+').next().unwrap_or(text);
        let (epoch, text) = text.split_once('!').unwrap_or(("0", text));
        let digits = |t: &str| t.find(|c: char| !c.is_ascii_digit()).unwrap_or(t.len());
        let (mut release, mut rest) = (Vec::new(), text);
        loop {
            let (number, after) = rest.split_at(digits(rest));
            if number.is_empty() {
                break;
            }
            release.push(number.parse().unwrap_or(u64::MAX));
            rest = after;
            match after.strip_prefix('.') {
                Some(next) if next.starts_with(|c: char| c.is_ascii_digit()) => rest = next,
                _ => break,
            }
        }
        let mut out = Self {
            epoch: epoch.parse().unwrap_or(0),
            release,
            pre: (4, 0),
            post: None,
            dev: u64::MAX,
        };
        let (mut has_pre, mut has_dev) = (false, false);
        while !rest.is_empty() {
            let word_start = rest.trim_start_matches(['.', '-', '_']);
            let end = word_start
                .find(|c: char| !c.is_ascii_alphabetic())
                .unwrap_or(word_start.len());
            let (word, after) = word_start.split_at(end);
            let after = after.trim_start_matches(['.', '-', '_']);
            let (number, after) = after.split_at(digits(after));
            let number = number.parse().unwrap_or(0);
            match word {
                "a" | "alpha" => (out.pre, has_pre) = ((1, number), true),
                "b" | "beta" => (out.pre, has_pre) = ((2, number), true),
                "c" | "rc" | "pre" | "preview" => (out.pre, has_pre) = ((3, number), true),
                "dev" => (out.dev, has_dev) = (number, true),
                "post" | "rev" | "r" | "" => out.post = Some(number),
                _ => break,
            }
            if after.len() == rest.len() {
                break;
            }
            rest = after;
        }
        if has_dev && !has_pre && out.post.is_none() {
            out.pre = (0, 0);
        }
        out
    }

    /// The release, as long as another one.
    fn padded(&self, length: usize) -> Vec<u64> {
        let mut out = self.release.clone();
        out.resize(length.max(out.len()), 0);
        out
    }
}

/// The order of two versions.
fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (Version::parse(a), Version::parse(b));
    let length = a.release.len().max(b.release.len());
    a.epoch
        .cmp(&b.epoch)
        .then_with(|| a.padded(length).cmp(&b.padded(length)))
        .then(a.pre.cmp(&b.pre))
        .then(a.post.cmp(&b.post))
        .then(a.dev.cmp(&b.dev))
}

#[cfg(test)]
mod tests {
    use super::{Requirement, canonical, compare, recovered};
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn requirements_are_written_as_by_packaging() {
        for (given, text, project) in [
            ("Foo_Bar == 1.2", "Foo_Bar==1.2", Some("foo-bar")),
            ("six", "six", Some("six")),
            ("a[y, x] >= 2, <3", "a[x,y]<3,>=2", Some("a")),
            (
                "a @ https://x.example/a.whl",
                "a@ https://x.example/a.whl",
                Some("a"),
            ),
            ("git+https://x.example/a.git", "git+https://x.example/a.git", None),
            ("./folder", "./folder", None),
            ("/srv/a-1.0.whl", "/srv/a-1.0.whl", None),
        ] {
            let is = Requirement::parse(given);
            assert_eq!((is.text(), is.project.as_deref()), (text, project), "{given}");
        }
        assert_eq!(Requirement::parse("a").with_version("1.0").text(), "a==1.0");
        assert_eq!(Requirement::parse("a").with_version(">=1").text(), "a>=1");
        assert_eq!(canonical("Ruamel.YAML__x"), "ruamel-yaml-x");
    }

    #[test]
    fn names_with_commas_are_put_together() {
        let names = ["django>1.11.1", "<1.11.3", "a[x", "y]", "b>1,<2"].map(str::to_owned);
        assert_eq!(recovered(&names), ["django>1.11.1,<1.11.3", "a[x,y]", "b>1,<2"]);
    }

    #[test]
    fn versions_are_ordered_as_by_pep_440() {
        for (a, b, order) in [
            ("1.0", "1.0.0", Equal),
            ("1.0.dev1", "1.0a1", Less),
            ("1.0a1", "1.0b1", Less),
            ("1.0rc1", "1.0", Less),
            ("1.0.post1", "1.0", Greater),
            ("1.10", "1.9", Greater),
            ("1!0.1", "2.0", Greater),
            ("1.0+local", "1.0", Equal),
        ] {
            assert_eq!(compare(a, b), order, "{a} {b}");
            assert_eq!(compare(b, a), order.reverse(), "{b} {a}");
        }
        let accepts = |spec: &str, version: &str| Requirement::parse(spec).accepts(version);
        assert!(accepts("a==1.2.*", "1.2.7") && !accepts("a==1.2.*", "1.3"));
        assert!(accepts("a~=1.4", "1.9") && !accepts("a~=1.4", "2.0") && !accepts("a~=1.4.5", "1.5"));
        assert!(accepts("a>=1,!=1.5", "1.6") && !accepts("a>=1,!=1.5", "1.5"));
        assert!(accepts("a", "0"));
    }
}
