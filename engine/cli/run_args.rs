//! Options that `kdo play` and `kdo run` have in common.

use crate::{
    become_args::BecomeArgs, connection_args::ConnectionArgs, inventory_args::InventoryArgs,
    vault_args::VaultArgs,
};
use clap::{ArgAction, Args};

/// How to run.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub inventory: InventoryArgs,
    #[command(flatten)]
    pub connection: ConnectionArgs,
    #[command(flatten)]
    pub escalation: BecomeArgs,
    #[command(flatten)]
    pub vault: VaultArgs,
    /// Change nothing; tell what would change
    #[arg(short = 'C', long, help_heading = "Run options")]
    pub check: bool,
    /// Show what changes in files
    #[arg(short = 'D', long, help_heading = "Run options")]
    pub diff: bool,
    /// Say more; up to -vvvvvv
    #[arg(short = 'v', long, action = ArgAction::Count, help_heading = "Run options")]
    pub verbose: u8,
    /// Hosts to work on at a time [default: 5]
    #[arg(short = 'f', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Run options")]
    pub forks: Option<u32>,
    /// Accepted; modules in Python cannot be used
    #[arg(
        short = 'M',
        long,
        value_name = "PATH",
        hide_short_help = true,
        help_heading = "Run options"
    )]
    pub module_path: Vec<String>,
    /// Show the hosts and do nothing
    #[arg(long, help_heading = "Show instead of running")]
    pub list_hosts: bool,
    /// Conditionals must be true or false, as ansible-core 2.19 demands
    #[arg(long, help_heading = "Run options")]
    pub strict: bool,
    /// How to tell what happens: default, minimal, oneline, json, yaml, … [default: default]
    #[arg(long, value_name = "NAME", help_heading = "Run options")]
    pub output: Option<String>,
}

impl RunArgs {
    /// Options that were given but mean nothing here, with the reason.
    pub(crate) fn without_meaning(&self) -> Vec<&'static str> {
        let c = &self.connection;
        let given = [
            (
                c.sftp_extra_args.is_some(),
                "--sftp-extra-args has no effect: kdo does not use sftp",
            ),
            (
                c.scp_extra_args.is_some(),
                "--scp-extra-args has no effect: kdo does not use scp",
            ),
            (
                !self.module_path.is_empty(),
                "--module-path has no effect: kdo's modules are built in, modules in Python cannot be used",
            ),
        ];
        given
            .into_iter()
            .filter(|(g, _)| *g)
            .map(|(_, why)| why)
            .collect()
    }
}
