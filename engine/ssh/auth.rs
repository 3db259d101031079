//! Authentication: few offers, the configured ones first, and an account of what was tried.

use crate::{
    agent::Agent,
    fault::{authentication, unreachable},
    handler::{Handler, Notes},
    identity::Identity,
    key_cache::{self, KeyCache, KeyFile, KeyProblem},
    key_signer::KeySigner,
    password,
    settings::Settings,
};
use kdo_transport::{Secret, TransportError};
use russh::{
    MethodKind,
    client::{AuthResult, Handle},
    keys::{Algorithm, HashAlg, PrivateKeyWithHashAlg, agent::AgentIdentity},
};
use std::{path::Path, sync::Arc};

/// Servers allow six attempts by default and count each key as one.
const MOST_KEYS: usize = 5;
/// With a password at hand some attempts are left for it.
const MOST_KEYS_BEFORE_PASSWORD: usize = 3;

/// The secrets of one endpoint.
#[derive(Clone, Default)]
pub(crate) struct Credentials {
    pub(crate) password: Option<Secret>,
    /// The text of a private key.
    pub(crate) key: Option<Secret>,
    pub(crate) passphrase: Option<Secret>,
}

/// One run of authentication.
pub(crate) struct Authentication<'a> {
    pub(crate) handle: &'a mut Handle<Handler>,
    pub(crate) settings: &'a Settings,
    pub(crate) credentials: &'a Credentials,
    pub(crate) keys: &'a KeyCache,
    pub(crate) notes: &'a Notes,
    pub(crate) progress: Progress,
}

/// What happened so far.
#[derive(Default)]
pub(crate) struct Progress {
    tried: Vec<String>,
    skipped: Vec<String>,
    offered: Vec<(Vec<u8>, bool)>,
    /// What the server would accept, once it said so.
    methods: Option<Vec<MethodKind>>,
    /// Hash for RSA signatures, once asked for; `None` inside: the server takes only SHA-1.
    rsa_hash: Option<Option<HashAlg>>,
}

impl Authentication<'_> {
    /// Logs in or says what was tried.
    pub(crate) async fn run(mut self) -> Result<(), TransportError> {
        for method in self.settings.methods.clone() {
            let done = match method.as_str() {
                "publickey" => self.public_keys().await?,
                "password" => self.password().await?,
                "keyboard-interactive" => self.interactive().await?,
                _ => false,
            };
            if done {
                return Ok(());
            }
        }
        // Nothing of our own to try: some servers let in without, and the others say what they want.
        if self.progress.methods.is_none() {
            let result = self.handle.authenticate_none(&self.settings.user).await;
            if self.settle(result)? {
                return Ok(());
            }
        }
        Err(self.denied())
    }

    fn denied(&self) -> TransportError {
        let Settings { user, .. } = self.settings;
        let progress = &self.progress;
        let mut text = format!("permission denied for {user}@{}", self.settings.label());
        if let Some(methods) = progress.methods.as_ref().filter(|methods| !methods.is_empty()) {
            let names: Vec<&str> = methods.iter().map(<&'static str>::from).collect();
            text += &format!(" (server accepts {})", names.join(", "));
        }
        if progress.tried.is_empty() && self.credentials.password.is_some() {
            text += "; the server takes no password";
        }
        text += &match progress.tried.as_slice() {
            [] if self.credentials.password.is_some() => String::new(),
            [] => "; no key or password to try".to_owned(),
            tried => format!("; tried: {}", tried.join(", ")),
        };
        if !progress.skipped.is_empty() {
            text += &format!("; not used: {}", progress.skipped.join(", "));
        }
        authentication(text)
    }

    fn wants(&self, method: MethodKind) -> bool {
        self.progress
            .methods
            .as_ref()
            .is_none_or(|methods| methods.contains(&method))
    }

    /// Takes note of the server's answer; `true` when logged in.
    fn settle(&mut self, result: Result<AuthResult, russh::Error>) -> Result<bool, TransportError> {
        match result {
            Ok(AuthResult::Success) => Ok(true),
            Ok(AuthResult::Failure {
                remaining_methods, ..
            }) if !self.handle.is_closed() => {
                self.progress.methods = Some(remaining_methods.to_vec());
                Ok(false)
            }
            Ok(_) => Err(self.broken("the connection was closed")),
            Err(error) => Err(self.broken(&error.to_string())),
        }
    }

    fn broken(&self, text: &str) -> TransportError {
        let why = self.notes.lost().unwrap_or_else(|| text.to_owned());
        if why.contains("authentication failures") {
            let mut error = self.denied();
            error.message = format!("{}: {why}", error.message);
            return error;
        }
        unreachable(format!(
            "connection to {} lost during authentication: {why}",
            self.settings.label()
        ))
    }

    async fn public_keys(&mut self) -> Result<bool, TransportError> {
        if self.key_text().await? {
            return Ok(true);
        }
        if self.settings.identities_named && self.key_files().await? {
            return Ok(true);
        }
        let mut agent = self.agent().await;
        if self.settings.identities_named
            && let Some(agent) = &mut agent
            && self.named_in_agent(agent).await?
        {
            return Ok(true);
        }
        if let Some(mut agent) = agent.filter(|_| !self.settings.identities_only) {
            for identity in agent.identities.clone() {
                if self
                    .offer(Identity::Agent(Box::new(identity)), Some(&mut agent))
                    .await?
                {
                    return Ok(true);
                }
            }
        }
        if !self.settings.identities_named {
            return self.key_files().await;
        }
        Ok(false)
    }

    async fn agent(&mut self) -> Option<Agent> {
        if !self.wants(MethodKind::PublicKey) {
            return None;
        }
        match Agent::connect(self.settings.agent_socket.as_deref()?).await {
            Ok(agent) => Some(agent),
            Err(problem) => {
                self.progress.skipped.push(problem);
                None
            }
        }
    }

    /// Offers the key that was given as text.
    async fn key_text(&mut self) -> Result<bool, TransportError> {
        let Some(text) = self.credentials.key.clone() else {
            return Ok(false);
        };
        const NAME: &str = "ansible_private_key";
        match self
            .keys
            .of_text(&text, self.credentials.passphrase.as_ref())
            .await
        {
            Ok(key) => {
                let path = NAME.into();
                self.offer(Identity::Key { path, key }, None).await
            }
            Err(why) => {
                self.progress.skipped.push(format!("{NAME} ({why})"));
                Ok(false)
            }
        }
    }

    /// Offers the files that hold usable private keys.
    async fn key_files(&mut self) -> Result<bool, TransportError> {
        for path in self.settings.identity_files.clone() {
            let key = match self.keys.load(&path, self.credentials.passphrase.as_ref()).await {
                Ok(KeyFile::Private(key)) => key,
                Ok(KeyFile::Public { encrypted, .. }) => {
                    if encrypted {
                        self.progress.skipped.push(format!(
                            "{} (encrypted: give its passphrase or use ssh-agent)",
                            path.display()
                        ));
                    }
                    continue;
                }
                Err(KeyProblem::Missing) => {
                    if self.settings.identities_named {
                        self.progress
                            .skipped
                            .push(format!("{} (no such file)", path.display()));
                    }
                    continue;
                }
                Err(KeyProblem::Unusable(why)) => {
                    self.progress.skipped.push(format!("{} ({why})", path.display()));
                    continue;
                }
            };
            let beside = key_cache::certificate_path(&path);
            for file in std::iter::once(&beside).chain(&self.settings.certificate_files) {
                let Some(certificate) = key_cache::certificate(file) else {
                    continue;
                };
                if certificate.public_key() == key.public_key().key_data() {
                    let (path, key) = (file.clone(), Arc::clone(&key));
                    if self
                        .offer(
                            Identity::Certified {
                                path,
                                key,
                                certificate: Box::new(certificate),
                            },
                            None,
                        )
                        .await?
                    {
                        return Ok(true);
                    }
                }
            }
            if self.offer(Identity::Key { path, key }, None).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Offers those of the named keys that only the agent can use.
    async fn named_in_agent(&mut self, agent: &mut Agent) -> Result<bool, TransportError> {
        for path in self.settings.identity_files.clone() {
            let Some(public) = self.public_of(&path).await else {
                continue;
            };
            for identity in agent.holding(&public) {
                let named = format!("{} (", path.display());
                self.progress.skipped.retain(|text| !text.starts_with(&named));
                if self
                    .offer(Identity::Agent(Box::new(identity)), Some(agent))
                    .await?
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The public key that belongs to an identity file, also when only `FILE.pub` exists.
    async fn public_of(&self, path: &Path) -> Option<russh::keys::PublicKey> {
        if let Ok(file) = self.keys.load(path, self.credentials.passphrase.as_ref()).await {
            return Some(file.public().clone());
        }
        let mut beside = path.as_os_str().to_owned();
        beside.push(".pub");
        self.keys
            .load(Path::new(&beside), None)
            .await
            .ok()
            .map(|file| file.public().clone())
    }

    /// Offers one identity, unless the server would not look at it or has seen enough.
    async fn offer(&mut self, identity: Identity, agent: Option<&mut Agent>) -> Result<bool, TransportError> {
        let public = identity.public();
        let seen = (public.to_bytes().unwrap_or_default(), identity.is_certificate());
        let most = if self.credentials.password.is_some() {
            MOST_KEYS_BEFORE_PASSWORD
        } else {
            MOST_KEYS
        };
        if !self.wants(MethodKind::PublicKey) || self.progress.offered.contains(&seen) {
            return Ok(false);
        }
        if self.progress.offered.len() >= most {
            self.progress
                .skipped
                .push(format!("{} (only {most} keys are offered)", identity.label()));
            return Ok(false);
        }
        let hash = match public.algorithm() {
            Algorithm::Rsa { .. } => match self.rsa_hash().await {
                Some(hash) => Some(hash),
                None => {
                    self.progress
                        .skipped
                        .push(format!("{} (server takes RSA only with SHA-1)", identity.label()));
                    return Ok(false);
                }
            },
            _ => None,
        };
        self.progress.offered.push(seen);
        self.progress.tried.push(identity.label());
        let user = self.settings.user.clone();
        let result = match (identity, agent) {
            (Identity::Key { key, .. }, _) => {
                self.handle
                    .authenticate_publickey(user, PrivateKeyWithHashAlg::new(key, hash))
                    .await
            }
            (Identity::Certified { key, certificate, .. }, _) => {
                let mut signer = KeySigner(key);
                match self
                    .handle
                    .authenticate_certificate_with(user, *certificate, hash, &mut signer)
                    .await
                {
                    Ok(result) => Ok(result),
                    Err(error) => return self.not_signed(&error.to_string()),
                }
            }
            (Identity::Agent(identity), Some(agent)) => {
                let client = &mut agent.client;
                let result = match *identity {
                    AgentIdentity::PublicKey { key, .. } => {
                        self.handle
                            .authenticate_publickey_with(user, key, hash, client)
                            .await
                    }
                    AgentIdentity::Certificate { certificate, .. } => {
                        self.handle
                            .authenticate_certificate_with(user, certificate, hash, client)
                            .await
                    }
                };
                match result {
                    Ok(result) => Ok(result),
                    Err(error) => return self.not_signed(&error.to_string()),
                }
            }
            (Identity::Agent(_), None) => return Ok(false),
        };
        self.settle(result)
    }

    /// A key that the server would take but that could not sign: say so and go on.
    fn not_signed(&mut self, why: &str) -> Result<bool, TransportError> {
        if self.handle.is_closed() {
            return Err(self.broken(why));
        }
        if let Some(last) = self.progress.tried.last_mut() {
            *last += &format!(" - it did not sign: {why}");
        }
        Ok(false)
    }

    async fn rsa_hash(&mut self) -> Option<HashAlg> {
        if self.progress.rsa_hash.is_none() {
            self.progress.rsa_hash = Some(match self.handle.best_supported_rsa_hash().await {
                Ok(Some(hash)) => hash,
                // Said nothing: every server of the last ten years knows this one.
                Ok(None) | Err(_) => Some(HashAlg::Sha256),
            });
        }
        self.progress.rsa_hash.flatten()
    }

    fn usable_password(&mut self) -> Option<Secret> {
        let password = self.credentials.password.clone()?;
        if self.notes.key_changed() {
            let text = "password (host key changed: not sent)".to_owned();
            if !self.progress.skipped.contains(&text) {
                self.progress.skipped.push(text);
            }
            return None;
        }
        Some(password)
    }

    async fn password(&mut self) -> Result<bool, TransportError> {
        if !self.wants(MethodKind::Password) {
            return Ok(false);
        }
        let Some(password) = self.usable_password() else {
            return Ok(false);
        };
        let result = password::plain(self.handle, &self.settings.user, &password).await;
        self.progress.tried.push("password".to_owned());
        let done = self.settle(result)?;
        if !done && !self.wants(MethodKind::Password) {
            // The server does not have this method, so the password was not judged.
            self.progress.tried.retain(|text| text != "password");
        }
        Ok(done)
    }

    async fn interactive(&mut self) -> Result<bool, TransportError> {
        // The same password was refused already; a second try could lock the account.
        let refused = self.progress.tried.iter().any(|text| text == "password");
        if refused || !self.wants(MethodKind::KeyboardInteractive) {
            return Ok(false);
        }
        let Some(password) = self.usable_password() else {
            return Ok(false);
        };
        let (result, unanswered) =
            match password::interactive(self.handle, &self.settings.user, &password).await {
                Ok((result, unanswered)) => (Ok(result), unanswered),
                Err(error) => (Err(error), None),
            };
        self.progress.tried.push(match unanswered {
            Some(prompt) => format!("keyboard-interactive (the server also asks '{prompt}')"),
            None => "keyboard-interactive".to_owned(),
        });
        self.settle(result)
    }
}
