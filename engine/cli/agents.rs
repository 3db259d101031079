//! The agents at hand: the embedded one and those beside the program.

use crate::stop::{Result, Stop};
use kdo_transport::{AgentBinary, Agents};
use std::path::{Path, PathBuf};

include!(concat!(env!("OUT_DIR"), "/embedded_agent.rs"));

/// Agents by machine type. `$KDO_AGENTS/MACHINE/kdo-agent` wins over `../lib/kdo/agents/MACHINE/kdo-agent` beside the
/// program, and that over the embedded one.
pub(crate) fn agents() -> Result<Agents> {
    let mut agents = Agents::default();
    if let Some((machine, bytes)) = EMBEDDED {
        agents
            .by_machine
            .insert(machine.to_owned(), AgentBinary::new(bytes));
    }
    for folder in folders() {
        for (machine, path) in in_folder(&folder) {
            let bytes = std::fs::read(&path)
                .map_err(|e| Stop::new(format!("cannot read the agent {}: {e}", path.display())))?;
            agents.by_machine.insert(machine, AgentBinary::new(bytes));
        }
    }
    Ok(agents)
}

/// Lowest precedence first.
fn folders() -> Vec<PathBuf> {
    let beside = std::env::current_exe()
        .ok()
        .and_then(|exe| exe.parent().map(|dir| dir.join("../lib/kdo/agents")));
    let named = std::env::var_os("KDO_AGENTS").map(PathBuf::from);
    beside.into_iter().chain(named).collect()
}

fn in_folder(folder: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .map(|e| {
            (
                e.file_name().to_string_lossy().into_owned(),
                e.path().join("kdo-agent"),
            )
        })
        .filter(|(_, path)| path.is_file())
        .collect()
}
