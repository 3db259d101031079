//! Modules about the running system.

pub mod clock;
pub mod getent;
pub mod ping;
