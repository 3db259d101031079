//! Modules about the kernel.

pub mod sysctl;
