//! The lab of a user who is not root: one `sshd` of their own on loopback, with their own files and programs.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::error::During;
use crate::tell::tell;
use crate::{Flavor, Host, Lab, LabError, Power, State, UpArgs, keys, machine, namespace, wait};

const MISSING: &str = "without root this host is your own account on this machine, reached over loopback. \
    Compared with a lab as root it has no disk, network, processes or boot of its own: what a play changes, it changes \
    here; there is no become without your own sudo, no second host, no partition, slow, stop, reset or reboot, \
    no flavors and no virtual machines";

/// Starts the user's own `sshd`, if it does not run.
pub(crate) fn up(lab: &Lab, args: &UpArgs) -> Result<(), LabError> {
    if args.vm || args.count != 1 || args.loop_devices || !args.packages.is_empty() {
        return Err(LabError::NotRoot);
    }
    let _lock = lab.lock_run()?;
    if let [host] = State::load(lab)?.hosts.as_slice()
        && runs(host)
    {
        return wait::for_ssh(lab, &[host], 10);
    }
    let (Some(sshd), Some(_)) = (machine::find("sshd"), machine::find("ssh-keygen")) else {
        return Err(LabError::Refused(
            "a lab without root needs `sshd` and `ssh-keygen`: the packages openssh-server and openssh-client".into(),
        ));
    };
    machine::remove_tree(&lab.run())?;
    fs::create_dir_all(lab.run()).during(|| format!("cannot make {}", lab.run().display()))?;
    let name = format!("{}1", args.prefix.as_deref().unwrap_or("host"));
    if !Host::good_name(&name) {
        return Err(LabError::Refused(format!(
            "a host cannot be called '{name}': small letters, digits and '-' only"
        )));
    }
    let mut host = Host::new(&name, Flavor::Loopback);
    host.user = machine::output(Command::new("id").arg("-un"))?.trim().to_owned();
    host.address = Ipv4Addr::LOCALHOST;
    host.index = 1;
    host.port = free_port()?;
    fs::write(lab.run().join("authorized_keys"), keys::login(lab)?).during(|| "authorized_keys")?;
    let key = keys::host(lab, &name)?;
    let config = lab.run().join("sshd_config");
    // StrictModes would refuse a home that the group may write to
    let text = format!(
        "ListenAddress {}:{}\nHostKey {}\nAuthorizedKeysFile {run}/authorized_keys\nPidFile none\nStrictModes no\n\
         UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nAllowUsers {}\nUseDNS no\n\
         MaxStartups 200:30:500\nMaxSessions 100\nSubsystem sftp internal-sftp\n",
        host.address,
        host.port,
        key.display(),
        host.user,
        run = lab.run().display()
    );
    fs::write(&config, text).during(|| "sshd_config")?;
    let log = fs::File::create(lab.run().join("console.log")).during(|| "console.log")?;
    let mut command = Command::new(sshd);
    command.args(["-D", "-e", "-f"]).arg(&config).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    namespace::detach(&mut command);
    let child = command.spawn().during(|| "cannot start sshd")?;
    let pid = i32::try_from(child.id())
        .map_err(std::io::Error::other)
        .during(|| "process number")?;
    host.pid = Some(pid);
    host.started = machine::start_time(pid).unwrap_or(0);
    host.power = Power::Running;
    host.boots = 1;
    let state = State { hosts: vec![host] };
    state.save(lab)?;
    keys::write_known_hosts(lab, &state)?;
    wait::for_ssh(
        lab,
        &state.hosts.iter().collect::<Vec<_>>(),
        args.timeout.unwrap_or(10),
    )?;
    tell(&format!("1 host up: {name}; {MISSING}"));
    Ok(())
}

/// Ends the user's own `sshd` and the connections that it has.
pub(crate) fn down(lab: &Lab) -> Result<(), LabError> {
    let _lock = lab.lock_run()?;
    for host in State::load(lab)?.hosts.iter().filter(|host| runs(host)) {
        let Some(pid) = host.pid else { continue };
        let connections = machine::children(pid);
        machine::signal(pid, host.started, Signal::TERM)?;
        for (pid, started) in connections {
            machine::signal(pid, started, Signal::TERM)?;
        }
    }
    machine::remove_tree(&lab.run())
}

/// Whether the process of a loopback host is there.
pub(crate) fn runs(host: &Host) -> bool {
    host.flavor == Flavor::Loopback && host.pid.is_some_and(|pid| machine::alive(pid, host.started))
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16, LabError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).during(|| "loopback")?;
    Ok(listener.local_addr().during(|| "loopback")?.port())
}
