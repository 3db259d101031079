//! `kdo lab`: a throw-away laboratory of real SSH hosts on one Linux machine.
//!
//! As root each host has its own namespaces, address, host key, disk and `boot_id`; it reboots, loses its
//! network and is thrown away on request. One supervisor process holds the hosts of a lab and they die with it.
//! Without root the lab is one unprivileged `sshd` on loopback.
//!
//! The supervisor is the running program started again with the arguments `lab supervise`, so a program that
//! offers [`LabArgs`] must offer them under the subcommand `lab`.

mod args;
mod bridge;
mod control;
mod down;
mod error;
mod exec;
mod faults;
mod flavor;
mod host;
mod host_boot;
mod host_disk;
mod inventory;
mod keys;
mod lab;
mod list;
mod machine;
mod namespace;
mod power;
mod root;
mod root_debian;
mod root_minimal;
mod sources;
mod state;
mod supervisor;
mod tell;
mod uml;
mod uml_image;
mod unprivileged;
mod up;
mod wait;

pub use args::{Engine, LabArgs, LabCommand, UpArgs};
pub use error::LabError;
pub use faults::Cut;
pub use flavor::Flavor;
pub use host::{Host, Power};
pub use lab::Lab;
pub use state::State;

/// Runs one `kdo lab` command and returns its exit code (that of the command for `exec`, 0 for all others).
pub fn main(args: LabArgs) -> Result<u8, LabError> {
    let lab = Lab::new(args.lab)?;
    let root = rustix::process::geteuid().is_root();
    match args.command {
        LabCommand::Up(up) if root => up::up(&lab, &up)?,
        LabCommand::Up(up) => unprivileged::up(&lab, &up)?,
        LabCommand::Down if root => down::down(&lab)?,
        LabCommand::Down => unprivileged::down(&lab)?,
        LabCommand::List => tell::print(&list::hosts(&State::load(&lab)?))?,
        LabCommand::Labs => tell::print(&list::labs(&lab)?)?,
        LabCommand::Inventory => tell::print(&inventory::ansible(&lab, &State::load(&lab)?))?,
        LabCommand::SshConfig => tell::print(&inventory::ssh_config(&lab, &State::load(&lab)?))?,
        LabCommand::Wait { hosts, timeout } => wait::named(&lab, &hosts, timeout)?,
        _ if !root => return Err(LabError::NotRoot),
        LabCommand::Exec { host, command } => return exec::exec(&lab, &host, &command),
        LabCommand::Partition { hosts, mode } => faults::partition(&lab, &hosts, mode)?,
        LabCommand::Heal { hosts } => faults::heal(&lab, &hosts)?,
        LabCommand::Slow { rate, hosts } => faults::slow(&lab, &rate, &hosts)?,
        LabCommand::Stop { hosts, timeout } => power::stop(&lab, &hosts, timeout)?,
        LabCommand::Kill { hosts } => power::kill(&lab, &hosts)?,
        LabCommand::Start { hosts, timeout } => power::start(&lab, &hosts, timeout)?,
        LabCommand::Reset { hosts, timeout } => power::reset(&lab, &hosts, timeout)?,
        LabCommand::Build { flavors, packages } => root::build(&lab, &flavors, &packages)?,
        LabCommand::Supervise => supervisor::supervise(&lab)?,
    }
    Ok(0)
}
