//! Modules about packages.

pub mod apt;
mod apt_get;
mod apt_names;
mod apt_params;
mod debian_version;
mod dpkg;
pub mod package;
pub mod package_facts;
