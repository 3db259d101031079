//! Which passwords `kdo vault` works with.

use crate::{
    secrets::{self, Asking},
    settings::Settings,
    stop::{Result, Stop},
    vault_args::VaultArgs,
};
use clap::Args;
use kdo_vault::{VaultKeys, VaultSecret};

/// Options on passwords of every action.
#[derive(Args, Default)]
pub(crate) struct KeyArgs {
    #[command(flatten)]
    vault: VaultArgs,
    /// The label of the password to encrypt with, if there are several
    #[arg(long, value_name = "LABEL")]
    encrypt_vault_id: Option<String>,
}

/// What seals: a password and, where one is configured, the salt.
pub(crate) struct Sealer {
    secret: VaultSecret,
    salt: Option<String>,
}

impl Sealer {
    pub(crate) fn new(secret: VaultSecret, settings: &Settings) -> Self {
        Self {
            secret,
            salt: settings.given("vault_encrypt_salt"),
        }
    }

    pub(crate) fn seal(&self, clear: &[u8]) -> Result<String> {
        Ok(match &self.salt {
            Some(salt) => self.secret.seal_with(clear, salt.as_bytes())?,
            None => self.secret.seal(clear)?,
        })
    }
}

impl KeyArgs {
    /// Passwords that decrypt; asked for if none is named.
    pub(crate) fn known(&self, settings: &Settings) -> Result<Vec<VaultSecret>> {
        secrets::vault(&self.vault, settings, Asking::Known, true)
    }

    /// The same as keys.
    pub(crate) fn keys(&self, settings: &Settings) -> Result<VaultKeys> {
        Ok(secrets::vault_keys(self.known(settings)?, settings))
    }

    /// The label to encrypt with, where one is given.
    pub(crate) fn encrypt_id(&self, settings: &Settings) -> Option<String> {
        let given = self.encrypt_vault_id.clone();
        given.or_else(|| settings.given("vault_encrypt_identity"))
    }

    /// What seals a new text.
    pub(crate) fn sealer(&self, settings: &Settings) -> Result<Sealer> {
        let secrets = secrets::vault(&self.vault, settings, Asking::New, true)?;
        let wanted = self.encrypt_id(settings);
        if wanted.is_none() && secrets.len() > 1 {
            let ids: Vec<&str> = secrets.iter().map(|s| s.id.as_str()).collect();
            return Err(Stop::new(format!(
                "The vault-ids {} are available to encrypt. Specify the vault-id to encrypt with --encrypt-vault-id",
                ids.join(",")
            ))
            .code(5));
        }
        Ok(Sealer::new(choose(secrets, wanted.as_deref())?, settings))
    }
}

/// The password of a label; the first without one.
pub(crate) fn choose(secrets: Vec<VaultSecret>, wanted: Option<&str>) -> Result<VaultSecret> {
    let ids: Vec<String> = secrets.iter().map(|s| format!("'{}'", s.id)).collect();
    let found = secrets.into_iter().find(|s| wanted.is_none_or(|w| s.id == w));
    found.ok_or_else(|| {
        Stop::new(match wanted {
            Some(id) => format!(
                "Did not find a match for --encrypt-vault-id={id} in the known vault-ids [{}]",
                ids.join(", ")
            ),
            None => "A vault password is required to use Ansible's Vault".to_owned(),
        })
    })
}
