//! The agent: receives frames, runs modules, sends results. No async runtime, no YAML, no templates.

mod channel;
mod job;
mod serve;
mod step;

pub use job::job;
pub use serve::serve;

use std::{io::Write, process::ExitCode};

/// Prints the version, for the bootstrap's check of an unknown build.
pub fn version() -> ExitCode {
    let line = format!(
        "kdo-agent {} protocol {}\n",
        env!("CARGO_PKG_VERSION"),
        kdo_wire::VERSION
    );
    match std::io::stdout().write_all(line.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
