//! Modules that use the network.
//! Modules about the network.

pub mod firewalld;
mod firewalld_item;
pub mod get_url;
mod get_url_checksum;
pub mod http;
mod http1;
mod http_auth;
mod http_cookies;
mod http_date;
mod http_params;
mod http_program;
pub mod iptables;
mod iptables_rule;
mod multipart;
mod resolve;
mod tcp_table;
mod tls;
pub mod ufw;
pub mod uri;
mod uri_body;
pub mod url;
pub mod wait_for;
