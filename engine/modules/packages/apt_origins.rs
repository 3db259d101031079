//! Whose packages the installed ones are, by apt's lists.

use super::dpkg::Database;
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

/// Installed versions by name.
type Versions<'d> = HashMap<&'d str, Vec<&'d str>>;

const LISTS: &str = "/var/lib/apt/lists";

/// The `Origin` of the first repository that has an installed package's version, by name and version. Lists that apt
/// keeps compressed are passed over.
pub(super) fn read(db: &Database) -> HashMap<(&str, &str), String> {
    let mut installed: Versions<'_> = HashMap::new();
    for p in db.all().iter().filter(|p| p.installed()) {
        installed.entry(p.name.as_str()).or_default().push(&p.version);
    }
    let mut out = HashMap::new();
    let mut files: Vec<PathBuf> = fs::read_dir(LISTS)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .collect();
    files.sort();
    for list in files
        .iter()
        .filter(|p| p.to_string_lossy().ends_with("_Packages"))
    {
        let Some(origin) = origin(list) else { continue };
        if let Ok(file) = File::open(list) {
            collect(
                BufReader::with_capacity(1 << 18, file),
                &installed,
                &origin,
                &mut out,
            );
        }
    }
    out
}

/// The `Origin` of the repository that a list is of: the release file with the longest name that fits.
fn origin(list: &Path) -> Option<String> {
    let name = list.to_string_lossy();
    let mut prefix = name.as_ref();
    while let Some((shorter, _)) = prefix.rsplit_once('_') {
        prefix = shorter;
        for kind in ["InRelease", "Release"] {
            if let Ok(text) = fs::read_to_string(format!("{prefix}_{kind}")) {
                let line = text.lines().find_map(|l| l.strip_prefix("Origin: "));
                return Some(line.unwrap_or_default().to_owned());
            }
        }
    }
    None
}

fn collect<'d>(
    mut list: impl BufRead,
    installed: &Versions<'d>,
    origin: &str,
    out: &mut HashMap<(&'d str, &'d str), String>,
) {
    let (mut name, mut line) = (String::new(), Vec::new());
    loop {
        line.clear();
        match list.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        let text = line.trim_ascii_end();
        if let Some(value) = text.strip_prefix(b"Package: ") {
            name = String::from_utf8_lossy(value).into_owned();
        } else if let Some(value) = text.strip_prefix(b"Version: ")
            && let Some((name, versions)) = installed.get_key_value(name.as_str())
            && let Some(version) = versions.iter().find(|v| v.as_bytes() == value)
        {
            out.entry((*name, *version)).or_insert_with(|| origin.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::collect;
    use std::collections::HashMap;

    #[test]
    fn the_first_repository_with_the_installed_version_counts() {
        let installed = HashMap::from([("foo", vec!["1.0"]), ("bar", vec!["2.0"])]);
        let mut out = HashMap::new();
        let list =
            b"Package: foo\nVersion: 1.0\n\nPackage: foo\nVersion: 1.1\n\nPackage: bar\nVersion: 1.0\n";
        collect(&list[..], &installed, "Debian", &mut out);
        collect(&list[..], &installed, "other", &mut out);
        assert_eq!(out, HashMap::from([(("foo", "1.0"), "Debian".to_owned())]));
    }
}
