//! From requirements to one version of each package.

mod catalogue;
mod commit;
mod conflict;
mod locked;
mod provider;
mod search;

use crate::{
    Cause, Failure, Installed, Installer, Kind, Lock, Mode, Package, Release, Requirement, Result, Source,
    Sources, Version, installed, lock::location_of_text,
};
use catalogue::{Catalogue, Roots};
pub use commit::Commit;
pub use locked::resolve_locked;
use search::{Bounds, Search, Solution};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// How to choose.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Take pre-releases of everything.
    pub prereleases: bool,
    /// Take what is required and nothing that it needs.
    pub no_dependencies: bool,
    /// Versions to keep where they fit: those of a lock file, those installed.
    pub preferred: BTreeMap<Package, Version>,
    /// What is installed and stays where it fits: servers are asked for it only where it does not.
    pub installed: BTreeMap<Package, Installed>,
    /// Newer versions come before those that are kept, which are never replaced by older ones.
    pub upgrade: bool,
    /// The first of several wanted versions of a role counts, as Ansible does it.
    pub first_wins: bool,
    /// Commits of git to keep.
    pub commits: Vec<Commit>,
}

impl Choice {
    /// Keeps what is installed where it fits, but for what the installer replaces anyway.
    pub fn keep_installed(&mut self, installer: &Installer, asked: &[Requirement]) {
        let replaced = |package: &Package| match installer.mode {
            Mode::Needed => false,
            Mode::Force => asked
                .iter()
                .any(|r| r.kind == package.kind() && r.name.as_deref() == Some(package.name())),
            Mode::ForceAll => true,
        };
        for found in all_installed(installer) {
            if let Some(version) = found.version.clone().filter(|_| !replaced(&found.package)) {
                self.preferred.insert(found.package.clone(), version);
                self.installed.insert(found.package.clone(), found);
            }
        }
    }

    /// Prefers the versions that are installed.
    pub fn prefer_installed(&mut self, installer: &Installer) {
        for found in all_installed(installer) {
            if let Some(version) = found.version {
                self.preferred.insert(found.package, version);
            }
        }
    }

    /// Prefers what a lock file says.
    pub fn prefer(&mut self, lock: &Lock) {
        let versions = lock
            .packages
            .iter()
            .map(|p| (p.package.clone(), p.version.clone()));
        self.preferred.extend(versions);
        self.commits.extend(lock.packages.iter().filter_map(Commit::of));
    }

    /// Keeps only those packages as they are.
    pub fn keep_only(&mut self, keep: impl Fn(&Package) -> bool) {
        self.preferred.retain(|p, _| keep(p));
        self.commits.retain(|c| keep(&c.package));
    }

    /// The commit of git that is kept for a requirement.
    fn commit(&self, requirement: &Requirement) -> Option<&str> {
        let kept = self.commits.iter().find(|c| c.is_for(requirement));
        kept.map(|c| c.commit.as_str())
    }
}

/// What is installed; of packages that lie in several places that comes last which is found first.
fn all_installed(installer: &Installer) -> impl Iterator<Item = Installed> {
    let paths = &installer.paths;
    let roles = installed(Kind::Role, &paths.roles);
    let collections = paths.collections_path.iter().rev().chain([&paths.collections]);
    let collections = collections.flat_map(|p| installed(Kind::Collection, p));
    roles.into_iter().chain(collections)
}

/// A package that was chosen.
#[derive(Clone)]
pub struct Resolved {
    /// What is installed.
    pub release: Release,
    /// From where.
    pub source: Arc<dyn Source>,
    /// What it needs, by name.
    pub needs: Vec<Package>,
    /// Whether it was asked for, rather than needed by another.
    pub asked: bool,
}

impl Resolved {
    /// Where exactly it comes from, as the lock file writes it.
    pub fn place(&self) -> String {
        let address = &self.release.artifact.address;
        if ["git+", "path+", "url+"].iter().any(|s| address.starts_with(s)) {
            address.clone()
        } else {
            self.source.address()
        }
    }

    /// The branch, tag or commit of git that was asked for.
    pub(crate) fn revision(&self) -> Option<String> {
        location_of_text(&self.source.address()).ok()?.1
    }
}

/// Resolves requirements; packages in the order of their names.
///
/// The first that is asked for is as new as any solution allows, then the second, and so on; versions that are kept
/// come before all others, and pre-releases that are only named after them. Of what they need new versions are tried
/// first. (A pre-release that only an old version names, which is looked at for no other reason, is found only where
/// there is no other solution.)
pub fn resolve(requirements: &[Requirement], sources: &Sources, choice: &Choice) -> Result<Vec<Resolved>> {
    let catalogue = Catalogue::new(sources, choice);
    let roots = catalogue.roots(requirements)?;
    catalogue.warm(roots.keys().cloned().collect())?;
    let chosen = choose(&catalogue, &roots)?;
    let mut resolved = Vec::new();
    for (package, version) in chosen {
        let (mut release, source) = catalogue.release(&package, &version)?;
        if catalogue
            .here(&package)
            .is_none_or(|h| h.version.as_ref() != Some(&version))
        {
            sources.add_signatures(&mut release, requirements)?;
        }
        let needs = catalogue.needs(&release)?.into_iter().map(|(p, _)| p);
        let needs: BTreeSet<Package> = needs.filter(|p| *p != package).collect();
        resolved.push(Resolved {
            asked: roots.contains_key(&package),
            needs: needs.into_iter().collect(),
            release,
            source,
        });
    }
    Ok(resolved)
}

fn choose(catalogue: &Catalogue<'_>, roots: &Roots) -> Result<Solution> {
    let search = Search::new(catalogue, roots);
    let here = roots.iter().map(|(package, (_, range))| {
        let here = catalogue.here_within(package, |v| range.contains(v))?;
        Some((package.clone(), here.clone()))
    });
    let Some(with) = here.collect::<Option<Solution>>() else {
        return search.run(&Bounds::default());
    };
    let bounds = Bounds {
        with,
        ..Bounds::default()
    };
    match search.run(&bounds) {
        // All that is asked for is there: what it needs and cannot have is no reason to replace it.
        Err(f) if matches!(f.cause, Cause::Conflict | Cause::NotFound) => Ok(bounds.with),
        other => other,
    }
}

/// Runs a function for each item on several threads, and gives the results in order.
pub(crate) fn in_parallel<T: Sync, R: Send>(items: &[T], run: impl Fn(&T) -> R + Sync) -> Result<Vec<R>> {
    const THREADS: usize = 16;
    let next = std::sync::atomic::AtomicUsize::new(0);
    let slots: Vec<std::sync::Mutex<Option<R>>> = items.iter().map(|_| std::sync::Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..THREADS.min(items.len()) {
            scope.spawn(|| {
                while let Some(at) =
                    Some(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)).filter(|a| *a < items.len())
                {
                    let result = run(&items[at]);
                    if let Ok(mut slot) = slots[at].lock() {
                        *slot = Some(result);
                    }
                }
            });
        }
    });
    let results: Option<Vec<R>> = slots.into_iter().map(|s| s.into_inner().ok().flatten()).collect();
    results.ok_or_else(|| Failure::server("a worker failed"))
}
