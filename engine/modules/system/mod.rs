//! Modules about the running system.

pub mod alternatives;
pub mod async_status;
pub mod authorized_key;
pub mod boot_id;
pub mod clock;
pub mod cron;
mod crontab;
pub mod getent;
pub mod group;
pub mod hostname;
pub mod known_hosts;
pub mod locale_gen;
pub mod pam_limits;
pub mod ping;
pub mod reboot;
pub mod service;
pub mod service_facts;
pub mod setup;
mod shadow;
mod skeleton;
mod systemctl;
pub mod systemd_service;
pub mod timezone;
pub mod user;
mod user_busybox;
mod user_key;
mod user_params;
