//! `kdo galaxy`: roles and collections of others. One file for each subcommand.

mod context;
mod install;
mod list;
mod lock;
mod remove;
mod server_args;
mod tell;
mod tree;
mod verify;

use crate::stop::Result;
use clap::{Args, Subcommand};
use kdo_galaxy::Kind;

/// Arguments of `kdo galaxy`.
#[derive(Args)]
#[command(
    infer_long_args = true,
    args_override_self = true,
    after_help = "The exit status is 0 if all is well, 1 for errors, 2 for wrong use, 3 where content is not what was locked or announced."
)]
pub(crate) struct GalaxyArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Roles only [ansible-galaxy role]
    #[command(infer_long_args = true, args_override_self = true)]
    Role {
        #[command(subcommand)]
        action: Action,
    },
    /// Collections only [ansible-galaxy collection]
    #[command(infer_long_args = true, args_override_self = true)]
    Collection {
        #[command(subcommand)]
        action: Action,
    },
    #[command(flatten)]
    Both(Action),
}

#[derive(Subcommand)]
enum Action {
    /// Install what is named, or what requirements.yml asks for
    #[command(infer_long_args = true, args_override_self = true)]
    Install(install::InstallArgs),
    /// List what is installed
    #[command(infer_long_args = true, args_override_self = true)]
    List(list::ListArgs),
    /// Resolve requirements.yml and write requirements.lock
    #[command(infer_long_args = true, args_override_self = true)]
    Lock(lock::LockArgs),
    /// Check that what is installed is what was locked, and whole
    #[command(infer_long_args = true, args_override_self = true)]
    Verify(verify::VerifyArgs),
    /// Show what needs what
    #[command(infer_long_args = true, args_override_self = true)]
    Tree(tree::TreeArgs),
    /// Remove installed packages
    #[command(infer_long_args = true, args_override_self = true)]
    Remove(remove::RemoveArgs),
}

/// Works with packages.
pub(crate) fn galaxy(args: GalaxyArgs) -> Result<u8> {
    let (kind, action) = match args.what {
        What::Role { action } => (Some(Kind::Role), action),
        What::Collection { action } => (Some(Kind::Collection), action),
        What::Both(action) => (None, action),
    };
    match action {
        Action::Install(args) => install::install(kind, args),
        Action::List(args) => list::list(kind, &args),
        Action::Lock(args) => lock::lock(kind, args),
        Action::Verify(args) => verify::verify(kind, &args),
        Action::Tree(args) => tree::tree(kind, args),
        Action::Remove(args) => remove::remove(kind, &args),
    }
}
