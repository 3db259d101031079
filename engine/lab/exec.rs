use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use crate::error::During;
use crate::{Host, Lab, LabError, State, namespace};

/// Runs a command as root in a host, with the terminal and files of this process; gives its exit code.
pub(crate) fn exec(lab: &Lab, name: &str, command: &[String]) -> Result<u8, LabError> {
    let state = State::load(lab)?;
    let host = state.host(name)?;
    let Some(pid) = host.pid else {
        return Err(LabError::Refused(format!(
            "{name} does not run: `kdo lab start {name}`"
        )));
    };
    let status = if host.flavor.is_vm() {
        over_ssh(lab, host, command)
            .status()
            .during(|| "cannot run ssh")?
    } else {
        let mut enter = Command::new("nsenter");
        enter.args([
            "-t",
            &pid.to_string(),
            "-a",
            "--",
            "env",
            "-i",
            "HOME=/root",
            "TERM=dumb",
        ]);
        enter.arg("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        if command.is_empty() {
            enter.arg("/bin/sh");
        }
        namespace::as_in_host(&mut enter);
        enter.args(command).status().during(|| "cannot run nsenter")?
    };
    Ok(code(status))
}

/// `ssh` to a host as root, with the lab's own keys and nothing of the user's configuration.
pub(crate) fn over_ssh(lab: &Lab, host: &Host, command: &[String]) -> Command {
    let mut ssh = Command::new("ssh");
    ssh.args([
        "-F",
        "none",
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        "BatchMode=yes",
        "-i",
    ])
    .arg(lab.key());
    ssh.args([
        "-o",
        &format!("UserKnownHostsFile=\"{}\"", lab.known_hosts().display()),
    ]);
    ssh.args([
        "-p",
        &host.port.to_string(),
        "-l",
        &host.user,
        &host.address.to_string(),
    ]);
    // sshd hands one string to a shell
    let words: Vec<String> = command
        .iter()
        .map(|word| format!("'{}'", word.replace('\'', r"'\''")))
        .collect();
    if !words.is_empty() {
        ssh.arg("--").arg(words.join(" "));
    }
    ssh
}

/// As a shell would say it: 128 and the signal's number for those that a signal ended.
fn code(status: ExitStatus) -> u8 {
    let number = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(255);
    u8::try_from(number).unwrap_or(255)
}
