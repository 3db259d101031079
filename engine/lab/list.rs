use std::fmt::Write as _;

use crate::{Lab, LabError, State, control, unprivileged};

/// A table of the hosts.
pub(crate) fn hosts(state: &State) -> String {
    let mut out = String::new();
    for host in &state.hosts {
        let _ = write!(
            out,
            "{:12} {:15} {:15} {:10} boots={}",
            host.name,
            host.address.to_string(),
            host.flavor,
            host.power,
            host.boots
        );
        if host.port != 22 {
            let _ = write!(out, " port={}", host.port);
        }
        if let Some(cut) = host.cut {
            let _ = write!(out, " partition={}", cut.name());
        }
        out.push('\n');
    }
    out
}

/// Which labs of this machine are in use, as far as this cache folder knows.
pub(crate) fn labs(lab: &Lab) -> Result<String, LabError> {
    let mut out = String::new();
    for number in 0..8 {
        let lab = Lab::at(number, lab.cache())?;
        let state = State::load(&lab)?;
        let count = state.hosts.len();
        let what = match (control::held(&lab)?, count) {
            (false, 0) => "free",
            (false, _) if state.hosts.iter().any(unprivileged::runs) => "in use",
            (false, _) => "left behind",
            (true, _) if lab.run().join("state").exists() => "in use",
            (true, _) => "in use by another cache folder",
        };
        let _ = writeln!(out, "{number}  {what}, {count} host(s)");
    }
    Ok(out)
}
