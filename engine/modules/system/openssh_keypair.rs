//! `openssh_keypair`: key pairs for SSH.

use super::keygen::{KeyFacts, Keygen, PublicKey};
use crate::{params::Raw, prelude::*};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum State {
    Present,
    Absent,
}

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum KeyType {
    Rsa,
    Dsa,
    Rsa1,
    Ecdsa,
    Ed25519,
}

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum Regenerate {
    Never,
    Fail,
    PartialIdempotence,
    FullIdempotence,
    Always,
}

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum Format {
    Auto,
    Pkcs1,
    Pkcs8,
    Ssh,
}

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum Backend {
    Auto,
    Cryptography,
    Opensshbin,
}

impl KeyType {
    fn name(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::Dsa => "dsa",
            Self::Rsa1 => "rsa1",
            Self::Ecdsa => "ecdsa",
            Self::Ed25519 => "ed25519",
        }
    }
}

/// Make key pairs for SSH
#[derive(Params)]
pub struct OpensshKeypair {
    /// The file of the private key; the public key lies beside it, with `.pub`.
    #[param(required)]
    path: PathBuf,
    /// Whether the pair should be there.
    #[param(default = "present")]
    state: State,
    /// Bits of the key: 4096 for RSA, 256 for ECDSA and 1024 for DSA if not given; Ed25519 has one size.
    size: Option<i64>,
    /// The type of the key.
    #[param(name = "type", default = "rsa")]
    kind: KeyType,
    /// Make the pair anew even if it is right; the same as `regenerate: always`.
    #[param(default = false)]
    force: bool,
    /// The comment in the public key.
    comment: Option<String>,
    /// The passphrase of the private key.
    #[param(no_log)]
    passphrase: Option<String>,
    /// The format of the private key; `auto` leaves it to the program, and leaves existing keys as they are.
    #[param(default = "auto")]
    private_key_format: Format,
    /// Taken for compatibility: keys are always made by the host's ssh-keygen.
    #[param(default = "auto")]
    backend: Backend,
    /// When an existing pair is made anew: `never`; not, but `fail` if type or size are wrong; if they are wrong but the key can
    /// be read (`partial_idempotence`); if they are wrong or it cannot be read (`full_idempotence`); `always`.
    #[param(default = "partial_idempotence")]
    regenerate: Regenerate,
    /// Write into the existing file where it cannot be replaced in one step.
    #[param(default = false)]
    unsafe_writes: bool,
    #[param(flatten)]
    attrs: FileAttrs,
}

/// What is there of a pair.
#[derive(Default)]
struct Pair {
    private: Option<KeyFacts>,
    public: Option<PublicKey>,
}

impl OpensshKeypair {
    fn bits(&self) -> Result<i64, Failure> {
        let (default, right, rule): (i64, fn(i64) -> bool, &str) = match self.kind {
            KeyType::Rsa | KeyType::Rsa1 => (4096, |b| b >= 1024, "RSA keys have at least 1024 bits"),
            KeyType::Dsa => (1024, |b| b == 1024, "DSA keys have exactly 1024 bits"),
            KeyType::Ecdsa => (
                256,
                |b| matches!(b, 256 | 384 | 521),
                "ECDSA keys have 256, 384 or 521 bits",
            ),
            KeyType::Ed25519 => return Ok(256),
        };
        let bits = self.size.unwrap_or(default);
        match right(bits) {
            true => Ok(bits),
            false => Err(Failure::new(format!("{rule}; `size` is {bits}"))),
        }
    }

    fn regenerate(&self) -> Regenerate {
        match self.force {
            true => Regenerate::Always,
            false => self.regenerate,
        }
    }

    fn public_path(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".pub");
        name.into()
    }

    fn load(&self, host: &mut Host<'_>, keygen: &Keygen) -> Result<Pair, Failure> {
        Ok(Pair {
            private: match self.path.exists() {
                true => keygen.facts(host, &self.path)?,
                false => None,
            },
            public: fs::read_to_string(self.public_path())
                .ok()
                .and_then(|text| PublicKey::parse(&text)),
        })
    }

    /// Type, size and format are as asked for.
    fn fits(&self, key: &KeyFacts, bits: i64) -> bool {
        let header = fs::File::open(&self.path).and_then(|file| {
            let mut line = String::new();
            BufReader::new(file).read_line(&mut line)?;
            Ok(line)
        });
        let begins = |with: &str| header.as_ref().is_ok_and(|line| line.trim_end() == with);
        let format = match self.private_key_format {
            Format::Auto => true,
            Format::Ssh => begins("-----BEGIN OPENSSH PRIVATE KEY-----"),
            Format::Pkcs8 => begins("-----BEGIN PRIVATE KEY-----"),
            Format::Pkcs1 => begins("-----BEGIN RSA PRIVATE KEY-----"),
        };
        format && key.bits == bits && key.kind == self.kind.name()
    }

    /// Whether a new pair is to be made.
    fn wants_new(&self, key: Option<&KeyFacts>, bits: i64) -> Result<bool, Failure> {
        let Some(key) = key else { return Ok(true) };
        let fits = self.fits(key, bits);
        match self.regenerate() {
            Regenerate::Never => Ok(false),
            Regenerate::Always => Ok(true),
            Regenerate::Fail if !fits => Err(
                "Key has wrong type and/or size. Will not proceed. To make it anew, set \
                 `regenerate` to `partial_idempotence`, `full_idempotence` or `always`, or `force: true`."
                    .into(),
            ),
            _ => Ok(!fits),
        }
    }

    /// Puts a file in its place: with the attributes of the one that was there, else with `mode`.
    fn place(&self, host: &mut Host<'_>, path: &Path, content: &[u8], mode: i64) -> Result<(), Failure> {
        let save = Save {
            unsafe_writes: self.unsafe_writes,
            ..Save::default()
        };
        let attrs = FileAttrs {
            mode: (!path.exists()).then_some(Raw(Value::Int(mode))),
            ..FileAttrs::default()
        };
        host.quietly(|host| host.replace(path, &mut &*content, &save, &attrs))
    }

    fn generate(&self, host: &mut Host<'_>, keygen: &Keygen, bits: i64) -> Result<(), Failure> {
        host.mark_changed();
        if host.check() {
            return Ok(());
        }
        let format = match self.private_key_format {
            Format::Auto | Format::Ssh => None,
            Format::Pkcs1 => Some("PEM"),
            Format::Pkcs8 => Some("PKCS8"),
        };
        let comment = self.comment.as_deref().unwrap_or_default();
        let (private, public) = keygen.generate(host, self.kind.name(), bits, comment, format)?;
        self.place(host, &self.path, &private, 0o600)?;
        self.place(host, &self.public_path(), &public, 0o644)
    }

    /// The public key is what the private key says, with the comment that was asked for.
    fn restore_public(
        &self,
        host: &mut Host<'_>,
        keygen: &Keygen,
        now: Option<&PublicKey>,
    ) -> Result<(), Failure> {
        let mut right = keygen.public(host, &self.path)?.ok_or(
            "The public key is missing or does not match the private key, and the private key cannot be read.",
        )?;
        if let Some(comment) = &self.comment {
            right.comment.clone_from(comment);
        }
        let same = now.is_some_and(|now| {
            (&now.kind, &now.data) == (&right.kind, &right.data)
                && (self.comment.is_none() || now.comment == right.comment)
        });
        if same {
            return Ok(());
        }
        host.mark_changed();
        if host.check() {
            return Ok(());
        }
        if self.comment.is_none() {
            right.comment.clear();
        }
        self.place(host, &self.public_path(), right.line().as_bytes(), 0o644)?;
        match &self.comment {
            Some(comment) if self.passphrase.is_none() => keygen.comment(host, &self.path, comment),
            _ => Ok(()),
        }
    }

    fn remove(&self, host: &mut Host<'_>) -> Result<(), Failure> {
        for path in [self.path.clone(), self.public_path()] {
            host.quietly(|host| host.remove(&path))?;
        }
        Ok(())
    }

    fn result(&self, bits: i64, pair: &Pair) -> Outcome {
        let public = pair.public.as_ref();
        Outcome::new()
            .with("size", bits)
            .with("type", self.kind.name())
            .with("filename", self.path.to_string_lossy().into_owned())
            .with(
                "fingerprint",
                pair.private.as_ref().map_or("", |k| k.fingerprint.as_str()),
            )
            .with(
                "public_key",
                public.map_or_else(String::new, |k| format!("{} {}", k.kind, k.data)),
            )
            .with("comment", public.map_or("", |k| k.comment.as_str()))
    }
}

/// One side of the diff.
fn shown(pair: &Pair) -> Map {
    let map = Map::new();
    if let Some(key) = &pair.private {
        map.insert("size", key.bits);
        map.insert("type", key.kind.as_str());
        map.insert("fingerprint", key.fingerprint.as_str());
        map.insert("format", "");
    }
    if let Some(key) = &pair.public {
        map.insert("comment", key.comment.as_str());
        map.insert("public_key", key.data.as_str());
    }
    map
}

impl Module for OpensshKeypair {
    const META: Meta = Meta {
        name: "community.crypto.openssh_keypair",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "size",
                doc: "Bits of the key.",
            },
            Return {
                name: "type",
                doc: "Type of the key.",
            },
            Return {
                name: "filename",
                doc: "The file of the private key.",
            },
            Return {
                name: "fingerprint",
                doc: "Fingerprint of the key; empty if there is none.",
            },
            Return {
                name: "public_key",
                doc: "Type and data of the public key; empty if there is none.",
            },
            Return {
                name: "comment",
                doc: "Comment of the public key.",
            },
        ],
        examples: &[Example {
            title: "The key of a host",
            args: r#"{"path": "/etc/ssh/ssh_host_ed25519_key", "type": "ed25519", "mode": "0600"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let _ = self.backend;
        let bits = self.bits()?;
        let folder = self.path.parent().filter(|f| !f.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|f| !f.is_dir()) {
            let folder = folder.display().to_string();
            let text = format!("The directory {folder} does not exist or the file is not a directory");
            return Err(Failure::new(text).with("name", folder));
        }
        if self.path.is_dir() {
            let path = self.path.display();
            return Err(Failure::new(format!(
                "{path} is a directory. Please specify a path to a file."
            )));
        }
        let keygen = Keygen::find(host, self.passphrase.clone())?;
        let before = self.load(host, &keygen)?;
        if self.state == State::Absent {
            self.remove(host)?;
            record(host, &before, &Pair::default());
            return Ok(self.result(bits, &before));
        }
        let careful = !matches!(
            self.regenerate(),
            Regenerate::FullIdempotence | Regenerate::Always
        );
        if careful
            && self.path.exists()
            && (before.private.is_none() || keygen.public(host, &self.path)?.is_none())
        {
            return Err(
                "Unable to read the key. The key is protected with a passphrase or broken. Will not proceed. To make it \
                 anew, set `regenerate` to `full_idempotence` or `always`, or `force: true`."
                    .into(),
            );
        }
        if self.wants_new(before.private.as_ref(), bits)? {
            self.generate(host, &keygen, bits)?;
        } else {
            self.restore_public(host, &keygen, before.public.as_ref())?;
        }
        let after = self.load(host, &keygen)?;
        for path in [self.path.clone(), self.public_path()] {
            if path.exists() {
                host.quietly(|host| host.apply(&path, &self.attrs, true))?;
            } else {
                host.mark_changed();
            }
        }
        record(host, &before, &after);
        let shown = match after.private {
            Some(_) => &after,
            None => &before,
        };
        Ok(self.result(bits, shown))
    }
}

fn record(host: &mut Host<'_>, before: &Pair, after: &Pair) {
    let map = Map::new();
    map.insert("before", shown(before));
    map.insert("after", shown(after));
    host.record(map);
}
