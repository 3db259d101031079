//! `kdo vault`

use crate::{
    stop::Result,
    vault_files,
    vault_keys::KeyArgs,
    vault_strings::{self, StringArgs},
};
use clap::{ArgAction, Args, Subcommand};
use std::path::PathBuf;

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

/// What to work on, and where the result goes.
#[derive(Args)]
struct Files {
    #[command(flatten)]
    keys: KeyArgs,
    /// Write to this file; - for standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Files; standard input if there is none
    files: Vec<PathBuf>,
}

#[derive(Subcommand)]
enum VaultCommand {
    /// Encrypt files
    #[command(infer_long_args = true)]
    Encrypt(Files),
    /// Decrypt files
    #[command(infer_long_args = true)]
    Decrypt(Files),
    /// Show encrypted files
    #[command(infer_long_args = true)]
    View {
        #[command(flatten)]
        keys: KeyArgs,
        /// Files; standard input if there is none
        files: Vec<PathBuf>,
    },
    /// Change an encrypted file in $EDITOR
    #[command(infer_long_args = true)]
    Edit {
        #[command(flatten)]
        keys: KeyArgs,
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
        keys: KeyArgs,
        /// Start the editor without a terminal too
        #[arg(long)]
        skip_tty_check: bool,
        /// The file
        file: Vec<PathBuf>,
    },
    /// Encrypt files with another password
    #[command(infer_long_args = true)]
    Rekey {
        #[command(flatten)]
        keys: KeyArgs,
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
    EncryptString(StringArgs),
}

/// Works on vault files.
pub(crate) fn vault(args: VaultCommandArgs) -> Result<u8> {
    match args.command {
        VaultCommand::Encrypt(f) => vault_files::encrypt(&f.keys, f.output.as_deref(), f.files)?,
        VaultCommand::Decrypt(f) => vault_files::decrypt(&f.keys, f.output.as_deref(), f.files)?,
        VaultCommand::View { keys, files } => vault_files::view(&keys, files)?,
        VaultCommand::Edit { keys, files, .. } => vault_files::edit(&keys, &files)?,
        VaultCommand::Create {
            keys,
            skip_tty_check,
            file,
        } => vault_files::create(&keys, skip_tty_check, &file)?,
        VaultCommand::Rekey {
            keys,
            new_vault_password_file,
            new_vault_id,
            files,
        } => {
            let new = new_vault_id.or(new_vault_password_file);
            vault_files::rekey(&keys, new.as_deref(), &files)?;
        }
        VaultCommand::EncryptString(args) => vault_strings::encrypt_string(args)?,
    }
    Ok(0)
}
