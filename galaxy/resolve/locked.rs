//! What a lock file says, without resolving anything.

use super::{Resolved, in_parallel};
use crate::{Location, Lock, Locked, Release, Requirement, Result, Sources, source::Moves};
use std::collections::BTreeSet;

/// The packages of a lock file. Servers are asked only for what is not in the store.
pub fn resolve_locked(lock: &Lock, asked: &[Requirement], sources: &Sources) -> Result<Vec<Resolved>> {
    // What is asked for by its name alone came from the servers, and so did what came from there with it.
    let by_name: BTreeSet<&str> = lock
        .packages
        .iter()
        .filter(|l| {
            asked
                .iter()
                .any(|r| is_named(r, l) && r.location == Location::Registry(None))
        })
        .map(|l| l.source.as_str())
        .collect();
    let moves = |locked: &Locked| {
        let placed = |r: &Requirement| is_named(r, locked) && r.location != Location::Registry(None);
        if asked.iter().any(placed) {
            Moves::Never
        } else if by_name.contains(locked.source.as_str()) {
            Moves::WithServers
        } else {
            Moves::WithPins
        }
    };
    let found = in_parallel(&lock.packages, |locked| {
        let package = &locked.package;
        let source = sources.locked(locked, moves(locked))?;
        let same = |r: &Release| {
            r.artifact.digest == locked.artifact
                && (locked.manifest.is_none() || r.artifact.manifest == locked.manifest)
        };
        let known = source.remembered(package, &locked.version).filter(same);
        let known = match known {
            Some(release) => Some(release),
            // Fetched where it was locked, it is here, wherever it is asked for now.
            None => sources
                .locked(locked, Moves::Never)?
                .remembered(package, &locked.version)
                .filter(same),
        };
        let mut release = match (known, &locked.manifest) {
            (Some(release), _) => release,
            (None, Some(manifest)) => source.locked_release(package, &locked.version, manifest)?,
            (None, None) => source.release(package, &locked.version)?,
        };
        sources.add_signatures(&mut release, asked)?;
        Ok(Resolved {
            asked: asked.iter().any(|r| is_for(r, locked)),
            needs: locked.dependencies.clone(),
            release,
            source,
        })
    })?;
    found.into_iter().collect()
}

fn is_named(requirement: &Requirement, locked: &Locked) -> bool {
    requirement.kind == locked.package.kind() && requirement.name.as_deref() == Some(locked.package.name())
}

fn is_for(requirement: &Requirement, locked: &Locked) -> bool {
    requirement.kind == locked.package.kind() && (requirement.name.is_none() || is_named(requirement, locked))
}
