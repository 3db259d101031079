//! Paths in a lock file: relative to its folder, so that they say the same wherever somebody works.

use std::path::{Component, Path, PathBuf};

const PATH: &str = "path+";
const FOLDERS: &str = "folders+";

/// A source as the lock file in that folder writes it.
pub(crate) fn within(folder: &Path, source: &str) -> String {
    changed(source, |path| {
        let inner = path.strip_prefix(folder).unwrap_or(path);
        inner.components().filter(|c| *c != Component::CurDir).collect()
    })
}

/// A source of the lock file in that folder, from here.
pub(crate) fn from_here(folder: &Path, source: &str) -> String {
    changed(source, |path| folder.join(path))
}

fn changed(source: &str, change: impl Fn(&Path) -> PathBuf) -> String {
    if let Some(inner) = source.strip_prefix(FOLDERS) {
        return format!("{FOLDERS}{}", changed(inner, change));
    }
    match source.strip_prefix(PATH) {
        Some(path) => format!("{PATH}{}", change(Path::new(path)).display()),
        None => source.to_owned(),
    }
}

/// The folder of a file.
pub(crate) fn folder_of(file: Option<&Path>) -> &Path {
    file.and_then(Path::parent).unwrap_or(Path::new(""))
}

#[cfg(test)]
mod tests {
    use super::{from_here, within};
    use std::path::Path;

    #[test]
    fn paths_are_those_of_the_folder() {
        for (folder, here, there) in [
            ("", "path+./given/web", "path+given/web"),
            ("..", "path+.././given/web", "path+given/web"),
            ("a", "folders+path+a/given", "folders+path+given"),
            ("a", "path+/given", "path+/given"),
            ("a", "path+../given", "path+../given"),
            ("", "git+https://a.test/./r", "git+https://a.test/./r"),
        ] {
            assert_eq!(within(Path::new(folder), here), there);
        }
        assert_eq!(from_here(Path::new(".."), "path+given/web"), "path+../given/web");
        assert_eq!(from_here(Path::new(".."), "path+/given"), "path+/given");
    }
}
