//! `ansible.cfg` and `ANSIBLE_*`: one table of settings, where each value came from, and what has no effect here.

mod config;
mod environment;
mod error;
mod ini;
mod setting;
mod table;

pub use config::{Config, Origin, Value};
pub use environment::Environment;
pub use error::ConfigError;
pub use ini::{Entry, parse_ini};
pub use setting::{Effect, Kind, Setting};
pub use table::SETTINGS;
