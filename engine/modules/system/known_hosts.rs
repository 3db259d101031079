//! `known_hosts`: keys of SSH servers.

use crate::{
    files::{file_text as text, followed},
    host::Scratch,
    prelude::*,
};
use std::path::{Path, PathBuf};

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Present,
}

/// Keep the key of an SSH server in a file of known hosts
#[derive(Params)]
pub struct KnownHosts {
    /// Name of the server.
    #[param(required, alias = "host")]
    name: String,
    /// The line with name, kind and key, as `ssh-keyscan` prints it.
    key: Option<String>,
    /// The file.
    #[param(default = "~/.ssh/known_hosts")]
    path: PathBuf,
    /// Write the name so that it cannot be read.
    #[param(default = false)]
    hash_host: bool,
    /// Whether the key should be there; without `key`, `absent` removes all of the server's.
    #[param(default = "present")]
    state: State,
}

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    mark: String,
    names: String,
    kind: String,
    key: String,
}

impl Entry {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace().peekable();
        let mark = match words.peek() {
            Some(w) if w.starts_with('@') => words.next()?.to_owned(),
            _ => String::new(),
        };
        Some(Self {
            mark,
            names: words.next()?.to_owned(),
            kind: words.next()?.to_owned(),
            key: words.next()?.to_owned(),
        })
    }
}

/// What is in the file about the server.
struct Found {
    any: bool,
    replace: bool,
    line: Option<usize>,
}

impl KnownHosts {
    fn keygen(&self, host: &Host<'_>) -> Result<Command, Failure> {
        Ok(Command::new(host.need_program("ssh-keygen", "openssh-client")?))
    }

    /// The key's line with its name hashed.
    fn hashed(&self, host: &mut Host<'_>, name: &str, key: &str) -> Result<String, Failure> {
        let Some(entry) = Entry::parse(key) else {
            return Ok(key.to_owned());
        };
        if entry.names.starts_with("|1|") {
            return Ok(key.to_owned());
        }
        let scratch = Scratch::new()?;
        let line = format!("{name} {} {}\n", entry.kind, entry.key);
        let file = scratch.write("known_hosts", line.as_bytes())?;
        host.query(self.keygen(host)?.args(["-H", "-f"]).path(&file))?
            .success("ssh-keygen failed to hash host")?;
        Ok(String::from_utf8_lossy(&host.read(&file)?).into_owned())
    }

    /// The key must be one, and one of this server.
    fn check(&self, host: &mut Host<'_>, name: &str, key: Option<&str>) -> Result<(), Failure> {
        let Some(key) = key else { return Ok(()) };
        if name.contains(',') {
            return Err("Comma separated list of names is not supported. Please pass a single name to lookup in the known_hosts file.".into());
        }
        let scratch = Scratch::new()?;
        let file = scratch.write("known_hosts", key.as_bytes())?;
        let found = host.query(self.keygen(host)?.args(["-F", name, "-f"]).path(&file))?;
        if found.stdout_text().is_empty() {
            return Err("Host parameter does not match hashed host field in supplied key".into());
        }
        Ok(())
    }

    fn search(
        &self,
        host: &mut Host<'_>,
        name: &str,
        key: Option<&str>,
        path: &Path,
    ) -> Result<Found, Failure> {
        let mut found = Found {
            any: false,
            replace: false,
            line: None,
        };
        if !path.exists() {
            return Ok(found);
        }
        let out = host.query(self.keygen(host)?.args(["-F", name, "-f"]).path(path))?;
        let listing = out.stdout_text();
        if listing.is_empty() && out.stderr.is_empty() {
            return Ok(found);
        }
        if out.rc != 0 && out.rc != 1 {
            return Err(Failure::new(format!(
                "ssh-keygen failed (rc={}, stdout='{listing}',stderr='{}')",
                out.rc,
                out.stderr_text()
            )));
        }
        let Some(new) = key.and_then(Entry::parse) else {
            found.any = !listing.is_empty();
            return Ok(found);
        };
        let mut number = 0;
        for line in listing.lines().filter(|l| !l.is_empty()) {
            if line.starts_with('#') {
                let after = line
                    .split("line ")
                    .nth(1)
                    .and_then(|r| r.split_whitespace().next());
                number = after.and_then(|n| n.trim_matches(',').parse().ok()).unwrap_or(0);
                continue;
            }
            let Some(old) = Entry::parse(line) else { continue };
            found.any = true;
            let hashed = old.names.starts_with("|1|");
            let same_names = if self.hash_host {
                hashed
            } else {
                old.names == new.names
            };
            let same = old.kind == new.kind && old.mark == new.mark && old.key == new.key && same_names;
            // Authorities and revoked keys of the same kind may be several.
            if same || old.kind == new.kind && old.mark.is_empty() {
                return Ok(Found {
                    any: true,
                    replace: !same,
                    line: Some(number),
                });
            }
        }
        found.replace = found.any;
        Ok(found)
    }
}

impl Module for KnownHosts {
    const META: Meta = Meta {
        name: "ansible.builtin.known_hosts",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[],
        examples: &[Example {
            title: "The key of a server",
            args: r#"{"name": "git.example.org", "key": "git.example.org ssh-ed25519 AAAAC3Nz"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let name = self.name.to_lowercase();
        let path = PathBuf::from(crate::host::expand(&self.path.to_string_lossy()));
        let present = self.state == State::Present;
        let mut key = self.key.clone().filter(|k| !k.is_empty());
        if key.is_none() && present {
            return Err("No key specified when adding a host".into());
        }
        if let Some(line) = key.as_ref().filter(|_| self.hash_host) {
            key = Some(self.hashed(host, &name, line)?);
        }
        if let Some(line) = key.as_mut().filter(|k| !k.ends_with('\n')) {
            line.push('\n');
        }
        self.check(host, &name, key.as_deref())?;
        let found = self.search(host, &name, key.as_deref(), &path)?;
        let file = followed(&path);
        let old = if file.exists() {
            host.read(&file)?
        } else {
            Vec::new()
        };
        let old = String::from_utf8_lossy(&old).into_owned();
        let outcome = Outcome::new()
            .with("name", self.name.clone())
            .with("key", self.key.clone())
            .with("path", text(&path))
            .with("hash_host", self.hash_host)
            .with("state", if present { "present" } else { "absent" });
        let nothing = !present && key.is_some() && found.line.is_none();
        let mut changed = !nothing && (found.replace && present || found.any != present);
        let whole = !present && key.is_none() && found.any;
        let mut new = old.clone();
        let before_header = if file.exists() {
            text(&path)
        } else {
            "/dev/null".to_owned()
        };
        if whole {
            // Hashed names can only be found by the program.
            changed = true;
            host.mark_changed();
            if !host.check() {
                let out = host.query(self.keygen(host)?.args(["-R", &name, "-f"]).path(&file))?;
                out.success("ssh-keygen failed to remove host")?;
            }
        } else if changed {
            let skip = found.line.filter(|_| found.replace || !present);
            new = old
                .split_inclusive('\n')
                .enumerate()
                .filter(|(n, _)| Some(n + 1) != skip)
                .map(|(_, l)| l)
                .collect();
            if present {
                if !new.is_empty() && !new.ends_with('\n') {
                    new.push('\n');
                }
                new.push_str(key.as_deref().unwrap_or_default());
            }
            if !host.check() && file.parent().is_some_and(|f| !f.exists()) {
                return Err(Failure::new(format!(
                    "Failed to write to file {}: the folder does not exist",
                    path.display()
                )));
            }
            host.write(&file, new.as_bytes(), &Save::default(), &FileAttrs::default())?;
        }
        let diff = Map::from_iter([
            ("before_header", before_header),
            ("after_header", text(&path)),
            ("before", old),
            ("after", new),
        ]);
        let outcome = if host.check() && !nothing {
            Outcome::new()
        } else {
            outcome
        };
        Ok(outcome.with("diff", diff).changed(changed))
    }
}

#[cfg(test)]
mod tests {
    use super::Entry;

    #[test]
    fn lines_are_read_with_marks() {
        let e = Entry::parse("@revoked a,b ssh-rsa AAAA comment").unwrap();
        assert_eq!(
            (e.mark.as_str(), e.names.as_str(), e.key.as_str()),
            ("@revoked", "a,b", "AAAA")
        );
        assert!(Entry::parse("a ssh-rsa").is_none());
    }
}
