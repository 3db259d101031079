//! What needs what, of a lock file or as it is resolved now.

use super::context::{Asked, Context};
use crate::stop::Result;
use kdo_galaxy::{Choice, Kind, Package, Requirement};
use std::collections::{BTreeMap, BTreeSet};

/// A package with what it needs.
pub(super) struct Node {
    pub(super) version: String,
    pub(super) needs: Vec<Package>,
    pub(super) asked: bool,
}

/// What is asked for, or, where nothing is, what is installed.
pub(super) fn known_nodes(
    context: &Context,
    kind: Option<Kind>,
    asked: Option<&Asked>,
) -> Result<BTreeMap<Package, Node>> {
    if let Some(asked) = asked {
        return nodes(context, asked);
    }
    let mut nodes = BTreeMap::new();
    for found in context.installed(kind) {
        let needs = found.dependencies().map_err(|f| context.stop(&f))?;
        let named = |r: &Requirement| Package::new(r.kind, r.name.as_deref()?).ok();
        let node = Node {
            version: found
                .version_text()
                .unwrap_or_else(|| "(unknown version)".to_owned()),
            needs: needs.iter().filter_map(named).collect(),
            asked: false,
        };
        nodes.insert(found.package, node);
    }
    let needed: BTreeSet<Package> = nodes.values().flat_map(|n| n.needs.clone()).collect();
    for (package, node) in &mut nodes {
        node.asked = !needed.contains(package);
    }
    Ok(nodes)
}

/// All packages: as they are locked, if the lock file is for these requirements.
fn nodes(context: &Context, asked: &Asked) -> Result<BTreeMap<Package, Node>> {
    let lock = context
        .lock(asked)?
        .filter(|l| asked.file.is_some() && l.requirements == asked.digest());
    let Some(lock) = lock else {
        let resolved = context
            .resolve(&asked.list, &Choice::default())
            .map_err(|f| context.stop(&f))?;
        let node = |r: kdo_galaxy::Resolved| {
            let node = Node {
                version: r.release.version.to_string(),
                needs: r.needs,
                asked: r.asked,
            };
            (r.release.package, node)
        };
        return Ok(resolved.into_iter().map(node).collect());
    };
    let named = |p: &Package| {
        let same = |r: &Requirement| r.name.as_deref() == Some(p.name()) && r.kind == p.kind();
        asked.list.iter().any(same)
    };
    let of_kind = |p: &Package| !asked.is_part() || asked.list.iter().any(|r| r.kind == p.kind());
    let needed: BTreeSet<Package> = lock
        .packages
        .iter()
        .flat_map(|p| p.dependencies.clone())
        .collect();
    let node = |p: kdo_galaxy::Locked| {
        let node = Node {
            asked: named(&p.package) || !needed.contains(&p.package) && of_kind(&p.package),
            version: p.version.to_string(),
            needs: p.dependencies,
        };
        (p.package, node)
    };
    Ok(lock.packages.into_iter().map(node).collect())
}
