//! A server of Galaxy: its root page tells which versions of the interface there are. A static tree of pages is one
//! too.

use super::{Found, Query, Source, galaxy_search, galaxy_v1, galaxy_v3};
use crate::{
    Digest, Failure, Http, Package, Release, Result, Store, Version,
    auth::{Auth, absolute},
};
use kdo_value::{Map, Value};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

/// A server as the configuration names it.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its name in the configuration, or its URL.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Who we are to it.
    pub auth: Option<Arc<Auth>>,
    /// Take any certificate.
    pub unchecked: bool,
    /// How long it may be silent.
    pub timeout: Duration,
}

impl Server {
    /// Whether that is its URL.
    pub(super) fn is_at(&self, url: &str) -> bool {
        self.url.trim_end_matches('/') == url.trim_end_matches('/')
    }

    /// Whether that is its name or its URL.
    pub(super) fn is_called(&self, text: &str) -> bool {
        self.name == text || self.is_at(text)
    }
}

/// The server as a source.
pub(super) struct Galaxy {
    pub(super) server: Server,
    pub(super) http: Http,
    pub(super) store: Arc<Store>,
    pages: OnceLock<Result<Pages>>,
    roles: Mutex<HashMap<Package, Option<Arc<galaxy_v1::Role>>>>,
}

/// The roots of the interfaces.
#[derive(Clone, Debug)]
struct Pages {
    v1: Option<String>,
    v3: Option<String>,
}

impl Galaxy {
    pub(super) fn new(server: Server, http: Http, store: Arc<Store>) -> Self {
        Self {
            server,
            http,
            store,
            pages: OnceLock::new(),
            roles: Mutex::default(),
        }
    }

    pub(super) fn page(&self, url: &str) -> Result<Option<Value>> {
        self.http.json(url, self.server.auth.as_deref())
    }

    /// Where an archive is: of a tree of files, whatever server it is meant for, beside its pages.
    pub(super) fn located(&self, page: &str, address: &str) -> String {
        match self.server.url.strip_prefix("file://") {
            Some(path) => {
                let path = path.trim_end_matches('/');
                let root = path.strip_suffix("/api").unwrap_or(path);
                let file = address.rsplit('/').next().unwrap_or(address);
                format!("file://{root}/files/{file}")
            }
            None => absolute(page, address),
        }
    }

    fn pages(&self) -> Result<&Pages> {
        let pages = self
            .pages
            .get_or_init(|| self.discover().map_err(|f| f.of(&self.server.name)));
        pages.as_ref().map_err(Clone::clone)
    }

    fn discover(&self) -> Result<Pages> {
        let url = format!("{}/", self.server.url.trim_end_matches('/'));
        let first = if url.contains("://galaxy.ansible.com/") && !url.ends_with("/api/") {
            format!("{url}api/")
        } else {
            url.clone()
        };
        // What is no page of Galaxy may have one below.
        let mut answer = self.page(&first);
        let mut root = first;
        if answer.as_ref().map_or(true, |a| !has_versions(a.as_ref())) && !root.ends_with("/api/") {
            let below = format!("{root}api/");
            match self.page(&below) {
                Ok(page) if has_versions(page.as_ref()) => {
                    root = below;
                    answer = Ok(page);
                }
                _ => {}
            }
        }
        let page = answer?.filter(|a| has_versions(Some(a)));
        let page = page.ok_or_else(|| {
            Failure::server(format!(
                "{url} is no server of Galaxy: there is no available_versions"
            ))
        })?;
        let available = page.get("available_versions").unwrap_or(Value::None);
        let of = |key: &str| {
            let path = available.get(key)?.as_str()?.to_owned();
            Some(absolute(&root, &format!("{}/", path.trim_end_matches('/'))))
        };
        Ok(Pages {
            v1: of("v1"),
            v3: of("v3"),
        })
    }

    pub(super) fn v1(&self) -> Result<Option<&str>> {
        Ok(self.pages()?.v1.as_deref())
    }

    pub(super) fn v3(&self) -> Result<Option<&str>> {
        Ok(self.pages()?.v3.as_deref())
    }

    pub(super) fn role(&self, package: &Package) -> Result<Option<Arc<galaxy_v1::Role>>> {
        let Some(v1) = self.v1()? else {
            return Ok(None);
        };
        let roles = || {
            self.roles
                .lock()
                .map_err(|_| Failure::server("an earlier request failed"))
        };
        if let Some(known) = roles()?.get(package) {
            return Ok(known.clone());
        }
        let found = galaxy_v1::role(self, v1, package)?.map(Arc::new);
        roles()?.insert(package.clone(), found.clone());
        Ok(found)
    }

    fn must_role(&self, package: &Package) -> Result<Arc<galaxy_v1::Role>> {
        let role = self.role(package)?;
        role.ok_or_else(|| Failure::not_found(format!("{package} was not found on {}", self.server.name)))
    }
}

fn has_versions(page: Option<&Value>) -> bool {
    page.is_some_and(|p| p.get("available_versions").is_some_and(|v| v.as_map().is_some()))
}

impl Source for Galaxy {
    fn address(&self) -> String {
        format!("galaxy+{}", self.server.url)
    }

    fn versions(&self, package: &Package) -> Result<Vec<Version>> {
        if package.is_role() {
            return Ok(self.role(package)?.map(|r| r.versions()).unwrap_or_default());
        }
        galaxy_v3::versions(self, package)
    }

    fn release(&self, package: &Package, version: &Version) -> Result<Release> {
        if package.is_role() {
            return self.must_role(package)?.release(self, package, version);
        }
        galaxy_v3::release(self, package, version)
    }

    fn search(&self, query: &Query) -> Result<Vec<Found>> {
        galaxy_search::search(self, query)
    }

    fn about(&self, package: &Package) -> Result<Option<Map>> {
        galaxy_search::about(self, package)
    }

    fn fetch(&self, release: &Release) -> Result<Digest> {
        let digest = release.artifact.digest.as_ref();
        if let Some(digest) = digest
            && self.store.get(digest)?.is_some()
        {
            return Ok(*digest);
        }
        let auth = self.server.auth.as_deref();
        self.http
            .download(&release.artifact.address, auth, &self.store, digest)
    }
}
