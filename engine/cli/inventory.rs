//! `kdo inventory`

use crate::{
    extra_vars, load_inventory, screen, secrets,
    settings::Settings,
    stop::{Result, Stop},
    vault_args::VaultArgs,
};
use clap::{ArgAction, Args};
use kdo_inventory::{Host, Inventory, dump_graph, dump_host, dump_list, dump_yaml};
use kdo_syntax::{EmitOptions, SourceMap, emit_yaml};
use kdo_value::Map;
use kdo_vars::merge;
use std::path::PathBuf;

/// Arguments of `kdo inventory`.
#[derive(Args)]
#[command(infer_long_args = true, args_override_self = true)]
pub(crate) struct InventoryShowArgs {
    /// With --graph: the group to begin at
    #[arg(value_name = "GROUP", default_value = "all")]
    group: String,
    /// Show all hosts, groups and variables
    #[arg(long, conflicts_with_all = ["graph", "host"])]
    list: bool,
    /// Show the tree of groups
    #[arg(long, conflicts_with = "host")]
    graph: bool,
    /// Show the variables of one host
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// As YAML instead of JSON
    #[arg(short = 'y', long)]
    yaml: bool,
    /// Accepted; kdo does not write TOML
    #[arg(long, hide_short_help = true)]
    toml: bool,
    /// With --graph: show variables
    #[arg(long)]
    vars: bool,
    /// With --list: groups keep their variables, hosts have only their own
    #[arg(long)]
    export: bool,
    /// With --list: write to this file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Folder whose group_vars and host_vars count too
    #[arg(long, value_name = "FOLDER")]
    playbook_dir: Option<PathBuf>,
    #[command(flatten)]
    hosts: crate::inventory_args::InventoryArgs,
    #[command(flatten)]
    vault: VaultArgs,
    /// Say more
    #[arg(short = 'v', long, action = ArgAction::Count)]
    verbose: u8,
}

/// Shows hosts and groups.
pub(crate) fn inventory(args: InventoryShowArgs) -> Result<u8> {
    let settings = Settings::load()?;
    if !args.list && !args.graph && args.host.is_none() {
        return Err(Stop::new(
            "No action selected, at least one of --host, --graph or --list needs to be specified.",
        )
        .code(5));
    }
    if args.toml {
        return Err(Stop::new("kdo does not write TOML; use --yaml or JSON").code(5));
    }
    let vault = secrets::run_keys(&args.vault, &settings)?;
    let sources = SourceMap::new();
    let extra = extra_vars::read(
        &args.hosts.extra_vars,
        &sources,
        &vault,
        settings.hash_behaviour(),
    )?;
    let mut inventory = load_inventory::load(&args.hosts.inventory, &settings, &sources, &vault)?;
    let dir = args
        .playbook_dir
        .clone()
        .or_else(|| settings.path("playbook_dir"));
    if let Some(dir) = dir {
        load_inventory::add_playbook_dir(&mut inventory, &dir, &sources, &vault)?;
    }
    let behaviour = settings.hash_behaviour();
    let inner = &inventory;
    let host_vars = |host: &Host| -> Map {
        let map = inner.host_variables(host).copied();
        merge(&map, &extra, behaviour);
        map
    };
    let text = if let Some(name) = &args.host {
        if inventory.host(name).is_none() {
            screen::warn(&format!(
                "Could not match supplied host pattern, ignoring: {name}"
            ));
        }
        let unknown = || Stop::new("You must pass a single valid host to --host parameter").code(5);
        if args.yaml {
            let host = inventory.host(name).ok_or_else(unknown)?;
            emit_yaml(
                &host_vars(host).into(),
                &EmitOptions {
                    allow_unicode: true,
                    ..EmitOptions::default()
                },
            )
        } else {
            dump_host(&inventory, name, &host_vars).ok_or_else(unknown)?
        }
    } else if args.graph {
        dump_graph(&inventory, &args.group, &host_vars, args.vars)
            .ok_or_else(|| Stop::new("Pattern must be valid group name when using --graph").code(5))?
    } else {
        let shown = cut_down(&args, &settings, &sources, &vault, &inventory)?;
        let shown = shown.as_ref().unwrap_or(&inventory);
        let export = args.export || settings.bool("export");
        if args.yaml {
            dump_yaml(shown, &host_vars, export)
        } else {
            dump_list(shown, &host_vars, export)
        }
    };
    match &args.output {
        Some(path) => std::fs::write(path, text)
            .map_err(|e| Stop::new(format!("cannot write {}: {e}", path.display())))?,
        None => screen::say(text.trim_end()),
    }
    Ok(0)
}

/// With a limit: the inventory read once more, with only the hosts of the limit.
fn cut_down(
    args: &InventoryShowArgs,
    settings: &Settings,
    sources: &SourceMap,
    vault: &kdo_vault::VaultKeys,
    whole: &Inventory,
) -> Result<Option<Inventory>> {
    let limit = load_inventory::limit(args.hosts.limit.as_deref(), "all", whole, settings, sources)?;
    let Some(limit) = limit else {
        return Ok(None);
    };
    let chosen = whole
        .select(&["all".to_owned()], Some(&limit))
        .map_err(|d| Stop::at(&d, sources))?
        .hosts;
    let mut inventory = load_inventory::quietly(&args.hosts.inventory, settings, sources, vault);
    inventory.hosts.retain(|name, _| chosen.contains(name));
    for group in inventory.groups.values_mut() {
        group.hosts.retain(|name| chosen.contains(name));
    }
    Ok(Some(inventory))
}
