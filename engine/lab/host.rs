use std::fmt::{self, Write as _};
use std::net::Ipv4Addr;
use std::str::FromStr;

use crate::{Cut, Flavor, LabError};

/// Whether a host runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// It does not, until `start`.
    Off,
    /// Its PID 1 runs; its SSH server may not yet answer.
    Running,
    /// It will boot in a moment.
    Rebooting,
}

/// One host of a lab, as the state file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Host {
    /// Its name: small letters, digits and `-`.
    pub name: String,
    /// What is installed.
    pub flavor: Flavor,
    /// The layers of its root, lowest first.
    pub layers: Vec<String>,
    /// Its number in the lab, from 1.
    pub index: u16,
    /// Where its SSH server listens.
    pub address: Ipv4Addr,
    /// The port of its SSH server.
    pub port: u16,
    /// The account for the inventory.
    pub user: String,
    /// Whether it has loop devices.
    pub loop_devices: bool,
    /// Milliseconds for which it is away when it reboots.
    pub boot_delay: u64,
    /// Memory of a virtual machine in MiB.
    pub memory: u32,
    /// Its PID 1 as the machine sees it.
    pub pid: Option<i32>,
    /// When that process started, in clock ticks since the machine's boot: tells it from a later one.
    pub started: u64,
    /// Whether it runs.
    pub power: Power,
    /// How often it has booted since `up`.
    pub boots: u32,
    /// How it is cut off the network, if it is.
    pub cut: Option<Cut>,
}

impl Host {
    /// A host that has not yet been given its number and address.
    pub(crate) fn new(name: &str, flavor: Flavor) -> Self {
        Self {
            name: name.to_owned(),
            flavor,
            layers: Vec::new(),
            index: 0,
            address: Ipv4Addr::UNSPECIFIED,
            port: 22,
            user: "root".to_owned(),
            loop_devices: false,
            boot_delay: 1000,
            memory: 0,
            pid: None,
            started: 0,
            power: Power::Off,
            boots: 0,
            cut: None,
        }
    }

    /// Whether `name` can be a host's name, a folder's name and a DNS label.
    pub(crate) fn good_name(name: &str) -> bool {
        !name.is_empty()
            && name.len() <= 63
            && !name.starts_with('-')
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Off => "off",
            Self::Running => "running",
            Self::Rebooting => "rebooting",
        })
    }
}

/// One line of `key=value` fields with tabs between them.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = format!("name={}\tflavor={}", self.name, self.flavor);
        write!(line, "\tlayers={}\tindex={}", self.layers.join(" "), self.index)?;
        write!(
            line,
            "\taddress={}\tport={}\tuser={}",
            self.address, self.port, self.user
        )?;
        write!(
            line,
            "\tloop={}\tboot_delay={}",
            self.loop_devices, self.boot_delay
        )?;
        write!(line, "\tmemory={}\tpid={}", self.memory, self.pid.unwrap_or(0))?;
        write!(
            line,
            "\tstarted={}\tpower={}\tboots={}",
            self.started, self.power, self.boots
        )?;
        write!(line, "\tcut={}", self.cut.map_or("no", Cut::name))?;
        f.write_str(&line)
    }
}

impl FromStr for Host {
    type Err = LabError;

    fn from_str(line: &str) -> Result<Self, LabError> {
        fn number<T: FromStr>(key: &str, value: &str) -> Result<T, LabError> {
            value
                .parse()
                .map_err(|_| LabError::Refused(format!("state file: {key}={value}")))
        }
        let mut host = Self::new("", Flavor::Minimal);
        for field in line.split('\t') {
            let (key, value) = field
                .split_once('=')
                .ok_or_else(|| LabError::Refused(format!("state file: {field}")))?;
            match key {
                "name" => host.name = value.to_owned(),
                "flavor" => host.flavor = value.parse()?,
                "layers" => host.layers = value.split_whitespace().map(str::to_owned).collect(),
                "index" => host.index = number(key, value)?,
                "address" => host.address = number(key, value)?,
                "port" => host.port = number(key, value)?,
                "user" => host.user = value.to_owned(),
                "loop" => host.loop_devices = number(key, value)?,
                "boot_delay" => host.boot_delay = number(key, value)?,
                "memory" => host.memory = number(key, value)?,
                "pid" => host.pid = Some(number(key, value)?).filter(|pid| *pid > 0),
                "started" => host.started = number(key, value)?,
                "power" => {
                    host.power = match value {
                        "running" => Power::Running,
                        "rebooting" => Power::Rebooting,
                        _ => Power::Off,
                    }
                }
                "boots" => host.boots = number(key, value)?,
                "cut" => host.cut = Cut::named(value),
                _ => {} // a field of a later version
            }
        }
        if !Self::good_name(&host.name) {
            return Err(LabError::Refused(format!(
                "a host cannot be called '{}': small letters, digits and '-' only",
                host.name
            )));
        }
        Ok(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_gives_the_same_host_back() {
        let mut host = Host::new("host1", Flavor::SystemdPython);
        host.layers = vec!["debian".into(), "debian+systemd".into()];
        host.pid = Some(77);
        host.power = Power::Rebooting;
        host.cut = Some(Cut::Unreachable);
        host.loop_devices = true;
        assert_eq!(host.to_string().parse::<Host>().unwrap(), host);
    }

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        for name in ["", "../x", "a/b", "-a", "A", "a b", "ä"] {
            assert!(!Host::good_name(name), "{name}");
            assert!(format!("name={name}").parse::<Host>().is_err(), "{name}");
        }
        assert!(Host::good_name("web-1"));
    }
}
