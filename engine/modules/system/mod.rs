//! Modules about the running system.

pub mod clock;
pub mod ping;
pub mod setup;
