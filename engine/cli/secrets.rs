//! Passwords: asked for, from files, from programs; and the vault's.

use crate::{
    prompt,
    settings::Settings,
    stop::{Result, Stop},
    vault_args::VaultArgs,
};
use kdo_transport::Secret;
use kdo_vars::{VaultKeys, VaultSecret};
use std::{io::Read, os::unix::fs::PermissionsExt, path::Path, process::Command};

/// Asks for a password.
pub(crate) fn asked(text: &str) -> Result<Secret> {
    let answer =
        prompt::ask(text, true).ok_or_else(|| Stop::new(format!("no answer to `{}`", text.trim())))?;
    Ok(Secret::new(answer.as_str()))
}

/// A password from a file, a program (an executable file) or, for `-`, standard input.
pub(crate) fn from_file(path: &Path, what: &str) -> Result<Secret> {
    let bytes = read(path, what, None)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Stop::new(format!("the {what} in {} is not UTF-8", path.display())))?;
    Ok(Secret::new(text))
}

fn read(path: &Path, what: &str, client_id: Option<&str>) -> Result<Vec<u8>> {
    let shown = path.display();
    let mut bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes)?;
        bytes
    } else {
        let path = expanded(path);
        let about = std::fs::metadata(&path)
            .map_err(|_| Stop::new(format!("The {what} file {shown} was not found")))?;
        if about.is_dir() {
            return Err(Stop::new(format!("The {what} file {shown} is a directory")));
        }
        if about.permissions().mode() & 0o111 != 0 {
            let absolute = std::path::absolute(&path)?;
            let mut program = Command::new(&absolute);
            if let Some(id) = client_id {
                program.args(["--vault-id", id]);
            }
            program.stderr(std::process::Stdio::inherit());
            let result = program
                .output()
                .map_err(|e| Stop::new(format!("Problem running {what} script {shown} ({e}). If this is not a script, remove the executable bit from the file.")))?;
            if !result.status.success() {
                return Err(Stop::new(format!(
                    "{what} script {shown} ended with {}",
                    result.status
                )));
            }
            result.stdout
        } else {
            std::fs::read(&path).map_err(|e| Stop::new(format!("Could not read {what} file {shown}: {e}")))?
        }
    };
    let text_end = bytes.trim_ascii_end().len();
    bytes.truncate(text_end);
    let bytes = bytes.trim_ascii_start().to_vec();
    if bytes.is_empty() {
        return Err(Stop::new(format!(
            "Invalid {what} was provided from file ({shown}): it is empty"
        )));
    }
    Ok(bytes)
}

/// `~` is the home directory.
fn expanded(path: &Path) -> std::path::PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// The vault passwords that the configuration and the command line name, in order.
pub(crate) fn vault(args: &VaultArgs, settings: &Settings) -> Result<Vec<VaultSecret>> {
    let mut wanted: Vec<(String, String)> = Vec::new();
    let unnamed = settings.text("vault_identity").unwrap_or("default");
    let mut add = |id: Option<&str>, source: &str| {
        let pair = (id.unwrap_or(unnamed).to_owned(), source.to_owned());
        if !wanted.contains(&pair) {
            wanted.push(pair);
        }
    };
    let listed = settings.list("vault_identity_list").iter().chain(&args.vault_id);
    for text in listed {
        match text.split_once('@') {
            Some((id, source)) if !id.is_empty() => add(Some(id), source),
            _ => add(None, text.trim_start_matches('@')),
        }
    }
    for path in &args.vault_password_file {
        add(None, path);
    }
    let ask = args.ask_vault_password || settings.bool("ask_vault_pass");
    if ask {
        add(None, "prompt_ask_vault_pass");
    }
    if let Some(path) = settings.path("vault_password_file")
        && !args.ask_vault_password
        && args.vault_password_file.is_empty()
    {
        add(None, &path.display().to_string());
    }
    wanted
        .iter()
        .map(|(id, source)| vault_secret(id, source))
        .collect()
}

/// One vault password by its label and source.
pub(crate) fn vault_secret(id: &str, source: &str) -> Result<VaultSecret> {
    let password = if matches!(source, "prompt" | "prompt_ask_vault_pass") {
        let text = match (source, id) {
            ("prompt_ask_vault_pass", _) | (_, "default") => "Vault password: ".to_owned(),
            _ => format!("Vault password ({id}): "),
        };
        let secret = asked(&text)?;
        if secret.expose().is_empty() {
            return Err(Stop::new("Invalid vault password was provided: it is empty"));
        }
        secret.expose().as_bytes().to_vec()
    } else {
        let path = Path::new(source);
        // A program of that name is told which password is wanted.
        let client = path
            .file_stem()
            .is_some_and(|n| n.to_string_lossy().ends_with("-client"));
        read(path, "vault password", client.then_some(id))?
    };
    Ok(VaultSecret {
        id: id.to_owned(),
        password,
    })
}

/// The passwords as keys.
pub(crate) fn vault_keys(secrets: &[VaultSecret]) -> VaultKeys {
    VaultKeys::new(secrets.to_vec())
}
