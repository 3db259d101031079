//! Modules around version control.

pub mod git;
mod git_checkout;
pub mod git_config;
pub mod git_config_info;
mod git_extras;
mod git_remote;
pub mod subversion;
