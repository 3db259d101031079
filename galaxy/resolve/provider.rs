//! The catalogue as pubgrub asks it.

use super::catalogue::{Catalogue, Roots};
use crate::{Failure, Package, Version};
use pubgrub::{Dependencies, DependencyProvider, PackageResolutionStatistics, Ranges};
use std::{cmp::Reverse, fmt};

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
            let candidates = self.catalogue.candidates(package).unwrap_or_default();
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
        let candidates = self.catalogue.candidates(package)?;
        let kept = self.catalogue.preferred(package);
        let kept = candidates.iter().find(|v| Some(*v) == kept && range.contains(v));
        Ok(kept
            .or_else(|| candidates.iter().find(|v| range.contains(v)))
            .cloned())
    }

    fn get_dependencies(
        &self,
        node: &Node,
        version: &Version,
    ) -> Result<Dependencies<Node, Self::VS, String>, Failure> {
        let Node::Package(package) = node else {
            let needs = self
                .roots
                .iter()
                .map(|(p, (_, r))| (Node::Package(p.clone()), r.set().clone()));
            return Ok(Dependencies::Available(needs.collect()));
        };
        let (release, _) = self.catalogue.release(package, version)?;
        let needs = self.catalogue.needs(&release)?;
        let needs = needs
            .into_iter()
            .map(|(p, r)| (Node::Package(p), r.set().clone()));
        Ok(Dependencies::Available(needs.collect()))
    }
}
