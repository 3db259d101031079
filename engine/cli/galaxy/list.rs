//! `kdo galaxy list`

use super::{place_args::FoldersArgs, server_args::IdleServerArgs};
use crate::{
    called_as, screen,
    settings::Settings,
    stop::{Result, Stop},
};
use clap::{Args, ValueEnum};
use kdo_galaxy::{Installed, Kind, Package, installed};
use kdo_syntax::{EmitOptions, emit_yaml};
use kdo_value::{Map, Value, json};
use std::path::{Component, Path, PathBuf};

/// How the list is written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
    Yaml,
}

/// Arguments of `kdo galaxy list`.
#[derive(Args)]
pub(crate) struct ListArgs {
    /// Only this package
    package: Option<String>,
    #[command(flatten)]
    folders: FoldersArgs,
    /// How collections are listed
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    #[command(flatten)]
    servers: IdleServerArgs,
}

/// Lists.
pub(crate) fn list(kind: Option<Kind>, args: &ListArgs) -> Result<u8> {
    let settings = Settings::load()?;
    let paths = |name: &str| -> Vec<PathBuf> {
        let given = args
            .folders
            .path
            .iter()
            .map(|p| std::path::absolute(p).unwrap_or_else(|_| p.clone()));
        let mut paths: Vec<PathBuf> = given.collect();
        // What is given comes before what is configured.
        for configured in settings.paths(name) {
            if !paths.contains(&configured) {
                paths.push(configured);
            }
        }
        paths
    };
    if kind != Some(Kind::Role) {
        check(kind, args)?;
    }
    if args.format != Format::Human {
        return structured(&paths("collections_path"), args);
    }
    let mut usable = false;
    if kind != Some(Kind::Collection) {
        usable |= roles(&paths("roles_path"), args.package.as_deref());
    }
    if kind != Some(Kind::Role) {
        usable |= collections(&paths("collections_path"), args.package.as_deref());
    }
    if usable {
        return Ok(0);
    }
    Err(unusable(kind.unwrap_or(Kind::Role)))
}

fn unusable(kind: Kind) -> Stop {
    Stop::usage(format!(
        "- None of the provided paths were usable. Please specify a valid path with --{}s-path.",
        kind.word()
    ))
    .code(if called_as::ansible() { 5 } else { 2 })
}

/// A name that is none, and folders that are not there.
fn check(kind: Option<Kind>, args: &ListArgs) -> Result<()> {
    if kind == Some(Kind::Collection)
        && let Some(name) = &args.package
        && Package::collection(name).is_err()
    {
        return Err(Stop::new(format!(
            "Invalid collection name '{name}', name must be in the format <namespace>.<collection>. \n\
             Please make sure namespace and collection name contains characters from [a-zA-Z0-9_] only."
        )));
    }
    for path in args.folders.path.iter().filter(|p| !p.is_dir() && kind.is_some()) {
        let path = std::path::absolute(path)?;
        let path: PathBuf = path.components().filter(|c| *c != Component::CurDir).collect();
        screen::warn(&format!(
            "- the configured path {} does not exist.",
            path.display()
        ));
    }
    Ok(())
}

fn roles(paths: &[PathBuf], only: Option<&str>) -> bool {
    let mut warnings = Vec::new();
    let mut usable = false;
    for path in paths {
        if !path.is_dir() {
            warnings.push(format!(
                "- the configured path {} does not exist.",
                path.display()
            ));
            continue;
        }
        usable = true;
        let found: Vec<Installed> = installed(Kind::Role, path);
        let found: Vec<&Installed> = found
            .iter()
            .filter(|i| only.is_none_or(|n| i.package.name() == n))
            .collect();
        match (only, found.is_empty()) {
            (Some(name), true) => {
                warnings.push(format!("- the role {name} was not found"));
                continue;
            }
            (Some(_), false) => warnings.clear(),
            _ => {}
        }
        screen::say(&format!("# {}", path.display()));
        for role in &found {
            screen::say(&format!(
                "- {}, {}",
                role.package,
                version(role, "(unknown version)")
            ));
        }
        if only.is_some() {
            break;
        }
    }
    warnings.iter().for_each(|w| screen::warn(w));
    usable
}

fn version(of: &Installed, unknown: &str) -> String {
    of.version_text().unwrap_or_else(|| unknown.to_owned())
}

fn collections(paths: &[PathBuf], only: Option<&str>) -> bool {
    let mut usable = false;
    for path in paths {
        let found = of_path(path, only);
        usable |= path.is_dir();
        if found.is_empty() {
            continue;
        }
        let width = |least: usize, texts: &[String]| {
            texts
                .iter()
                .map(|t| t.chars().count())
                .max()
                .unwrap_or(0)
                .max(least)
        };
        let names: Vec<String> = found.iter().map(|i| i.package.name().to_owned()).collect();
        let versions: Vec<String> = found.iter().map(|i| version(i, "*")).collect();
        let (name_width, version_width) = (width(10, &names), width(7, &versions));
        let mut out = format!("\n# {}\n", shown(path));
        out += &format!("{:name_width$} {:version_width$}\n", "Collection", "Version");
        out += &format!("{} {}\n", "-".repeat(name_width), "-".repeat(version_width));
        for (name, version) in names.iter().zip(&versions) {
            out += &format!("{name:name_width$} {version:version_width$}\n");
        }
        screen::say(&out);
    }
    usable
}

fn of_path(path: &Path, only: Option<&str>) -> Vec<Installed> {
    let mut found = installed(Kind::Collection, path);
    found.retain(|i| only.is_none_or(|n| i.package.name() == n));
    found
}

fn shown(path: &Path) -> String {
    if path.file_name().is_some_and(|n| n == "ansible_collections") {
        path.display().to_string()
    } else {
        path.join("ansible_collections").display().to_string()
    }
}

fn structured(paths: &[PathBuf], args: &ListArgs) -> Result<u8> {
    if !paths.iter().any(|p| p.is_dir()) {
        return Err(unusable(Kind::Collection));
    }
    let all = Map::new();
    for path in paths {
        let list = Map::new();
        for found in of_path(path, args.package.as_deref()) {
            let entry = Map::new();
            entry.insert("version", version(&found, "*"));
            list.insert(found.package.name(), Value::Map(entry));
        }
        if !list.is_empty() {
            all.insert(shown(path), Value::Map(list));
        }
    }
    let all = Value::Map(all);
    screen::say(&match args.format {
        Format::Yaml => emit_yaml(&all, &EmitOptions::default()),
        _ => json::write(&all, &json::Layout::default()).map_err(Stop::new)?,
    });
    Ok(0)
}
