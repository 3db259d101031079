//! How commands and the supervisor talk: a few lines each way over a socket that only root may use.
//!
//! Request: `OPERATION<TAB>run folder`, one line for each host, an empty line. Answer: `ok` or `error<TAB>text`.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, io};

use crate::error::During;
use crate::{Lab, LabError, down, namespace};

/// No request takes the supervisor longer than this.
const PATIENCE: Duration = Duration::from_secs(600);

/// Asks the supervisor. `None` if there is none.
pub(crate) fn ask(lab: &Lab, operation: &str, lines: &[String]) -> Result<Option<()>, LabError> {
    let mut stream = match UnixStream::connect_addr(&lab.socket()?) {
        Ok(stream) => stream,
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Ok(None),
        Err(error) => return Err(error).during(|| "cannot reach the lab's supervisor"),
    };
    if !peer_is_root(&stream)? {
        return Err(LabError::Refused(format!(
            "the control socket of lab {} is held by another user's process; --lab picks another number",
            lab.number()
        )));
    }
    let mut text = format!("{operation}\t{}\n", lab.run().display());
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    text.push('\n');
    let mut answer = String::new();
    stream
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| stream.write_all(text.as_bytes()))
        .and_then(|()| BufReader::new(stream).read_line(&mut answer))
        .during(|| format!("request '{operation}' to the lab's supervisor"))?;
    let answer = answer.trim_end_matches('\n');
    match answer.split_once('\t') {
        None if answer == "ok" => Ok(Some(())),
        Some(("error", text)) => Err(LabError::Refused(text.to_owned())),
        _ => Err(LabError::Refused(format!(
            "the lab's supervisor went away, see {}",
            lab.run().join("supervisor.log").display()
        ))),
    }
}

/// Asks the supervisor, which must be there.
pub(crate) fn tell_supervisor(lab: &Lab, operation: &str, lines: &[String]) -> Result<(), LabError> {
    ask(lab, operation, lines)?
        .ok_or_else(|| LabError::Refused(format!("lab {} is not up: `kdo lab up`", lab.number())))
}

/// Whether some supervisor of this machine holds the lab.
pub(crate) fn held(lab: &Lab) -> Result<bool, LabError> {
    Ok(UnixStream::connect_addr(&lab.socket()?).is_ok())
}

/// Whether the process at the other end belongs to root.
pub(crate) fn peer_is_root(stream: &UnixStream) -> Result<bool, LabError> {
    Ok(rustix::net::sockopt::socket_peercred(stream)
        .during(|| "peer of the control socket")?
        .uid
        .is_root())
}

/// Starts the supervisor of this lab if it does not run; clears up after one that crashed.
pub(crate) fn ensure_supervisor(lab: &Lab) -> Result<(), LabError> {
    if ask(lab, "ping", &[])?.is_some() {
        return Ok(());
    }
    down::clear(lab)?;
    fs::create_dir_all(lab.run()).during(|| format!("cannot make {}", lab.run().display()))?;
    let log = lab.run().join("supervisor.log");
    let file = fs::File::options()
        .create(true)
        .append(true)
        .open(&log)
        .during(|| format!("cannot make {}", log.display()))?;
    // by way of /proc, so that it works even if the program's file was replaced meanwhile
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0("kdo")
        .args(["lab", "supervise", "--lab", &lab.number().to_string()]);
    command.env("KDO_LAB_CACHE", lab.cache()).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file);
    namespace::detach(&mut command);
    let mut child = command.spawn().during(|| "cannot start the lab's supervisor")?;
    // it says `ready` when it listens and lets go of the pipe when it ends
    let mut word = String::new();
    let pipe = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe);
    pipe.map_err(io::Error::from)
        .and_then(|pipe| BufReader::new(pipe).read_line(&mut word))
        .during(|| "the lab's supervisor")?;
    if word == "ready\n" {
        return Ok(());
    }
    let last = fs::read_to_string(&log).unwrap_or_default();
    Err(LabError::Refused(format!(
        "the lab's supervisor did not start: {}",
        last.lines().last().unwrap_or("it said nothing")
    )))
}
