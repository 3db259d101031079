//! An archive, here or at an URL.

use super::direct::{Held, Holder};
use crate::{Digest, Failure, Http, Kind, Result, Store, auth::Auth, inspect::identify};
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Where it is.
pub(super) enum Place {
    File(PathBuf),
    Url(String),
}

/// The archive of one package.
pub(super) struct Archive {
    pub(super) place: Place,
    pub(super) kind: Kind,
    /// The name of a role, which its archive does not tell.
    pub(super) name: Option<String>,
    /// The version of a role, as it was asked for.
    pub(super) version: Option<String>,
    pub(super) store: Arc<Store>,
    pub(super) http: Http,
    pub(super) auth: Option<Arc<Auth>>,
}

impl Archive {
    fn fetch(&self) -> Result<Digest> {
        match &self.place {
            Place::File(path) => take_file(&self.store, path),
            Place::Url(url) => {
                let note = format!("url {url}");
                if self.http.is_offline() {
                    let known = self.store.noted(&note);
                    let missing = || {
                        Failure::not_found(format!(
                            "{url} is not in the store, and nobody may be asked (--offline)"
                        ))
                    };
                    return Digest::parse(known.ok_or_else(missing)?.trim());
                }
                let digest = self.http.download(url, self.auth.as_deref(), &self.store, None)?;
                self.store.note(&note, &digest.to_string())?;
                Ok(digest)
            }
        }
    }
}

/// Copies a file into the store.
pub(super) fn take_file(store: &Store, path: &Path) -> Result<Digest> {
    let mut file = File::open(path).map_err(|e| Failure::file(path, &e))?;
    let mut incoming = store.incoming()?;
    incoming.take_all(&mut file).map_err(|f| f.of(path.display()))?;
    store.keep(incoming, None)
}

impl Holder for Archive {
    fn address(&self) -> String {
        match &self.place {
            Place::File(path) => format!("path+{}", path.display()),
            Place::Url(url) => format!("url+{url}"),
        }
    }

    fn bring(&self) -> Result<Vec<Held>> {
        let digest = self.fetch()?;
        let name = self.name.as_deref().unwrap_or_default();
        // An archive has no version of its own; its hash tells one from another.
        let short = digest.hex()[..12].to_owned();
        let version = self.version.as_deref().unwrap_or(&short);
        let identity = identify(&self.store, &digest, self.kind, Some((name, version)))
            .map_err(|f| f.of(self.address()))?;
        Ok(vec![Held {
            package: identity.package,
            version: identity.version,
            dependencies: identity.dependencies,
            digest,
            address: self.address(),
        }])
    }
}
