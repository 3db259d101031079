//! Options on hosts.

use clap::Args;

/// Inventory options.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Inventory options")]
pub(crate) struct InventoryArgs {
    /// Inventory file, directory or script, or a list of hosts such as "a,b" or "a,"
    #[arg(short = 'i', long, alias = "inventory-file", value_name = "INVENTORY")]
    pub inventory: Vec<String>,
    /// Keep to hosts of this pattern; @FILE for a list in a file
    #[arg(short = 'l', long, value_name = "PATTERN", allow_hyphen_values = true)]
    pub limit: Option<String>,
    /// Forget cached facts
    #[arg(long)]
    pub flush_cache: bool,
    /// More variables: k=v, JSON, YAML or @FILE; these win over all others
    #[arg(short = 'e', long, value_name = "VARS", allow_hyphen_values = true)]
    pub extra_vars: Vec<String>,
}
