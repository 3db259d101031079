//! What is installed, read from dpkg's own database.

use std::{collections::BTreeSet, fs};

const INFO: &str = "/var/lib/dpkg/info";

/// A package of the database.
#[derive(Debug, Clone, Default)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) architecture: String,
    pub(super) section: String,
    /// Third word of the status: `installed`, `config-files`, …
    pub(super) state: String,
    /// First word of the status: `install`, `hold`, …
    pub(super) selection: String,
    pub(super) provides: Vec<String>,
}

impl Package {
    pub(super) fn installed(&self) -> bool {
        self.state == "installed"
    }

    /// Whether some of its files are there, if only its configuration.
    pub(super) fn has_files(&self) -> bool {
        [
            format!("{INFO}/{}.list", self.name),
            format!("{INFO}/{}:{}.list", self.name, self.architecture),
        ]
        .iter()
        .any(|list| fs::metadata(list).is_ok_and(|m| m.len() > 0))
    }
}

/// All packages that the database names.
pub(super) struct Database {
    packages: Vec<Package>,
    native: String,
}

impl Database {
    pub(super) fn read() -> Self {
        let bytes = fs::read("/var/lib/dpkg/status").unwrap_or_default();
        Self::parse(&String::from_utf8_lossy(&bytes))
    }

    fn parse(text: &str) -> Self {
        let mut packages = Vec::new();
        for stanza in text.split("\n\n") {
            let mut p = Package::default();
            // Continued lines (descriptions, conffiles) begin with a blank.
            for line in stanza.lines().filter(|l| !l.starts_with(' ')) {
                let Some((key, value)) = line.split_once(':') else {
                    continue;
                };
                let value = value.trim();
                match key {
                    "Package" => p.name = value.to_owned(),
                    "Version" => p.version = value.to_owned(),
                    "Architecture" => p.architecture = value.to_owned(),
                    "Section" => p.section = value.to_owned(),
                    "Status" => {
                        let mut words = value.split(' ');
                        p.selection = words.next().unwrap_or("").to_owned();
                        p.state = words.nth(1).unwrap_or("").to_owned();
                    }
                    "Provides" => {
                        let names = value.split(',').filter_map(|n| n.split_whitespace().next());
                        p.provides = names.map(str::to_owned).collect();
                    }
                    _ => {}
                }
            }
            if !p.name.is_empty() {
                packages.push(p);
            }
        }
        let native = packages
            .iter()
            .find(|p| p.name == "dpkg")
            .map(|p| p.architecture.clone());
        Self {
            packages,
            native: native.unwrap_or_default(),
        }
    }

    pub(super) fn all(&self) -> &[Package] {
        &self.packages
    }

    /// The package of that name, `name:architecture` if it is not the host's own.
    pub(super) fn find(&self, name: &str) -> Option<&Package> {
        let (name, architecture) = match name.split_once(':') {
            Some((n, "native" | "any")) => (n, None),
            Some((n, a)) => (n, Some(a)),
            None => (name, None),
        };
        let native = |a: &str| self.native.is_empty() || a == self.native || a == "all";
        let fits = |p: &&Package| match architecture {
            Some(a) => p.architecture == a || native(&p.architecture) && native(a),
            None => native(&p.architecture),
        };
        let mut named = self.packages.iter().filter(|p| p.name == name);
        named.clone().find(fits).or_else(|| {
            if architecture.is_none() {
                named.next()
            } else {
                None
            }
        })
    }

    /// An installed package that provides that name.
    pub(super) fn provider(&self, name: &str) -> Option<&Package> {
        let provides = |p: &&Package| p.installed() && p.provides.iter().any(|n| n == name);
        self.packages.iter().find(provides)
    }
}

impl Database {
    /// Whether apt's list says that the package was installed only for others.
    pub(super) fn is_automatic(&self, package: &Package, automatic: &BTreeSet<(String, String)>) -> bool {
        let architecture = match package.architecture.as_str() {
            "all" => &self.native,
            _ => &package.architecture,
        };
        automatic.contains(&(package.name.clone(), architecture.clone()))
    }
}

/// Name and architecture of the packages that apt installed only for others.
pub(super) fn automatic() -> BTreeSet<(String, String)> {
    let bytes = fs::read("/var/lib/apt/extended_states").unwrap_or_default();
    parse_automatic(&String::from_utf8_lossy(&bytes))
}

fn parse_automatic(text: &str) -> BTreeSet<(String, String)> {
    text.split("\n\n")
        .filter_map(|stanza| {
            let field = |key: &str| stanza.lines().find_map(|l| l.strip_prefix(key));
            (field("Auto-Installed: ") == Some("1")).then(|| {
                Some((
                    field("Package: ")?.to_owned(),
                    field("Architecture: ")?.to_owned(),
                ))
            })?
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Database, parse_automatic};

    const STATUS: &str = "Package: dpkg\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.21\n\nPackage: exim4\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 4\nDescription: a\n b: c\n\nPackage: postfix\nStatus: hold ok installed\nArchitecture: amd64\nVersion: 3.7\nProvides: mail-transport-agent, default-mta (= 1)\n\nPackage: libc6\nStatus: install ok installed\nArchitecture: i386\nVersion: 2\n";

    #[test]
    fn packages_are_found_by_name_architecture_and_what_they_provide() {
        let db = Database::parse(STATUS);
        assert!(db.find("dpkg").unwrap().installed());
        assert!(!db.find("exim4").unwrap().installed());
        assert_eq!(db.find("postfix").unwrap().selection, "hold");
        assert_eq!(db.provider("default-mta").unwrap().name, "postfix");
        assert!(db.find("libc6:i386").is_some() && db.find("libc6:arm64").is_none());
        assert!(db.provider("b").is_none());
    }
    #[test]
    fn packages_for_others_are_told_by_architecture() {
        let db = Database::parse(STATUS);
        let text = "Package: exim4\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: libc6\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: postfix\nArchitecture: amd64\nAuto-Installed: 0\n";
        let automatic = parse_automatic(text);
        let is = |name: &str| db.is_automatic(db.find(name).unwrap(), &automatic);
        assert!(is("exim4") && !is("libc6:i386") && !is("postfix"));
        assert!(db.find("exim4:i386").is_none() && db.find("exim4:amd64").is_some());
    }
}
