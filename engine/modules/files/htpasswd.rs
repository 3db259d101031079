//! `htpasswd`: users and passwords of web servers.

use super::edit::apply_attributes;
use crate::prelude::*;
use kdo_crypt::{Scheme, hash, sha1_sum, verify};
use std::{fs::File, io::Read, path::PathBuf};

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum State {
    Present,
    Absent,
}

/// Keep users and their passwords in a file for Apache, nginx and the like
#[derive(Params)]
pub struct Htpasswd {
    /// The file.
    #[param(required, alias = "dest", alias = "destfile")]
    path: PathBuf,
    /// The user.
    #[param(required, alias = "username")]
    name: String,
    /// The password; it must be given for `present`.
    #[param(no_log)]
    password: Option<String>,
    /// How a new password is hashed: `apr_md5_crypt`, `bcrypt`, `ldap_sha1`, `md5_crypt`, `sha256_crypt`, `sha512_crypt` or
    /// `plaintext`. One that is right already keeps its hash.
    #[param(default = "apr_md5_crypt", alias = "crypt_scheme")]
    hash_scheme: String,
    /// Whether the user should be there.
    #[param(default = "present")]
    state: State,
    /// Make the file if it is missing.
    #[param(default = true)]
    create: bool,
    /// Write into the existing file where it cannot be replaced in one step.
    #[param(default = false)]
    unsafe_writes: bool,
    #[param(flatten)]
    attrs: FileAttrs,
}

const SALT: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Random letters.
fn salt(length: usize) -> Result<String, Failure> {
    let mut bytes = vec![0; length];
    File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut bytes))
        .map_err(|e| Failure::new(format!("no random numbers for a salt: {e}")))?;
    let letter = |b: &u8| SALT.get(usize::from(b & 63)).map(|l| char::from(*l));
    Ok(bytes.iter().filter_map(letter).collect())
}

fn hashed(scheme: &str, password: &str) -> Result<String, Failure> {
    let scheme = match scheme {
        "plaintext" => return Ok(password.to_owned()),
        "ldap_sha1" => return Ok(format!("{{SHA}}{}", sha1_sum(password))),
        "apr_md5_crypt" => Scheme::Apr1,
        "md5_crypt" => Scheme::Md5,
        "sha256_crypt" => Scheme::Sha256,
        "sha512_crypt" => Scheme::Sha512,
        "bcrypt" => Scheme::Bcrypt,
        other => {
            return Err(Failure::new(format!(
                "the hash scheme {other} is not known; use bcrypt, apr_md5_crypt, sha256_crypt, sha512_crypt, md5_crypt, ldap_sha1 or plaintext"
            )));
        }
    };
    Ok(hash(scheme, password, &salt(scheme.salt_size())?, None, None)?)
}

/// The user and the hash in a line.
fn entry(line: &str) -> Option<(&str, &str)> {
    if line.starts_with('#') {
        return None;
    }
    line.split_once(':')
}

impl Htpasswd {
    /// The content with the user (or without) in place of the old one, without empty lines; the message of it, or
    /// `None` for nothing to do.
    fn edit(&self, old: &str) -> Result<Option<(String, String)>, Failure> {
        let lines = old.lines().filter(|l| !l.trim().is_empty());
        let is_user = |line: &str| entry(line).is_some_and(|(name, _)| name == self.name);
        let mut kept: Vec<String> = lines.map(str::to_owned).collect();
        let at = kept.iter().position(|l| is_user(l));
        if self.state == State::Absent {
            if at.is_none() {
                return Ok(None);
            }
            kept.retain(|l| !is_user(l));
            return Ok(Some((joined(&kept), format!("Remove {}", self.name))));
        }
        let password = self
            .password
            .as_deref()
            .ok_or("a password is needed for state=present")?;
        if self.name.contains([':', '\n', '\r', '\t']) || self.name.is_empty() || self.name.len() > 255 {
            return Err("a user name may have at most 255 letters, and no colon or blank line in it".into());
        }
        let now = at.and_then(|at| kept.get(at)).and_then(|line| entry(line));
        if now.is_some_and(|(_, hash)| verify(password, hash.split(':').next().unwrap_or(hash).trim_end())) {
            return Ok(None);
        }
        let line = format!("{}:{}", self.name, hashed(&self.hash_scheme, password)?);
        match at.and_then(|at| kept.get_mut(at)) {
            Some(old) => *old = line,
            None => kept.push(line),
        }
        Ok(Some((joined(&kept), format!("Add/update {}", self.name))))
    }
}

fn joined(lines: &[String]) -> String {
    lines.iter().map(|l| format!("{l}\n")).collect()
}

impl Module for Htpasswd {
    const META: Meta = Meta {
        name: "community.general.htpasswd",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[Return {
            name: "msg",
            doc: "What was done.",
        }],
        examples: &[Example {
            title: "A user of the monitoring pages",
            args: r#"{"path": "{dir}/passwords", "name": "alice", "password": "wonderland", "hash_scheme": "bcrypt", "mode": "0640"}"#,
            given: &[("passwords", "bob:{SHA}qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\n")],
            then: &[],
            changed: true,
            runs: true,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let path = self.path.display();
        let old = host
            .stat(&self.path)?
            .map(|_| host.read(&self.path))
            .transpose()?;
        let missing = old.is_none();
        if missing && self.state == State::Absent {
            host.warn(format!("{path} does not exist"));
            return Ok(Outcome::new().with("msg", format!("{} not present", self.name)));
        }
        if missing && !self.create {
            return Err(Failure::new(format!("Destination {path} does not exist")));
        }
        let text = String::from_utf8(old.unwrap_or_default())
            .map_err(|_| Failure::new(format!("{path} is not UTF-8")))?;
        let mut message = match self.edit(&text)? {
            None if self.state == State::Absent => format!("{} not present", self.name),
            None => format!("{} already present", self.name),
            Some((new, message)) => {
                host.mark_changed();
                if !host.check() {
                    if let Some(folder) = self.path.parent().filter(|f| !f.as_os_str().is_empty()) {
                        host.make_directory(folder)?;
                    }
                    let save = Save {
                        unsafe_writes: self.unsafe_writes,
                        ..Save::default()
                    };
                    let target = super::file::resolve(&self.path);
                    host.replace(&target, &mut new.as_bytes(), &save, &FileAttrs::default())?;
                }
                match (missing, host.check()) {
                    (false, _) => message,
                    (true, true) => format!("Create {path}"),
                    (true, false) => format!("Created {path} and added {}", self.name),
                }
            }
        };
        if self.path.exists() {
            let (noted, changed) = ((Map::new(), Map::new()), host.changed());
            let mut words = String::new();
            apply_attributes(&self.path, &self.attrs, &mut words, host, &noted.0, &noted.1)?;
            if changed && !words.is_empty() {
                message.push_str(" and ");
            }
            message.push_str(&words);
        }
        Ok(Outcome::new().with("msg", message))
    }
}
