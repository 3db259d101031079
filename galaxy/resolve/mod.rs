//! From requirements to one version of each package.

mod catalogue;
mod conflict;
mod locked;
mod provider;

use crate::{
    Failure, Installer, Kind, Lock, Package, Release, Requirement, Result, Source, Sources, Version,
    installed,
};
use catalogue::Catalogue;
pub use locked::resolve_locked;
use provider::{Node, Provider};
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
    /// The first of several wanted versions of a role counts, as Ansible does it.
    pub first_wins: bool,
}

impl Choice {
    /// Prefers what is installed.
    pub fn prefer_installed(&mut self, installer: &Installer) {
        let paths = &installer.paths;
        let roles = installed(Kind::Role, &paths.roles);
        let collections = paths.collections_path.iter().rev().chain([&paths.collections]);
        let collections = collections.flat_map(|p| installed(Kind::Collection, p));
        for found in roles.into_iter().chain(collections) {
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
    }
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

/// Resolves requirements: each package in the highest version that fits all. Packages in the order of their names.
pub fn resolve(requirements: &[Requirement], sources: &Sources, choice: &Choice) -> Result<Vec<Resolved>> {
    let catalogue = Catalogue::new(sources, choice);
    let roots = catalogue.roots(requirements)?;
    catalogue.warm(roots.keys().cloned().collect())?;
    // An exact pin of a pre-release that shows up on the way lets this one in: what was decided before is done again.
    let solution = loop {
        let admitted = catalogue.admitted()?;
        let provider = Provider {
            catalogue: &catalogue,
            roots: &roots,
        };
        let solution = pubgrub::resolve(&provider, Node::Requirements, Version::loose("0")?);
        if catalogue.admitted()? == admitted {
            break solution;
        }
    };
    let solution = solution.map_err(|e| conflict::explain(e, &catalogue))?;
    let mut resolved = Vec::new();
    let chosen: BTreeMap<Package, Version> = solution
        .into_iter()
        .filter_map(|(node, version)| Some((node.package()?, version)))
        .collect();
    for (package, version) in chosen {
        let (mut release, source) = catalogue.release(&package, &version)?;
        sources.add_signatures(&mut release, requirements)?;
        let needs: BTreeSet<Package> = catalogue.needs(&release)?.into_iter().map(|(p, _)| p).collect();
        resolved.push(Resolved {
            asked: roots.contains_key(&package),
            needs: needs.into_iter().collect(),
            release,
            source,
        });
    }
    Ok(resolved)
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
