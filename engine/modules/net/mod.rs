//! Modules about the network.

pub mod iptables;
mod iptables_rule;
mod resolve;
mod tcp_table;
pub mod ufw;
pub mod wait_for;
