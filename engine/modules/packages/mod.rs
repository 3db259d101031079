//! Modules about packages.

pub mod apt;
mod apt_deb;
mod apt_get;
pub mod apt_key;
mod apt_lists;
mod apt_names;
mod apt_params;
pub mod apt_repository;
pub mod deb822_repository;
pub mod debconf;
mod debian_version;
pub mod dnf;
mod dpkg;
pub mod dpkg_selections;
mod fetched;
pub mod package;
pub mod package_facts;
pub mod pip;
mod rpm;
pub mod zypper;
