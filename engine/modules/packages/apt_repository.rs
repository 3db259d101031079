//! `apt_repository`: lines of apt's lists of sources.

use super::{
    apt_lists,
    apt_sources::{Files, Line, suggested_name},
    fetched::Fetched,
};
use crate::{host::Save, params::Raw, prelude::*};
use kdo_value::json;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Add or remove a repository in apt's lists of sources
///
/// One-line sources; for the newer format there is `deb822_repository`. A repository that is there but commented out is
/// used again. For `ppa:` names the key is fetched from Ubuntu's key server; that is not tried out for real.
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
    /// Whether the server's certificate is checked where a key is fetched.
    #[param(default = true)]
    validate_certs: bool,
}

/// Seconds to wait for other programs that fetch the lists.
const LOCK_TIMEOUT: i64 = 60;

/// Where keys of `ppa:` repositories are kept.
const KEYS: &str = "/etc/apt/trusted.gpg.d";

/// Owner and name of a `ppa:` repository.
fn ppa(repo: &str) -> Option<(&str, &str)> {
    let path = repo.strip_prefix("ppa:")?;
    let (owner, rest) = path.split_once('/').unwrap_or((path, "ppa"));
    Some((owner, rest.split('/').next().unwrap_or(rest)))
}

/// The code name of this host's release.
fn codename() -> String {
    let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let field = |key: &str| text.lines().find_map(|l| l.strip_prefix(key));
    field("VERSION_CODENAME=")
        .unwrap_or_default()
        .trim_matches('"')
        .to_owned()
}

impl AptRepository {
    /// The source, and the name of the file for it.
    fn source(&self) -> Result<(String, String), Failure> {
        let (source, name) = match ppa(&self.repo) {
            Some((owner, name)) => {
                let code = self.codename.clone().unwrap_or_else(codename);
                let address = "https://ppa.launchpadcontent.net";
                let source = format!("deb {address}/{owner}/{name}/ubuntu {code} main");
                (source, suggested_name(&format!("{}_{code}", self.repo)))
            }
            None => {
                let line = Line::parse(&self.repo);
                if !line.valid || !line.enabled {
                    return Err(Failure::new(format!("Invalid repository string: {}", self.repo)));
                }
                let name = suggested_name(&line.source);
                (line.source, name)
            }
        };
        Ok((
            source,
            format!("{}.list", self.filename.as_ref().unwrap_or(&name)),
        ))
    }

    /// Makes apt trust the key of a `ppa:` repository.
    fn trust(&self, host: &mut Host<'_>, owner: &str, name: &str) -> Result<(), Failure> {
        let path = Path::new(KEYS).join(format!("{owner}-{name}.asc"));
        if path.exists() || host.check() {
            return Ok(());
        }
        let about = format!("https://api.launchpad.net/1.0/~{owner}/+archive/{name}");
        let bytes = Fetched::get(host, &about, self.validate_certs)?.bytes()?;
        let fingerprint = json::read(&String::from_utf8_lossy(&bytes))
            .ok()
            .and_then(|v| v.as_map()?.get("signing_key_fingerprint"))
            .ok_or_else(|| Failure::new(format!("failed to fetch PPA information from {about}")))?;
        let url = format!(
            "https://keyserver.ubuntu.com/pks/lookup?op=get&options=mr&search=0x{}",
            fingerprint.to_text()
        );
        let key = Fetched::get(host, &url, self.validate_certs)?.bytes()?;
        host.replace(
            &path,
            &mut io::Cursor::new(key),
            &Save::default(),
            &FileAttrs::default(),
        )
    }

    /// Writes the files that differ.
    fn save(&self, host: &mut Host<'_>, before: &Files, after: &Files) -> Result<(), Failure> {
        for path in before.paths().union(&after.paths()) {
            let (old, new) = (before.text(path), after.text(path));
            if old == new {
                continue;
            }
            let attrs = FileAttrs {
                mode: self.mode.clone().filter(|m| old.is_none() && !m.0.is_none()),
                ..FileAttrs::default()
            };
            match new {
                Some(text) => {
                    if let Some(folder) = path.parent().filter(|f| !f.exists()) {
                        host.make_directory(folder)?;
                    }
                    let target = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
                    host.replace(&target, &mut io::Cursor::new(text), &Save::default(), &attrs)?;
                }
                None => {
                    host.remove(path)?;
                }
            }
        }
        Ok(())
    }
}

/// The differences of all files.
fn diff(before: &Files, after: &Files) -> Value {
    let mut out = Vec::new();
    for path in before.paths().union(&after.paths()) {
        let (old, new) = (before.text(path), after.text(path));
        if old == new {
            continue;
        }
        let header = |text: &Option<String>| match text {
            Some(_) => path.to_string_lossy().into_owned(),
            None => "/dev/null".to_owned(),
        };
        let map = Map::new();
        map.insert("before_header", header(&old));
        map.insert("after_header", header(&new));
        map.insert("before", old.unwrap_or_default());
        map.insert("after", new.unwrap_or_default());
        out.push(map.into());
    }
    List::new(out).into()
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
        if self.repo.is_empty() {
            return Err(Failure::new("Please set argument 'repo' to a non-empty value"));
        }
        let (source, name) = self.source()?;
        let before = Files::read()?;
        let mut after = before.clone();
        if self.state == "present" {
            if let Some((owner, name)) = ppa(&self.repo)
                && !before.has(&source)
            {
                self.trust(host, owner, name)?;
            }
            after.add(&source, Files::place(&name));
        } else {
            after.remove(&source);
        }
        let changed = before != after;
        let missing = |of: &Files, among: &Files| -> Value {
            let gone = of
                .paths()
                .difference(&among.paths())
                .cloned()
                .collect::<Vec<PathBuf>>();
            Value::list(gone.iter().map(|p| Value::str(p.to_string_lossy())))
        };
        if changed && !host.check() {
            self.save(host, &before, &after)?;
            if self.update_cache
                && let Err(e) = apt_lists::fetch(
                    host,
                    self.update_cache_retries,
                    self.update_cache_retry_max_delay,
                    LOCK_TIMEOUT,
                )
            {
                // A repository that does not work is not left behind.
                self.save(host, &after, &before)?;
                return Err(e);
            }
        }
        Ok(Outcome::new()
            .changed(changed)
            .with("repo", self.repo)
            .with("sources_added", missing(&after, &before))
            .with("sources_removed", missing(&before, &after))
            .with("state", self.state)
            .with(
                "diff",
                if host.wants_diff() {
                    diff(&before, &after)
                } else {
                    List::new(Vec::new()).into()
                },
            ))
    }
}

#[cfg(test)]
mod tests {
    use super::ppa;

    #[test]
    fn ppas_have_an_owner_and_a_name() {
        assert_eq!(ppa("ppa:nginx/stable"), Some(("nginx", "stable")));
        assert_eq!(ppa("ppa:ansible"), Some(("ansible", "ppa")));
        assert_eq!(ppa("deb http://a b c"), None);
    }
}
