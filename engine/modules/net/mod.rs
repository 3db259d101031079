//! Modules that use the network.

pub mod get_url;
pub mod http;
mod http_plain;
mod http_program;
pub mod uri;
pub mod url;
