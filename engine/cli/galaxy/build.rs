//! `kdo galaxy build`

use super::{server_args::IdleServerArgs, tell};
use crate::{
    screen,
    stop::{Result, Stop},
};
use clap::Args;
use kdo_galaxy::{Building, Kind};
use kdo_syntax::SourceMap;
use std::path::PathBuf;

/// Arguments of `kdo galaxy build`.
#[derive(Args)]
pub(crate) struct BuildArgs {
    /// Folders with a galaxy.yml
    #[arg(value_name = "FOLDER", default_value = ".")]
    folders: Vec<PathBuf>,
    /// Write over an archive that is there
    #[arg(short = 'f', long)]
    force: bool,
    /// Folder to write the archives into
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    output_path: PathBuf,
    #[command(flatten)]
    servers: IdleServerArgs,
}

/// Builds collections into archives.
pub(crate) fn build(kind: Option<Kind>, args: &BuildArgs) -> Result<u8> {
    if kind == Some(Kind::Role) {
        return Err(Stop::usage(
            "a role needs no build: `kdo galaxy publish` packs it",
        ));
    }
    let texts = SourceMap::new();
    let output = std::path::absolute(&args.output_path)?;
    if output.is_file() {
        return Err(Stop::new(format!(
            "- the output collection directory {} is a file - aborting",
            output.display()
        )));
    }
    for folder in &args.folders {
        let folder = std::path::absolute(folder)?;
        let info = folder.join("galaxy.yml");
        if !info.is_file() && !folder.join("MANIFEST.json").is_file() {
            return Err(Stop::new(format!(
                "The collection galaxy.yml path '{}' does not exist.",
                info.display()
            )));
        }
        let building = Building::of_folder(&folder).map_err(|f| tell::stop(&f, &texts))?;
        let path = output.join(building.file_name());
        if path.is_dir() {
            return Err(Stop::new(format!(
                "The output collection artifact '{}' already exists, but is a directory - aborting",
                path.display()
            )));
        }
        if path.exists() && !args.force {
            return Err(Stop::new(format!(
                "The file '{}' already exists. You can use --force to re-create the collection artifact.",
                path.display()
            )));
        }
        building.write_file(&path).map_err(|f| tell::stop(&f, &texts))?;
        screen::say(&format!(
            "Created collection for {} at {}",
            building.package,
            path.display()
        ));
    }
    Ok(0)
}
