//! The name of a member of an archive: a path that stays where it is put.

use crate::{Failure, Limits, Result};
use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
};

/// Links that the system follows at most for one path.
const MOST_LINKS: usize = 40;

/// The path in its plain form; what could lead out, or be shown as something else, is refused.
pub(crate) fn member_path(bytes: &[u8], limits: &Limits) -> Result<PathBuf> {
    let shown = || kdo_value::json::quote(&String::from_utf8_lossy(bytes), true);
    let refuse = |why: &str| Err(Failure::refused(format!("the archive holds {}: {why}", shown())));
    let Ok(text) = std::str::from_utf8(bytes) else {
        return refuse("a name that is not UTF-8");
    };
    if text.len() > limits.path {
        return refuse("a path that is too long");
    }
    if text.chars().any(|c| c.is_control()) {
        return refuse("a name with control characters");
    }
    let mut plain = PathBuf::new();
    for part in Path::new(text).components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            Component::ParentDir => return refuse("a path with `..` is not a subpath of the package"),
            Component::RootDir | Component::Prefix(_) => {
                return refuse("an absolute path is not a subpath of the package");
            }
        }
    }
    if plain.components().count() > limits.depth {
        return refuse("folders too deep within each other");
    }
    Ok(plain)
}

/// Where a path leads when links are followed as the system does it; none if that is out of the root.
pub(crate) fn follow(path: &Path, links: &BTreeMap<PathBuf, PathBuf>) -> Option<PathBuf> {
    let mut left: Vec<Component<'_>> = path.components().rev().collect();
    let mut at = PathBuf::new();
    let mut followed = 0;
    while let Some(part) = left.pop() {
        match part {
            Component::Normal(name) => at.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !at.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
        if let Some(target) = links.get(&at) {
            followed += 1;
            if followed > MOST_LINKS {
                return None;
            }
            at.pop();
            left.extend(target.components().rev());
        }
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::{follow, member_path};
    use crate::Limits;
    use std::path::{Path, PathBuf};

    #[test]
    fn paths_stay_inside() {
        let limits = Limits::default();
        for bad in ["/abs", "../x", "a/../../x", "a/..", "a\u{1b}[2J", "a\nb"] {
            assert!(member_path(bad.as_bytes(), &limits).is_err(), "{bad:?}");
        }
        assert!(member_path(b"\xff", &limits).is_err());
        assert!(member_path("a/".repeat(65).as_bytes(), &limits).is_err());
        assert!(member_path("a".repeat(5000).as_bytes(), &limits).is_err());
        let plain = |t: &str| member_path(t.as_bytes(), &limits).unwrap();
        assert_eq!(plain("./a//b/./c/"), PathBuf::from("a/b/c"));
    }

    #[test]
    fn links_stay_inside() {
        let inside = |links: &[(&str, &str)]| {
            let links = links.iter().map(|(l, t)| (l.into(), t.into())).collect();
            follow(Path::new("a/b"), &links).is_some()
        };
        assert!(inside(&[("a/b", "../tasks/main.yml")]));
        assert!(inside(&[("a/b", "missing")]));
        assert!(inside(&[("a/b", "../c/x"), ("c", "d/e")]));
        assert!(!inside(&[("a/b", "../../d")]));
        assert!(!inside(&[("a/b", "/etc/passwd")]));
        assert!(!inside(&[("a/b", "x/../../../y")]));
        // By its names it stays, through `c` it does not.
        assert!(!inside(&[("a/b", "../c/d/../../../x"), ("c/d", "../e")]));
        assert!(!inside(&[("a/b", "../c/../x"), ("c", ".")]));
        assert!(!inside(&[("a/b", "b")]));
    }
}
