//! Variables: the levels in Ansible's order of precedence, looked up lazily.

mod hostvars;
mod merge;
mod play_vars;
mod store;
mod task_vars;
mod vault;

pub use hostvars::HostVars;
pub use merge::{HashBehaviour, merge};
pub use play_vars::PlayVars;
pub use store::{RunInfo, Store};
pub use task_vars::TaskVars;
pub use vault::{VaultError, VaultKeys, VaultSecret};
