//! Modules about the network.

mod resolve;
mod tcp_table;
pub mod wait_for;
