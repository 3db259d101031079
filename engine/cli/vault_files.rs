//! `kdo vault` on files.

use crate::{
    screen, secrets,
    settings::Settings,
    stop::{Result, Stop},
    vault_keys::{KeyArgs, Sealer, choose},
};
use kdo_vault::{Opened, VaultError, VaultKeys, VaultSecret, editor, file};
use std::{
    io::{IsTerminal, Read, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Encrypts files, or standard input if there is none.
pub(crate) fn encrypt(keys: &KeyArgs, output: Option<&Path>, files: Vec<PathBuf>) -> Result<()> {
    one_target(output, &files)?;
    let sealer = keys.sealer(&Settings::load()?)?;
    for source in or_stdin(files, "plaintext") {
        let clear = read(&source)?;
        write(output.unwrap_or(&source), sealer.seal(&clear)?.as_bytes())?;
    }
    done("Encryption");
    Ok(())
}

/// Decrypts files, or standard input if there is none.
pub(crate) fn decrypt(keys: &KeyArgs, output: Option<&Path>, files: Vec<PathBuf>) -> Result<()> {
    one_target(output, &files)?;
    let keys = keys.keys(&Settings::load()?)?;
    for source in or_stdin(files, "ciphertext") {
        let text = armoured(&source)?;
        let clear = Zeroizing::new(open(&keys, &text, &absolute(&source))?.clear);
        write(output.unwrap_or(&source), &clear)?;
    }
    done("Decryption");
    Ok(())
}

/// Shows files.
pub(crate) fn view(keys: &KeyArgs, files: Vec<PathBuf>) -> Result<()> {
    let settings = Settings::load()?;
    let keys = keys.keys(&settings)?;
    for source in or_stdin(files, "ciphertext") {
        let text = armoured(&source)?;
        let clear = Zeroizing::new(open(&keys, &text, &source)?.clear);
        screen::page(&String::from_utf8_lossy(&clear), settings.text("pager"));
    }
    Ok(())
}

/// Changes files in the editor; label and permissions stay.
pub(crate) fn edit(keys: &KeyArgs, files: &[PathBuf]) -> Result<()> {
    let settings = Settings::load()?;
    let wanted = keys.encrypt_id(&settings);
    let secrets = keys.known(&settings)?;
    let keys = secrets::vault_keys(secrets.clone(), &settings);
    for source in files {
        let text = armoured(source)?;
        let opened = open(&keys, &text, &absolute(source))?;
        let clear = Zeroizing::new(opened.clear);
        let secret = match wanted.as_deref() {
            Some(id) => choose(secrets.clone(), Some(id))?,
            None => VaultSecret {
                id: opened.label.unwrap_or_else(|| "default".to_owned()),
                password: opened.secret.password.clone(),
            },
        };
        let changed = editor::edit(&clear, source, &editor_words(&settings)?)?;
        if changed != clear {
            rewrite(source, &Sealer::new(secret, &settings).seal(&changed)?)?;
        }
    }
    Ok(())
}

/// Makes a file in the editor.
pub(crate) fn create(keys: &KeyArgs, skip_tty_check: bool, files: &[PathBuf]) -> Result<()> {
    let settings = Settings::load()?;
    let sealer = keys.sealer(&settings)?;
    let [target] = files else {
        return Err(Stop::new("ansible-vault create can take only one filename argument").code(5));
    };
    if !skip_tty_check && !std::io::stdout().is_terminal() {
        return Err(Stop::new("not a tty, editor cannot be opened").code(5));
    }
    if target.exists() {
        return Err(Stop::new(format!(
            "{} exists, please use 'edit' instead",
            target.display()
        )));
    }
    if let Some(folder) = target
        .parent()
        .filter(|p| !p.as_os_str().is_empty() && !p.exists())
    {
        screen::warn(&format!("{} does not exist, creating...", folder.display()));
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let text = editor::edit(b"", target, &editor_words(&settings)?)?;
    write(target, sealer.seal(&text)?.as_bytes())
}

/// Encrypts files with another password. All are opened before one is written: a wrong password changes nothing.
pub(crate) fn rekey(keys: &KeyArgs, new: Option<&str>, files: &[PathBuf]) -> Result<()> {
    let settings = Settings::load()?;
    let wanted = keys.encrypt_id(&settings);
    let keys = keys.keys(&settings)?;
    let secret = choose(
        vec![secrets::new_vault_secret(new, &settings)?],
        wanted.as_deref(),
    )?;
    let sealer = Sealer::new(secret, &settings);
    let mut clear = Vec::new();
    for source in files {
        let text = armoured(source)?;
        clear.push((
            source,
            Zeroizing::new(open(&keys, &text, &absolute(source))?.clear),
        ));
    }
    for (target, clear) in clear {
        rewrite(target, &sealer.seal(&clear)?)?;
    }
    screen::complain("Rekey successful");
    Ok(())
}

/// `$VISUAL`, `$EDITOR` or the configured editor, with its arguments.
fn editor_words(settings: &Settings) -> Result<Vec<String>> {
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let text = set("EDITOR").or_else(|| set("VISUAL"));
    let text = text
        .or_else(|| settings.text("editor").map(str::to_owned))
        .unwrap_or_else(|| "vi".to_owned());
    let words = kdo_inventory::split_words(&text).map_err(|e| Stop::new(format!("editor `{text}`: {e}")))?;
    Ok(words.into_iter().map(|w| w.text).collect())
}

fn open<'a>(keys: &'a VaultKeys, text: &str, path: &Path) -> Result<Opened<'a>> {
    keys.open_with(text)
        .map_err(|VaultError(why)| Stop::new(format!("{why} for {}", path.display())))
}

/// The text of an encrypted file; what is no text cannot be one.
fn armoured(path: &Path) -> Result<String> {
    Ok(String::from_utf8_lossy(&read(path)?).into_owned())
}

fn or_stdin(files: Vec<PathBuf>, what: &str) -> Vec<PathBuf> {
    if !files.is_empty() {
        return files;
    }
    if std::io::stdin().is_terminal() {
        screen::complain(&format!("Reading {what} input from stdin"));
    }
    vec!["-".into()]
}

/// Several files cannot go into one.
fn one_target(output: Option<&Path>, files: &[PathBuf]) -> Result<()> {
    if output.is_some() && files.len() > 1 {
        return Err(Stop::new("At most one input file may be used with the --output option").code(5));
    }
    Ok(())
}

/// Said to people only: scripts read standard output.
pub(crate) fn done(what: &str) {
    if std::io::stdout().is_terminal() {
        screen::complain(&format!("{what} successful"));
    }
}

fn absolute(path: &Path) -> PathBuf {
    match path.to_str() {
        Some("-") => path.to_owned(),
        _ => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
    }
}

/// A file's bytes, or standard input's for `-`.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    if path == Path::new("-") {
        let mut bytes = Zeroizing::new(Vec::new());
        std::io::stdin().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    let path = absolute(path);
    file::read(&path).map_err(|e| Stop::new(format!("Unable to read source file ({}): {e}", path.display())))
}

/// Makes or replaces a file; `-` is standard output.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if path == Path::new("-") {
        let mut out = std::io::stdout().lock();
        out.write_all(bytes)?;
        return Ok(out.flush()?);
    }
    file::write(path, bytes).map_err(|e| not_written(path, &e))
}

fn rewrite(path: &Path, text: &str) -> Result<()> {
    file::rewrite(path, text.as_bytes()).map_err(|e| not_written(path, &e))
}

fn not_written(path: &Path, error: &std::io::Error) -> Stop {
    Stop::new(format!("{} is not writable: {error}", path.display()))
}
