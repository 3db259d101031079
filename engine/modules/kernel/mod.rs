//! Modules about the kernel, its modules and disks.

pub mod filesystem;
pub mod modprobe;
pub mod parted;
pub mod sysctl;
