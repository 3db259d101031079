//! `kdo galaxy`: roles and collections of others. One file for each subcommand.

mod build;
mod context;
mod download;
mod info;
mod init;
mod install;
mod list;
mod lock;
mod locked;
mod login;
mod mirror;
mod needs;
mod outdated;
mod place_args;
mod progress;
mod publish;
mod remove;
mod role_import;
mod search;
mod server_args;
mod sign;
mod signature_args;
mod tell;
mod tree;
mod update;
mod verify;
mod why;

use crate::stop::Result;
use clap::{Args, Subcommand};
use kdo_galaxy::Kind;
pub(crate) use locked::verify_locked;

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
    /// Publish roles and collections
    #[command(infer_long_args = true, args_override_self = true)]
    Publish(publish::PublishArgs),
    /// Sign what is published
    #[command(infer_long_args = true, args_override_self = true)]
    Sign(sign::SignArgs),
    /// Keep who we are to a registry or Galaxy server
    #[command(infer_long_args = true, args_override_self = true)]
    Login(login::LoginArgs),
    /// Forget who we are to a registry or Galaxy server
    Logout(login::LogoutArgs),
    /// Tell what is known of packages
    #[command(infer_long_args = true, args_override_self = true)]
    Info(info::InfoArgs),
    /// Search the servers
    #[command(infer_long_args = true, args_override_self = true)]
    Search(search::SearchArgs),
    /// Make the folder of a new package
    #[command(infer_long_args = true, args_override_self = true)]
    Init(init::InitArgs),
    /// Build collections into archives
    #[command(infer_long_args = true, args_override_self = true)]
    Build(build::BuildArgs),
    /// Take newer versions into requirements.lock, and install them
    #[command(infer_long_args = true, args_override_self = true)]
    Update(update::UpdateArgs),
    /// Tell why a package is needed
    #[command(infer_long_args = true, args_override_self = true)]
    Why(why::WhyArgs),
    /// List packages that there are newer versions of
    #[command(infer_long_args = true, args_override_self = true)]
    Outdated(outdated::OutdatedArgs),
    /// Bring archives into a folder
    #[command(infer_long_args = true, args_override_self = true)]
    Download(download::DownloadArgs),
    /// Bring packages into a folder that serves as a Galaxy server
    #[command(infer_long_args = true, args_override_self = true)]
    Mirror(mirror::MirrorArgs),
    /// Ask a Galaxy server to import a role from GitHub
    #[command(infer_long_args = true, args_override_self = true)]
    Import(role_import::ImportArgs),
    /// Remove from a Galaxy server what it has of a repository of GitHub
    #[command(infer_long_args = true, args_override_self = true)]
    Delete(role_import::DeleteArgs),
    /// Told of what there is instead
    #[command(infer_long_args = true, args_override_self = true, hide = true)]
    Setup(role_import::SetupArgs),
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
        Action::Publish(args) => publish::publish(kind, &args),
        Action::Sign(args) => sign::sign(kind, &args),
        Action::Login(args) => login::login(&args),
        Action::Logout(args) => login::logout(&args),
        Action::Info(args) => info::info(kind, &args),
        Action::Search(args) => search::search(kind, &args),
        Action::Init(args) => init::init(kind, &args),
        Action::Build(args) => build::build(kind, &args),
        Action::Update(args) => update::update(kind, &args),
        Action::Why(args) => why::why(kind, &args),
        Action::Outdated(args) => outdated::outdated(kind, &args),
        Action::Download(args) => download::download(kind, args),
        Action::Mirror(args) => mirror::mirror(kind, &args),
        Action::Import(args) => role_import::import(kind, &args),
        Action::Delete(args) => role_import::delete(kind, &args),
        Action::Setup(args) => role_import::setup(&args),
    }
}
