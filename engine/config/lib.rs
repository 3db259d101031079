//! `ansible.cfg` and `ANSIBLE_*`: one table of settings, where each value came from, and what has no effect here.

mod base;
mod config;
mod environment;
mod error;
mod ini;
mod plugins;
mod reference;
mod setting;
mod table;

pub use base::BASE;
pub use config::{Config, Origin, Value};
pub use environment::Environment;
pub use error::ConfigError;
pub use ini::{Entry, parse_ini};
pub use plugins::PLUGINS;
pub use reference::{BaseSetting, CATEGORIES, PluginSetting, Shown};
pub use setting::{Effect, Kind, Setting};
pub use table::SETTINGS;
