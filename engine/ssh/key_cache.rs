//! Key files, each read and decrypted once per run.

use kdo_transport::Secret;
use russh::keys::{self, Certificate, PrivateKey, PublicKey};
use std::{
    collections::HashMap,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::OnceCell;

/// What a file holds.
#[derive(Clone)]
pub(crate) enum KeyFile {
    /// A key that can sign.
    Private(Arc<PrivateKey>),
    /// Only the public half is readable (an encrypted key without passphrase, or a `.pub` file): the agent must sign.
    Public { key: Box<PublicKey>, encrypted: bool },
}

impl KeyFile {
    pub(crate) fn public(&self) -> &PublicKey {
        match self {
            Self::Private(key) => key.public_key(),
            Self::Public { key, .. } => key,
        }
    }
}

/// Why a file gives no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyProblem {
    Missing,
    Unusable(String),
}

type Cell = Arc<OnceCell<Result<KeyFile, KeyProblem>>>;

/// A key that was given as text, with its passphrase.
struct TextKey {
    text: Secret,
    passphrase: Option<Secret>,
    key: Arc<OnceCell<Result<Arc<PrivateKey>, String>>>,
}

/// See the module.
#[derive(Default)]
pub(crate) struct KeyCache {
    files: Mutex<HashMap<(PathBuf, bool), Cell>>,
    /// Of these a run has one, or a few.
    texts: Mutex<Vec<TextKey>>,
}

impl KeyCache {
    /// The key in `path`; decryption happens off the asynchronous threads.
    pub(crate) async fn load(&self, path: &Path, passphrase: Option<&Secret>) -> Result<KeyFile, KeyProblem> {
        let cell = {
            let mut cells = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry((path.to_owned(), passphrase.is_some())).or_default())
        };
        let (path, passphrase) = (path.to_owned(), passphrase.cloned());
        cell.get_or_init(|| async move {
            tokio::task::spawn_blocking(move || read(&path, passphrase.as_ref()))
                .await
                .unwrap_or_else(|e| Err(KeyProblem::Unusable(e.to_string())))
        })
        .await
        .clone()
    }

    /// The key in a text; decryption happens off the asynchronous threads.
    pub(crate) async fn of_text(
        &self,
        text: &Secret,
        passphrase: Option<&Secret>,
    ) -> Result<Arc<PrivateKey>, String> {
        let cell = {
            let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
            let same = passphrase.map(Secret::expose);
            let known = texts.iter().find(|t| {
                t.text.expose() == text.expose() && t.passphrase.as_ref().map(Secret::expose) == same
            });
            match known {
                Some(known) => Arc::clone(&known.key),
                None => {
                    let key = Arc::default();
                    texts.push(TextKey {
                        text: text.clone(),
                        passphrase: passphrase.cloned(),
                        key: Arc::clone(&key),
                    });
                    key
                }
            }
        };
        let (text, passphrase) = (text.clone(), passphrase.cloned());
        let open = move || {
            // Variables often lose the end of the last line.
            let text = Secret::new(format!("{}\n", text.expose().trim()));
            opened(text.expose(), passphrase.as_ref())?
                .ok_or_else(|| "is encrypted and there is no passphrase for it".to_owned())
        };
        cell.get_or_init(|| async move {
            tokio::task::spawn_blocking(open)
                .await
                .unwrap_or_else(|e| Err(e.to_string()))
        })
        .await
        .clone()
    }
}

/// The private key of a text; none if it is encrypted and there is no passphrase.
fn opened(text: &str, passphrase: Option<&Secret>) -> Result<Option<Arc<PrivateKey>>, String> {
    match keys::decode_secret_key(text, None) {
        Ok(key) => return Ok(Some(Arc::new(key))),
        Err(e) if !is_encrypted(text, &e) => return Err(e.to_string()),
        Err(_) => {}
    }
    let Some(passphrase) = passphrase else {
        return Ok(None);
    };
    keys::decode_secret_key(text, Some(passphrase.expose()))
        .map(|key| Some(Arc::new(key)))
        .map_err(|e| format!("the passphrase does not open it ({e})"))
}

fn read(path: &Path, passphrase: Option<&Secret>) -> Result<KeyFile, KeyProblem> {
    let unusable = |text: String| KeyProblem::Unusable(text);
    let io = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => KeyProblem::Missing,
        _ => KeyProblem::Unusable(e.to_string()),
    };
    let meta = std::fs::metadata(path).map_err(io)?;
    if !meta.is_file() || meta.len() > 1 << 20 {
        return Err(unusable("is not a key file".into()));
    }
    let text = std::fs::read_to_string(path).map_err(io)?;
    if let Ok(key) = PublicKey::from_openssh(text.trim()) {
        return Ok(KeyFile::Public {
            key: Box::new(key),
            encrypted: false,
        });
    }
    if meta.uid() == rustix::process::getuid().as_raw() && meta.mode() & 0o077 != 0 {
        return Err(unusable(format!(
            "permissions {:04o} are too open (chmod 600)",
            meta.mode() & 0o7777
        )));
    }
    if let Some(key) = opened(&text, passphrase).map_err(unusable)? {
        return Ok(KeyFile::Private(key));
    }
    // The public half is readable in OpenSSH's own format, else beside the file.
    let public = PrivateKey::from_openssh(&text)
        .map(|key| key.public_key().clone())
        .or_else(|_| {
            let mut name = path.as_os_str().to_owned();
            name.push(".pub");
            PublicKey::read_openssh_file(PathBuf::from(name))
        });
    match public {
        Ok(key) => Ok(KeyFile::Public {
            key: Box::new(key),
            encrypted: true,
        }),
        Err(_) => Err(unusable("is encrypted and there is no passphrase for it".into())),
    }
}

fn is_encrypted(text: &str, error: &keys::Error) -> bool {
    matches!(error, keys::Error::KeyIsEncrypted)
        || text.contains("BEGIN ENCRYPTED PRIVATE KEY")
        || text.contains("Proc-Type: 4,ENCRYPTED")
}

/// The certificate in `path`, if there is a readable one.
pub(crate) fn certificate(path: &Path) -> Option<Certificate> {
    Certificate::from_openssh(std::fs::read_to_string(path).ok()?.trim()).ok()
}

/// `PATH-cert.pub`, where ssh looks for a key's certificate.
pub(crate) fn certificate_path(key: &Path) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    let text = name.to_string_lossy().into_owned();
    if let Some(stem) = text.strip_suffix(".pub") {
        name = stem.into();
    }
    name.push("-cert.pub");
    name.into()
}
