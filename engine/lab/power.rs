use std::thread;
use std::time::{Duration, Instant};

use crate::control::tell_supervisor;
use crate::{Lab, LabError, Power, State, wait};

/// For hosts whose plug was pulled.
const PATIENCE: u64 = 30;
const PAUSE: Duration = Duration::from_millis(10);

/// Shuts hosts down in good order; after `seconds` the plug is pulled.
pub(crate) fn stop(lab: &Lab, names: &[String], seconds: u64) -> Result<(), LabError> {
    ask(lab, "stop", names)?;
    if all_off(lab, names, seconds)? {
        Ok(())
    } else {
        kill(lab, names)
    }
}

/// Pulls the plug of hosts and returns when they are gone.
pub(crate) fn kill(lab: &Lab, names: &[String]) -> Result<(), LabError> {
    ask(lab, "kill", names)?;
    if all_off(lab, names, PATIENCE)? {
        return Ok(());
    }
    Err(LabError::Refused(format!(
        "some of {} did not end within {PATIENCE} s",
        names.join(" ")
    )))
}

/// Boots hosts that are off.
pub(crate) fn start(lab: &Lab, names: &[String], seconds: u64) -> Result<(), LabError> {
    ask(lab, "start", names)?;
    wait::named(lab, names, seconds)
}

/// Throws the disks of hosts away and boots them.
pub(crate) fn reset(lab: &Lab, names: &[String], seconds: u64) -> Result<(), LabError> {
    kill(lab, names)?;
    ask(lab, "reset", names)?;
    wait::named(lab, names, seconds)
}

fn ask(lab: &Lab, operation: &str, names: &[String]) -> Result<(), LabError> {
    State::load(lab)?.pick(names)?;
    tell_supervisor(lab, operation, names)
}

fn all_off(lab: &Lab, names: &[String], seconds: u64) -> Result<bool, LabError> {
    let end = Instant::now() + Duration::from_secs(seconds);
    while State::load(lab)?
        .pick(names)?
        .iter()
        .any(|host| host.power != Power::Off)
    {
        if Instant::now() >= end {
            return Ok(false);
        }
        thread::sleep(PAUSE);
    }
    Ok(true)
}
