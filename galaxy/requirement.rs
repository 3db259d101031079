//! What is wanted: a package, which versions of it, and from where.

use crate::{
    Failure, Kind, Package, Range, Result,
    source::{alias_text, check_address, is_oci},
};
use kdo_value::{Map, Origin};
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Where a package comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Location {
    /// A registry: a configured server by name, its URL (`https://…` for Galaxy, `oci://…`), or those of the
    /// configuration.
    Registry(Option<String>),
    /// A role of a registry under another name than the one it is installed under.
    Alias {
        /// The registry.
        server: Option<String>,
        /// The role's name there.
        package: String,
    },
    /// A repository of git.
    Git {
        /// Its address, as git takes it.
        url: String,
        /// The folder of the package in it.
        folder: Option<String>,
    },
    /// An archive at an URL.
    Url(String),
    /// An archive here.
    File(PathBuf),
    /// A folder here.
    Directory(PathBuf),
    /// A folder of collections' folders here, or in a repository of git.
    Subdirectories(Box<Location>),
}

impl Location {
    /// Whether the location itself says which package there is, rather than a name asked of it.
    pub fn is_direct(&self) -> bool {
        !matches!(self, Self::Registry(_) | Self::Alias { .. })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(None) => f.write_str("the configured servers"),
            Self::Registry(Some(server)) => f.write_str(server),
            Self::Alias { server, package } => {
                let server = Self::Registry(server.clone()).to_string();
                f.write_str(&alias_text(package, &server))
            }
            Self::Git { url, folder: None } => write!(f, "git+{url}"),
            Self::Git {
                url,
                folder: Some(folder),
            } => write!(f, "git+{url}#{folder}"),
            Self::Url(url) => f.write_str(url),
            Self::File(path) | Self::Directory(path) => write!(f, "{}", path.display()),
            Self::Subdirectories(inner) => write!(f, "folders of {inner}"),
        }
    }
}

/// One requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Role or collection.
    pub kind: Kind,
    /// The name, where one is given: it is not checked yet.
    pub name: Option<String>,
    /// Versions as written; of git a branch, tag or commit. Empty for any.
    pub version: String,
    /// Where it comes from.
    pub location: Location,
    /// Further signatures, of collections.
    pub signatures: Vec<String>,
    /// Where it was written.
    pub origin: Option<Origin>,
}

impl Requirement {
    /// A package of the configured servers.
    pub fn named(kind: Kind, name: &str, version: &str) -> Self {
        Self {
            kind,
            name: Some(name.to_owned()),
            version: version.to_owned(),
            location: Location::Registry(None),
            signatures: Vec::new(),
            origin: None,
        }
    }

    /// The package, if the name is known without looking.
    pub fn package(&self) -> Result<Option<Package>> {
        let known = self.kind == Kind::Role || !self.location.is_direct();
        if let Location::Git { url, .. } = &self.location {
            check_address(url).map_err(|f| f.at(self.origin))?;
        }
        match &self.name {
            Some(name) if known => {
                let package = Package::new(self.kind, name).map_err(|failure| match &self.location {
                    // In the words of git, which scripts look for.
                    Location::Git { url, .. } => {
                        failure.of(format!("git clone -- {url}: Cloning into '{name}'"))
                    }
                    _ => failure,
                });
                package.map(Some).map_err(|f| f.at(self.origin))
            }
            _ => Ok(None),
        }
    }

    /// The versions; of git any, as what is named there is no version of the package.
    pub fn range(&self) -> Result<Range> {
        let direct = self.location.is_direct();
        let text = if direct { "*" } else { &self.version };
        Range::new(self.kind, text).map_err(|f| f.at(self.origin))
    }

    /// Branch, tag or commit of git.
    pub fn revision(&self) -> Option<&str> {
        Some(self.version.as_str()).filter(|v| !v.is_empty() && *v != "*")
    }

    /// The name to show, or the location.
    pub fn shown(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.location.to_string())
    }
}

/// A text that leads to a file or folder here: by its look, or because it is there.
pub(crate) fn here(text: &str, base: &Path) -> Option<PathBuf> {
    let bare = text.strip_prefix("file://").unwrap_or(text);
    let path = match bare.strip_prefix("~/") {
        Some(rest) => std::env::home_dir()?.join(rest),
        None => PathBuf::from(bare),
    };
    let looks = text.starts_with("file:/")
        || bare.starts_with(['/', '~'])
        || bare.starts_with("./")
        || bare.starts_with("../");
    // As Ansible: from the working folder; else from that of the file that says it.
    let path = match base.join(&path) {
        beside if !path.exists() && beside.exists() => beside,
        _ => path,
    };
    (looks || path.is_file() || bare.contains('/') && path.exists()).then_some(path)
}

/// The text of an entry's key, if it has one.
pub(crate) fn text_of(map: &Map, key: &str) -> Option<String> {
    map.get(key)
        .filter(|v| !v.is_none())
        .map(|v| v.to_text())
        .filter(|t| !t.is_empty())
}

/// The location of an address that needs no more words.
pub(crate) fn of_address(text: &str, base: &Path) -> Result<Location> {
    let is_git = text.starts_with("git@")
        || text.ends_with(".git") && text.contains("://")
        || text.starts_with("ssh://");
    if let Some(address) = text.strip_prefix("git+") {
        return Ok(git(address).0);
    }
    if text.starts_with("hg+") {
        return Err(Failure::invalid(format!("{text}: Mercurial is not supported"))
            .help("only git, archives, folders and registries are; an archive of the repository will do"));
    }
    if is_oci(text) {
        return Ok(Location::Registry(Some(text.to_owned())));
    }
    if is_git {
        return Ok(git(text).0);
    }
    if text.starts_with("http://") || text.starts_with("https://") {
        return Ok(Location::Url(text.to_owned()));
    }
    match here(text, base) {
        Some(path) if path.is_dir() => Ok(Location::Directory(path)),
        Some(path) => Ok(Location::File(path)),
        None => Ok(Location::Registry(None)),
    }
}

/// `URL[#FOLDER][,REVISION]`
pub(crate) fn git(address: &str) -> (Location, Option<String>) {
    let address = address.strip_prefix("git+").unwrap_or(address);
    let (address, revision) = match address.split_once(',') {
        Some((address, revision)) => (address, Some(revision.to_owned())),
        None => (address, None),
    };
    let (url, folder) = match address.split_once('#') {
        Some((url, folder)) => (url, Some(folder.trim_matches('/').to_owned())),
        None => (address, None),
    };
    let location = Location::Git {
        url: url.to_owned(),
        folder: folder.filter(|f| !f.is_empty()),
    };
    (location, revision)
}
