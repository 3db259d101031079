//! `requirements.lock`: what was resolved, in bytes.

use crate::{
    Digest, Failure, Installed, Kind, Location, Package, Requirement, Result, Version,
    relative::{self, folder_of, from_here, within},
    requirement::git,
    source::{alias_of_text, alias_text, is_oci},
    tree_digest,
};
use std::{fmt::Write as _, fs, path::Path};
use toml::de::{DeTable, DeValue};

/// The format that is written.
const FORMAT: &str = "1";

/// What git writes before the parts of a merge conflict.
const OURS: &str = "<<<<<<< ";
const BASE: &str = "||||||| ";
const THEIRS: &str = "=======";
const END: &str = ">>>>>>> ";

/// The lock file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The hash of the requirements that it was made for.
    pub requirements: Digest,
    /// By kind and name.
    pub packages: Vec<Locked>,
}

/// A package of the lock file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// The package.
    pub package: Package,
    /// The version.
    pub version: Version,
    /// Where exactly it came from.
    pub source: String,
    /// The branch, tag or commit of git that was asked for.
    pub revision: Option<String>,
    /// The hash of the archive; none where it is made here, from git or a folder.
    pub artifact: Option<Digest>,
    /// The hash of an OCI manifest.
    pub manifest: Option<Digest>,
    /// The hash of the content.
    pub tree: Digest,
    /// Who signed it.
    pub signers: Vec<String>,
    /// What it needs, as `kind name`.
    pub dependencies: Vec<Package>,
}

impl Locked {
    /// In what an installed package is another than this one.
    pub fn differs(&self, present: &Installed) -> Result<Option<String>> {
        let other = present.version.as_ref().filter(|v| **v != self.version);
        if let Some(version) = other {
            return Ok(Some(format!(
                "{version} is installed, {} is locked",
                self.version
            )));
        }
        let same = tree_digest(&present.path)? == self.tree;
        Ok((!same).then(|| format!("the content of {} is not what was locked", present.path.display())))
    }
}

/// The hash of what requirements say, without where they say it: in which line, and in which folder.
pub fn requirements_digest(list: &[Requirement], file: Option<&Path>) -> Digest {
    let folder = folder_of(file);
    let mut lines: Vec<String> = list
        .iter()
        .map(|r| {
            let (kind, name) = (r.kind.word(), r.name.as_deref().unwrap_or("-"));
            let location = within(folder, &location_text(&r.location));
            format!("{kind} {name} {location} {}\n", r.version)
        })
        .collect();
    lines.sort();
    lines.dedup();
    Digest::of(lines.concat().as_bytes())
}

impl Lock {
    /// Reads a lock file; none if there is none.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Failure::file(path, &e)),
        };
        if text.lines().any(|l| l.starts_with(OURS)) {
            let failure = Failure::invalid("there is a merge conflict in it").of(path.display());
            return Err(
                failure.help("kdo galaxy lock makes it again, with the versions of our side where they fit")
            );
        }
        Self::read_text(path, &text).map(Some)
    }

    /// The same; of a merge conflict our side.
    pub fn read_ours(path: &Path) -> Result<Option<Self>> {
        let text = match fs::read_to_string(path) {
            Ok(text) if text.lines().any(|l| l.starts_with(OURS)) => text,
            _ => return Self::read(path),
        };
        let mut ours = true;
        let mut lines = String::new();
        for line in text.lines() {
            let mark = |mark: &str| line.starts_with(mark);
            ours = match line {
                _ if mark(OURS) || mark(END) => true,
                _ if mark(BASE) || mark(THEIRS) => false,
                _ => {
                    lines += if ours { line } else { "" };
                    lines.push('\n');
                    ours
                }
            };
        }
        Self::read_text(path, &lines).map(Some)
    }

    fn read_text(path: &Path, text: &str) -> Result<Self> {
        let from_here = |mut lock: Self| {
            for p in &mut lock.packages {
                p.source = from_here(folder_of(Some(path)), &p.source);
            }
            lock
        };
        Self::parse(text).map(from_here).map_err(|f| {
            f.of(path.display())
                .help("take it from your version control, or remove it and make it again: kdo galaxy lock")
        })
    }

    /// Reads its text.
    pub fn parse(text: &str) -> Result<Self> {
        let table = DeTable::parse(text).map_err(|e| Failure::invalid(e.message().to_owned()))?;
        let table = table.get_ref();
        let format = table
            .get("version")
            .and_then(|v| Some(v.get_ref().as_integer()?.as_str().to_owned()));
        if format.as_deref() != Some(FORMAT) {
            return Err(Failure::invalid(
                "the lock file was written by another version of kdo",
            ));
        }
        let mut packages = Vec::new();
        let list = table.get("package").and_then(|p| p.get_ref().as_array());
        for entry in list.into_iter().flat_map(|l| l.iter()) {
            let entry = entry
                .get_ref()
                .as_table()
                .ok_or_else(|| Failure::invalid("a package is no table"))?;
            packages.push(locked(entry)?);
        }
        let requirements = text_of(table, "requirements-hash").unwrap_or_default();
        Ok(Self {
            requirements: Digest::parse(&requirements)?,
            packages,
        })
    }

    /// The text: the same for the same content, a block for each package.
    pub fn text(&self) -> String {
        let mut out = String::from("# Written by `kdo galaxy lock`; to be kept with requirements.yml.\n");
        let _ = writeln!(
            out,
            "version = {FORMAT}\nrequirements-hash = \"{}\"",
            self.requirements
        );
        let mut packages: Vec<&Locked> = self.packages.iter().collect();
        packages.sort_by(|a, b| a.package.cmp(&b.package));
        for p in packages {
            let mut field = |key: &str, value: Option<String>| {
                if let Some(value) = value {
                    let _ = writeln!(out, "{key} = {}", quoted(&value));
                }
            };
            field("\n[[package]]\nkind", Some(p.package.kind().word().to_owned()));
            field("name", Some(p.package.name().to_owned()));
            field("version", Some(p.version.as_str().to_owned()));
            field("source", Some(p.source.clone()));
            field("revision", p.revision.clone());
            field("artifact", p.artifact.map(|d| d.to_string()));
            field("manifest", p.manifest.map(|d| d.to_string()));
            field("tree", Some(p.tree.to_string()));
            let mut list = |key: &str, items: Vec<String>| {
                if !items.is_empty() {
                    let lines: Vec<String> = items.iter().map(|i| format!("    {},\n", quoted(i))).collect();
                    let _ = writeln!(out, "{key} = [\n{}]", lines.concat());
                }
            };
            list("signers", p.signers.clone());
            let mut needs: Vec<String> = p
                .dependencies
                .iter()
                .map(|d| format!("{} {}", d.kind().word(), d.name()))
                .collect();
            needs.sort();
            list("dependencies", needs);
        }
        out
    }

    /// Writes it whole or not at all.
    pub fn write(&self, path: &Path) -> Result<()> {
        let folder = path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let mut within = self.clone();
        for p in &mut within.packages {
            p.source = relative::within(folder_of(Some(path)), &p.source);
        }
        let write = || {
            let mut file = tempfile::Builder::new()
                .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
                .tempfile_in(folder)?;
            std::io::Write::write_all(&mut file, within.text().as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|e| e.error)?;
            Ok(())
        };
        write().map_err(|e| Failure::file(path, &e))
    }

    /// Refuses a new lock file in which a version from the same place holds other content than this one says. All
    /// registries are one place.
    pub fn refuse_replaced(&self, new: &Self) -> Result<()> {
        let replaced = |old: &&Locked| {
            new.find(&old.package).is_some_and(|now| {
                let fixed = is_registry(&old.source) && is_registry(&now.source)
                    || old.source.starts_with("url+") && old.source == now.source;
                fixed && now.version == old.version && now.tree != old.tree
            })
        };
        match self.packages.iter().find(replaced) {
            Some(old) => Err(Failure::mismatch(format!(
                "{} {} has other content than was locked",
                old.package, old.version
            ))
            .help(
                "somebody replaced a published version; find out why, and only then lock it: kdo galaxy lock",
            )),
            None => Ok(()),
        }
    }

    /// The entry of a package.
    pub fn find(&self, package: &Package) -> Option<&Locked> {
        self.packages.iter().find(|p| p.package == *package)
    }
}

fn text_of(table: &DeTable<'_>, key: &str) -> Option<String> {
    table.get(key)?.get_ref().as_str().map(str::to_owned)
}

fn locked(table: &DeTable<'_>) -> Result<Locked> {
    let must =
        |key: &str| text_of(table, key).ok_or_else(|| Failure::invalid(format!("a package has no `{key}`")));
    let digest = |key: &str| text_of(table, key).map(|d| Digest::parse(&d)).transpose();
    let list = |key: &str| -> Vec<String> {
        let items = table.get(key).and_then(|v| v.get_ref().as_array());
        let items = items.into_iter().flat_map(|l| l.iter());
        items
            .filter_map(|i| DeValue::as_str(i.get_ref()).map(str::to_owned))
            .collect()
    };
    let kind_of = |word: &str| {
        Kind::of_word(word).ok_or_else(|| Failure::invalid(format!("{word:?} is no kind of package")))
    };
    let kind = kind_of(&must("kind")?)?;
    let needs = list("dependencies");
    let dependencies = needs.iter().map(|text| {
        let (kind, name) = text.split_once(' ').unwrap_or_default();
        Package::new(kind_of(kind)?, name)
    });
    Ok(Locked {
        package: Package::new(kind, &must("name")?)?,
        version: Version::new(kind, &must("version")?)?,
        source: must("source")?,
        revision: text_of(table, "revision"),
        artifact: digest("artifact")?,
        manifest: digest("manifest")?,
        tree: Digest::parse(&must("tree")?)?,
        signers: list("signers"),
        dependencies: dependencies.collect::<Result<_>>()?,
    })
}

/// A text of TOML: JSON's escapes are among its own.
fn quoted(text: &str) -> String {
    kdo_value::json::quote(text, false).replace('\u{7f}', "\\u007F")
}

fn is_registry(source: &str) -> bool {
    is_oci(source) || source.starts_with("galaxy+")
}

/// A location as the lock file writes it.
pub(crate) fn location_text(location: &Location) -> String {
    match location {
        Location::Registry(None) => "registry".to_owned(),
        Location::Registry(Some(server)) if is_oci(server) => server.clone(),
        Location::Registry(Some(server)) => format!("galaxy+{server}"),
        Location::Alias { server, package } => {
            alias_text(package, &location_text(&Location::Registry(server.clone())))
        }
        Location::Git { .. } => location.to_string(),
        Location::Url(url) => format!("url+{url}"),
        Location::File(path) | Location::Directory(path) => format!("path+{}", path.display()),
        Location::Subdirectories(inner) => format!("folders+{}", location_text(inner)),
    }
}

/// The location of such a text, with git's revision.
pub(crate) fn location_of_text(text: &str) -> Result<(Location, Option<String>)> {
    if let Some((package, text)) = alias_of_text(text) {
        let (location, revision) = location_of_text(text)?;
        return match location {
            Location::Registry(server) => {
                let package = package.to_owned();
                Ok((Location::Alias { server, package }, revision))
            }
            _ => Err(Failure::invalid(format!("{text:?} is no registry of packages"))),
        };
    }
    if text == "registry" {
        return Ok((Location::Registry(None), None));
    }
    if is_oci(text) {
        return Ok((Location::Registry(Some(text.to_owned())), None));
    }
    if let Some(server) = text.strip_prefix("galaxy+") {
        return Ok((Location::Registry(Some(server.to_owned())), None));
    }
    if let Some(url) = text.strip_prefix("url+") {
        return Ok((Location::Url(url.to_owned()), None));
    }
    if let Some(path) = text.strip_prefix("path+") {
        let path = Path::new(path).to_owned();
        let location = if path.is_dir() {
            Location::Directory(path)
        } else {
            Location::File(path)
        };
        return Ok((location, None));
    }
    if let Some(inner) = text.strip_prefix("folders+") {
        let (inner, revision) = location_of_text(inner)?;
        return Ok((Location::Subdirectories(Box::new(inner)), revision));
    }
    if text.starts_with("git+") {
        let (address, folder) = text.split_once('#').map_or((text, None), |(a, f)| (a, Some(f)));
        let (address, revision) = address
            .rsplit_once("?rev=")
            .map_or((address, None), |(a, r)| (a, Some(r)));
        let location = match git(address).0 {
            Location::Git { url, .. } => Location::Git {
                url,
                folder: folder.map(str::to_owned),
            },
            other => other,
        };
        return Ok((location, revision.map(str::to_owned)));
    }
    Err(Failure::invalid(format!("{text:?} is no source of packages")))
}

#[cfg(test)]
mod tests {
    use super::{Lock, Locked, location_of_text, location_text};
    use crate::{Digest, Location, Package, Version};

    #[test]
    fn a_lock_file_is_read_as_it_was_written() {
        let locked = |name: &str, artifact| Locked {
            package: Package::collection(name).unwrap(),
            version: Version::semantic("1.2.3-a+\u{62}").unwrap(),
            source: "galaxy+https://a.test/\"x\"\\".to_owned(),
            revision: Some("main".to_owned()),
            artifact,
            manifest: None,
            tree: Digest::of(b"tree"),
            signers: vec!["ssh:SHA256:abc".to_owned()],
            dependencies: vec![Package::role("a.b").unwrap(), Package::collection("c.d").unwrap()],
        };
        let mut lock = Lock {
            requirements: Digest::of(b""),
            packages: vec![locked("b.b", None), locked("a.a", Some(Digest::of(b"x")))],
        };
        let text = lock.text();
        lock.packages.reverse();
        for p in &mut lock.packages {
            p.dependencies.sort();
        }
        assert_eq!(Lock::parse(&text).unwrap(), lock);
        assert_eq!(Lock::parse(&text).unwrap().text(), text);
    }

    #[test]
    fn another_format_and_broken_entries_are_told() {
        for text in [
            "",
            "version = 2",
            "version = 1",
            "version = 1\nrequirements-hash = \"x\"",
            "<<<<<<< HEAD",
        ] {
            assert!(Lock::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_role_of_another_name_keeps_both_names() {
        let text = "a.b of galaxy+https://a.test/";
        let (location, _) = location_of_text(text).unwrap();
        let wanted = Location::Alias {
            server: Some("https://a.test/".to_owned()),
            package: "a.b".to_owned(),
        };
        assert_eq!(location, wanted);
        assert_eq!(location_text(&wanted), text);
        let (folder, _) = location_of_text("path+/a of b").unwrap();
        assert_eq!(folder, Location::File("/a of b".into()));
        assert!(location_of_text("a.b of path+/x").is_err());
    }

    #[test]
    fn sources_of_git_keep_commit_and_folder() {
        let text = "git+https://a.test/r?x=1?rev=abc#roles/x";
        let (location, revision) = location_of_text(text).unwrap();
        assert_eq!(revision.as_deref(), Some("abc"));
        let wanted = Location::Git {
            url: "https://a.test/r?x=1".to_owned(),
            folder: Some("roles/x".to_owned()),
        };
        assert_eq!(location, wanted);
        assert_eq!(location_text(&wanted), "git+https://a.test/r?x=1#roles/x");
    }
}
