//! A repository of git: the package of a branch, tag or commit, in the repository or in a folder of it.

use super::{
    direct::{Held, Holder},
    directory::{folders, hold_collection, hold_role, holds_several},
    git_program::check_address,
    repository::{Checkout, Place, Repository},
};
use crate::{Failure, Kind, Result, http::shown, unpack::leads_out};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// What is taken from a repository.
pub(super) struct Git {
    pub(super) repository: Arc<Repository>,
    pub(super) folder: Option<String>,
    /// Branch, tag or commit; that of the repository's HEAD if there is none.
    pub(super) revision: Option<String>,
    /// The commit to take for it, if the branch or tag is not to be looked at.
    pub(super) commit: Option<String>,
    /// The name of a role.
    pub(super) name: Option<String>,
    /// The collections are in folders of the folder.
    pub(super) several: bool,
}

impl Holder for Git {
    fn address(&self) -> String {
        self.address_of(self.revision.as_deref())
    }

    fn bring(&self) -> Result<Vec<Held>> {
        check_address(&self.repository.url)?;
        let revision = self.revision.as_deref().unwrap_or("HEAD");
        if revision.starts_with('-')
            || revision.contains("..")
            || revision.contains(|c: char| c.is_control() || " ~^:?*[\\".contains(c))
        {
            return Err(Failure::invalid(format!(
                "{revision:?} is no branch, tag or commit"
            )));
        }
        if let Some(commit) = &self.commit {
            return self.hold(&Place::of_commit(commit));
        }
        let place = self.repository.find(revision)?;
        let held = self.hold(&place)?;
        self.repository.remember(revision, &place)?;
        Ok(held)
    }
}

impl Git {
    fn address_of(&self, revision: Option<&str>) -> String {
        let revision = revision.map_or_else(String::new, |r| format!("?rev={r}"));
        let folder = self.folder.as_ref().map_or_else(String::new, |f| format!("#{f}"));
        format!("git+{}{revision}{folder}", self.repository.url)
    }

    /// Packages of a commit.
    fn hold(&self, place: &Place) -> Result<Vec<Held>> {
        let checkout = self.repository.check_out(place)?;
        let inner = self.folder.as_deref().map_or_else(PathBuf::new, PathBuf::from);
        let Some(folder) = checkout.folder(&inner) else {
            return Err(Failure::not_found(format!(
                "git+{}: there is no folder {:?} in {}",
                shown(&self.repository.url),
                inner.display().to_string(),
                checkout.commit
            )));
        };
        if let Some((link, target)) = checkout.outward.iter().find(|(l, _)| l.starts_with(&folder)) {
            let link = link.strip_prefix(&folder).unwrap_or(link);
            return Err(leads_out(link, target));
        }
        self.packages(&folder, &checkout)
    }

    fn packages(&self, folder: &Path, checkout: &Checkout) -> Result<Vec<Held>> {
        let commit = checkout.commit.as_str();
        let address = self.address_of(Some(commit));
        match self.repository.kind {
            Kind::Role => {
                let name = self.name.as_deref().unwrap_or_default();
                // Ansible calls what has no version by nothing; the commit says more.
                let version = self.revision.as_deref().unwrap_or(&commit[..12]);
                Ok(vec![hold_role(
                    &self.repository.store,
                    folder,
                    &checkout.outward,
                    name,
                    Some(version),
                    address,
                )?])
            }
            Kind::Collection if self.several || holds_several(folder)? => folders(folder)?
                .iter()
                .map(|p| {
                    let name = p.file_name().unwrap_or_default().to_string_lossy();
                    let inner = self
                        .folder
                        .as_ref()
                        .map_or_else(|| name.to_string(), |f| format!("{f}/{name}"));
                    let address = format!("git+{}?rev={commit}#{inner}", self.repository.url);
                    hold_collection(&self.repository.store, p, address)
                })
                .collect(),
            Kind::Collection => Ok(vec![hold_collection(&self.repository.store, folder, address)?]),
        }
    }
}
