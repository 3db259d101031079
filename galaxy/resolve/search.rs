//! The best solution. Pre-releases break what pubgrub takes for granted, that fewer demands never leave fewer
//! versions: one that is not wanted in itself may be chosen only together with something that names it exactly. So
//! pubgrub may choose all that anything names, and what turns out to have no reason is tried without it, and with each
//! of those that would give one.

use super::{
    catalogue::{Catalogue, Namer, Roots},
    conflict,
    provider::{Node, Provider},
};
use crate::{Cause, Failure, Package, Result, Version};
use pubgrub::{DerivationTree, External, PubGrubError, Ranges};
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

/// A version of each package.
pub(super) type Solution = BTreeMap<Package, Version>;

/// What a search must keep to beside what is required.
#[derive(Clone, Default)]
pub(super) struct Bounds {
    /// Pre-releases that are not chosen.
    pub(super) without: BTreeSet<(Package, Version)>,
    /// Versions that must be chosen.
    pub(super) with: Solution,
}

pub(super) struct Search<'a> {
    catalogue: &'a Catalogue<'a>,
    roots: &'a Roots,
    tries: Cell<usize>,
}

/// How often pre-releases without a reason are tried otherwise.
const MOST_TRIES: usize = 200;

impl<'a> Search<'a> {
    pub(super) fn new(catalogue: &'a Catalogue<'a>, roots: &'a Roots) -> Self {
        Self {
            catalogue,
            roots,
            tries: Cell::new(0),
        }
    }

    /// The solution that has the packages of the user, in their order, as new as they can be.
    pub(super) fn run(&self, bounds: &Bounds) -> Result<Solution> {
        let found = self.needed(&self.solve(bounds)?)?;
        let Some((package, version)) = self.without_reason(&found)? else {
            return Ok(found);
        };
        if self.tries.replace(self.tries.get() + 1) > MOST_TRIES {
            return Err(Failure::new(
                Cause::Conflict,
                format!("{package} {version} is a pre-release that nothing asks for, and without it nothing was found"),
            )
            .help(format!("--pre takes it; so does the requirement {package}:{version}")));
        }
        self.catalogue.read_all(self.roots.keys().cloned().collect())?;
        // What was chosen to give a reason gives none as long as nothing needs it.
        let mut reasons = self.catalogue.naming(&package, &version)?;
        for idle in bounds.with.keys().filter(|p| !found.contains_key(*p)) {
            reasons.extend(self.catalogue.needing(idle)?);
        }
        let mut without = bounds.clone();
        without.without.insert((package, version));
        let mut tried = vec![self.run(&without)];
        for (package, version) in reasons {
            let mut with = bounds.clone();
            if with.with.insert(package, version).is_none() {
                tried.push(self.run(&with));
            }
        }
        let mut best: Option<(Vec<usize>, Solution)> = None;
        for one in tried.iter().flatten() {
            let rank = self.rank(one)?;
            if best.as_ref().is_none_or(|(known, _)| rank < *known) {
                best = Some((rank, one.clone()));
            }
        }
        // What is told where nothing is found is that it does not go without.
        match best {
            Some((_, solution)) => Ok(solution),
            None => tried.swap_remove(0),
        }
    }

    fn solve(&self, bounds: &Bounds) -> Result<Solution> {
        let mut all = false;
        loop {
            // What is named on the way may be chosen: what was decided before is done again.
            let named = self.catalogue.named()?;
            let provider = Provider {
                catalogue: self.catalogue,
                roots: self.roots,
                bounds,
            };
            let solved = pubgrub::resolve(&provider, Node::Requirements, Version::loose("0")?);
            if self.catalogue.named()? != named {
                continue;
            }
            let error = match solved {
                Ok(solution) => {
                    let chosen = solution.into_iter();
                    return Ok(chosen.filter_map(|(n, v)| Some((n.package()?, v))).collect());
                }
                Err(error) => error,
            };
            let lacks = match &error {
                PubGrubError::NoSolution(tree) => self.lacks_a_name(tree)?,
                _ => false,
            };
            if lacks && !all {
                all = true;
                self.catalogue.read_all(self.roots.keys().cloned().collect())?;
                if self.catalogue.named()? != named {
                    continue;
                }
            }
            let failure = conflict::explain(error, self.catalogue);
            return Err(if lacks {
                failure.help("there are pre-releases that might do: --pre takes them")
            } else {
                failure
            });
        }
    }

    /// What of a solution anything needs: a version that was tried for its sake alone may be needed by nothing.
    fn needed(&self, solution: &Solution) -> Result<Solution> {
        let mut needed = Solution::new();
        let mut open: Vec<Package> = self.roots.keys().cloned().collect();
        while let Some(package) = open.pop() {
            if let Some(version) = solution.get(&package).filter(|_| !needed.contains_key(&package)) {
                let (release, _) = self.catalogue.release(&package, version)?;
                open.extend(self.catalogue.needs(&release)?.into_iter().map(|(p, _)| p));
                needed.insert(package, version.clone());
            }
        }
        Ok(needed)
    }

    /// Whether a pre-release would do that nothing is known to name.
    fn lacks_a_name(&self, tree: &DerivationTree<Node, Ranges<Version>, String>) -> Result<bool> {
        match tree {
            DerivationTree::External(External::NoVersions(Node::Package(package), range)) => {
                self.catalogue.lacks_a_name(package, |v| range.contains(v))
            }
            DerivationTree::External(_) => Ok(false),
            DerivationTree::Derived(derived) => {
                Ok(self.lacks_a_name(&derived.cause1)? || self.lacks_a_name(&derived.cause2)?)
            }
        }
    }

    /// A pre-release that nothing names which was chosen.
    fn without_reason(&self, solution: &Solution) -> Result<Option<(Package, Version)>> {
        let named = self.catalogue.named()?;
        let chosen = |by: &Namer| by.as_ref().is_none_or(|(p, v)| solution.get(p) == Some(v));
        for (package, version) in solution {
            let key = (package.clone(), version.clone());
            if self.catalogue.is_conditional(package, version)?
                && !named.get(&key).is_some_and(|by| by.iter().any(chosen))
            {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    /// How far the packages of the user, in their order, are from what would be taken first.
    fn rank(&self, solution: &Solution) -> Result<Vec<usize>> {
        let mut roots: Vec<(&Package, usize)> = self.roots.iter().map(|(p, (at, _))| (p, *at)).collect();
        roots.sort_by_key(|(_, at)| *at);
        let place = |package: &Package| {
            let candidates = self.catalogue.candidates(package)?;
            let chosen = solution.get(package);
            Ok(candidates
                .iter()
                .position(|v| Some(v) == chosen)
                .unwrap_or(usize::MAX))
        };
        roots.into_iter().map(|(p, _)| place(p)).collect()
    }
}
