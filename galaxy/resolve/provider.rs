//! The catalogue as pubgrub asks it.

use super::{
    catalogue::{Catalogue, Roots},
    search::Bounds,
};
use crate::{Cause, Failure, Package, Version};
use pubgrub::{Dependencies, DependencyProvider, PackageResolutionStatistics, Ranges};
use std::{cmp::Reverse, collections::HashMap, fmt};

/// What pubgrub decides on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// What the user asks for.
    Requirements,
    /// A package.
    Package(Package),
}

impl Node {
    pub(super) fn package(&self) -> Option<Package> {
        match self {
            Self::Requirements => None,
            Self::Package(package) => Some(package.clone()),
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requirements => f.write_str("the requirements"),
            Self::Package(package) => package.fmt(f),
        }
    }
}

pub(super) struct Provider<'a> {
    pub(super) catalogue: &'a Catalogue<'a>,
    pub(super) roots: &'a Roots,
    pub(super) bounds: &'a Bounds,
}

impl Provider<'_> {
    fn candidates(&self, package: &Package) -> Result<Vec<Version>, Failure> {
        let mut candidates = self.catalogue.candidates(package)?;
        candidates.retain(|v| !self.bounds.without.contains(&(package.clone(), v.clone())));
        Ok(candidates)
    }
}

impl DependencyProvider for Provider<'_> {
    type P = Node;
    type V = Version;
    type VS = Ranges<Version>;
    type M = String;
    type Priority = (Reverse<usize>, u32, Reverse<usize>);
    type Err = Failure;

    fn prioritize(
        &self,
        node: &Node,
        range: &Self::VS,
        statistics: &PackageResolutionStatistics,
    ) -> Self::Priority {
        let fitting = |package: &Package| {
            if self
                .catalogue
                .here_within(package, |v| range.contains(v))
                .is_some()
            {
                return 1;
            }
            let candidates = self.candidates(package).unwrap_or_default();
            candidates.iter().filter(|v| range.contains(v)).count()
        };
        // What the user asks for first is taken as new as it can be; then what conflicts most, then what leaves the least to choose from.
        match node {
            Node::Requirements => (Reverse(0), u32::MAX, Reverse(0)),
            Node::Package(package) => (
                Reverse(self.roots.get(package).map_or(usize::MAX, |(at, _)| *at)),
                statistics.conflict_count(),
                Reverse(fitting(package)),
            ),
        }
    }

    fn choose_version(&self, node: &Node, range: &Self::VS) -> Result<Option<Version>, Failure> {
        let Node::Package(package) = node else {
            return Version::loose("0").map(Some);
        };
        if let Some(here) = self.catalogue.here_within(package, |v| range.contains(v)) {
            return Ok(Some(here.clone()));
        }
        let candidates = self.candidates(package)?;
        Ok(candidates.into_iter().find(|v| range.contains(v)))
    }

    fn get_dependencies(
        &self,
        node: &Node,
        version: &Version,
    ) -> Result<Dependencies<Node, Self::VS, String>, Failure> {
        let Node::Package(package) = node else {
            let mut needs: HashMap<Node, Self::VS> = HashMap::new();
            for (package, (_, range)) in self.roots {
                needs.insert(Node::Package(package.clone()), range.set().clone());
            }
            for (package, version) in &self.bounds.with {
                let only = Ranges::singleton(version.clone());
                let needed = needs
                    .entry(Node::Package(package.clone()))
                    .or_insert_with(Ranges::full);
                *needed = needed.intersection(&only);
            }
            return Ok(Dependencies::Available(needs.into_iter().collect()));
        };
        let needed = self
            .catalogue
            .release(package, version)
            .and_then(|(release, _)| self.catalogue.needs(&release));
        let needed = match needed {
            // One version that was published with a slip does not keep the others from being chosen.
            Err(f) if f.cause == Cause::Invalid && !self.catalogue.is_direct(package) => {
                return Ok(Dependencies::Unavailable(f.diagnostic.message.clone()));
            }
            needed => needed?,
        };
        let mut needs: HashMap<Node, Self::VS> = HashMap::new();
        for (needed, range) in needed {
            if needed != *package {
                let set = needs.entry(Node::Package(needed)).or_insert_with(Ranges::full);
                *set = set.intersection(range.set());
            } else if !range.contains(version) {
                return Ok(Dependencies::Unavailable(format!("it needs itself as {range}")));
            }
        }
        Ok(Dependencies::Available(needs.into_iter().collect()))
    }
}
