use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;

use crate::LabError;

/// What is installed in a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Flavor {
    /// Busybox and dropbear: no Python, bash, sudo, sftp or scp; built in seconds
    Minimal,
    /// Debian with OpenSSH and sudo, no Python
    Debian,
    /// Debian with Python, for comparing with Ansible
    Python,
    /// Debian with systemd as PID 1, no Python
    Systemd,
    /// Debian with systemd and Python
    SystemdPython,
    /// A virtual machine under User-Mode Linux.
    #[value(skip)]
    Uml,
    /// The user's own unprivileged `sshd`.
    #[value(skip)]
    Loopback,
}

/// What runs as PID 1 of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Init {
    Busybox,
    Sshd,
    Systemd,
}

impl Flavor {
    /// The layers of the root file system, lowest first.
    pub(crate) fn layers(self) -> &'static [&'static str] {
        match self {
            Self::Minimal => &["minimal"],
            Self::Debian => &["debian"],
            Self::Python => &["debian", "debian+python"],
            Self::Systemd => &["debian", "debian+systemd"],
            Self::SystemdPython => &["debian", "debian+systemd", "debian+systemd+python"],
            Self::Uml => &["debian", "debian+machine"],
            Self::Loopback => &[],
        }
    }

    pub(crate) fn init(self) -> Init {
        match self {
            Self::Minimal => Init::Busybox,
            Self::Systemd | Self::SystemdPython | Self::Uml => Init::Systemd,
            Self::Debian | Self::Python | Self::Loopback => Init::Sshd,
        }
    }

    pub(crate) fn is_vm(self) -> bool {
        self == Self::Uml
    }

    fn name(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Debian => "debian",
            Self::Python => "python",
            Self::Systemd => "systemd",
            Self::SystemdPython => "systemd-python",
            Self::Uml => "vm-uml",
            Self::Loopback => "loopback",
        }
    }

    /// Name of the group of these hosts in an inventory.
    pub(crate) fn group(self) -> String {
        self.name().replace('-', "_")
    }
}

impl fmt::Display for Flavor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Flavor {
    type Err = LabError;

    fn from_str(text: &str) -> Result<Self, LabError> {
        [
            Self::Minimal,
            Self::Debian,
            Self::Python,
            Self::Systemd,
            Self::SystemdPython,
            Self::Uml,
            Self::Loopback,
        ]
        .into_iter()
        .find(|flavor| flavor.name() == text)
        .ok_or_else(|| LabError::Refused(format!("unknown flavor {text}")))
    }
}
