//! `kdo galaxy mirror`

use super::{
    context::{Context, FileArgs},
    server_args::ServerArgs,
};
use crate::{screen, stop::Result};
use clap::Args;
use kdo_galaxy::{Choice, Kind, mirror as mirror_all};
use std::path::PathBuf;

/// Arguments of `kdo galaxy mirror`.
#[derive(Args)]
pub(crate) struct MirrorArgs {
    /// Folder of the mirror; what is in it stays
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Packages [default: those of requirements.yml, as locked]
    #[arg(value_name = "PACKAGE")]
    packages: Vec<String>,
    #[command(flatten)]
    file: FileArgs,
    /// URL that the folder is served at
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Take pre-releases too
    #[arg(long)]
    pre: bool,
    /// Without what is needed
    #[arg(short = 'n', long)]
    no_deps: bool,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Brings packages into a folder that any web server serves as a Galaxy server.
pub(crate) fn mirror(kind: Option<Kind>, args: &MirrorArgs) -> Result<u8> {
    let context = Context::new(&args.servers)?;
    let asked = context.asked(kind, &args.packages, &args.file)?;
    let mut choice = Choice {
        prereleases: args.pre,
        no_dependencies: args.no_deps,
        ..Choice::default()
    };
    if let Some(lock) = context.lock(&asked)?.filter(|_| asked.file.is_some()) {
        choice.prefer(&lock);
    }
    let resolved = context
        .resolve(&asked.list, &choice)
        .map_err(|f| context.stop(&f))?;
    let added = mirror_all(
        context.sources.store(),
        &resolved,
        &args.folder,
        args.url.as_deref(),
    )
    .map_err(|f| context.stop(&f))?;
    for (resolved, added) in resolved.iter().zip(added) {
        let word = if added { "was added" } else { "is there already" };
        screen::say(&format!(
            "{} {} {word}",
            resolved.source.name_there(&resolved.release.package),
            resolved.release.version
        ));
    }
    let folder = std::path::absolute(&args.folder)?;
    screen::say(&format!(
        "to install from it: kdo galaxy install -s file://{}/api/",
        folder.display()
    ));
    Ok(0)
}
