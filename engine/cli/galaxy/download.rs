//! `kdo galaxy download`

use super::{
    context::{Context, FileArgs},
    server_args::ServerArgs,
};
use crate::{screen, stop::Result};
use clap::Args;
use kdo_galaxy::{Choice, Kind, download as download_all};
use std::path::PathBuf;

/// Arguments of `kdo galaxy download`.
#[derive(Args)]
pub(crate) struct DownloadArgs {
    /// Packages [default: those of requirements.yml]
    #[arg(value_name = "PACKAGE")]
    packages: Vec<String>,
    #[command(flatten)]
    file: FileArgs,
    /// Folder for the archives
    #[arg(short = 'p', long, value_name = "FOLDER")]
    download_path: Option<PathBuf>,
    /// Without what is needed
    #[arg(short = 'n', long)]
    no_deps: bool,
    /// Take pre-releases too
    #[arg(long)]
    pre: bool,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Brings archives into a folder, with a requirements.yml that installs them from there.
pub(crate) fn download(kind: Option<Kind>, args: DownloadArgs) -> Result<u8> {
    let context = Context::new(&args.servers)?;
    let asked = context.asked(kind, &args.packages, &args.file)?;
    let word = match kind {
        Some(kind) => kind.word(),
        None => "package",
    };
    let default = match kind {
        Some(Kind::Collection) => "collections",
        Some(Kind::Role) => "roles",
        None => "packages",
    };
    let folder = std::path::absolute(args.download_path.as_deref().unwrap_or(default.as_ref()))?;
    screen::say("Process download dependency map");
    let choice = Choice {
        prereleases: args.pre,
        no_dependencies: args.no_deps,
        ..Choice::default()
    };
    let resolved = context
        .resolve(&asked.list, &choice)
        .map_err(|f| context.stop(&f))?;
    screen::say(&format!(
        "Starting {word} download process to '{}'",
        folder.display()
    ));
    let done = download_all(context.sources.store(), &resolved, &folder).map_err(|f| context.stop(&f))?;
    for one in done {
        let (package, version) = (&one.release.package, &one.release.version);
        let title = match package.kind() {
            Kind::Role => "Role",
            Kind::Collection => "Collection",
        };
        screen::say(&format!(
            "Downloading {} '{package}:{version}' to '{}'\n{title} '{package}:{version}' was downloaded successfully",
            package.kind().word(),
            folder.display()
        ));
    }
    screen::say(&format!(
        "Writing requirements.yml file of downloaded {word}s to '{}'",
        folder.join("requirements.yml").display()
    ));
    Ok(0)
}
