//! apt's lists of sources in their one-line format.

use crate::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

const MAIN: &str = "/etc/apt/sources.list";
const FOLDER: &str = "/etc/apt/sources.list.d";

/// A line of such a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Whether it is a source, if only one that is commented out.
    pub(super) valid: bool,
    /// Whether it is not commented out.
    pub(super) enabled: bool,
    /// Without comment; for sources, without superfluous blanks.
    pub(super) source: String,
    /// What is written after it.
    comment: String,
}

impl Line {
    pub(super) fn parse(line: &str) -> Self {
        let line = line.trim();
        let (enabled, line) = match line.strip_prefix('#') {
            Some(rest) => (false, rest),
            None => (true, line),
        };
        let (source, comment) = match line.find('#').filter(|at| *at > 0) {
            Some(at) => {
                let (source, comment) = line.split_at(at);
                (source, comment.trim_start_matches('#').trim())
            }
            None => (line, ""),
        };
        let words: Vec<_> = source.split_whitespace().collect();
        let valid = matches!(words.first(), Some(&("deb" | "deb-src")));
        Self {
            valid,
            enabled,
            source: if valid {
                words.join(" ")
            } else {
                source.trim().to_owned()
            },
            comment: comment.to_owned(),
        }
    }

    fn write(&self, out: &mut String) {
        if !self.enabled {
            out.push_str("# ");
        }
        out.push_str(&self.source);
        if !self.comment.is_empty() {
            out.push_str(" # ");
            out.push_str(&self.comment);
        }
        out.push('\n');
    }
}

/// All lists of the host.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Files(BTreeMap<PathBuf, Vec<Line>>);

impl Files {
    pub(super) fn read() -> Result<Self, Failure> {
        let entries = fs::read_dir(FOLDER).into_iter().flatten().flatten();
        let paths = entries
            .map(|e| e.path())
            .filter(|p| p.extension().is_some_and(|e| e == "list"))
            .filter(|p| {
                !p.file_name()
                    .is_some_and(|n| n.as_encoded_bytes().starts_with(b"."))
            });
        let mut out = BTreeMap::new();
        for path in paths.chain([PathBuf::from(MAIN)].into_iter().filter(|p| p.is_file())) {
            let bytes = fs::read(&path)
                .map_err(|e| Failure::new(format!("could not read {}: {e}", path.display())))?;
            let text = String::from_utf8_lossy(&bytes);
            out.insert(path, text.lines().map(Line::parse).collect());
        }
        Ok(Self(out))
    }

    /// The path of a list of that name.
    pub(super) fn place(name: &str) -> PathBuf {
        if name.contains('/') {
            PathBuf::from(name)
        } else {
            Path::new(FOLDER).join(name)
        }
    }

    /// Whether the source is in use.
    pub(super) fn has(&self, source: &str) -> bool {
        self.0
            .values()
            .flatten()
            .any(|l| l.valid && l.enabled && l.source == source)
    }

    /// Uses the source: where it is commented out, else in that file.
    pub(super) fn add(&mut self, source: &str, path: PathBuf) {
        let mut found = false;
        for line in self.0.values_mut().flatten() {
            if line.valid && line.source == source {
                line.enabled = true;
                found = true;
            }
        }
        if !found {
            self.0.entry(path).or_default().push(Line::parse(source));
        }
    }

    /// Takes the source out of all files.
    pub(super) fn remove(&mut self, source: &str) {
        for lines in self.0.values_mut() {
            lines.retain(|l| !(l.valid && l.enabled && l.source == source));
        }
    }

    /// The files that are not empty.
    pub(super) fn paths(&self) -> BTreeSet<PathBuf> {
        let filled = self.0.iter().filter(|(_, lines)| !lines.is_empty());
        filled.map(|(path, _)| path.clone()).collect()
    }

    /// The content of a file; none if it is empty.
    pub(super) fn text(&self, path: &Path) -> Option<String> {
        let lines = self.0.get(path).filter(|l| !l.is_empty())?;
        let mut out = String::new();
        for line in lines {
            line.write(&mut out);
        }
        Some(out)
    }
}

/// The name of the list for a source, without `.list`: its address, other signs than letters and digits as `_`.
pub(super) fn suggested_name(source: &str) -> String {
    let mut rest = source.to_owned();
    while let Some(open) = rest.find('[') {
        let Some(close) = rest.get(open..).and_then(|t| t.find(']')) else {
            break;
        };
        rest.replace_range(open..=open + close, "");
    }
    let word = |c: char| c.is_alphanumeric() || c == '_';
    while let Some(at) = rest.find("://") {
        let start = rest
            .get(..at)
            .map_or(0, |before| before.trim_end_matches(word).len());
        rest.replace_range(start..at + 3, "");
    }
    let address = rest
        .split_whitespace()
        .find(|w| !matches!(*w, "deb" | "deb-src"))
        .unwrap_or_default();
    let address = address.split_once('@').map_or(address, |(_, a)| a);
    let parts: Vec<_> = address
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|p| !p.is_empty())
        .collect();
    parts.join("_")
}

#[cfg(test)]
mod tests {
    use super::{Files, Line, suggested_name};
    use std::{collections::BTreeMap, path::Path};

    #[test]
    fn lists_get_the_names_of_their_addresses() {
        for (line, name) in [
            ("deb http://x.example/debian stable main", "x_example_debian"),
            (
                "deb [arch=amd64 signed-by=/k] https://u:p@download.docker.com/linux/ubuntu jammy stable",
                "download_docker_com_linux_ubuntu",
            ),
            ("deb file:///srv/repo ./", "srv_repo"),
            ("ppa:nginx/stable_jammy", "ppa_nginx_stable_jammy"),
        ] {
            assert_eq!(suggested_name(line), name);
        }
    }

    #[test]
    fn lines_are_read_with_their_comments() {
        let line = Line::parse("#deb  http://a  b c # d");
        assert!(line.valid && !line.enabled);
        assert_eq!(
            (line.source.as_str(), line.comment.as_str()),
            ("deb http://a b c", "d")
        );
        assert!(!Line::parse("# just words").valid);
    }

    #[test]
    fn a_source_that_is_commented_out_is_used_again() {
        let path = Path::new("/etc/apt/sources.list");
        let lines = ["# deb http://a b c", "", "deb http://x y z # why"];
        let lines = lines.iter().map(|l| Line::parse(l)).collect();
        let mut files = Files(BTreeMap::from([(path.to_owned(), lines)]));
        files.add("deb http://a b c", "/other".into());
        assert_eq!(
            files.text(path).unwrap(),
            "deb http://a b c\n\ndeb http://x y z # why\n"
        );
        files.remove("deb http://x y z");
        assert_eq!(files.text(path).unwrap(), "deb http://a b c\n\n");
    }
}
