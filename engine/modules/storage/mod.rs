//! Modules about disks, volumes and file systems.

pub mod filesystem;
mod filesystem_kinds;
pub mod fstab;
mod iscsi_output;
pub mod lvg;
mod lvm;
pub mod lvol;
mod lvol_size;
pub mod mount;
pub mod mount_facts;
mod mount_sources;
pub mod open_iscsi;
pub mod parted;
mod parted_output;
