//! How signatures of collections are checked.

use super::context::Asked;
use crate::stop::{Result, Stop};
use clap::{Args, builder::PossibleValuesParser};
use kdo_galaxy::{Kind, Signatures};
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
    /// Further signature over MANIFEST.json of what is named: a file or URL
    #[arg(long, value_name = "URI")]
    signature: Vec<String>,
    /// How many signatures must be good: a number or `all`; with `+` before it what has none is refused
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true, value_parser = count)]
    required_valid_signature_count: Option<String>,
    /// Words of GnuPG that are no failure
    #[arg(long, value_name = "WORD", num_args = 1.., value_parser = PossibleValuesParser::new(Signatures::WORDS), hide_possible_values = true)]
    ignore_signature_status_codes: Vec<String>,
    /// One of them
    #[arg(long, value_name = "WORD", hide = true, value_parser = PossibleValuesParser::new(Signatures::WORDS), hide_possible_values = true)]
    ignore_signature_status_code: Vec<String>,
}

fn count(text: &str) -> std::result::Result<String, String> {
    match Signatures::check_count(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(_) => {
            Err("write a number or `all`, with `+` before it to refuse what has no signature".to_owned())
        }
    }
}

impl SignatureArgs {
    /// Adds the signatures that are named to what is asked for.
    pub(super) fn name(&self, asked: &mut Asked) -> Result<()> {
        if self.signature.is_empty() {
            return Ok(());
        }
        if asked.file.is_some() {
            return Err(Stop::new(
                "--signature is for packages that are named on the command line; in a file with requirements the key \
                 `signatures` names them",
            ));
        }
        if asked.list.iter().any(|r| r.kind == Kind::Role) {
            return Err(Stop::usage(
                "--signature is for collections: kdo galaxy collection install",
            ));
        }
        for requirement in &mut asked.list {
            requirement.signatures.extend(self.signature.iter().cloned());
        }
        Ok(())
    }

    /// What they say instead of the configuration.
    pub(super) fn signatures(&self) -> Signatures {
        Signatures {
            keyring: self.keyring.clone(),
            disabled: self.disable_gpg_verify,
            required: self.required_valid_signature_count.clone(),
            ignored: [
                self.ignore_signature_status_codes.as_slice(),
                &self.ignore_signature_status_code,
            ]
            .concat(),
        }
    }
}
