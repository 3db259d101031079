//! Modules about the running system.

pub mod async_status;
pub mod boot_id;
pub mod clock;
pub mod getent;
pub mod group;
pub mod ping;
pub mod reboot;
pub mod service;
pub mod service_facts;
pub mod setup;
mod shadow;
mod systemctl;
pub mod systemd_service;
pub mod user;
mod user_key;
