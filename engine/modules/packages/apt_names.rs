//! Package names with versions and patterns.

use super::{debian_version, dpkg::Database};
use crate::{files::pattern::matches, host::Command, prelude::*};
use std::{cmp::Ordering, collections::HashMap};

/// A wanted package.
#[derive(Debug, PartialEq, Eq, Clone)]
pub(super) struct Wanted {
    pub(super) name: String,
    /// A version or pattern it must have, or the least version.
    pub(super) version: Option<(Relation, String)>,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(super) enum Relation {
    Is,
    AtLeast,
}

impl Wanted {
    pub(super) fn parse(spec: &str) -> Result<Self, Failure> {
        let spec = spec.trim();
        let (name, version) = if let Some((name, version)) = spec.split_once(">=") {
            (name, Some((Relation::AtLeast, version.trim().to_owned())))
        } else if let Some((name, version)) = spec.split_once('=') {
            if version.contains('=') {
                return Err(Failure::new(format!("invalid package spec: {spec}")));
            }
            (name, Some((Relation::Is, version.trim().to_owned())))
        } else {
            (spec, None)
        };
        Ok(Self {
            name: name.trim().to_owned(),
            version,
        })
    }

    /// Whether a version is one of those wanted.
    pub(super) fn accepts(&self, version: &str) -> bool {
        match &self.version {
            None => true,
            Some((Relation::Is, pattern)) => matches(pattern, version),
            Some((Relation::AtLeast, least)) => debian_version::compare(version, least) != Ordering::Less,
        }
    }
}

/// What apt could install.
#[derive(Default, Debug)]
pub(super) struct Available {
    /// The version that it would take.
    pub(super) candidate: Option<String>,
    /// All versions, best first.
    pub(super) versions: Vec<String>,
}

/// Asks apt which versions of packages there are; names that it does not know at all are missing from the answer.
pub(super) fn available(
    host: &mut Host<'_>,
    names: &[String],
    release: Option<&str>,
) -> Result<HashMap<String, Available>, Failure> {
    let mut out = HashMap::new();
    if names.is_empty() {
        return Ok(out);
    }
    let mut c = Command::new(host.need_program("apt-cache", "apt")?).env("LC_ALL", "C");
    if let Some(release) = release {
        c = c.arg("-o").arg(format!("APT::Default-Release={release}"));
    }
    let text = host.query(c.arg("policy").args(names))?.stdout_text();
    let mut found: Vec<(String, Available)> = Vec::new();
    for line in text.lines() {
        if !line.starts_with(' ') {
            found.push((line.trim_end_matches(':').to_owned(), Available::default()));
        } else if let Some((_, a)) = found.last_mut() {
            if let Some(version) = line.strip_prefix("  Candidate: ") {
                a.candidate = (version != "(none)").then(|| version.to_owned());
            } else if let Some(rest) = line.strip_prefix(" *** ").or_else(|| line.strip_prefix("     "))
                && !rest.starts_with(' ')
            {
                a.versions.extend(rest.split(' ').next().map(str::to_owned));
            }
        }
    }
    out.extend(found);
    Ok(out)
}

/// Replaces patterns by the names they match: those apt knows, or for removal those of the database.
pub(super) fn expand(host: &mut Host<'_>, specs: &[String], removing: bool) -> Result<Vec<Wanted>, Failure> {
    let mut out = Vec::new();
    let mut known: Option<Vec<String>> = None;
    for spec in specs {
        let wanted = Wanted::parse(spec)?;
        if !wanted.name.contains(['*', '?', '[']) {
            out.push(wanted);
            continue;
        }
        if known.is_none() {
            let names = if removing {
                Database::read().all().iter().map(|p| p.name.clone()).collect()
            } else {
                let c = Command::new(host.need_program("apt-cache", "apt")?).arg("pkgnames");
                let mut names: Vec<_> = host.query(c)?.stdout_text().lines().map(str::to_owned).collect();
                names.sort();
                names
            };
            known = Some(names);
        }
        let hits: Vec<_> = known
            .iter()
            .flatten()
            .filter(|n| matches(&wanted.name, n))
            .collect();
        if hits.is_empty() {
            return Err(Failure::new(format!(
                "No package(s) matching '{}' available",
                wanted.name
            )));
        }
        out.extend(hits.into_iter().map(|n| Wanted {
            name: n.clone(),
            version: wanted.version.clone(),
        }));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::{Relation, Wanted};

    #[test]
    fn versions_are_split_off_names() {
        let w = Wanted::parse("foo=1.*").unwrap();
        assert_eq!(
            (w.name.as_str(), w.version.clone()),
            ("foo", Some((Relation::Is, "1.*".into())))
        );
        assert!(w.accepts("1.5-2") && !w.accepts("2.1"));
        let w = Wanted::parse("foo >= 1.10").unwrap();
        assert!(w.accepts("1.10") && !w.accepts("1.9"));
        assert!(Wanted::parse("a=b=c").is_err());
    }
}
