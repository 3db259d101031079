//! How signatures of collections are checked.

use clap::Args;
use kdo_galaxy::Signatures;
use std::path::PathBuf;

/// Options of subcommands that check signatures by OpenPGP.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Signatures")]
pub(crate) struct SignatureArgs {
    /// Keyring for signatures of collections
    #[arg(long, value_name = "FILE")]
    keyring: Option<PathBuf>,
    /// Do not check signatures of collections
    #[arg(long)]
    disable_gpg_verify: bool,
    /// How many signatures must be good: a number or `all`; with `+` before it what has none is refused
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    required_valid_signature_count: Option<String>,
    /// Words of GnuPG that are no failure
    #[arg(long, visible_alias = "ignore-signature-status-codes", value_name = "WORD", num_args = 1..)]
    ignore_signature_status_code: Vec<String>,
}

impl SignatureArgs {
    /// What they say instead of the configuration.
    pub(super) fn signatures(&self) -> Signatures {
        Signatures {
            keyring: self.keyring.clone(),
            disabled: self.disable_gpg_verify,
            required: self.required_valid_signature_count.clone(),
            ignored: self.ignore_signature_status_code.clone(),
        }
    }
}
