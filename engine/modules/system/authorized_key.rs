//! `authorized_key`: keys that may log in.

use crate::{
    files::{file_text as text, followed},
    host::Scratch,
    params::Raw,
    prelude::*,
};
use rustix::fs::{AtFlags, CWD, Gid, Mode, Uid, chmodat, chownat};
use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Present,
}

/// Allow SSH keys to log in as a user, or forbid it
#[derive(Params)]
pub struct AuthorizedKey {
    /// The user.
    #[param(required)]
    user: String,
    /// The keys, one a line, or the address of a file with them.
    #[param(required)]
    key: String,
    /// The file; without, the one in the user's home.
    path: Option<PathBuf>,
    /// Make the folder of the file and set its owner and permissions.
    #[param(default = true)]
    manage_dir: bool,
    /// Whether the keys should be there.
    #[param(default = "present")]
    state: State,
    /// Options before the key.
    key_options: Option<String>,
    /// Remove all other keys.
    #[param(default = false)]
    exclusive: bool,
    /// Check certificates when `key` is an address.
    #[param(default = true)]
    validate_certs: bool,
    /// Comment after the key.
    comment: Option<String>,
    /// Edit the target of a link instead of replacing the link.
    #[param(default = false)]
    follow: bool,
}

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    options: Vec<String>,
    kind: String,
    key: String,
    comment: String,
}

const KINDS: &[&str] = &[
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "sk-ssh-ed25519@openssh.com",
    "sk-ssh-ed25519-cert-v01@openssh.com",
    "ssh-ed25519",
    "ssh-ed25519-cert-v01@openssh.com",
    "ssh-dss",
    "ssh-rsa",
    "ssh-xmss@openssh.com",
    "ssh-xmss-cert-v01@openssh.com",
    "rsa-sha2-256",
    "rsa-sha2-512",
    "ssh-rsa-cert-v01@openssh.com",
    "rsa-sha2-256-cert-v01@openssh.com",
    "rsa-sha2-512-cert-v01@openssh.com",
    "ssh-dss-cert-v01@openssh.com",
];

/// Text split outside of quotes.
fn split(text: &str, at: char) -> Vec<String> {
    let (mut parts, mut part, mut quoted, mut escaped) = (Vec::new(), String::new(), false, false);
    for c in text.chars() {
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = c == '\\' && !escaped;
        if c == at && !quoted {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(c);
        }
    }
    parts.push(part);
    parts.retain(|p| !p.is_empty());
    parts
}

fn options(text: &str) -> Vec<String> {
    split(text, ',')
        .into_iter()
        .map(|o| o.trim().to_owned())
        .collect()
}

impl Key {
    fn parse(line: &str) -> Option<Self> {
        let line = line.trim().replace('\t', " ");
        let words = split(&line, ' ');
        let at = words.iter().position(|w| KINDS.contains(&w.as_str()))?;
        Some(Self {
            options: options(&words.get(..at)?.join(" ")),
            kind: words.get(at)?.clone(),
            key: words.get(at + 1)?.clone(),
            comment: words.get(at + 2..).unwrap_or_default().join(" "),
        })
    }

    fn line(&self) -> String {
        let options = if self.options.is_empty() {
            String::new()
        } else {
            format!("{} ", self.options.join(","))
        };
        format!("{options}{} {} {}\n", self.kind, self.key, self.comment)
    }
}

/// What a line holds: a key, or something that is left as it is.
#[derive(Clone, PartialEq, Eq)]
enum Line {
    Key(Key),
    Other(String),
}

fn parse(content: &str) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::new();
    for line in content.lines() {
        let line = match Key::parse(line).filter(|_| !line.trim_start().starts_with('#')) {
            Some(key) => Line::Key(key),
            None => Line::Other(line.to_owned()),
        };
        if let Line::Key(key) = &line {
            // The last of equal keys counts.
            out.retain(|l| !matches!(l, Line::Key(k) if k.key == key.key));
        }
        out.push(line);
    }
    out
}

fn serialize(lines: &[Line]) -> String {
    lines
        .iter()
        .map(|l| match l {
            Line::Key(key) => key.line(),
            Line::Other(text) => format!("{text}\n"),
        })
        .collect()
}

impl AuthorizedKey {
    /// The lines after the edit, and whether they differ.
    fn edit(&self, lines: &mut Vec<Line>, keys: &str) -> Result<bool, Failure> {
        let (mut changed, mut wanted) = (false, Vec::new());
        for line in keys.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
            let Some(mut key) = Key::parse(line) else {
                return Err(Failure::new(format!("invalid key specified: {line}")));
            };
            if let Some(text) = &self.key_options {
                key.options = options(text);
            }
            if let Some(comment) = &self.comment {
                key.comment.clone_from(comment);
            }
            let at = lines
                .iter()
                .position(|l| matches!(l, Line::Key(k) if k.key == key.key));
            let there = at.and_then(|n| lines.get(n)).cloned();
            wanted.push(key.key.clone());
            match (self.state, at) {
                (State::Present, _) if there == Some(Line::Key(key.clone())) => {}
                (State::Present, at) => {
                    if let Some(n) = at {
                        lines.remove(n);
                    }
                    lines.push(Line::Key(key));
                    changed = true;
                }
                (State::Absent, Some(n)) => {
                    lines.remove(n);
                    changed = true;
                }
                (State::Absent, None) => {}
            }
        }
        if self.state == State::Present && self.exclusive {
            let before = lines.len();
            lines.retain(|l| matches!(l, Line::Key(k) if wanted.contains(&k.key)));
            changed |= lines.len() != before;
        }
        Ok(changed)
    }

    /// Makes folder and file, owned by the user.
    fn prepare(&self, host: &mut Host<'_>, file: &Path, uid: u32, gid: u32) -> Result<(), Failure> {
        if host.check() {
            return Ok(());
        }
        let own = |path: &Path, mode: u32| -> Result<(), Failure> {
            let done = chownat(
                CWD,
                path,
                Some(Uid::from_raw(uid)),
                Some(Gid::from_raw(gid)),
                AtFlags::empty(),
            )
            .and_then(|()| chmodat(CWD, path, Mode::from_raw_mode(mode), AtFlags::empty()));
            done.map_err(|e| Failure::new(format!("could not set owner of {}: {e}", path.display())))
        };
        let folder = file.parent().unwrap_or(Path::new("/"));
        if self.manage_dir {
            // Only the last folder is made: a wrong path must not grow a tree that belongs to the user.
            if let Some(above) = folder.parent().filter(|a| !a.exists()) {
                return Err(Failure::new(format!(
                    "Failed to create directory {}: there is no folder {}",
                    folder.display(),
                    above.display()
                )));
            }
            host.make_directory(folder)?;
            own(folder, 0o700)?;
        }
        host.make_empty(file)?;
        own(file, 0o600)?;
        Ok(())
    }
}

impl Module for AuthorizedKey {
    const META: Meta = Meta {
        name: "ansible.posix.authorized_key",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "exclusive",
                doc: "The argument.",
            },
            Return {
                name: "key_options",
                doc: "The argument.",
            },
            Return {
                name: "manage_dir",
                doc: "The argument.",
            },
            Return {
                name: "path",
                doc: "The argument.",
            },
            Return {
                name: "state",
                doc: "The argument.",
            },
            Return {
                name: "user",
                doc: "The argument.",
            },
            Return {
                name: "validate_certs",
                doc: "The argument.",
            },
            Return {
                name: "key",
                doc: "The keys.",
            },
            Return {
                name: "keyfile",
                doc: "The file.",
            },
        ],
        examples: &[Example {
            title: "A key of the admin",
            args: r#"{"user": "admin", "key": "ssh-ed25519 AAAAC3Nz admin@home"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let user = host.accounts().user(&self.user);
        let file = match (&self.path, &user) {
            (Some(path), user) if user.is_some() || host.check() => path.clone(),
            (None, Some(user)) => Path::new(&user.home).join(".ssh/authorized_keys"),
            (None, None) if host.check() => {
                return Err(
                    "Either user must exist or you must provide full path to key file in check mode".into(),
                );
            }
            _ => {
                let name = &self.user;
                return Err(Failure::new(format!(
                    "Failed to lookup user {name}: \"getpwnam(): name not found: '{name}'\""
                )));
            }
        };
        let named = text(&file);
        let file = if self.follow { followed(&file) } else { file };
        let mut keys = self.key.clone();
        if keys.starts_with("http") || keys.starts_with("file") {
            let folder = Scratch::new()?;
            let path = folder.join("keys");
            let fetched = crate::net::http::download(host, &keys, &path, self.validate_certs)
                .and_then(|_| host.read(&path));
            keys =
                String::from_utf8_lossy(&fetched.map_err(|f| {
                    Failure::new(format!("Error getting key from: {}: {}", self.key, f.message))
                })?)
                .into_owned();
        }
        let old = match host.stat(&file)? {
            Some(_) => String::from_utf8_lossy(&host.read(&file)?).into_owned(),
            None => String::new(),
        };
        let mut lines = parse(&old);
        let changed = self.edit(&mut lines, &keys)?;
        if changed {
            if let Some(user) = &user {
                self.prepare(host, &file, user.uid, user.gid)?;
            }
            let save = Save::default();
            // A link is replaced by a file with the attributes of the one it led to.
            let old_file = host.stat(&file)?.filter(|_| file.is_symlink());
            let attrs = old_file.map_or_else(FileAttrs::default, |m| FileAttrs {
                owner: Some(m.uid().to_string()),
                group: Some(m.gid().to_string()),
                mode: Some(Raw(format!("{:04o}", m.mode() & 0o7777).into())),
                ..FileAttrs::default()
            });
            host.content_diff(&file, Some(old.as_bytes()), serialize(&lines).as_bytes());
            host.mark_changed();
            if !host.check() {
                host.replace(&file, &mut serialize(&lines).as_bytes(), &save, &attrs)?;
            }
        }
        Ok(Outcome::new()
            .with("user", self.user)
            .with("key", self.key)
            .with("path", self.path.as_deref().map(text))
            .with("manage_dir", self.manage_dir)
            .with(
                "state",
                if self.state == State::Present {
                    "present"
                } else {
                    "absent"
                },
            )
            .with("key_options", self.key_options)
            .with("exclusive", self.exclusive)
            .with("comment", self.comment)
            .with("follow", self.follow)
            .with("validate_certs", self.validate_certs)
            .with("keyfile", named)
            .changed(changed))
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, parse, serialize};

    #[test]
    fn keys_are_read_with_options_in_quotes() {
        let line = r#"from="10.0.0.1,x",command="echo \"a b\" ssh-rsa",no-pty ssh-rsa AAAA me and you"#;
        let key = Key::parse(line).unwrap();
        assert_eq!(key.options.len(), 3);
        assert_eq!(
            (key.kind.as_str(), key.key.as_str(), key.comment.as_str()),
            ("ssh-rsa", "AAAA", "me and you")
        );
        assert_eq!(key.line().trim_end(), line);
        assert!(Key::parse("nothing AAAA").is_none() && Key::parse("ssh-rsa").is_none());
    }

    #[test]
    fn other_lines_stay() {
        let text = "# comment\n\nssh-rsa A b\nssh-rsa A c\n";
        assert_eq!(serialize(&parse(text)), "# comment\n\nssh-rsa A c\n");
    }
}
