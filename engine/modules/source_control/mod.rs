//! Modules around version control.

pub mod git_config;
pub mod git_config_info;
