//! `apt_repository`: lines of apt's lists of sources.

use super::apt_get::quiet;
use crate::{
    host::{Command, Save},
    params::Raw,
    prelude::*,
};
use std::{fs, path::PathBuf, time::Duration};

/// Add or remove a repository in apt's lists of sources
///
/// One-line sources; for the newer format there is `deb822_repository`. `ppa:` names work on Ubuntu, the key has to be there.
#[derive(Params)]
pub struct AptRepository {
    /// Code name of the release, for `ppa:` names.
    codename: Option<String>,
    /// Name of the file in `sources.list.d`; without, made from the address.
    filename: Option<String>,
    /// No effect: nothing beside apt is needed.
    #[param(default = true, name = "install_python_apt")]
    _install_python_apt: bool,
    /// Permissions of a new file.
    mode: Option<Raw>,
    /// The line.
    #[param(required)]
    repo: String,
    /// Whether it must be there.
    #[param(default = "present", choices("absent", "present"))]
    state: String,
    /// Fetch the lists of packages after a change.
    #[param(default = true, alias = "update-cache")]
    update_cache: bool,
    /// How often that is tried.
    #[param(default = 5)]
    update_cache_retries: i64,
    /// Greatest number of seconds between two tries.
    #[param(default = 12)]
    update_cache_retry_max_delay: i64,
    /// No effect: addresses are left to apt.
    #[param(default = true, name = "validate_certs")]
    _validate_certs: bool,
}

const FOLDER: &str = "/etc/apt/sources.list.d";

/// A line without comment and superfluous blanks, if it is a source.
fn source(line: &str) -> Option<String> {
    let bare = line.split('#').next().unwrap_or("");
    let words: Vec<_> = bare.split_whitespace().collect();
    let ok = words.len() >= 3 && matches!(words.first(), Some(&("deb" | "deb-src")));
    ok.then(|| words.join(" "))
}

/// The name of the file for a source: of its address, blanks and signs as `_`.
fn file_name(line: &str) -> String {
    let mut rest = line.to_owned();
    if let (Some(open), Some(close)) = (rest.find('['), rest.find(']'))
        && open < close
    {
        rest.replace_range(open..=close, "");
    }
    let address = rest.split_whitespace().nth(1).unwrap_or("").to_owned();
    let address = address.split_once("://").map_or(address.as_str(), |(_, a)| a);
    let address = address.rsplit_once('@').map_or(address, |(_, a)| a);
    let mut out = String::new();
    for c in address.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    out.trim_matches('_').to_owned()
}

impl AptRepository {
    /// The line, a `ppa:` name spelt out.
    fn line(&self) -> Result<String, Failure> {
        if let Some(ppa) = self.repo.strip_prefix("ppa:") {
            let (owner, name) = ppa.split_once('/').unwrap_or((ppa, "ppa"));
            let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
            let code = text
                .lines()
                .find_map(|l| l.strip_prefix("VERSION_CODENAME="))
                .map(str::to_owned);
            let code = self.codename.clone().or(code).unwrap_or_default();
            return Ok(format!(
                "deb https://ppa.launchpadcontent.net/{owner}/{name}/ubuntu {code} main"
            ));
        }
        source(&self.repo).ok_or_else(|| Failure::new(format!("Invalid repository string: {}", self.repo)))
    }

    fn files() -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(FOLDER)
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.path())
            .collect();
        files.retain(|p| p.extension().is_some_and(|e| e == "list"));
        files.sort();
        files.insert(0, PathBuf::from("/etc/apt/sources.list"));
        files
    }

    fn update(&self, host: &mut Host<'_>) -> Result<(), Failure> {
        let program = host.need_program("apt-get", "apt")?;
        let c = quiet(Command::new(program).args(["-q", "-o", "APT::Update::Error-Mode=any", "update"]));
        let mut words = String::new();
        for attempt in 0..self.update_cache_retries.max(1) {
            let out = host.query(c.clone())?;
            if out.rc == 0 {
                return Ok(());
            }
            words = out.stderr_text();
            if attempt + 1 < self.update_cache_retries {
                let delay = 2_i64
                    .pow(u32::try_from(attempt).unwrap_or(5).min(5))
                    .min(self.update_cache_retry_max_delay);
                std::thread::sleep(Duration::from_secs(u64::try_from(delay).unwrap_or(0)));
            }
        }
        Err(Failure::new(format!(
            "Failed to update apt cache after {} retries: {}",
            self.update_cache_retries,
            words.trim()
        )))
    }
}

impl Module for AptRepository {
    const META: Meta = Meta {
        name: "ansible.builtin.apt_repository",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "repo",
                doc: "The line.",
            },
            Return {
                name: "sources_added",
                doc: "New files.",
            },
            Return {
                name: "sources_removed",
                doc: "Files that are gone.",
            },
        ],
        examples: &[Example {
            title: "Add a repository",
            args: r#"{"repo": "deb [signed-by=/etc/apt/keyrings/x.asc] https://repo.example.org/debian stable main"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let line = self.line()?;
        let mut before = Vec::new();
        for path in Self::files() {
            if let Ok(text) = fs::read_to_string(&path) {
                before.push((path, text));
            }
        }
        let holds = |text: &str| text.lines().any(|l| source(l).as_deref() == Some(&line));
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        let save = Save::default();
        if self.state == "present" && !before.iter().any(|(_, t)| holds(t)) {
            let name = match &self.filename {
                Some(name) if name.ends_with(".list") => name.clone(),
                Some(name) => format!("{name}.list"),
                None => format!("{}.list", file_name(&line)),
            };
            let path = if name.starts_with('/') {
                PathBuf::from(name)
            } else {
                PathBuf::from(FOLDER).join(name)
            };
            let old = before.iter().find(|(p, _)| *p == path).map(|(_, t)| t.clone());
            let mode = match (&old, &self.mode) {
                (_, Some(mode)) => mode.clone(),
                (None, None) => Raw(Value::str("0644")),
                (Some(_), None) => Raw(Value::None),
            };
            let attrs = FileAttrs {
                mode: Some(mode).filter(|m| !m.0.is_none()),
                ..FileAttrs::default()
            };
            if old.is_none() {
                added.push(path.to_string_lossy().into_owned());
            }
            let mut text = old.unwrap_or_default();
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text += &format!("{line}\n");
            host.write(&path, text.as_bytes(), &save, &attrs)?;
        } else if self.state == "absent" {
            for (path, text) in &before {
                if !holds(text) {
                    continue;
                }
                let rest: Vec<_> = text
                    .lines()
                    .filter(|l| source(l).as_deref() != Some(&line))
                    .collect();
                let main = path.ends_with("sources.list");
                if rest.iter().all(|l| l.trim().is_empty()) && !main {
                    removed.push(path.to_string_lossy().into_owned());
                    host.content_diff(path, Some(text.as_bytes()), b"");
                    host.remove(path)?;
                } else {
                    let rest = rest.join("\n") + "\n";
                    host.write(path, rest.as_bytes(), &save, &FileAttrs::default())?;
                }
            }
        }
        if host.changed()
            && self.update_cache
            && !host.check()
            && let Err(e) = self.update(host)
        {
            // A repository that does not work is not left behind.
            for path in &added {
                let _ = fs::remove_file(path);
            }
            for (path, text) in &before {
                if fs::read_to_string(path).ok().as_ref() != Some(text) {
                    let _ = fs::write(path, text);
                }
            }
            return Err(e);
        }
        let list = |items: Vec<String>| Value::list(items.into_iter().map(Value::str));
        Ok(Outcome::new()
            .with("repo", self.repo)
            .with("sources_added", list(added))
            .with("sources_removed", list(removed))
            .with("state", self.state))
    }
}

#[cfg(test)]
mod tests {
    use super::{file_name, source};

    #[test]
    fn lines_get_the_file_names_of_their_addresses() {
        for (line, name) in [
            ("deb http://x.example/debian stable main", "x_example_debian"),
            (
                "deb [arch=amd64 signed-by=/k] https://u:p@download.docker.com/linux/ubuntu jammy stable",
                "download_docker_com_linux_ubuntu",
            ),
        ] {
            assert_eq!(file_name(line), name);
        }
        assert_eq!(
            source("deb  http://a  b c # d").as_deref(),
            Some("deb http://a b c")
        );
        assert_eq!(source("# deb http://a b"), None);
    }
}
