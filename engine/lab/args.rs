use clap::{Args, Subcommand, ValueEnum};

use crate::{Cut, Flavor};

/// The command line of `kdo lab`.
#[derive(Debug, Args)]
pub struct LabArgs {
    /// Which lab of this machine: labs with different numbers do not see one another
    #[arg(long, global = true, env = "KDO_LAB", default_value_t = 0, value_name = "NUMBER",
          value_parser = clap::value_parser!(u8).range(0..8))]
    pub lab: u8,
    /// What to do.
    #[command(subcommand)]
    pub command: LabCommand,
}

/// The subcommands of `kdo lab`.
#[derive(Debug, Subcommand)]
pub enum LabCommand {
    /// Start hosts PREFIX1..PREFIXn and return when each answers; those that run are left alone
    Up(UpArgs),
    /// End all hosts of this lab and take its network and disks away
    Down,
    /// Show the hosts of this lab
    List,
    /// Show which lab numbers are taken
    Labs,
    /// Print an Ansible inventory (YAML) of this lab
    Inventory,
    /// Print an ssh_config of this lab
    SshConfig,
    /// Run a command in a host without SSH, to look inside (virtual machines: over SSH)
    Exec {
        /// Name of the host
        host: String,
        /// The command; a shell if there is none
        #[arg(last = true)]
        command: Vec<String>,
    },
    /// Cut hosts off the network
    Partition {
        /// Names of the hosts
        #[arg(required = true)]
        hosts: Vec<String>,
        /// How the cut looks from here
        #[arg(long, value_enum, default_value_t = Cut::Drop)]
        mode: Cut,
    },
    /// End the partition of these hosts, or of all
    Heal {
        /// Names of the hosts
        hosts: Vec<String>,
    },
    /// Limit the bandwidth towards hosts
    Slow {
        /// A rate as `tc` takes it, such as 1mbit, or `off`
        rate: String,
        /// Names of the hosts
        #[arg(required = true)]
        hosts: Vec<String>,
    },
    /// Shut hosts down in good order
    Stop {
        /// Names of the hosts
        #[arg(required = true)]
        hosts: Vec<String>,
        /// Seconds to wait before the plug is pulled
        #[arg(long, default_value_t = 60)]
        timeout: u64,
    },
    /// Pull the plug of hosts
    Kill {
        /// Names of the hosts
        #[arg(required = true)]
        hosts: Vec<String>,
    },
    /// Boot hosts that are off; their disks are as they were left
    Start {
        /// Names of the hosts
        #[arg(required = true)]
        hosts: Vec<String>,
        /// Seconds to wait for SSH
        #[arg(long, default_value_t = 120)]
        timeout: u64,
    },
    /// Throw the disks of hosts away and boot them afresh
    Reset {
        /// Names of the hosts
        #[arg(required = true)]
        hosts: Vec<String>,
        /// Seconds to wait for SSH
        #[arg(long, default_value_t = 120)]
        timeout: u64,
    },
    /// Wait until hosts answer on their SSH port
    Wait {
        /// Names of the hosts
        #[arg(required = true)]
        hosts: Vec<String>,
        /// Seconds to wait for SSH
        #[arg(long, default_value_t = 120)]
        timeout: u64,
    },
    /// Build the root file systems only, for example to fill a cache
    Build {
        /// Flavors to build
        #[arg(value_enum, default_value = "minimal")]
        flavors: Vec<Flavor>,
        /// More Debian packages to put into the roots
        #[arg(long, default_value = "", value_name = "\"A B\"")]
        packages: String,
    },
    /// Hold the hosts of a lab (started by `up`)
    #[command(hide = true)]
    Supervise,
}

/// The arguments of `kdo lab up`.
#[derive(Debug, Clone, Args)]
pub struct UpArgs {
    /// How many hosts
    #[arg(default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub count: u16,
    /// What is installed in the hosts
    #[arg(long, value_enum, default_value_t = Flavor::Minimal)]
    pub flavor: Flavor,
    /// The hosts are called PREFIX1, PREFIX2, … [default: host, for virtual machines vm]
    #[arg(long)]
    pub prefix: Option<String>,
    /// More Debian packages to put into the root of these hosts
    #[arg(long, default_value = "", value_name = "\"A B\"")]
    pub packages: String,
    /// Give the hosts loop and fuse devices; they are the machine's own
    #[arg(long = "loop")]
    pub loop_devices: bool,
    /// Virtual machines with a kernel and a boot loader of their own
    #[arg(long, conflicts_with_all = ["flavor", "packages", "loop_devices"])]
    pub vm: bool,
    /// What runs the virtual machines
    #[arg(long, value_enum, default_value_t = Engine::Uml, requires = "vm")]
    pub engine: Engine,
    /// Memory of a virtual machine in MiB
    #[arg(long, default_value_t = 1024, requires = "vm")]
    pub memory: u32,
    /// Milliseconds for which a rebooting host is away
    #[arg(long, default_value_t = 1000)]
    pub boot_delay: u64,
    /// Seconds to wait for SSH [default: 120, for virtual machines 600]
    #[arg(long)]
    pub timeout: Option<u64>,
}

/// What runs a virtual machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// User-Mode Linux: a kernel as an ordinary process, quick everywhere
    Uml,
    /// A whole emulated machine
    Qemu,
}
