//! `kdo galaxy init`

use super::{server_args::IdleServerArgs, tell};
use crate::{
    extra_vars, screen,
    settings::Settings,
    stop::{Result, Stop},
};
use clap::Args;
use kdo_galaxy::{Kind, Package, Skeleton};
use kdo_syntax::SourceMap;
use kdo_template::{Environment, FileOptions, Templar};
use kdo_value::{Map, Value};
use kdo_vault::VaultKeys;
use std::path::PathBuf;

/// What a new package says until its author does.
const PLACEHOLDERS: &[(&str, &str)] = &[
    (
        "ansible_plugin_list_dir",
        "https://docs.ansible.com/ansible-core/2.19/plugins/plugins.html",
    ),
    ("author", "your name"),
    ("company", "your company (optional)"),
    ("documentation_url", "http://docs.example.com"),
    ("homepage_url", "http://example.com"),
    ("issue_tracker_url", "http://example.com/issue/tracker"),
    ("license", "license (GPL-2.0-or-later, MIT, etc)"),
    ("min_ansible_version", "2.15"),
    ("repository_url", "http://example.com/repository"),
    ("version", "1.0.0"),
];

/// Arguments of `kdo galaxy init`.
#[derive(Args)]
pub(crate) struct InitArgs {
    /// Name of the role, or NAMESPACE.NAME of the collection
    name: String,
    /// Folder to make it in
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    init_path: PathBuf,
    /// Folder with files to begin with instead; those that end in .j2 are templates
    #[arg(
        long = "role-skeleton",
        visible_alias = "collection-skeleton",
        value_name = "FOLDER"
    )]
    skeleton: Option<PathBuf>,
    /// Write into a folder that is there; what is in it goes
    #[arg(short = 'f', long)]
    force: bool,
    /// Kind of role
    #[arg(long = "type", value_name = "TYPE", default_value = "default")]
    role_type: String,
    /// Variables for the templates: KEY=VALUE, YAML, JSON or @FILE
    #[arg(short = 'e', long, value_name = "VARIABLES", allow_hyphen_values = true)]
    extra_vars: Vec<String>,
    /// Accepted; nobody is asked
    #[arg(long, hide = true)]
    offline: bool,
    #[command(flatten)]
    servers: IdleServerArgs,
}

/// Makes the folder of a new package.
pub(crate) fn init(kind: Option<Kind>, args: &InitArgs) -> Result<u8> {
    let settings = Settings::load()?;
    let texts = SourceMap::new();
    let kind = kind.unwrap_or(Kind::Role);
    if args.role_type != "default" {
        return Err(Stop::usage(format!(
            "there is no skeleton for roles of the type {}: name a folder with one by --role-skeleton",
            args.role_type
        )));
    }
    let variables = Map::new();
    for (name, value) in PLACEHOLDERS {
        variables.insert(*name, *value);
    }
    variables.insert("description", format!("your {} description", kind.word()));
    variables.insert("dependencies", Value::list(Vec::new()));
    let folder = match kind {
        Kind::Role => {
            let name = PathBuf::from(&args.name);
            let last = name
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            Package::role(&last).map_err(|f| tell::stop(&f, &texts))?;
            variables.insert("role_name", last);
            args.init_path.join(&args.name)
        }
        Kind::Collection => {
            let package = Package::collection(&args.name).map_err(|_| {
                Stop::new(format!(
                    "Invalid collection name '{}', name must be in the format <namespace>.<collection>. \n\
                     Please make sure namespace and collection name contains characters from [a-zA-Z0-9_] only.",
                    args.name
                ))
            })?;
            let namespace = package.namespace().unwrap_or_default();
            variables.insert("namespace", namespace);
            variables.insert("collection_name", package.short());
            args.init_path.join(namespace).join(package.short())
        }
    };
    let given = extra_vars::read(
        &args.extra_vars,
        &texts,
        &VaultKeys::default(),
        settings.hash_behaviour(),
    )?;
    for (name, value) in given.entries() {
        variables.insert(name, value);
    }
    let word = kind.word();
    let own = args
        .skeleton
        .clone()
        .or_else(|| settings.path(&format!("galaxy_{word}_skeleton")));
    let skeleton = match own {
        None => Skeleton::new(kind),
        Some(own) => {
            let ignored = settings.list(&format!("galaxy_{word}_skeleton_ignore"));
            Skeleton::of_folder(&own, ignored).map_err(|f| tell::stop(&f, &texts))?
        }
    };
    let environment = Environment {
        escape_backslashes: true,
        settings: Some(&settings),
        ..Environment::default()
    };
    let templar = Templar::new(&variables, &environment);
    let options = FileOptions::default();
    let render = |text: &str| templar.render(text, &options).map_err(|e| e.message);
    skeleton
        .write(&folder, args.force, &render)
        .map_err(|f| tell::stop(&f, &texts))?;
    let title = if kind == Kind::Role { "Role" } else { "Collection" };
    screen::say(&format!("- {title} {} was created successfully", args.name));
    Ok(0)
}
