//! `kdo galaxy info`

use super::{
    context::Context,
    place_args::{FoldersArgs, setting},
    server_args::ServerArgs,
};
use crate::{screen, stop::Result};
use clap::Args;
use kdo_galaxy::{Installed, Kind, Package, Requirement, Requirements, about_installed};
use kdo_value::{Map, Value};

/// What nobody reads here, or is shown elsewhere.
const LEFT_OUT: &[&str] = &[
    "average_aw_composite",
    "average_aw_score",
    "description",
    "name",
    "readme_html",
    "related",
    "summary_fields",
    "url",
];

/// Arguments of `kdo galaxy info`.
#[derive(Args)]
pub(crate) struct InfoArgs {
    /// Packages: NAME or NAME,VERSION
    #[arg(value_name = "PACKAGE", required = true)]
    packages: Vec<String>,
    #[command(flatten)]
    folders: FoldersArgs,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Tells what is known of packages, installed or on a server.
pub(crate) fn info(kind: Option<Kind>, args: &InfoArgs) -> Result<u8> {
    let context = Context::new(&args.servers)?;
    let kind = kind.unwrap_or(Kind::Role);
    let mut paths = args.folders.path.clone();
    paths.extend(context.settings.paths(setting(kind)));
    for word in &args.packages {
        let asked = Requirements::of_word(kind, word).map_err(|f| context.stop(&f))?;
        let name = asked.name.clone().unwrap_or_else(|| word.clone());
        let package = Package::new(kind, &name).map_err(|f| context.stop(&f))?;
        let here = paths.iter().find_map(|p| Installed::below(package.clone(), p));
        let known = Map::new();
        if let Some(here) = &here {
            known.insert("path", here.path.display().to_string());
            if let Some(version) = &here.version {
                known.insert("installed_version", version.as_str());
            }
        }
        if !args.servers.is_offline() {
            add(&known, on_servers(&context, &asked, &package, here.is_some())?);
        }
        if let Some(here) = &here {
            add(&known, Some(about_installed(here).map_err(|f| context.stop(&f))?));
        }
        screen::say(&if known.is_empty() {
            format!("- the {} {name} was not found", kind.word())
        } else {
            shown(kind, &name, &known)
        });
    }
    Ok(0)
}

/// What the first server says that knows the package. Of what is here it may say nothing at all.
fn on_servers(context: &Context, asked: &Requirement, package: &Package, here: bool) -> Result<Option<Map>> {
    let about = || -> kdo_galaxy::Result<Option<Map>> {
        for source in context.sources.of(asked)? {
            let found = source.about(package)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    };
    match about() {
        Err(_) if here => Ok(None),
        other => other.map_err(|f| context.stop(&f)),
    }
}

fn add(to: &Map, more: Option<Map>) {
    for (key, value) in more.into_iter().flat_map(|m| m.entries()) {
        to.insert(key, value);
    }
}

fn shown(kind: Kind, name: &str, known: &Map) -> String {
    let title = if kind == Kind::Role { "Role" } else { "Collection" };
    let told = |map: &Map| map.get("description").filter(|d| d.truthy());
    let inner = known.get("galaxy_info");
    let description = told(known).or_else(|| told(inner.as_ref()?.as_map()?));
    let description = description.map_or_else(String::new, |d| plain(&d));
    let mut out = format!("\n{title}: {name}\n\tdescription: {description}\n");
    for (key, value) in sorted(known) {
        match value {
            Value::Map(inner) if !inner.is_empty() => {
                out += &format!("\t{key}:\n");
                for (key, value) in sorted(&inner) {
                    out += &format!("\t\t{key}: {}\n", plain(&value));
                }
            }
            other => out += &format!("\t{key}: {}\n", plain(&other)),
        }
    }
    out
}

fn sorted(map: &Map) -> Vec<(String, Value)> {
    let mut entries = map.text_entries();
    entries.retain(|(key, _)| !LEFT_OUT.contains(&key.as_str()));
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    entries
}

/// What strangers wrote may hold anything.
fn plain(value: &Value) -> String {
    value
        .to_text()
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .collect()
}
