//! Modules about packages.

pub mod apt;
mod apt_get;
pub mod apt_key;
mod apt_names;
mod apt_params;
pub mod apt_repository;
pub mod deb822_repository;
pub mod debconf;
mod debian_version;
pub mod dnf;
mod dnf4;
pub mod dnf5;
mod dnf_options;
mod dpkg;
pub mod dpkg_selections;
mod openpgp;
pub mod package;
pub mod package_facts;
pub mod pip;
mod repo_file;
mod rpm;
pub mod rpm_key;
pub mod yum_repository;
pub mod zypper;
mod zypper_xml;
