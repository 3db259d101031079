//! What sources tell, asked once.

use super::{Choice, in_parallel};
use crate::{
    Cause, Failure, Installed, Kind, Package, Query, Range, Release, Requirement, Result, Source, Sources,
    Version, source::Present,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard},
};

/// A source's versions, highest first.
type Versions = Arc<Vec<Version>>;

/// What is asked for: the place in the list, and which versions.
pub(super) type Roots = BTreeMap<Package, (usize, Range)>;

/// What names a version: a release, or the user.
pub(super) type Namer = Option<(Package, Version)>;

/// Pre-releases with what names them.
pub(super) type Named = BTreeMap<(Package, Version), BTreeSet<Namer>>;

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
    /// Pre-releases that are named exactly, and by what.
    named: Named,
    /// The first wanted version of a role.
    first: HashMap<Package, Range>,
}

/// How many versions of a package are read where all might matter.
const MOST_READ: usize = 20;

/// What a release needs; nothing where nobody can read it.
fn readable(needs: Result<Vec<(Package, Range)>>) -> Result<Vec<(Package, Range)>> {
    match needs {
        Err(f) if f.cause == Cause::Invalid => Ok(Vec::new()),
        needs => needs,
    }
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
                let range = self.place(&package, requirement, None)?;
                let (first, other) = match roots.get(&package) {
                    None => (at, Range::any(package.kind())),
                    Some((first, other)) => (*first, other.clone()),
                };
                let both = other.and(&range).ok_or_else(|| {
                    Failure::invalid(format!("{package} is required twice, as {other} and as {range}"))
                        .at(requirement.origin)
                })?;
                roots.insert(package, (first, both));
            }
        }
        Ok(roots)
    }

    /// The sources of a requirement; of git with the commit that is kept.
    fn sources_of(&self, requirement: &Requirement) -> Result<Vec<Arc<dyn Source>>> {
        match self.choice.commit(requirement) {
            Some(commit) => Ok(vec![self.sources.direct(requirement, Some(commit))?]),
            None => self.sources.of(requirement),
        }
    }

    /// The packages of a requirement: the one that is named, or those that its location holds.
    fn packages(&self, requirement: &Requirement) -> Result<Vec<Package>> {
        if let Some(package) = requirement.package()? {
            return Ok(vec![package]);
        }
        let mut packages = Vec::new();
        for source in self.sources_of(requirement)? {
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

    /// Decides where a package comes from, if nothing did yet, and gives the versions that the requirement takes: of
    /// that release, or of the user.
    fn place(&self, package: &Package, requirement: &Requirement, of: Option<&Release>) -> Result<Range> {
        let range = requirement.range()?;
        let mut known = self.known()?;
        for version in range.named().iter().filter(|v| v.is_prerelease()) {
            let by = of.map(|r| (r.package.clone(), r.version.clone()));
            let named = known.named.entry((package.clone(), version.clone()));
            named.or_default().insert(by);
        }
        match known.places.get(package).cloned() {
            None => {
                known
                    .places
                    .insert(package.clone(), (requirement.clone(), of.is_none()));
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
                let range = if package == release.package {
                    requirement.range().map_err(of)?
                } else {
                    self.place(&package, requirement, Some(release)).map_err(of)?
                };
                needs.push((package, range));
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
        for source in self.sources_of(&requirement)? {
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

    /// The versions that may be chosen, in the order in which they are tried: the one that is kept, the newest first,
    /// and at last pre-releases that something names exactly.
    pub(super) fn candidates(&self, package: &Package) -> Result<Vec<Version>> {
        let (versions, _) = self.versions(package)?;
        let kept = self.preferred(package);
        let here = self.here(package).and_then(|h| h.version.as_ref());
        let kept = kept.filter(|v| versions.contains(v) || here == Some(*v));
        let usual = self.is_usual(&versions);
        let known = self.known()?;
        let named = |v: &&Version| !usual(v) && known.named.contains_key(&(package.clone(), (*v).clone()));
        let others = || versions.iter().filter(|v| Some(*v) != kept);
        let all = kept
            .into_iter()
            .chain(others().filter(|v| usual(v)))
            .chain(others().filter(named));
        let mut all: Vec<Version> = all.cloned().collect();
        if let Some(kept) = kept.filter(|_| self.choice.upgrade) {
            let newer = others().filter(|v| usual(v) && *v > kept).count();
            all[..=newer].rotate_left(1);
        }
        Ok(all)
    }

    /// Versions that may be chosen whatever names them.
    fn is_usual(&self, versions: &[Version]) -> impl Fn(&&Version) -> bool + use<> {
        let all = self.choice.prereleases || versions.iter().all(Version::is_prerelease);
        move |v| all || !v.is_prerelease()
    }

    /// Whether a version may be chosen only with another that names it.
    pub(super) fn is_conditional(&self, package: &Package, version: &Version) -> Result<bool> {
        if !version.is_prerelease() || self.preferred(package) == Some(version) {
            return Ok(false);
        }
        let (versions, _) = self.versions(package)?;
        Ok(!self.is_usual(&versions)(&version))
    }

    /// Whether there is a pre-release in a set of versions that may be chosen once it is named.
    pub(super) fn lacks_a_name(&self, package: &Package, fits: impl Fn(&Version) -> bool) -> Result<bool> {
        let (versions, _) = self.versions(package)?;
        for version in versions.iter().filter(|v| fits(v)) {
            if self.is_conditional(package, version)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The version that is kept if it fits.
    pub(super) fn preferred(&self, package: &Package) -> Option<&Version> {
        self.choice.preferred.get(package)
    }

    /// The package as it is installed, where that counts: nobody is asked for it then.
    pub(super) fn here(&self, package: &Package) -> Option<&Installed> {
        let installed = self.choice.installed.get(package)?;
        Some(installed).filter(|_| !self.is_direct(package))
    }

    /// Whether a package comes from a place that holds one version of it.
    pub(super) fn is_direct(&self, package: &Package) -> bool {
        let place = self.known().ok().and_then(|k| k.places.get(package).cloned());
        place.is_some_and(|(r, _)| r.location.is_direct())
    }

    /// The same, if its version is one of those and nothing newer is looked for.
    pub(super) fn here_within(&self, package: &Package, fits: impl Fn(&Version) -> bool) -> Option<&Version> {
        let here = self.here(package).filter(|_| !self.choice.upgrade)?;
        here.version.as_ref().filter(|v| fits(v))
    }

    pub(super) fn release(&self, package: &Package, version: &Version) -> Result<(Release, Arc<dyn Source>)> {
        let here = self.here(package).filter(|h| h.version.as_ref() == Some(version));
        let source: Arc<dyn Source> = match here {
            Some(here) => Arc::new(Present(here.clone())),
            None => self.versions(package)?.1,
        };
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
            .map(|s| s.address().replace("galaxy+", ""))
            .collect();
        names.join(", ")
    }

    /// Pre-releases that are named exactly, and by what.
    pub(super) fn named(&self) -> Result<Named> {
        Ok(self.known()?.named.clone())
    }

    /// The releases that name a pre-release.
    pub(super) fn naming(&self, package: &Package, version: &Version) -> Result<Vec<(Package, Version)>> {
        let known = self.known()?;
        let naming = known.named.get(&(package.clone(), version.clone()));
        Ok(naming.into_iter().flatten().flatten().cloned().collect())
    }

    /// The releases that need a package, as far as they are known.
    pub(super) fn needing(&self, package: &Package) -> Result<Vec<(Package, Version)>> {
        let releases: Vec<Release> = self.known()?.releases.values().cloned().collect();
        let mut needing = Vec::new();
        for release in releases.iter().filter(|r| r.package != *package) {
            if readable(self.needs(release))?.iter().any(|(p, _)| p == package) {
                needing.push((release.package.clone(), release.version.clone()));
            }
        }
        needing.sort();
        Ok(needing)
    }

    /// Reads what versions of all packages need, below those, whether they are tried or not: only so is it known which
    /// pre-releases are named. Of a package with many versions only the newest are asked for.
    pub(super) fn read_all(&self, mut level: Vec<Package>) -> Result<()> {
        let mut seen: BTreeSet<Package> = level.iter().cloned().collect();
        while !level.is_empty() {
            let mut releases = Vec::new();
            for (package, versions) in level.iter().zip(in_parallel(&level, |p| self.versions(p))?) {
                let newest = versions?.0;
                releases.extend(
                    newest
                        .iter()
                        .take(MOST_READ)
                        .map(|v| (package.clone(), v.clone())),
                );
            }
            let needs = in_parallel(&releases, |(package, version)| {
                let (release, _) = self.release(package, version)?;
                self.needs(&release)
            })?;
            level.clear();
            for needs in needs {
                let needed = readable(needs)?.into_iter().map(|(p, _)| p);
                level.extend(needed.filter(|p| seen.insert(p.clone())));
            }
        }
        Ok(())
    }

    /// Asks beforehand and at once for what will be asked surely or likely: all versions of packages, and what their
    /// newest need, level by level.
    pub(super) fn warm(&self, mut level: Vec<Package>) -> Result<()> {
        let mut seen: BTreeSet<Package> = level.iter().cloned().collect();
        while !level.is_empty() {
            let releases = in_parallel(&level, |package| {
                let place = self.known()?.places.get(package).map(|(r, _)| r.clone());
                let range = place.map(|r| r.range()).transpose()?;
                let fits = |v: &Version| range.as_ref().is_none_or(|r| r.contains(v));
                let version = match self.here_within(package, fits) {
                    Some(version) => Some(version.clone()),
                    None => self.candidates(package)?.into_iter().find(fits),
                };
                let release = version.map(|v| self.release(package, &v));
                release.transpose()
            })?;
            level.clear();
            for release in releases {
                // In order, so that the same place is decided on each time.
                let needs = release.and_then(|r| r.map_or(Ok(Vec::new()), |(r, _)| self.needs(&r)));
                for (package, _) in readable(needs)? {
                    if seen.insert(package.clone()) {
                        level.push(package);
                    }
                }
            }
        }
        Ok(())
    }
}
