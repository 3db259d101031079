//! From a requirement's location to its source.

use super::{
    Source,
    alias::Alias,
    archive::{Archive, Place, take_file},
    direct::Direct,
    directory::Directory,
    galaxy::{Galaxy, Server},
    galaxy_upload::{Importing, Upload},
    git::Git,
    git_program::GitProgram,
    oci::Oci,
    remembered::Remembered,
    repository::Repository,
    role_import::RoleImports,
    servers::{configured, default_server, server_at},
    trusted::Trusted,
};
use crate::{
    Activity, Authority, Digest, Failure, Http, HttpOptions, Kind, Location, Locked, Package, Release,
    Requirement, Result, Signatures, Store, Version,
    oci::{Credentials, HostCertificates, Remote},
    pattern::fitting,
    proxy::Proxies,
    trust::Trust,
};
use kdo_config::Config;
use std::{
    collections::HashMap,
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

/// Section of `ansible.cfg`: patterns of names, and the one source each is taken from.
const PINS: &str = "galaxy_sources";

/// What the command line says instead of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The server, by name or URL.
    pub server: Option<String>,
    /// The token for it.
    pub token: Option<String>,
    /// Take any certificate.
    pub unchecked: bool,
    /// How long a server may be silent.
    pub timeout: Option<Duration>,
    /// Ask nobody.
    pub offline: bool,
    /// Certificates of authorities that count beside those of this machine.
    pub authority: Option<PathBuf>,
    /// How signatures by OpenPGP are checked.
    pub signatures: Signatures,
    /// Upload and do not wait for what the server makes of it.
    pub no_wait: bool,
    /// How long an import may take.
    pub import_timeout: Option<Duration>,
}

/// All sources of a run: each is opened once.
pub struct Sources {
    store: Arc<Store>,
    http: HttpOptions,
    servers: Vec<Server>,
    named: Vec<Server>,
    pins: Vec<(String, String)>,
    opened: Mutex<HashMap<String, Arc<dyn Source>>>,
    repositories: Mutex<HashMap<(String, Kind), Arc<Repository>>>,
    trust: Arc<Trust>,
    /// The token that was given for whichever server.
    token: Option<String>,
    importing: Importing,
    /// The command line names the server.
    given: bool,
}

/// Whether a locked package may be asked for elsewhere than where it was locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moves {
    /// The requirement itself says where it is.
    Never,
    /// Where its name is pinned to another place.
    WithPins,
    /// And where another server is named on the command line, or is the only one of the configuration.
    WithServers,
}

impl Sources {
    /// The sources that the configuration names.
    pub fn new(config: &Config, overrides: &Overrides, store: Arc<Store>) -> Result<Self> {
        let http = HttpOptions {
            unchecked: overrides.unchecked || config.bool("galaxy_ignore_certs"),
            timeout: overrides.timeout.unwrap_or_else(|| {
                let seconds = config.int("galaxy_server_timeout").unwrap_or(60);
                Duration::from_secs(seconds.try_into().unwrap_or(60))
            }),
            offline: overrides.offline,
            authorities: match &overrides.authority {
                Some(file) => Authority::of_file(file)?,
                None => Vec::new(),
            },
            proxies: Proxies::of_environment(),
            ..HttpOptions::default()
        };
        let named = configured(config, &http, overrides)?;
        let servers = match &overrides.server {
            None if named.is_empty() => vec![default_server(config, &http, overrides)?],
            None => named.clone(),
            Some(wanted) => match named.iter().find(|s| s.name == *wanted || s.url == *wanted) {
                Some(server) => vec![server.clone()],
                None => vec![server_at(wanted, &http, overrides.token.as_deref())],
            },
        };
        let pins = config.entries().iter().filter(|e| e.section == PINS);
        let pins = pins.map(|e| (e.key.clone(), e.value.trim().to_owned())).collect();
        Ok(Self {
            store,
            http,
            servers,
            named,
            pins,
            opened: Mutex::default(),
            repositories: Mutex::default(),
            trust: Arc::new(Trust::new(config, &overrides.signatures)?),
            token: overrides.token.clone(),
            importing: Importing::new(config, overrides),
            given: overrides.server.is_some(),
        })
    }

    /// The store.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// What is being fetched.
    pub fn activity(&self) -> &Arc<Activity> {
        &self.http.activity
    }

    /// The servers, in the order in which they are asked.
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The servers as sources, in the order in which they are asked.
    pub fn all(&self) -> Result<Vec<Arc<dyn Source>>> {
        self.servers.iter().map(|s| self.galaxy(s)).collect()
    }

    /// The sources of a requirement, in the order in which they are asked; the first that has a package is the only
    /// one for it: a foreign server further back can never offer a higher version of what is ours.
    pub fn of(&self, requirement: &Requirement) -> Result<Vec<Arc<dyn Source>>> {
        match &requirement.location {
            Location::Registry(Some(server)) => Ok(vec![self.registry(server)?]),
            Location::Registry(None) => {
                let name = requirement.name.as_deref().unwrap_or_default();
                if let Some(pinned) = self.pin(name) {
                    return Ok(vec![self.registry(pinned)?]);
                }
                self.all()
            }
            Location::Alias { server, package } => {
                let mut asked = Requirement::named(requirement.kind, package, &requirement.version);
                asked.location = Location::Registry(server.clone());
                let package =
                    Package::new(requirement.kind, package).map_err(|f| f.at(requirement.origin))?;
                let alias = |inner| -> Arc<dyn Source> {
                    Arc::new(Alias {
                        inner,
                        package: package.clone(),
                    })
                };
                Ok(self.of(&asked)?.into_iter().map(alias).collect())
            }
            _ => Ok(vec![self.direct(requirement, None)?]),
        }
    }

    /// Adds the signatures that requirements name to those that the source told of.
    pub(crate) fn add_signatures(&self, release: &mut Release, asked: &[Requirement]) -> Result<()> {
        let about = |r: &&Requirement| {
            r.kind == release.package.kind() && r.name.as_deref().is_none_or(|n| n == release.package.name())
        };
        let named: Vec<String> = asked
            .iter()
            .filter(about)
            .flat_map(|r| r.signatures.clone())
            .collect();
        if named.is_empty() || !self.trust.must_have_keyring(&release.package)? {
            return Ok(());
        }
        for address in named {
            let digest = if address.starts_with("https://") || address.starts_with("http://") {
                Http::new(self.http.clone()).download(&address, None, &self.store, None)?
            } else {
                let path = address.strip_prefix("file://").unwrap_or(&address);
                take_file(&self.store, Path::new(path))?
            };
            let mut text = String::new();
            self.store
                .must_get(&digest)?
                .read_to_string(&mut text)
                .map_err(|_| Failure::refused(format!("{address} is no signature: it is no text")))?;
            release.artifact.signatures.push(text);
        }
        Ok(())
    }

    /// Checks signatures of an installed collection by the keyring; none if there is no keyring.
    pub(crate) fn check_installed(&self, armours: &[String], folder: &Path) -> Result<Option<Vec<String>>> {
        self.trust.check_installed(armours, folder)
    }

    /// The source that packages of that name are pinned to.
    pub fn pin(&self, name: &str) -> Option<&str> {
        fitting(&self.pins, name).map(|(_, source)| source.as_str())
    }

    /// The source of a locked package: the one that the lock file names, or that where its name is asked for now. What
    /// comes from there is what was locked, or is refused.
    pub(crate) fn locked(&self, locked: &Locked, moves: Moves) -> Result<Arc<dyn Source>> {
        let package = &locked.package;
        let (location, revision) = crate::lock::location_of_text(&locked.source)?;
        if let Location::Registry(Some(server)) = &location
            && let Some(other) = self.moved(package, server, moves)?
        {
            return Ok(other);
        }
        let version = revision.as_deref().unwrap_or(locked.version.as_str());
        let mut requirement = Requirement::named(package.kind(), package.name(), version);
        requirement.location = location;
        let first = self.of(&requirement)?.into_iter().next();
        first.ok_or_else(|| Failure::invalid(format!("{} is no source", locked.source)))
    }

    fn moved(&self, package: &Package, server: &str, moves: Moves) -> Result<Option<Arc<dyn Source>>> {
        if moves == Moves::Never {
            return Ok(None);
        }
        if let Some(pinned) = self.pin(package.name()) {
            return self.registry(pinned).map(Some);
        }
        if moves == Moves::WithPins {
            return Ok(None);
        }
        if self.given {
            return self.servers.first().map(|s| self.galaxy(s)).transpose();
        }
        match self.named.as_slice() {
            [only] if !only.is_at(server) => self.galaxy(only).map(Some),
            _ => Ok(None),
        }
    }

    fn open(&self, key: &str, make: impl FnOnce() -> Result<Arc<dyn Source>>) -> Result<Arc<dyn Source>> {
        let opened = || {
            self.opened
                .lock()
                .map_err(|_| Failure::server("an earlier request failed"))
        };
        if let Some(source) = opened()?.get(key) {
            return Ok(source.clone());
        }
        let made: Arc<dyn Source> = Arc::new(Trusted {
            inner: make()?,
            trust: self.trust.clone(),
            offline: self.http.offline,
            activity: self.http.activity.clone(),
        });
        Ok(opened()?.entry(key.to_owned()).or_insert(made).clone())
    }

    /// Makes a source of another kind known as the server at that URL.
    pub fn add(&self, url: &str, source: Arc<dyn Source>) -> Result<()> {
        self.open(&format!("galaxy {url}"), || Ok(source)).map(|_| ())
    }

    /// A registry by its name in the configuration, or by its URL.
    pub fn registry(&self, server: &str) -> Result<Arc<dyn Source>> {
        if let Some(server) = self
            .named
            .iter()
            .chain(&self.servers)
            .find(|s| s.is_called(server))
        {
            return self.galaxy(server);
        }
        if is_oci(server) {
            return self.oci(server);
        }
        if !["http://", "https://", "file://"]
            .iter()
            .any(|s| server.starts_with(s))
        {
            let names = self.named.iter().map(|s| s.name.as_str());
            let near = kdo_syntax::nearest(server, names).map(|n| format!("did you mean {n}?"));
            let failure = Failure::invalid(format!(
                "{server:?} is neither a server of the configuration nor an URL"
            ));
            return Err(near.into_iter().fold(failure, Failure::help));
        }
        self.galaxy(&server_at(server, &self.http, None))
    }

    /// The client of a registry of OCI.
    pub(crate) fn remote(&self, host: &str, plain: bool) -> Result<Remote> {
        self.remote_as(host, plain, Credentials::of_user())
    }

    /// The same, as somebody.
    pub(crate) fn remote_as(&self, host: &str, plain: bool, credentials: Credentials) -> Result<Remote> {
        let mut options = self.http.clone();
        let certificates = HostCertificates::of(host)?;
        options.authorities.extend(certificates.authorities);
        options.client = certificates.client;
        Ok(Remote::new(host, plain, Http::new(options), credentials))
    }

    fn oci(&self, address: &str) -> Result<Arc<dyn Source>> {
        self.open(address, || {
            let oci = Oci::new(address, self.store.clone(), |host, plain| {
                self.remote(host, plain)
            })?;
            // A folder is here also when nobody may be asked.
            if address.starts_with("oci:") && !address.starts_with("oci://") {
                return Ok(Arc::new(oci));
            }
            Ok(Arc::new(Remembered {
                inner: Box::new(oci),
                store: self.store.clone(),
                offline: self.http.offline,
            }))
        })
    }

    fn galaxy(&self, server: &Server) -> Result<Arc<dyn Source>> {
        if is_oci(&server.url) {
            return self.oci(&server.url);
        }
        self.open(&format!("galaxy {}", server.url), || {
            Ok(Arc::new(Remembered {
                inner: Box::new(self.client(server)),
                store: self.store.clone(),
                offline: self.http.offline && !server.url.starts_with("file://"),
            }))
        })
    }

    fn client(&self, server: &Server) -> Galaxy {
        let http = HttpOptions {
            unchecked: server.unchecked,
            timeout: server.timeout,
            files: server.url.starts_with("file://"),
            ..self.http.clone()
        };
        Galaxy::new(server.clone(), Http::new(http), self.store.clone())
    }

    /// Uploads a collection to a server, by its name or URL; false if it has the same already.
    pub(crate) fn upload(
        &self,
        server: &str,
        package: &Package,
        version: &Version,
        archive: &Digest,
    ) -> Result<bool> {
        let mut known = self.servers.iter().chain(&self.named);
        let server = match known.find(|s| s.is_called(server)) {
            Some(server) => server.clone(),
            None => server_at(server, &self.http, self.token.as_deref()),
        };
        let upload = Upload {
            package,
            version,
            archive,
            store: &self.store,
        };
        self.client(&server).upload(upload, &self.importing)
    }

    /// The interface for roles of GitHub of the first server.
    pub fn role_imports(&self) -> Result<RoleImports> {
        let server = self.servers.iter().find(|s| !is_oci(&s.url));
        let server = server
            .ok_or_else(|| Failure::invalid("no Galaxy server is configured").help("name one by -s"))?;
        Ok(RoleImports {
            galaxy: self.client(server),
        })
    }

    /// The source that a requirement itself names; of git with the commit to take, whatever its branch has now.
    pub(crate) fn direct(&self, requirement: &Requirement, commit: Option<&str>) -> Result<Arc<dyn Source>> {
        let key = format!(
            "{:?} {:?} {} {:?} {commit:?}",
            requirement.kind, requirement.name, requirement.version, requirement.location
        );
        self.open(&key, || self.make(requirement, commit))
    }

    fn repository(&self, url: &str, kind: Kind) -> Result<Arc<Repository>> {
        let mut all = self
            .repositories
            .lock()
            .map_err(|_| Failure::server("an earlier request failed"))?;
        let make = || {
            let program = GitProgram {
                unchecked: self.http.unchecked,
            };
            Arc::new(Repository::new(
                url,
                kind,
                self.store.clone(),
                self.http.offline,
                program,
            ))
        };
        Ok(all.entry((url.to_owned(), kind)).or_insert_with(make).clone())
    }

    fn make(&self, requirement: &Requirement, commit: Option<&str>) -> Result<Arc<dyn Source>> {
        let (location, several) = match &requirement.location {
            Location::Subdirectories(inner) => (&**inner, true),
            location => (location, false),
        };
        let kind = requirement.kind;
        let name = requirement.name.clone();
        let store = self.store.clone();
        let version = requirement.revision().map(str::to_owned);
        let archive = |place| Archive {
            place,
            kind,
            name: name.clone(),
            version: version.clone(),
            store: store.clone(),
            http: Http::new(self.http.clone()),
            auth: None,
        };
        Ok(match location {
            Location::Git { url, folder } => Arc::new(Direct::new(Git {
                repository: self.repository(url, kind)?,
                folder: folder.clone(),
                revision: version,
                commit: commit.map(str::to_owned),
                name,
                several,
            })),
            Location::Url(url) => Arc::new(Direct::new(archive(Place::Url(url.clone())))),
            Location::File(path) => Arc::new(Direct::new(archive(Place::File(path.clone())))),
            Location::Directory(path) => Arc::new(Direct::new(Directory {
                path: path.clone(),
                kind,
                name,
                version,
                several,
                store,
            })),
            Location::Registry(_) | Location::Alias { .. } | Location::Subdirectories(_) => {
                return Err(Failure::invalid("a registry has no folders"));
            }
        })
    }
}

/// Whether an address is one of OCI: a registry or a layout folder.
pub(crate) fn is_oci(address: &str) -> bool {
    address.starts_with("oci:") || address.starts_with("oci+http://")
}
