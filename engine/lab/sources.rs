//! The package sources of this machine, for use in a root.

use std::path::PathBuf;
use std::process::Command;
use std::{collections::HashMap, fs};

use crate::error::During;
use crate::{LabError, machine};

/// The code name of this machine's Debian or Ubuntu release.
pub(crate) fn suite() -> Result<String, LabError> {
    let text = fs::read_to_string("/etc/os-release").during(|| "/etc/os-release")?;
    text.lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .map(|name| name.trim_matches('"').to_owned())
        .filter(|name| !name.is_empty())
        .ok_or_else(|| LabError::Refused("no VERSION_CODENAME in /etc/os-release: is this Debian?".into()))
}

/// The distribution's own sources as one-line entries; those of others are left out.
pub(crate) fn own(suite: &str) -> Result<String, LabError> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    let mut more: Vec<PathBuf> = fs::read_dir("/etc/apt/sources.list.d")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    more.sort();
    files.append(&mut more);
    let mut lines = Vec::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        match file.extension().and_then(|e| e.to_str()) {
            Some("sources") => lines.extend(stanzas(&text, suite)),
            Some("list") => lines.extend(text.lines().filter(|line| is_own(line, suite)).map(str::to_owned)),
            _ => {}
        }
    }
    if lines.is_empty() {
        return Err(LabError::Refused(format!(
            "no package source for {suite} in /etc/apt"
        )));
    }
    Ok(lines.join("\n") + "\n")
}

fn of_suite(name: &str, suite: &str) -> bool {
    name.split('-').next() == Some(suite)
}

fn is_own(line: &str, suite: &str) -> bool {
    let words = line.rsplit(']').next().unwrap_or(line);
    let skip = usize::from(!line.contains(']'));
    line.starts_with("deb ")
        && words
            .split_whitespace()
            .nth(skip + 1)
            .is_some_and(|name| of_suite(name, suite))
}

fn stanzas(text: &str, suite: &str) -> Vec<String> {
    let mut out = Vec::new();
    for stanza in text.split("\n\n") {
        let fields: HashMap<&str, &str> = stanza
            .lines()
            .filter(|line| !line.starts_with(['#', ' ']))
            .filter_map(|line| line.split_once(':'))
            .map(|(key, value)| (key.trim(), value.trim()))
            .collect();
        let get = |key| fields.get(key).copied().unwrap_or_default();
        if !get("Types").split_whitespace().any(|kind| kind == "deb") || get("Enabled") == "no" {
            continue;
        }
        let key = get("Signed-By");
        let option = if key.starts_with('/') {
            format!("[signed-by={key}] ")
        } else {
            String::new()
        };
        for uri in get("URIs").split_whitespace() {
            for name in get("Suites")
                .split_whitespace()
                .filter(|name| of_suite(name, suite))
            {
                out.push(format!("deb {option}{uri} {name} {}", get("Components")));
            }
        }
    }
    out
}

/// The machine's proxy settings as options of `apt-get` inside a root.
pub(crate) fn proxy_options() -> Vec<String> {
    let text = machine::output(Command::new("apt-config").arg("dump")).unwrap_or_default();
    text.lines()
        .filter(|line| line.to_ascii_lowercase().contains("proxy"))
        .filter_map(|line| {
            let (key, rest) = line.split_once(' ')?;
            let value = rest
                .split('"')
                .nth(1)
                .filter(|value| !value.is_empty() && !value.contains(' '))?;
            Some(["-o".to_owned(), format!("{key}={value}")])
        })
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_releases_own_sources_are_taken() {
        let text = "Types: deb deb-src\nURIs: http://one.test/debian\nSuites: bookworm bookworm-updates sid\n\
                    Components: main contrib\nSigned-By: /k.gpg\n\nTypes: deb\nURIs: http://two.test\n\
                    Suites: nodistro\nComponents: main\n";
        assert_eq!(
            stanzas(text, "bookworm"),
            [
                "deb [signed-by=/k.gpg] http://one.test/debian bookworm main contrib",
                "deb [signed-by=/k.gpg] http://one.test/debian bookworm-updates main contrib",
            ]
        );
        assert!(is_own(
            "deb [a=b c=d] http://one.test bookworm-security main",
            "bookworm"
        ));
        assert!(is_own("deb http://one.test bookworm main", "bookworm"));
        assert!(!is_own("deb http://two.test cloud-sdk-bookworm main", "bookworm"));
        assert!(!is_own("# deb http://one.test bookworm main", "bookworm"));
    }
}
