use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::During;
use crate::{Lab, LabError, State, machine};

/// Makes the key that opens the hosts, once; gives its public half.
pub(crate) fn login(lab: &Lab) -> Result<String, LabError> {
    let _lock = lab.lock("keys")?;
    generate(&lab.key(), "kdo-lab")?;
    public(&lab.key())
}

/// The host key of a host: kept beyond `down`, so that a host of the same name is the same host again.
pub(crate) fn host(lab: &Lab, name: &str) -> Result<PathBuf, LabError> {
    let folder = lab.cache().join(format!("hostkeys{}", lab.number()));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .during(|| format!("cannot make {}", folder.display()))?;
    let path = folder.join(name);
    generate(&path, name)?;
    Ok(path)
}

/// The public half of a key, one line.
pub(crate) fn public(key: &Path) -> Result<String, LabError> {
    let path = key.with_added_extension("pub");
    fs::read_to_string(&path).during(|| format!("cannot read {}", path.display()))
}

fn generate(path: &Path, comment: &str) -> Result<(), LabError> {
    // the public half is written last: if it is there, the key is whole
    if path.with_added_extension("pub").exists() && path.exists() {
        return Ok(());
    }
    let _ = fs::remove_file(path);
    machine::run(
        Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f"])
            .arg(path),
    )
}

/// Writes the host keys of all hosts of the lab into its `known_hosts`.
pub(crate) fn write_known_hosts(lab: &Lab, state: &State) -> Result<(), LabError> {
    let mut text = String::new();
    for one in &state.hosts {
        let key = public(&host(lab, &one.name)?)?;
        let mut words = key.split_whitespace();
        let (kind, key) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let names = match one.port {
            22 => format!("{},{}", one.name, one.address),
            port => format!("[{}]:{port},[{}]:{port}", one.name, one.address),
        };
        text.push_str(&format!("{names} {kind} {key}\n"));
    }
    let new = lab.run().join("known_hosts.new");
    fs::write(&new, text)
        .and_then(|()| fs::rename(&new, lab.known_hosts()))
        .during(|| format!("cannot write {}", lab.known_hosts().display()))
}
