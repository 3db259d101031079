//! What sources tell, asked once.

use super::{Choice, in_parallel};
use crate::{Failure, Kind, Package, Query, Range, Release, Requirement, Result, Source, Sources, Version};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard},
};

/// A source's versions, highest first.
type Versions = Arc<Vec<Version>>;

/// What is asked for: the place in the list, and which versions.
pub(super) type Roots = BTreeMap<Package, (usize, Range)>;

pub(super) struct Catalogue<'a> {
    sources: &'a Sources,
    choice: &'a Choice,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Which requirement decided from where a package comes, and whether the user did.
    places: HashMap<Package, (Requirement, bool)>,
    versions: HashMap<Package, (Versions, Arc<dyn Source>)>,
    releases: HashMap<(Package, String), Release>,
    /// Pre-releases that are named exactly.
    admitted: BTreeSet<(Package, String)>,
    /// The first wanted version of a role.
    first: HashMap<Package, Range>,
}

impl<'a> Catalogue<'a> {
    pub(super) fn new(sources: &'a Sources, choice: &'a Choice) -> Self {
        Self {
            sources,
            choice,
            known: Mutex::default(),
        }
    }

    fn known(&self) -> Result<MutexGuard<'_, Known>> {
        self.known
            .lock()
            .map_err(|_| Failure::server("an earlier request failed"))
    }

    /// The packages that are asked for, with their places in the list and their versions.
    pub(super) fn roots(&self, requirements: &[Requirement]) -> Result<Roots> {
        let found = in_parallel(requirements, |r| self.packages(r))?;
        let mut roots = Roots::new();
        for (at, (requirement, packages)) in requirements.iter().zip(found).enumerate() {
            for package in packages.map_err(|f| f.at(requirement.origin))? {
                let range = self.place(&package, requirement, true)?;
                match roots.get(&package) {
                    None => {
                        roots.insert(package, (at, range));
                    }
                    Some((_, other)) if *other == range || range.is_any() => {}
                    Some((first, other)) if other.is_any() => {
                        roots.insert(package, (*first, range));
                    }
                    Some((_, other)) => {
                        return Err(Failure::invalid(format!(
                            "{package} is required twice, as {other} and as {range}"
                        ))
                        .at(requirement.origin));
                    }
                }
            }
        }
        Ok(roots)
    }

    /// The packages of a requirement: the one that is named, or those that its location holds.
    fn packages(&self, requirement: &Requirement) -> Result<Vec<Package>> {
        if let Some(package) = requirement.package()? {
            return Ok(vec![package]);
        }
        let mut packages = Vec::new();
        for source in self.sources.of(requirement)? {
            packages.extend(source.contents()?);
        }
        match (&requirement.name, packages.as_slice()) {
            (_, []) => Err(Failure::not_found(format!(
                "{} holds no collection",
                requirement.location
            ))),
            (Some(name), [only]) if only.name() != name => Err(Failure::mismatch(format!(
                "{} holds {only}, not {name}",
                requirement.location
            ))),
            _ => Ok(packages),
        }
    }

    /// Decides where a package comes from, if nothing did yet, and gives the versions that the requirement takes.
    fn place(&self, package: &Package, requirement: &Requirement, by_user: bool) -> Result<Range> {
        let range = requirement.range()?;
        let mut known = self.known()?;
        for version in range.named().iter().filter(|v| v.is_prerelease()) {
            known
                .admitted
                .insert((package.clone(), version.as_str().to_owned()));
        }
        match known.places.get(package).cloned() {
            None => {
                known
                    .places
                    .insert(package.clone(), (requirement.clone(), by_user));
            }
            // What the user says counts for all that need the package.
            Some((_, true)) => {}
            Some((first, false)) => {
                let same = first.location == requirement.location
                    && (!first.location.is_direct() || first.version == requirement.version);
                let weak = !requirement.location.is_direct();
                if !same && !weak && !self.choice.first_wins {
                    return Err(Failure::new(
                        crate::Cause::Conflict,
                        format!(
                            "{package} is wanted from two places: {} {} and {} {}",
                            first.location, first.version, requirement.location, requirement.version
                        ),
                    )
                    .help("say in requirements.yml which it shall be, or take the first with --first-wins"));
                }
            }
        }
        if self.choice.first_wins && package.kind() == Kind::Role && !range.is_any() {
            return Ok(known.first.entry(package.clone()).or_insert(range).clone());
        }
        Ok(range)
    }

    /// The name of a package like this one that the sources do have.
    pub(super) fn near(&self, package: &Package) -> Option<String> {
        let asked = Requirement::named(package.kind(), package.name(), "");
        let query = Query {
            kind: package.kind(),
            words: Vec::new(),
            author: package.namespace().map(str::to_owned),
            tags: Vec::new(),
            platforms: Vec::new(),
        };
        // This is only a hint: that there is none is no failure.
        let found = self.sources.of(&asked).ok()?;
        let found: Vec<_> = found
            .iter()
            .filter_map(|s| s.search(&query).ok())
            .flatten()
            .collect();
        kdo_syntax::nearest(package.name(), found.iter().map(|f| f.name.as_str())).map(str::to_owned)
    }

    /// What a release needs.
    pub(super) fn needs(&self, release: &Release) -> Result<Vec<(Package, Range)>> {
        if self.choice.no_dependencies {
            return Ok(Vec::new());
        }
        let mut needs = Vec::new();
        for requirement in &release.dependencies {
            let of = |f: Failure| f.of(format!("{} {}", release.package, release.version));
            for package in self.packages(requirement).map_err(of)? {
                // A package that needs itself needs nothing.
                if package != release.package {
                    let range = self.place(&package, requirement, false).map_err(of)?;
                    needs.push((package, range));
                }
            }
        }
        Ok(needs)
    }

    /// All versions of a package, highest first, and the source that has them.
    pub(super) fn versions(&self, package: &Package) -> Result<(Versions, Arc<dyn Source>)> {
        if let Some(found) = self.known()?.versions.get(package) {
            return Ok(found.clone());
        }
        let place = self.known()?.places.get(package).map(|(r, _)| r.clone());
        let requirement = place.ok_or_else(|| Failure::not_found(format!("{package} was not asked for")))?;
        let mut first = None;
        for source in self.sources.of(&requirement)? {
            let mut versions = source.versions(package).map_err(|f| f.at(requirement.origin))?;
            if !versions.is_empty() {
                versions.sort_by(|a, b| b.cmp(a));
                versions.dedup();
                first = Some((Arc::new(versions), source));
                break;
            }
            first = first.or(Some((Arc::default(), source)));
        }
        let found =
            first.ok_or_else(|| Failure::not_found(format!("there is no server to ask for {package}")))?;
        self.known()?.versions.insert(package.clone(), found.clone());
        Ok(found)
    }

    /// The versions that may be chosen: pre-releases where they are wanted or there is nothing else.
    pub(super) fn candidates(&self, package: &Package) -> Result<Vec<Version>> {
        let (versions, _) = self.versions(package)?;
        let all = self.choice.prereleases || versions.iter().all(Version::is_prerelease);
        let known = self.known()?;
        let admitted = |v: &&Version| {
            !v.is_prerelease() || all || known.admitted.contains(&(package.clone(), v.as_str().to_owned()))
        };
        Ok(versions.iter().filter(admitted).cloned().collect())
    }

    /// The version that is kept if it fits.
    pub(super) fn preferred(&self, package: &Package) -> Option<&Version> {
        self.choice.preferred.get(package)
    }

    pub(super) fn release(&self, package: &Package, version: &Version) -> Result<(Release, Arc<dyn Source>)> {
        let (_, source) = self.versions(package)?;
        let key = (package.clone(), version.as_str().to_owned());
        if let Some(found) = self.known()?.releases.get(&key) {
            return Ok((found.clone(), source));
        }
        let release = source.release(package, version)?;
        self.known()?.releases.insert(key, release.clone());
        Ok((release, source))
    }

    /// Where a package is looked for, to be shown.
    pub(super) fn place_of(&self, package: &Package) -> String {
        let place = self
            .known()
            .ok()
            .and_then(|k| k.places.get(package).map(|(r, _)| r.clone()));
        let sources = place.and_then(|r| self.sources.of(&r).ok()).unwrap_or_default();
        let names: Vec<String> = sources
            .iter()
            .map(|s| s.address().trim_start_matches("galaxy+").to_owned())
            .collect();
        names.join(", ")
    }

    pub(super) fn admitted(&self) -> Result<BTreeSet<(Package, String)>> {
        Ok(self.known()?.admitted.clone())
    }

    /// Asks beforehand and at once for what will be asked surely or likely: all versions of packages, and what their
    /// newest need, level by level.
    pub(super) fn warm(&self, mut level: Vec<Package>) -> Result<()> {
        let mut seen: BTreeSet<Package> = level.iter().cloned().collect();
        while !level.is_empty() {
            let releases = in_parallel(&level, |package| {
                let candidates = self.candidates(package)?;
                let place = self.known()?.places.get(package).map(|(r, _)| r.clone());
                let range = place.map(|r| r.range()).transpose()?;
                let fits = |v: &&Version| range.as_ref().is_none_or(|r| r.contains(v));
                let kept = self
                    .preferred(package)
                    .filter(|v| candidates.contains(v))
                    .filter(fits);
                match kept.or_else(|| candidates.iter().find(fits)) {
                    Some(version) => self.release(package, version).map(|(r, _)| Some(r)),
                    None => Ok(None),
                }
            })?;
            level.clear();
            for release in releases {
                // In order, so that the same place is decided on each time.
                for (package, _) in release?.map(|r| self.needs(&r)).transpose()?.unwrap_or_default() {
                    if seen.insert(package.clone()) {
                        level.push(package);
                    }
                }
            }
        }
        Ok(())
    }
}
