//! `kdo graph`

use crate::{
    find_playbook, inventory_args::InventoryArgs, run_args::RunArgs, run_options, settings::Settings,
    sinks::Style, stop::Result, vault_args::VaultArgs, words,
};
use clap::{Args, ValueEnum};
use kdo_run::GraphFormat;

/// Arguments of `kdo graph`.
#[derive(Args)]
#[command(infer_long_args = true, args_override_self = true)]
pub(crate) struct GraphArgs {
    /// Playbooks or roles, as for `kdo play`
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Only tasks with these tags
    #[arg(short = 't', long, value_name = "TAGS")]
    tags: Vec<String>,
    /// Leave out tasks with these tags
    #[arg(long, value_name = "TAGS")]
    skip_tags: Vec<String>,
    #[command(flatten)]
    inventory: InventoryArgs,
    #[command(flatten)]
    vault: VaultArgs,
}

/// How a graph is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// One line for each step, with its edges
    Text,
    /// For Graphviz
    Dot,
    /// For Mermaid
    Mermaid,
}

/// Shows the plan and runs nothing.
pub(crate) fn graph(args: GraphArgs) -> Result<u8> {
    let settings = Settings::load()?;
    let limit = args.inventory.limit.as_deref();
    let playbooks = find_playbook::find(&args.names, &find_playbook::Places::of(&settings), limit)?;
    let run = RunArgs {
        inventory: args.inventory,
        vault: args.vault,
        ..RunArgs::default()
    };
    let mut options = run_options::options(&run, &settings, playbooks, "all", Style::Play, false)?;
    options.tags = words::split(&args.tags);
    options.skip_tags = words::split(&args.skip_tags);
    options.listing.graph = Some(match args.format {
        Format::Text => GraphFormat::Text,
        Format::Dot => GraphFormat::Dot,
        Format::Mermaid => GraphFormat::Mermaid,
    });
    Ok(kdo_run::run(options))
}
