//! Package names with versions and patterns, and what dpkg and apt know of them.

use super::{apt_get::quiet, debian_version, dpkg::Database};
use crate::{files::pattern::matches, host::Command, prelude::*};
use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
};

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
        if spec.matches('=').count() > 1 {
            return Err(Failure::new(format!("invalid package spec: {spec}")));
        }
        let (name, version) = if let Some((name, version)) = spec.split_once(">=") {
            (name, Some((Relation::AtLeast, version.to_owned())))
        } else if let Some((name, version)) = spec.split_once('=') {
            (name, Some((Relation::Is, version.to_owned())))
        } else {
            (spec, None)
        };
        Ok(Self {
            name: name.to_owned(),
            version,
        })
    }

    /// As it was written.
    pub(super) fn text(&self) -> String {
        match &self.version {
            Some((Relation::Is, version)) => format!("{}={version}", self.name),
            Some((Relation::AtLeast, version)) => format!("{}>={version}", self.name),
            None => self.name.clone(),
        }
    }

    /// Whether a version is one of those wanted.
    pub(super) fn accepts(&self, version: &str) -> bool {
        match &self.version {
            None => true,
            Some((Relation::Is, pattern)) => matches(pattern, version),
            Some((Relation::AtLeast, least)) => debian_version::compare(version, least) != Ordering::Less,
        }
    }

    /// The version, if it is a pattern.
    pub(super) fn pattern(&self) -> Option<&str> {
        match &self.version {
            Some((Relation::Is, version)) if version.contains(['*', '?', '[']) => Some(version),
            _ => None,
        }
    }
}

/// How things stand with a wanted package.
pub(super) struct Status {
    /// Whether it is installed in whatever version.
    pub(super) installed: bool,
    /// Whether the installed version is one of those wanted.
    pub(super) matches: bool,
    /// What could be installed and is not: a version, or one that apt itself is to choose.
    pub(super) best: Option<Option<String>>,
}

/// What apt could install.
#[derive(Default, Debug)]
struct Available {
    /// The version that it would take.
    candidate: Option<String>,
    /// All versions with their priorities, newest first.
    versions: Vec<(String, i64)>,
}

impl Available {
    /// The version to install for what is wanted.
    fn best(&self, w: &Wanted, release: Option<&str>) -> Option<String> {
        match &w.version {
            None => self.candidate.clone(),
            Some((Relation::AtLeast, _)) => self.candidate.clone().filter(|v| w.accepts(v)),
            Some((Relation::Is, _)) => {
                let fits = || self.versions.iter().filter(|(v, _)| w.accepts(v));
                // What is asked for by name overrules priorities, but not within a release asked for too.
                let top = match release {
                    Some(_) => fits().map(|(_, priority)| *priority).max(),
                    None => None,
                };
                fits()
                    .find(|(_, priority)| top.is_none_or(|t| t == *priority))
                    .map(|(v, _)| v.clone())
            }
        }
    }
}

/// How things stand with each of the packages. Apt is asked, once, only about those that dpkg's database does not settle.
pub(super) fn statuses(
    host: &mut Host<'_>,
    db: &Database,
    wanted: &[Wanted],
    release: Option<&str>,
    latest: bool,
) -> Result<Vec<Status>, Failure> {
    let installed = |name: &str| db.find(name).filter(|p| p.installed());
    let settled = |w: &Wanted| {
        !latest && w.pattern().is_none() && installed(&w.name).is_some_and(|p| w.accepts(&p.version))
    };
    let open: Vec<_> = wanted
        .iter()
        .filter(|w| !settled(w))
        .map(|w| w.name.as_str())
        .collect();
    let mut known = available(host, &open, release)?;
    let virtuals: Vec<_> = open
        .iter()
        .copied()
        .filter(|name| known.get(*name).is_none_or(|a| a.versions.is_empty()))
        .collect();
    let providers = providers(host, &virtuals)?;
    // Of those with one provider, that one counts.
    let only: HashMap<&str, &String> = providers
        .iter()
        .filter_map(|(name, all)| Some((name.as_str(), all.first().filter(|_| all.len() == 1)?)))
        .collect();
    let names: Vec<_> = only.values().map(|p| p.as_str()).collect();
    known.extend(available(host, &names, release)?);
    let status = |w: &Wanted| {
        let package = installed(&w.name);
        let best = known
            .get(&w.name)
            .and_then(|a| a.best(w, release))
            .filter(|best| package.is_none_or(|p| p.version != *best));
        Status {
            installed: package.is_some(),
            matches: package.is_some_and(|p| w.accepts(&p.version)),
            best: best.map(Some),
        }
    };
    let mut out = Vec::new();
    for w in wanted {
        if settled(w) || !virtuals.contains(&w.name.as_str()) {
            out.push(status(w));
            continue;
        }
        if !providers.contains_key(&w.name) {
            return Err(Failure::new(format!(
                "No package matching '{}' is available",
                w.name
            )));
        }
        let provided = only.get(w.name.as_str()).map(|name| {
            status(&Wanted {
                name: (*name).clone(),
                version: w.version.clone(),
            })
        });
        out.push(provided.filter(|s| s.installed).unwrap_or(Status {
            installed: false,
            matches: false,
            best: Some(None),
        }));
    }
    Ok(out)
}

/// Asks apt which versions of packages there are; names that it does not know at all are missing from the answer.
fn available(
    host: &mut Host<'_>,
    names: &[&str],
    release: Option<&str>,
) -> Result<HashMap<String, Available>, Failure> {
    let names: Vec<_> = names.iter().filter(|n| !n.is_empty()).collect();
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let mut c = quiet(Command::new(host.need_program("apt-cache", "apt")?));
    if let Some(release) = release {
        c = c.arg("-o").arg(format!("APT::Default-Release={release}"));
    }
    let out = host.query(c.args(["policy", "--"]).args(names))?;
    if out.rc != 0 {
        return Err(Failure::new(out.stderr_text().trim().to_owned()));
    }
    Ok(parse_policy(&out.stdout_text()))
}

/// The answer of `apt-cache policy`.
fn parse_policy(text: &str) -> HashMap<String, Available> {
    let mut found: Vec<(String, Available)> = Vec::new();
    for line in text.lines() {
        if !line.starts_with(' ') {
            found.push((line.trim_end_matches(':').to_owned(), Available::default()));
            continue;
        }
        let Some((_, available)) = found.last_mut() else {
            continue;
        };
        if let Some(version) = line.strip_prefix("  Candidate: ") {
            available.candidate = (version != "(none)").then(|| version.to_owned());
        } else if let Some(rest) = line.strip_prefix(" *** ").or_else(|| line.strip_prefix("     "))
            && !rest.starts_with(' ')
        {
            let mut words = rest.split(' ');
            let version = words.next().unwrap_or_default().to_owned();
            let priority = words.next().and_then(|n| n.parse().ok()).unwrap_or(0);
            available.versions.push((version, priority));
        }
    }
    found.into_iter().collect()
}

/// Asks apt which packages provide those names; names that nothing provides are missing.
fn providers(host: &mut Host<'_>, names: &[&str]) -> Result<HashMap<String, Vec<String>>, Failure> {
    let names: Vec<_> = names.iter().filter(|n| !n.is_empty()).collect();
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let c = quiet(Command::new(host.need_program("apt-cache", "apt")?));
    let out = host.query(c.args(["showpkg", "--"]).args(names))?;
    Ok(parse_providers(&out.stdout_text()))
}

/// The answer of `apt-cache showpkg`.
fn parse_providers(text: &str) -> HashMap<String, Vec<String>> {
    let mut out: HashMap<String, BTreeSet<String>> = HashMap::new();
    let (mut name, mut listed) = ("", false);
    for line in text.lines() {
        if let Some(of) = line.strip_prefix("Package: ") {
            (name, listed) = (of, false);
        } else if line.starts_with("Reverse Provides:") {
            listed = true;
        } else if listed && let Some(provider) = line.split(' ').next().filter(|p| !p.is_empty()) {
            out.entry(name.to_owned())
                .or_default()
                .insert(provider.to_owned());
        }
    }
    out.into_iter()
        .map(|(name, all)| (name, all.into_iter().collect()))
        .collect()
}

/// Replaces patterns by the names they match: those apt knows, or for removal those of the database.
pub(super) fn expand(host: &mut Host<'_>, specs: &[String], removing: bool) -> Result<Vec<Wanted>, Failure> {
    let wanted: Vec<_> = specs.iter().map(|s| Wanted::parse(s)).collect::<Result<_, _>>()?;
    let mut out = Vec::new();
    let mut known: Option<Vec<String>> = None;
    for w in wanted {
        if !w.name.contains(['*', '?', '[', ']', '!']) {
            out.push(w);
            continue;
        }
        if removing {
            let db = Database::read();
            let mut hits: Vec<_> = db
                .all()
                .iter()
                .map(|p| p.name.clone())
                .filter(|n| matches(&w.name, n))
                .collect();
            hits.sort();
            if !hits.is_empty() {
                out.extend(hits.into_iter().map(plain));
                continue;
            }
        }
        if known.is_none() {
            let c = Command::new(host.need_program("apt-cache", "apt")?).arg("pkgnames");
            let mut names: Vec<_> = host.query(c)?.stdout_text().lines().map(str::to_owned).collect();
            names.sort();
            known = Some(names);
        }
        let before = out.len();
        out.extend(
            known
                .iter()
                .flatten()
                .filter(|n| matches(&w.name, n))
                .cloned()
                .map(plain),
        );
        if out.len() == before {
            return Err(Failure::new(format!(
                "No package(s) matching '{}' available",
                w.name
            )));
        }
    }
    Ok(out)
}

fn plain(name: String) -> Wanted {
    Wanted { name, version: None }
}

#[cfg(test)]
mod tests {
    use super::{Relation, Wanted, parse_policy, parse_providers};

    #[test]
    fn versions_are_split_off_names() {
        let w = Wanted::parse("foo=1.*").unwrap();
        assert_eq!(
            (w.name.as_str(), w.version.clone()),
            ("foo", Some((Relation::Is, "1.*".into())))
        );
        assert!(w.accepts("1.5-2") && !w.accepts("2.1"));
        let w = Wanted::parse("foo>=1.10").unwrap();
        assert!(w.accepts("1.10") && !w.accepts("1.9"));
        assert!(Wanted::parse("a=b=c").is_err());
    }

    #[test]
    fn what_is_asked_for_overrules_the_candidate() {
        let text = "foo:\n  Installed: 1.0.0\n  Candidate: 1.0.1\n  Version table:\n     2.0.1 100\n        100 file:/srv/testing ./ Packages\n     1.0.1 500\n        500 file:/srv/stable ./ Packages\n *** 1.0.0 990\n        100 /var/lib/dpkg/status\nbar:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n";
        let known = parse_policy(text);
        let best = |spec: &str, release| known["foo"].best(&Wanted::parse(spec).unwrap(), release);
        assert_eq!(best("foo", None).as_deref(), Some("1.0.1"));
        assert_eq!(best("foo=2.*", None).as_deref(), Some("2.0.1"));
        assert_eq!(best("foo=1.*", None).as_deref(), Some("1.0.1"));
        assert_eq!(best("foo=1.*", Some("stable")).as_deref(), Some("1.0.0"));
        assert_eq!(best("foo>=2", None), None);
        assert!(known["bar"].versions.is_empty());
    }

    #[test]
    fn providers_are_told_once_each() {
        let text = "Package: mta\nVersions: \n\nReverse Depends: \n  cron,mta\nProvides: \nReverse Provides: \npostfix 3.7 (= )\nexim4 4.96 (= )\nexim4 4.95 (= )\nPackage: none\nVersions: \nReverse Provides: \n";
        let found = parse_providers(text);
        assert_eq!(found["mta"], ["exim4", "postfix"]);
        assert!(!found.contains_key("none"));
    }
}
