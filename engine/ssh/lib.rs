//! SSH in this process: [`SshConnector`] reaches hosts as the user's OpenSSH would (configuration, known hosts,
//! keys, agent, jump hosts), at a fraction of the cost of an `ssh` process per host.
//!
//! Limits of the protocol library that callers should know: one reader that stalls for long holds up the other
//! processes on the same connection (each process has 256 KiB of slack, then about 100 packets), so output should
//! always be read by its own task.

mod address;
mod agent;
mod auth;
mod banner;
mod config_file;
mod connector;
mod dial;
mod environment;
mod fault;
mod glob;
mod handler;
mod handshake;
mod handshake_limit;
mod host_key;
mod identity;
mod key_cache;
mod key_signer;
mod known_hosts;
mod known_hosts_files;
mod options;
mod password;
mod process;
mod proxy_command;
mod resolver;
mod session;
mod settings;
mod ssh_args;
mod tokens;
mod tunnel;
mod words;

pub use connector::SshConnector;
