//! What a lock file says, without resolving anything.

use super::{Resolved, in_parallel};
use crate::{Lock, Locked, Requirement, Result, Sources};

/// The packages of a lock file. Servers are asked only for what is not in the store.
pub fn resolve_locked(lock: &Lock, asked: &[Requirement], sources: &Sources) -> Result<Vec<Resolved>> {
    let found = in_parallel(&lock.packages, |locked| {
        let package = &locked.package;
        let source = sources.locked(package, locked.version.as_str(), &locked.source)?;
        let known = source
            .remembered(package, &locked.version)
            .filter(|r| r.artifact.digest == locked.artifact);
        let mut release = match known {
            Some(release) => release,
            None => source.release(package, &locked.version)?,
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

fn is_for(requirement: &Requirement, locked: &Locked) -> bool {
    let same = requirement.name.as_deref() == Some(locked.package.name());
    requirement.kind == locked.package.kind() && (same || requirement.name.is_none())
}
