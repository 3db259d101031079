//! Commits of git that a lock file keeps: a branch that went on is followed when somebody asks for that.

use crate::{Location, Locked, Package, Requirement, lock::location_of_text};
use std::path::Path;

/// What a lock file says of a package of git.
#[derive(Clone, Debug)]
pub struct Commit {
    pub(super) package: Package,
    pub(super) commit: String,
    url: String,
    folder: Option<String>,
    /// The branch, tag or commit that was asked for.
    revision: Option<String>,
}

impl Commit {
    pub(super) fn of(locked: &Locked) -> Option<Self> {
        match location_of_text(&locked.source).ok()? {
            (Location::Git { url, folder }, Some(commit)) => Some(Self {
                package: locked.package.clone(),
                commit,
                url,
                folder,
                revision: locked.revision.clone(),
            }),
            _ => None,
        }
    }

    /// Whether a requirement asks for the same as the one that this was locked for.
    pub(super) fn is_for(&self, requirement: &Requirement) -> bool {
        let (location, several) = match &requirement.location {
            Location::Subdirectories(inner) => (&**inner, true),
            location => (location, false),
        };
        let Location::Git { url, folder } = location else {
            return false;
        };
        let text = |folder: &Option<String>| folder.clone().unwrap_or_default();
        let (own, asked) = (text(&self.folder), text(folder));
        // Where there are several collections each has its own folder below.
        let held = several || requirement.name.is_none();
        requirement.kind == self.package.kind()
            && (held || requirement.name.as_deref() == Some(self.package.name()))
            && *url == self.url
            && (own == asked || held && Path::new(&own).starts_with(&asked))
            && requirement.revision() == self.revision.as_deref()
    }
}
