//! Where packages are installed.

use clap::Args;
use kdo_galaxy::Kind;
use std::path::PathBuf;

/// The one folder that a subcommand works on.
#[derive(Args, Clone, Default)]
pub(crate) struct FolderArgs {
    /// Folder that packages are installed into
    #[arg(
        short = 'p',
        long = "roles-path",
        visible_alias = "collections-path",
        value_name = "FOLDER"
    )]
    pub(super) path: Option<PathBuf>,
}

/// The folders that a subcommand looks in.
#[derive(Args, Clone, Default)]
pub(crate) struct FoldersArgs {
    /// Folders that packages are installed into
    #[arg(
        short = 'p',
        long = "roles-path",
        visible_alias = "collections-path",
        value_name = "FOLDER",
        value_delimiter = ':'
    )]
    pub(super) path: Vec<PathBuf>,
}

/// The setting that names the folders of this kind.
pub(super) fn setting(kind: Kind) -> &'static str {
    match kind {
        Kind::Role => "roles_path",
        Kind::Collection => "collections_path",
    }
}
