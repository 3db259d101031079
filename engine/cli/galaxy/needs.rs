//! What needs what, of a lock file or as it is resolved now.

use super::context::{Asked, Context};
use crate::stop::Result;
use kdo_galaxy::{Choice, Package, Version};
use std::collections::{BTreeMap, BTreeSet};

/// A package with what it needs.
pub(super) struct Node {
    pub(super) version: Version,
    pub(super) needs: Vec<Package>,
    pub(super) asked: bool,
}

/// All packages: as they are locked, if the lock file is for these requirements.
pub(super) fn nodes(context: &Context, asked: &Asked) -> Result<BTreeMap<Package, Node>> {
    let lock = context
        .lock(asked)?
        .filter(|l| asked.file.is_some() && l.requirements == asked.digest());
    let Some(lock) = lock else {
        let resolved = context
            .resolve(&asked.list, &Choice::default())
            .map_err(|f| context.stop(&f))?;
        let node = |r: kdo_galaxy::Resolved| {
            let node = Node {
                version: r.release.version,
                needs: r.needs,
                asked: r.asked,
            };
            (r.release.package, node)
        };
        return Ok(resolved.into_iter().map(node).collect());
    };
    let named = |p: &Package| {
        let same = |r: &kdo_galaxy::Requirement| r.name.as_deref() == Some(p.name()) && r.kind == p.kind();
        asked.list.iter().any(same)
    };
    let needed: BTreeSet<Package> = lock
        .packages
        .iter()
        .flat_map(|p| p.dependencies.clone())
        .collect();
    let node = |p: kdo_galaxy::Locked| {
        let node = Node {
            asked: named(&p.package) || !needed.contains(&p.package),
            version: p.version,
            needs: p.dependencies,
        };
        (p.package, node)
    };
    Ok(lock.packages.into_iter().map(node).collect())
}
