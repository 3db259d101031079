//! The scheduler: hosts walk the plan's graph, steps run when they are ready, events tell what happens.

mod options;

pub use options::{BecomeDefaults, ConnectionDefaults, Listing, Options};

/// Runs the playbooks and gives the exit code: 0 well, 1 error, 2 failed hosts, 4 unreachable hosts or bad input,
/// 99 interrupted, 250 unexpected.
pub fn run(options: Options) -> u8 {
    let _ = options;
    250
}
