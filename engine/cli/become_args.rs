//! Options on becoming another user.

use clap::Args;
use std::path::PathBuf;

/// Privilege escalation options.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Privilege escalation options")]
pub(crate) struct BecomeArgs {
    /// Run tasks as another user
    #[arg(short = 'b', long = "become")]
    pub escalate: bool,
    /// How: sudo, su or doas [default: sudo]
    #[arg(long, value_name = "METHOD")]
    pub become_method: Option<String>,
    /// As whom [default: root]
    #[arg(long, value_name = "USER")]
    pub become_user: Option<String>,
    /// Ask for the password to become another user
    #[arg(short = 'K', long, conflicts_with = "become_password_file")]
    pub ask_become_pass: bool,
    /// File with that password, or a program that prints it
    #[arg(long, alias = "become-pass-file", value_name = "FILE")]
    pub become_password_file: Option<PathBuf>,
}
