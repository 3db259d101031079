//! Modules that use the network.
//! Modules about the network.

pub mod firewalld;
mod firewalld_item;
pub mod get_url;
pub mod http;
mod http_plain;
mod http_program;
pub mod iptables;
mod iptables_rule;
mod resolve;
mod tcp_table;
pub mod ufw;
pub mod uri;
pub mod url;
pub mod wait_for;
