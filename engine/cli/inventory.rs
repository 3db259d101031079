//! `kdo inventory`

use crate::{
    extra_vars,
    inventory_explain::Explain,
    load_inventory::{self, Wanted},
    run_options, screen, secrets,
    settings::Settings,
    stop::{Result, Stop},
    vault_args::VaultArgs,
};
use clap::{ArgAction, Args};
use indexmap::IndexSet;
use kdo_inventory::{Host, Inventory, Show, VarsFolder, VarsKind, merge};
use kdo_syntax::{Severity, SourceMap};
use kdo_value::Map;
use std::path::{Path, PathBuf};

/// Arguments of `kdo inventory`.
#[derive(Args)]
#[command(infer_long_args = true, args_override_self = true)]
pub(crate) struct InventoryShowArgs {
    /// With --graph: the group to begin at; with --explain: the hosts
    #[arg(value_name = "GROUP", default_value = "all")]
    group: String,
    /// Show all hosts, groups and variables
    #[arg(long)]
    list: bool,
    /// Show the tree of groups
    #[arg(long)]
    graph: bool,
    /// Show the variables of one host
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Show where a variable is set for the hosts, which place wins, and its value
    #[arg(long, value_name = "VAR")]
    explain: Option<String>,
    /// As YAML instead of JSON
    #[arg(short = 'y', long)]
    yaml: bool,
    /// As TOML instead of JSON
    #[arg(long)]
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
    let actions = [args.list, args.graph, args.host.is_some()];
    match actions.iter().filter(|a| **a).count() {
        0 if args.explain.is_none() => {
            return Err(Stop::new(
                "No action selected, at least one of --host, --graph or --list needs to be specified.",
            )
            .code(5));
        }
        0 | 1 => {}
        _ => {
            return Err(Stop::new(
                "Conflicting options used, only one of --host, --graph or --list can be used at the same time.",
            )
            .code(5));
        }
    }
    let verbosity = run_options::verbosity(args.verbose, &settings);
    if verbosity > 0 {
        run_options::tell_config_file(&settings);
    }
    let vault = secrets::run_keys(&args.vault, &settings)?;
    let sources = SourceMap::new();
    let behaviour = settings.hash_behaviour();
    let extra = extra_vars::read(&args.hosts.extra_vars, &sources, &vault, behaviour)?;
    let wanted = Wanted {
        given: &args.hosts.inventory,
        settings: &settings,
        sources: &sources,
        vault: &vault,
        extra: &extra,
    };
    let inventory = load_inventory::load(&wanted, verbosity)?;
    let given_dir = args
        .playbook_dir
        .clone()
        .or_else(|| settings.path("playbook_dir"));
    // Without a playbook the working directory is in its place, but not for what is exported.
    let dir = given_dir.as_deref().unwrap_or(Path::new("."));
    let beside = load_inventory::beside_playbook(&inventory, dir, &wanted);
    let beside_play = |kind: VarsKind, name: &str| beside.of(kind, name).to_vec();
    let beside_group = |kind: VarsKind, name: &str| match given_dir {
        Some(_) => beside.of(kind, name).to_vec(),
        None => Vec::new(),
    };
    if let Some(name) = &args.explain {
        let explain = Explain {
            inventory: &inventory,
            levels: &|host| inventory.levels(host, &beside_play),
            extra: &extra,
            vault: &vault,
            sources: &sources,
            behaviour,
        };
        let pattern = args.host.as_deref().unwrap_or(&args.group);
        let hosts = selected(pattern, args.hosts.limit.as_deref(), &inventory, &sources)?;
        if hosts.is_empty() {
            return Err(Stop::new("no hosts matched").code(5));
        }
        screen::say(&explain.text(&hosts, name));
        return Ok(0);
    }
    let host_vars = |host: &Host| -> Map {
        let map = Map::new();
        for level in inventory.levels(&host.name, &beside_play) {
            merge(&map, &level.vars, behaviour);
        }
        merge(&map, &extra, behaviour);
        map
    };
    let only = match &args.hosts.limit {
        Some(limit) if args.host.is_none() => {
            let hosts = selected("all", Some(limit), &inventory, &sources)?;
            Some(hosts.into_iter().collect())
        }
        _ => None,
    };
    let reveal = |armoured: &str| {
        let clear = vault.open(armoured).map_err(|e| e.to_string())?;
        Ok(String::from_utf8_lossy(&clear).into_owned())
    };
    let show = Show {
        inventory: &inventory,
        host_vars: &host_vars,
        beside_play: &beside_group,
        export: args.export || settings.bool("export"),
        reveal: &reveal,
        only,
    };
    let folders: Vec<&VarsFolder> = inventory.folders.iter().chain([&beside]).collect();
    let check = |hosts: &[&str]| complete(&show, &folders, hosts, &sources);
    let unfit =
        |why: String| Stop::new(format!("Unexpected Exception, this is probably a bug: {why}")).code(250);
    let text = if let Some(name) = &args.host {
        let host = one_host(name, &inventory, &sources)?;
        check(&[&host.name])?;
        match (args.yaml, args.toml) {
            (true, _) => show.host_yaml(host),
            (_, true) => show.host_toml(host).map_err(unfit)?,
            _ => show.host(host),
        }
    } else if args.graph {
        if args.vars {
            check(&inventory.hosts.keys().map(String::as_str).collect::<Vec<_>>())?;
        }
        show.graph(&args.group, args.vars)
            .map_err(Stop::new)?
            .ok_or_else(|| Stop::new("Pattern must be valid group name when using --graph").code(5))?
    } else {
        let shown = |n: &&str| show.only.as_ref().is_none_or(|o| o.contains(*n));
        let hosts = inventory.hosts.keys().map(String::as_str).filter(shown);
        check(&hosts.collect::<Vec<_>>())?;
        match (args.yaml, args.toml) {
            (true, _) => show.yaml(),
            (_, true) => show.toml().map_err(unfit)?,
            _ => show.list(),
        }
    };
    if text.is_empty() {
        return Ok(1);
    }
    match &args.output {
        Some(path) => std::fs::write(path, text).map_err(|e| {
            Stop::new(format!(
                "Unable to write to destination file '{}': {e}",
                path.display()
            ))
        })?,
        None => screen::say(&text),
    }
    Ok(0)
}

/// The hosts of a pattern and a limit; patterns that match nothing are told.
pub(crate) fn selected(
    pattern: &str,
    limit: Option<&str>,
    inventory: &Inventory,
    sources: &SourceMap,
) -> Result<Vec<String>> {
    let limit = match limit {
        Some(text) => Some(Inventory::read_limit(text).map_err(|d| Stop::at(&d, sources))?),
        None => None,
    };
    let selection = inventory
        .select(&[pattern.to_owned()], limit.as_deref())
        .map_err(|d| Stop::at(&d, sources))?;
    for warning in &selection.warnings {
        if warning.severity == Severity::Error {
            return Err(Stop::at(warning, sources));
        }
        screen::warn(&warning.message);
    }
    Ok(selection.hosts)
}

/// The only host that a pattern names.
fn one_host<'i>(pattern: &str, inventory: &'i Inventory, sources: &SourceMap) -> Result<&'i Host> {
    match selected(pattern, None, inventory, sources)?.as_slice() {
        [one] => inventory.host(one),
        _ => None,
    }
    .ok_or_else(|| Stop::new("You must pass a single valid host to --host parameter").code(5))
}

/// An error if a variable file of what is shown cannot be read.
fn complete(show: &Show<'_>, folders: &[&VarsFolder], hosts: &[&str], sources: &SourceMap) -> Result<()> {
    let mut wanted: IndexSet<(VarsKind, String)> = IndexSet::new();
    for host in hosts {
        wanted.insert((VarsKind::Host, (*host).to_owned()));
        if !show.export {
            let groups = show.inventory.group_vars_order(host);
            wanted.extend(groups.iter().map(|g| (VarsKind::Group, g.name.clone())));
        }
    }
    if show.export {
        let groups = show.inventory.groups.keys();
        wanted.extend(groups.map(|g| (VarsKind::Group, g.clone())));
    }
    for (kind, name) in &wanted {
        if let Some(problem) = folders.iter().find_map(|f| f.problem(*kind, name)) {
            return Err(Stop::at(problem, sources).code(4));
        }
    }
    Ok(())
}
