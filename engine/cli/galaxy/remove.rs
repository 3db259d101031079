//! `kdo galaxy remove`

use super::{
    place_args::{FoldersArgs, setting},
    server_args::IdleServerArgs,
};
use crate::{
    screen,
    settings::Settings,
    stop::{Result, Stop},
};
use clap::Args;
use kdo_galaxy::{Kind, Package, installed, remove as remove_package};
use kdo_syntax::nearest;
use std::path::PathBuf;

/// Arguments of `kdo galaxy remove`.
#[derive(Args)]
pub(crate) struct RemoveArgs {
    /// Packages
    #[arg(value_name = "PACKAGE", required = true)]
    packages: Vec<String>,
    #[command(flatten)]
    folders: FoldersArgs,
    #[command(flatten)]
    servers: IdleServerArgs,
}

/// Removes.
pub(crate) fn remove(kind: Option<Kind>, args: &RemoveArgs) -> Result<u8> {
    let settings = Settings::load()?;
    let kind = kind.unwrap_or(Kind::Role);
    let paths = if args.folders.path.is_empty() {
        settings.paths(setting(kind))
    } else {
        args.folders.path.clone()
    };
    for name in &args.packages {
        let package = Package::new(kind, name).map_err(|f| Stop::usage(f.to_string()))?;
        let mut removed = false;
        for path in &paths {
            removed = remove_package(&package, path).map_err(|f| Stop::new(f.to_string()))?;
            if removed {
                break;
            }
        }
        screen::say(&if removed {
            format!("- successfully removed {name}")
        } else {
            let near = near(kind, name, &paths).map_or_else(String::new, |n| format!(" Did you mean {n}?"));
            format!("- {name} is not installed, skipping.{near}")
        });
    }
    Ok(0)
}

fn near(kind: Kind, name: &str, paths: &[PathBuf]) -> Option<String> {
    let found: Vec<_> = paths.iter().flat_map(|p| installed(kind, p)).collect();
    nearest(name, found.iter().map(|i| i.package.name())).map(str::to_owned)
}
