//! Modules about the kernel.

pub mod modprobe;
pub mod sysctl;
