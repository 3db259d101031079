//! Links of a role into roles beside it: what they lead to is packed, as a role goes out alone.

use crate::{
    Failure, Result,
    pack::{Member, role_members},
    tree,
    unpack::leads_out,
};
use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

/// The members of a role with what such links lead to, and which links these were. Links to anywhere else stay, and are
/// refused when they are packed; so are those that should be in what is packed and were left out.
pub(crate) fn role_with_neighbours(
    role: &Path,
    left_out: &BTreeMap<PathBuf, PathBuf>,
) -> Result<(Vec<(PathBuf, Member)>, Vec<(String, String)>)> {
    let members = role_members(role)?;
    let full = |path: &Path| fs::canonicalize(path).map_err(|e| Failure::file(path, &e));
    let role = full(role)?;
    let neighbours = role
        .parent()
        .filter(|p| p.file_name() == Some(OsStr::new("roles")));
    let Some(neighbours) = neighbours else {
        return Ok((members, Vec::new()));
    };
    let mut all = Vec::new();
    let mut told = Vec::new();
    for (name, member) in members {
        let target = match &member {
            Member::Path(path) if path.is_symlink() => fs::canonicalize(path).ok(),
            _ => None,
        };
        let other = target.filter(|t| !t.starts_with(&role));
        let inner = other.as_deref().and_then(|t| t.strip_prefix(neighbours).ok());
        let (Some(target), Some(inner)) = (&other, inner.filter(|i| i.components().count() > 1)) else {
            all.push((name, member));
            continue;
        };
        if let Some((link, to)) = left_out.iter().find(|(l, _)| l.starts_with(target)) {
            let inner = link.strip_prefix(neighbours).unwrap_or(link);
            return Err(leads_out(inner, to));
        }
        told.push((
            format!("link {}", name.display()),
            format!("packed as roles/{}, which it leads to", inner.display()),
        ));
        if target.is_dir() {
            let files = tree::files(target)?.into_iter();
            all.extend(files.map(|f| (name.join(&f), Member::Path(target.join(f)))));
        } else {
            all.push((name, Member::Path(target.clone())));
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    Ok((all, told))
}
