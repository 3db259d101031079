//! Passwords: asked for, from files, from programs; and the vault's.

use crate::{
    prompt, screen,
    settings::Settings,
    stop::{Result, Stop},
    vault_args::VaultArgs,
};
use kdo_transport::Secret;
use kdo_vault::{VaultKeys, VaultSecret, VaultSource, password};
use std::path::Path;

/// Asks for a password.
pub(crate) fn asked(text: &str) -> Result<Secret> {
    let answer =
        prompt::ask(text, true).ok_or_else(|| Stop::new(format!("no answer to `{}`", text.trim())))?;
    Ok(Secret::new(answer.as_str()))
}

/// A password from a file, a program (an executable file) or, for `-`, standard input.
pub(crate) fn from_file(path: &Path, what: &str) -> Result<Secret> {
    Ok(Secret::new(password::of_file(path, what)?))
}

/// Whether passwords that are asked for are known to the user or made up now, which needs them twice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asking {
    Known,
    New,
}

/// Passwords and their labels in the order in which they are tried: configured ones, then those of the command line.
fn wanted(args: &VaultArgs, settings: &Settings, auto: bool) -> Vec<(Option<String>, VaultSource)> {
    let mut wanted: Vec<_> = settings
        .list("vault_identity_list")
        .iter()
        .chain(&args.vault_id)
        .map(|t| VaultSource::read(t))
        .collect();
    let files = args
        .vault_password_file
        .iter()
        .map(|f| VaultSource::File(f.into()));
    let configured = settings.path("vault_password_file").map(VaultSource::File);
    wanted.extend(files.chain(configured).map(|s| (None, s)));
    let ask = args.ask_vault_password || settings.bool("ask_vault_pass");
    if ask || auto && wanted.is_empty() {
        wanted.push((None, VaultSource::Ask));
    }
    wanted
}

/// The vault passwords that the configuration and the command line name. One that cannot be had is told, and an error only
/// if no other is left. `auto`: ask for one if none is named.
pub(crate) fn vault(
    args: &VaultArgs,
    settings: &Settings,
    asking: Asking,
    auto: bool,
) -> Result<Vec<VaultSecret>> {
    let unnamed = settings.text("vault_identity").unwrap_or("default");
    let mut found: Vec<VaultSecret> = Vec::new();
    let mut failed = None;
    for (label, source) in wanted(args, settings, auto) {
        let id = label.clone().unwrap_or_else(|| unnamed.to_owned());
        match password_of(label.as_deref(), &id, &source, asking, &found) {
            Ok(password) => found.push(VaultSecret { id, password }),
            Err((doing, why)) => {
                screen::warn(&format!("Error {doing} ({id}): {}", why.message()));
                failed = Some(why);
            }
        }
    }
    match failed {
        Some(why) if found.is_empty() => Err(why),
        _ => Ok(found),
    }
}

/// One password, or what went wrong while doing what.
fn password_of(
    label: Option<&str>,
    id: &str,
    source: &VaultSource,
    asking: Asking,
    known: &[VaultSecret],
) -> std::result::Result<Vec<u8>, (&'static str, Stop)> {
    match source {
        VaultSource::Prompt => from_user(id, &format!(" ({id})"), asking),
        VaultSource::Ask => from_user(id, "", asking),
        VaultSource::File(path) => {
            let path = password::find(path).map_err(|e| ("getting vault password file", e.into()))?;
            let keys = VaultKeys::new(known.to_vec());
            return password::of_vault(&path, label, &keys)
                .map_err(|e| ("in vault password file loading", e.into()));
        }
    }
    .map_err(|e| ("in vault password prompt", e))
}

fn from_user(id: &str, shown: &str, asking: Asking) -> Result<Vec<u8>> {
    let questions = match (asking, shown.is_empty()) {
        (Asking::Known, _) => vec![format!("Vault password{shown}: ")],
        (Asking::New, true) => vec![
            "New Vault password: ".to_owned(),
            "Confirm New Vault password: ".to_owned(),
        ],
        (Asking::New, false) => vec![
            format!("New vault password{shown}: "),
            format!("Confirm new vault password{shown}: "),
        ],
    };
    let mut first: Option<Vec<u8>> = None;
    for question in questions {
        let answer = prompt::ask(&question, true)
            .ok_or_else(|| Stop::new(format!("EOFError (ctrl-d) on prompt for ({id})")))?;
        if answer.is_empty() {
            return Err(Stop::new("Invalid vault password was provided"));
        }
        let answer = answer.trim().as_bytes().to_vec();
        match &first {
            Some(other) if *other != answer => return Err(Stop::new("Passwords do not match")),
            _ => first = Some(answer),
        }
    }
    Ok(first.unwrap_or_default())
}

/// The password that a `--new-vault-id` or `--new-vault-password-file` names.
pub(crate) fn new_vault_secret(text: Option<&str>, settings: &Settings) -> Result<VaultSecret> {
    let unnamed = settings.text("vault_identity").unwrap_or("default");
    let (label, source) = text.map_or((None, VaultSource::Ask), VaultSource::read);
    let id = label.clone().unwrap_or_else(|| unnamed.to_owned());
    let password = password_of(label.as_deref(), &id, &source, Asking::New, &[]).map_err(|(_, why)| why)?;
    Ok(VaultSecret { id, password })
}

/// The passwords as keys.
pub(crate) fn vault_keys(secrets: Vec<VaultSecret>, settings: &Settings) -> VaultKeys {
    VaultKeys::new(secrets).only_matching(settings.bool("vault_id_match"))
}

/// The keys of a run.
pub(crate) fn run_keys(args: &VaultArgs, settings: &Settings) -> Result<VaultKeys> {
    Ok(vault_keys(vault(args, settings, Asking::Known, false)?, settings))
}
