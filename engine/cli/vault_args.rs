//! Options on vault passwords.

use clap::Args;

/// Vault options.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Vault options")]
pub(crate) struct VaultArgs {
    /// A vault password: LABEL@SOURCE, where SOURCE is `prompt`, a file or a program that prints it
    #[arg(long, value_name = "LABEL@SOURCE")]
    pub vault_id: Vec<String>,
    /// File with a vault password, or a program that prints it
    #[arg(long, alias = "vault-pass-file", value_name = "FILE")]
    pub vault_password_file: Vec<String>,
    /// Ask for a vault password
    #[arg(
        short = 'J',
        long,
        alias = "ask-vault-pass",
        conflicts_with = "vault_password_file"
    )]
    pub ask_vault_password: bool,
}
