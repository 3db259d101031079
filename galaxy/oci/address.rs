//! Addresses of registries, names of repositories, and versions as tags.

use crate::{Failure, Kind, Package, Result, Version};
use std::path::PathBuf;

/// A place of artifacts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// `oci://HOST[:PORT]/PATH`; `oci+http://…` where the user asks for no encryption.
    Registry { plain: bool, host: String, path: String },
    /// `oci:FOLDER`
    Layout(PathBuf),
}

impl Address {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let (plain, rest) = match (text.strip_prefix("oci://"), text.strip_prefix("oci+http://")) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => {
                let folder = text.strip_prefix("oci:").filter(|f| !f.is_empty());
                return folder.map(|f| Self::Layout(f.into())).ok_or_else(|| {
                    Failure::invalid(format!("{text:?} is no registry: write oci://HOST/NAMESPACE"))
                });
            }
        };
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let odd = |c: char| !(c.is_ascii_alphanumeric() || "-.:[]_".contains(c));
        if host.is_empty() || host.contains(odd) {
            let failure = Failure::invalid(format!("{text:?} names no host: write oci://HOST/NAMESPACE"));
            return Err(if host.contains('@') {
                failure.help("users and passwords belong into `kdo galaxy login`, not into addresses")
            } else {
                failure
            });
        }
        let path = path.trim_matches('/').to_lowercase();
        if !path.is_empty() {
            must_be_repository(&path)?;
        }
        Ok(Self::Registry {
            plain,
            host: host.to_lowercase(),
            path,
        })
    }
}

/// The host that a text names: an address, or just the host.
pub(crate) fn host_of(text: &str) -> Result<(bool, String)> {
    let address = if text.contains("://") {
        text.to_owned()
    } else {
        format!("oci://{text}")
    };
    match Address::parse(&address)? {
        Address::Registry { plain, host, .. } => Ok((plain, host)),
        Address::Layout(_) => Err(Failure::invalid(format!("{text:?} is no host"))),
    }
}

/// The repository of a package below a path: the namespace is not repeated where the path ends with it.
pub(crate) fn repository_of(path: &str, package: &Package) -> Result<String> {
    let short = package.short().to_lowercase();
    let namespace = package.namespace().map(str::to_lowercase);
    let last = path.rsplit('/').next().unwrap_or_default();
    let parts = [
        path,
        namespace.as_deref().filter(|n| *n != last).unwrap_or_default(),
        &short,
    ];
    let parts: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
    let name = parts.join("/");
    must_be_repository(&name)?;
    Ok(name)
}

/// Lower-case letters and digits with single separators in between: what registries take.
fn must_be_repository(name: &str) -> Result<()> {
    let piece = |piece: &str| {
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let plain = piece
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c));
        let doubled = ["..", "___", "._", "_.", "-.", ".-", "-_", "_-"];
        plain
            && ends(piece.chars().next())
            && ends(piece.chars().last())
            && !doubled.iter().any(|d| piece.contains(d))
    };
    if name.len() <= 255 && name.split('/').all(piece) {
        return Ok(());
    }
    Err(
        Failure::invalid(format!("{name:?} is no repository that registries take"))
            .help("letters, digits and single . _ - between them, in parts with / between them"),
    )
}

/// The tag of a version: tags have no `+`.
pub(crate) fn tag_of(version: &str) -> Result<String> {
    let tag = version.replace('+', "_");
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if tag.is_empty() || tag.len() > 128 || tag.starts_with(['.', '-']) || !tag.chars().all(fits) {
        return Err(Failure::invalid(format!(
            "{version:?} cannot be a tag of a registry"
        )));
    }
    Ok(tag)
}

/// The version of a tag; none of tags that are for something else.
pub(crate) fn version_of_tag(kind: Kind, tag: &str) -> Option<Version> {
    if tag == "latest" || tag.starts_with("sha256-") {
        return None;
    }
    let semantic = Version::semantic(&tag.replacen('_', "+", 1)).ok();
    match kind {
        Kind::Collection => semantic,
        Kind::Role => match semantic {
            Some(version) => Version::loose(version.as_str()).ok(),
            None => Version::loose(tag).ok(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, repository_of, tag_of, version_of_tag};
    use crate::{Kind, Package};

    #[test]
    fn addresses_name_a_host_and_a_path() {
        let wanted = Address::Registry {
            plain: false,
            host: "reg.test:5000".to_owned(),
            path: "a/b".to_owned(),
        };
        assert_eq!(Address::parse("oci://Reg.test:5000/A/b/").unwrap(), wanted);
        assert_eq!(
            Address::parse("oci:dir/x").unwrap(),
            Address::Layout("dir/x".into())
        );
        for bad in [
            "oci://",
            "oci://u:p@h/x",
            "oci://h/../x",
            "oci://h/a//b",
            "oci:",
            "docker://h/x",
        ] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_namespace_is_not_said_twice() {
        let of = |path: &str, name: &str| repository_of(path, &Package::role(name).unwrap()).unwrap();
        assert_eq!(of("kdevops", "kdevops.bootlinux"), "kdevops/bootlinux");
        assert_eq!(of("mirror", "kdevops.Boot"), "mirror/kdevops/boot");
        assert_eq!(of("", "kdevops.x"), "kdevops/x");
        assert_eq!(of("a/b", "x"), "a/b/x");
        assert!(repository_of("a", &Package::role("x_.y").unwrap()).is_err());
    }

    #[test]
    fn versions_are_tags_and_back() {
        for version in ["1.2.3", "1.2.3-rc.1", "1.2.3+build.5"] {
            let tag = tag_of(version).unwrap();
            assert!(!tag.contains('+'));
            for kind in [Kind::Role, Kind::Collection] {
                assert_eq!(version_of_tag(kind, &tag).unwrap().as_str(), version);
            }
        }
        assert_eq!(version_of_tag(Kind::Role, "v1_0").unwrap().as_str(), "v1_0");
        assert!(version_of_tag(Kind::Collection, "v1_0").is_none());
        assert!(version_of_tag(Kind::Role, "latest").is_none());
        assert!(tag_of("a/b").is_err() && tag_of("-x").is_err());
    }
}
