//! Which servers, and who we are to them.

use clap::{ArgAction, Args};
use kdo_galaxy::Overrides;
use std::{path::PathBuf, time::Duration};

/// Options of all subcommands that ask servers.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Server options")]
pub(crate) struct ServerArgs {
    /// Server to ask: its name in the configuration, or its URL
    #[arg(short = 's', long, value_name = "SERVER")]
    server: Option<String>,
    /// Token for the server
    #[arg(long, visible_alias = "api-key", value_name = "TOKEN")]
    token: Option<String>,
    /// Take any certificate
    #[arg(short = 'c', long)]
    ignore_certs: bool,
    /// File with certificates of authorities that count beside those of this machine
    #[arg(long, value_name = "FILE", env = "KDO_CA_FILE")]
    ca_file: Option<PathBuf>,
    /// Seconds that a server may be silent
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Ask nobody: take what was fetched before
    #[arg(long)]
    offline: bool,
    /// Accepted; answers of servers are not kept
    #[arg(long, hide = true)]
    no_cache: bool,
    /// Accepted; answers of servers are not kept
    #[arg(long, hide = true)]
    clear_response_cache: bool,
    /// Say more
    #[arg(short = 'v', long, action = ArgAction::Count)]
    verbose: u8,
}

impl ServerArgs {
    /// The server that is named.
    pub(super) fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// Whether to say more.
    pub(super) fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// Whether nobody may be asked.
    pub(super) fn is_offline(&self) -> bool {
        self.offline
    }

    /// What they say instead of the configuration.
    pub(super) fn overrides(&self) -> Overrides {
        Overrides {
            server: self.server.clone(),
            token: self.token.clone(),
            unchecked: self.ignore_certs,
            timeout: self.timeout.map(Duration::from_secs),
            offline: self.offline,
            authority: self.ca_file.clone(),
            ..Overrides::default()
        }
    }
}

/// The same for subcommands that ask nobody, as ansible-galaxy takes them everywhere.
#[derive(Args, Clone, Default)]
pub(crate) struct IdleServerArgs {
    /// Accepted; nobody is asked
    #[arg(short = 's', long, hide = true)]
    server: Option<String>,
    /// Accepted; nobody is asked
    #[arg(long, alias = "api-key", hide = true)]
    token: Option<String>,
    /// Accepted; nobody is asked
    #[arg(short = 'c', long, hide = true)]
    ignore_certs: bool,
    /// Accepted; nobody is asked
    #[arg(long, hide = true)]
    timeout: Option<u64>,
    /// Say more
    #[arg(short = 'v', long, action = ArgAction::Count)]
    verbose: u8,
}
