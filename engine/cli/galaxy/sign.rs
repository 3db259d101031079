//! `kdo galaxy sign`

use super::{
    context::{Context, FileArgs, lock_beside},
    server_args::ServerArgs,
};
use crate::{screen, stop::Result};
use clap::Args;
use kdo_galaxy::{Kind, Lock, SignBy, sign as sign_one};
use std::path::PathBuf;

/// Arguments of `kdo galaxy sign`.
#[derive(Args)]
pub(crate) struct SignArgs {
    /// Packages with their versions, as NAME:VERSION or oci://HOST/PATH:VERSION [default version: the one of the lock file]
    #[arg(value_name = "PACKAGE", required = true)]
    packages: Vec<String>,
    /// Sign by this SSH key, in a registry of OCI
    #[arg(
        long,
        value_name = "KEYFILE",
        required_unless_present = "gpg",
        conflicts_with = "gpg"
    )]
    key: Option<PathBuf>,
    /// Sign by GnuPG, in a static tree (-s static:FOLDER), with this key or the default one
    #[arg(long, value_name = "KEY", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    gpg: Option<String>,
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Signs what is published.
pub(crate) fn sign(kind: Option<Kind>, args: &SignArgs) -> Result<u8> {
    let context = Context::new(&args.servers)?;
    let lock = lock_beside(args.file.requirements_file.as_deref());
    let lock = Lock::read(&lock).map_err(|f| context.stop(&f))?;
    let by = match (&args.key, &args.gpg) {
        (Some(key), _) => SignBy::Ssh(key.clone()),
        (None, key) => SignBy::Gpg(key.clone().filter(|k| !k.is_empty())),
    };
    let place = args.servers.server();
    for package in &args.packages {
        let done = sign_one(kind, package, place, &by, lock.as_ref(), &context.sources)
            .map_err(|f| context.stop(&f))?;
        let word = match &done.signer {
            Some(signer) => format!("signed by {signer}"),
            None => "is signed by this key already".to_owned(),
        };
        screen::say(&format!("{} {word}\n  digest: {}", done.address, done.digest));
    }
    Ok(0)
}
