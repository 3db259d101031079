//! Where a host is and with which credentials it is reached.

use crate::Secret;
use std::{path::PathBuf, time::Duration};

/// All that a connector needs to know of one host. What is `None` is taken from the user's ssh configuration
/// and then from the defaults of OpenSSH.
#[derive(Clone)]
pub struct Endpoint {
    /// Name in the inventory; looked up in `~/.ssh/config` when there is no address.
    pub name: String,
    /// `ansible_host`: address or name to connect to (still subject to `~/.ssh/config`, as with `ssh ADDRESS`).
    pub address: Option<String>,
    /// `ansible_port`.
    pub port: Option<u16>,
    /// `ansible_user` / `remote_user`.
    pub user: Option<String>,
    /// `ansible_password`, or what `--ask-pass` got.
    pub password: Option<Secret>,
    /// `ansible_ssh_private_key_file` / `--private-key`.
    pub private_key_file: Option<PathBuf>,
    /// `ansible_private_key`: the text of a key.
    pub private_key: Option<Secret>,
    /// Passphrase of these keys.
    pub private_key_passphrase: Option<Secret>,
    /// Words of `ansible_ssh_args`, `_common_args` and `_extra_args` in this order (`-o K=V`, `-i F`, `-p N`, `-F FILE`, `-J …`).
    pub ssh_args: Vec<String>,
    /// `host_key_checking`: `false` accepts any host key, as `StrictHostKeyChecking=no` does.
    pub host_key_checking: bool,
    /// Time limit for connecting and authenticating.
    pub connect_timeout: Duration,
    /// How often a failed connection is tried again (authentication failures are not).
    pub retries: u32,
    /// Of this machine: the folder that programs begin in.
    pub directory: Option<PathBuf>,
}

impl Endpoint {
    /// An endpoint with nothing but a name, and Ansible's defaults.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            address: None,
            port: None,
            user: None,
            password: None,
            private_key_file: None,
            private_key: None,
            private_key_passphrase: None,
            ssh_args: Vec::new(),
            host_key_checking: true,
            connect_timeout: Duration::from_secs(10),
            retries: 0,
            directory: None,
        }
    }
}
