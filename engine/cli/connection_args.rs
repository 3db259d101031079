//! Options on whom to connect as and how.

use clap::Args;
use std::path::PathBuf;

/// Connection options.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Connection options")]
pub(crate) struct ConnectionArgs {
    /// Private key to log in with
    #[arg(long, alias = "key-file", value_name = "FILE")]
    pub private_key: Option<PathBuf>,
    /// User to log in as
    #[arg(short = 'u', long, value_name = "USER")]
    pub user: Option<String>,
    /// Connection type: ssh or local [default: ssh]
    #[arg(short = 'c', long, value_name = "TYPE")]
    pub connection: Option<String>,
    /// Seconds to wait for a connection [default: 10]
    #[arg(short = 'T', long, value_name = "SECONDS")]
    pub timeout: Option<u64>,
    /// Arguments for ssh, such as "-o ProxyJump=gate"
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true)]
    pub ssh_common_args: Option<String>,
    /// More arguments for ssh
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true)]
    pub ssh_extra_args: Option<String>,
    /// Accepted; kdo does not use sftp
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true, hide_short_help = true)]
    pub sftp_extra_args: Option<String>,
    /// Accepted; kdo does not use scp
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true, hide_short_help = true)]
    pub scp_extra_args: Option<String>,
    /// Ask for the password to log in with
    #[arg(short = 'k', long, conflicts_with = "connection_password_file")]
    pub ask_pass: bool,
    /// File with that password, or a program that prints it
    #[arg(long, alias = "conn-pass-file", value_name = "FILE")]
    pub connection_password_file: Option<PathBuf>,
}
