//! `kdo vault`

use crate::{
    prompt, screen, secrets,
    settings::Settings,
    stop::{Result, Stop},
    vault_args::VaultArgs,
    vault_file,
};
use clap::{ArgAction, Args, Subcommand};
use kdo_vars::{VaultKeys, VaultSecret};
use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::Command,
};
use zeroize::Zeroizing;

/// Arguments of `kdo vault`.
#[derive(Args)]
#[command(infer_long_args = true, args_override_self = true)]
pub(crate) struct VaultCommandArgs {
    #[command(subcommand)]
    command: VaultCommand,
    /// Say more
    #[arg(short = 'v', long, global = true, action = ArgAction::Count)]
    verbose: u8,
}

/// Which password encrypts.
#[derive(Args, Default)]
struct Keys {
    #[command(flatten)]
    vault: VaultArgs,
    /// The label of the password to encrypt with, if there are several
    #[arg(long, value_name = "LABEL")]
    encrypt_vault_id: Option<String>,
}

#[derive(Subcommand)]
enum VaultCommand {
    /// Encrypt files
    #[command(infer_long_args = true)]
    Encrypt {
        #[command(flatten)]
        keys: Keys,
        /// Write to this file; - for standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Files; standard input if there is none
        files: Vec<PathBuf>,
    },
    /// Decrypt files
    #[command(infer_long_args = true)]
    Decrypt {
        #[command(flatten)]
        keys: Keys,
        /// Write to this file; - for standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Files; standard input if there is none
        files: Vec<PathBuf>,
    },
    /// Show encrypted files
    #[command(infer_long_args = true)]
    View {
        #[command(flatten)]
        keys: Keys,
        /// Files; standard input if there is none
        files: Vec<PathBuf>,
    },
    /// Change an encrypted file in $EDITOR
    #[command(infer_long_args = true)]
    Edit {
        #[command(flatten)]
        keys: Keys,
        /// Accepted; the editor is started in any case
        #[arg(long)]
        skip_tty_check: bool,
        /// Files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Make a new encrypted file in $EDITOR
    #[command(infer_long_args = true)]
    Create {
        #[command(flatten)]
        keys: Keys,
        /// Start the editor without a terminal too
        #[arg(long)]
        skip_tty_check: bool,
        /// The file
        file: PathBuf,
    },
    /// Encrypt files with another password
    #[command(infer_long_args = true)]
    Rekey {
        #[command(flatten)]
        keys: Keys,
        /// File with the new password, or a program that prints it
        #[arg(long, value_name = "FILE", conflicts_with = "new_vault_id")]
        new_vault_password_file: Option<String>,
        /// The new password: LABEL@SOURCE
        #[arg(long, value_name = "LABEL@SOURCE")]
        new_vault_id: Option<String>,
        /// Files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Encrypt texts, to be pasted into YAML
    #[command(name = "encrypt_string", alias = "encrypt-string", infer_long_args = true)]
    EncryptString {
        #[command(flatten)]
        keys: Keys,
        /// Write to this file
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Ask for the text
        #[arg(short = 'p', long)]
        prompt: bool,
        /// Show it while it is typed
        #[arg(long)]
        show_input: bool,
        /// Name of the variable, one for each text
        #[arg(short = 'n', long, value_name = "NAME")]
        name: Vec<String>,
        /// Name of the variable for the text from standard input
        #[arg(long, value_name = "NAME")]
        stdin_name: Option<String>,
        /// Texts; - for standard input
        texts: Vec<String>,
    },
}

/// Works on vault files.
pub(crate) fn vault(args: VaultCommandArgs) -> Result<u8> {
    match args.command {
        VaultCommand::Encrypt { keys, output, files } => encrypt(&keys, output.as_deref(), files)?,
        VaultCommand::Decrypt { keys, output, files } => decrypt(&keys, output.as_deref(), files)?,
        VaultCommand::View { keys, files } => view(&keys, files)?,
        VaultCommand::Edit { keys, files, .. } => files.iter().try_for_each(|f| edit(&keys, f))?,
        VaultCommand::Create {
            keys,
            skip_tty_check,
            file,
        } => {
            needs_terminal(skip_tty_check)?;
            create(&keys, &file)?;
        }
        VaultCommand::Rekey {
            keys,
            new_vault_password_file,
            new_vault_id,
            files,
        } => {
            rekey(&keys, new_vault_password_file, new_vault_id, &files)?;
        }
        VaultCommand::EncryptString {
            keys,
            output,
            prompt,
            show_input,
            name,
            stdin_name,
            texts,
        } => {
            let texts = strings(prompt, show_input, &name, stdin_name, texts)?;
            encrypt_strings(&keys, output.as_deref(), &texts)?;
        }
    }
    Ok(0)
}

/// Passwords that decrypt; asked for if none is configured.
fn secrets_of(keys: &Keys) -> Result<Vec<VaultSecret>> {
    let mut secrets = secrets::vault(&keys.vault, &Settings::load()?)?;
    if secrets.is_empty() {
        secrets.push(secrets::vault_secret("default", "prompt_ask_vault_pass")?);
    }
    Ok(secrets)
}

/// The password that encrypts.
fn encrypting(keys: &Keys) -> Result<VaultSecret> {
    let settings = Settings::load()?;
    let secrets = secrets::vault(&keys.vault, &settings)?;
    let wanted = keys
        .encrypt_vault_id
        .clone()
        .or_else(|| settings.given("vault_encrypt_identity"));
    if let Some(id) = wanted {
        return secrets.into_iter().find(|s| s.id == id).ok_or_else(|| {
            Stop::new(format!(
                "Did not find a match for --encrypt-vault-id={id} in the known vault-ids"
            ))
        });
    }
    match secrets.as_slice() {
        [] => new_password("default"),
        [one] => Ok(one.clone()),
        many => {
            let ids: Vec<&str> = many.iter().map(|s| s.id.as_str()).collect();
            Err(Stop::new(format!(
                "The vault-ids {} are available to encrypt. Specify the vault-id to encrypt with --encrypt-vault-id",
                ids.join(",")
            )))
        }
    }
}

/// A new password, asked for twice.
fn new_password(id: &str) -> Result<VaultSecret> {
    let first = secrets::asked("New Vault password: ")?;
    let second = secrets::asked("Confirm New Vault password: ")?;
    if first.expose() != second.expose() {
        return Err(Stop::new("Passwords do not match"));
    }
    if first.expose().is_empty() {
        return Err(Stop::new("Invalid vault password was provided: it is empty"));
    }
    Ok(VaultSecret {
        id: id.to_owned(),
        password: first.expose().as_bytes().to_vec(),
    })
}

fn is_vault(bytes: &[u8]) -> bool {
    bytes.starts_with(b"$ANSIBLE_VAULT")
}

fn open(keys: &VaultKeys, path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let bytes = vault_file::read(path)?;
    if !is_vault(&bytes) {
        return Err(Stop::new(format!(
            "Input is not vault encrypted data. for {}",
            path.display()
        )));
    }
    let text = String::from_utf8_lossy(&bytes);
    let clear = keys
        .open(&text)
        .map_err(|e| Stop::new(format!("{e} for {}", path.display())))?;
    Ok(Zeroizing::new(clear))
}

fn or_stdin(files: Vec<PathBuf>) -> Vec<PathBuf> {
    if files.is_empty() { vec!["-".into()] } else { files }
}

/// Several files cannot go into one.
fn one_target(output: Option<&Path>, files: &[PathBuf]) -> Result<()> {
    match output {
        Some(path) if files.len() > 1 && path != Path::new("-") => {
            Err(Stop::usage("--output may only be used with a single input file"))
        }
        _ => Ok(()),
    }
}

fn encrypt(keys: &Keys, output: Option<&Path>, files: Vec<PathBuf>) -> Result<()> {
    one_target(output, &files)?;
    let secret = encrypting(keys)?;
    for file in or_stdin(files) {
        let clear = vault_file::read(&file)?;
        if is_vault(&clear) {
            return Err(Stop::new("input is already encrypted"));
        }
        vault_file::write(output.unwrap_or(&file), seal(&secret, &clear)?.as_bytes())?;
    }
    done("Encryption");
    Ok(())
}

fn seal(secret: &VaultSecret, clear: &[u8]) -> Result<String> {
    secret.seal(clear).map_err(|e| Stop::new(e.to_string()))
}

fn decrypt(keys: &Keys, output: Option<&Path>, files: Vec<PathBuf>) -> Result<()> {
    one_target(output, &files)?;
    let known = secrets::vault_keys(&secrets_of(keys)?);
    for file in or_stdin(files) {
        let clear = open(&known, &file)?;
        vault_file::write(output.unwrap_or(&file), &clear)?;
    }
    done("Decryption");
    Ok(())
}

/// Said to people only: scripts read standard output.
fn done(what: &str) {
    if std::io::stdout().is_terminal() {
        screen::complain(&format!("{what} successful"));
    }
}

fn view(keys: &Keys, files: Vec<PathBuf>) -> Result<()> {
    let known = secrets::vault_keys(&secrets_of(keys)?);
    for file in or_stdin(files) {
        let clear = open(&known, &file)?;
        vault_file::write(Path::new("-"), &clear)?;
        if !clear.ends_with(b"\n") {
            screen::say("");
        }
    }
    Ok(())
}

fn needs_terminal(skip: bool) -> Result<()> {
    if skip || std::io::stdout().is_terminal() {
        return Ok(());
    }
    Err(Stop::new("not a tty, editor cannot be opened").code(5))
}

/// Lets the user edit a clear text in a folder of their own; the text afterwards.
fn in_editor(clear: &[u8], name: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let folder = tempfile::TempDir::with_prefix("kdo-vault-")?;
    let suffix = name
        .extension()
        .map(|e| format!(".{}", e.to_string_lossy()))
        .unwrap_or_default();
    let file = folder.path().join(format!("secret{suffix}"));
    vault_file::write(&file, clear)?;
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|n| std::env::var(n).ok().filter(|v| !v.is_empty()))
        .unwrap_or_else(|| "vi".into());
    let words = kdo_inventory::split_words(&editor).map_err(|e| Stop::new(format!("$EDITOR: {e}")))?;
    let mut words = words.into_iter().map(|w| w.text);
    let program = words.next().unwrap_or_else(|| "vi".into());
    let status = Command::new(&program).args(words).arg(&file).status();
    let result = match status {
        Ok(status) if status.success() => vault_file::read(&file),
        Ok(status) => Err(Stop::new(format!(
            "the editor {program} ended with {status}; nothing was changed"
        ))),
        Err(e) => Err(Stop::new(format!("cannot start the editor {program}: {e}"))),
    };
    // The clear text is overwritten before its file goes.
    if let Ok(about) = std::fs::metadata(&file) {
        let zeros = vec![0; usize::try_from(about.len()).unwrap_or(0)];
        let _ = std::fs::write(&file, zeros);
    }
    result
}

fn edit(keys: &Keys, file: &Path) -> Result<()> {
    let secrets = secrets_of(keys)?;
    let armoured = vault_file::read(file)?;
    let clear = open(&secrets::vault_keys(&secrets), file)?;
    let changed = in_editor(&clear, file)?;
    if changed == clear {
        return Ok(());
    }
    let secret = match &keys.encrypt_vault_id {
        Some(_) => encrypting(keys)?,
        None => same_secret(&secrets, &armoured)?,
    };
    vault_file::write(file, seal(&secret, &changed)?.as_bytes())
}

/// The password that opens a text, with the text's own label.
fn same_secret(secrets: &[VaultSecret], armoured: &[u8]) -> Result<VaultSecret> {
    let text = String::from_utf8_lossy(armoured);
    let label = text
        .lines()
        .next()
        .and_then(|l| l.split(';').nth(3))
        .unwrap_or("default")
        .trim()
        .to_owned();
    let opens = |s: &&VaultSecret| VaultKeys::new(vec![(*s).clone()]).open(&text).is_ok();
    let found = secrets.iter().find(opens);
    let secret = found.ok_or_else(|| Stop::new("none of the vault passwords opens this file"))?;
    Ok(VaultSecret {
        id: label,
        password: secret.password.clone(),
    })
}

fn create(keys: &Keys, file: &Path) -> Result<()> {
    if file.exists() {
        return Err(Stop::new(format!(
            "{} exists, please use 'edit' instead",
            file.display()
        )));
    }
    let secret = encrypting(keys)?;
    let text = in_editor(b"", file)?;
    vault_file::write(file, seal(&secret, &text)?.as_bytes())
}

fn rekey(keys: &Keys, file: Option<String>, id: Option<String>, files: &[PathBuf]) -> Result<()> {
    let known = secrets::vault_keys(&secrets_of(keys)?);
    let new = match (file, id) {
        (Some(path), _) => secrets::vault_secret("default", &path)?,
        (None, Some(text)) => match text.split_once('@') {
            Some((label, "prompt")) => new_password(label)?,
            Some((label, source)) => secrets::vault_secret(label, source)?,
            None => secrets::vault_secret("default", &text)?,
        },
        (None, None) => new_password("default")?,
    };
    // All are opened before one is written: a wrong password changes nothing.
    let clear: Vec<_> = files
        .iter()
        .map(|f| Ok((f, open(&known, f)?)))
        .collect::<Result<_>>()?;
    for (file, clear) in clear {
        vault_file::write(file, seal(&new, &clear)?.as_bytes())?;
    }
    done("Rekey");
    Ok(())
}

/// A text to encrypt and the variable's name.
type Named = (Option<String>, Zeroizing<Vec<u8>>);

fn strings(
    ask: bool,
    show: bool,
    names: &[String],
    stdin_name: Option<String>,
    texts: Vec<String>,
) -> Result<Vec<Named>> {
    let mut out: Vec<Named> = Vec::new();
    let from_stdin = texts.iter().any(|t| t == "-") || stdin_name.is_some() || (texts.is_empty() && !ask);
    if ask {
        let name = match names.first() {
            Some(name) => Some(name.clone()),
            None => prompt::ask("Variable name (enter for no name): ", false)
                .map(|n| n.to_string())
                .filter(|n| !n.is_empty()),
        };
        let text =
            prompt::ask("String to encrypt: ", !show).ok_or_else(|| Stop::new("nothing to encrypt"))?;
        out.push((name, Zeroizing::new(text.as_bytes().to_vec())));
    }
    if from_stdin {
        if std::io::stdin().is_terminal() {
            screen::complain(
                "Reading plaintext input from stdin. (ctrl-d to end input, twice if your content does not already have a newline)",
            );
        }
        out.push((stdin_name, vault_file::read(Path::new("-"))?));
    }
    let mut names = names.iter().skip(usize::from(ask && !names.is_empty()));
    for text in texts.into_iter().filter(|t| t != "-") {
        out.push((names.next().cloned(), Zeroizing::new(text.into_bytes())));
    }
    if out.iter().any(|(_, text)| text.is_empty()) {
        return Err(Stop::new("The plaintext provided was empty, not encrypting"));
    }
    Ok(out)
}

fn encrypt_strings(keys: &Keys, output: Option<&Path>, texts: &[Named]) -> Result<()> {
    let secret = encrypting(keys)?;
    let mut out = String::new();
    for (name, clear) in texts {
        if let Some(name) = name {
            out.push_str(&format!("{name}: "));
        }
        out.push_str("!vault |\n");
        for line in seal(&secret, clear)?.lines() {
            out.push_str(&format!("          {line}\n"));
        }
    }
    vault_file::write(output.unwrap_or(Path::new("-")), out.as_bytes())?;
    done("Encryption");
    Ok(())
}
