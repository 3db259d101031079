//! apt's lists of packages: how old they are, and fetching them.

use super::apt_get::{locked, quiet};
use crate::{host::Command, prelude::*, system::clock};
use std::{
    fs,
    os::unix::fs::MetadataExt,
    thread,
    time::{Duration, Instant},
};

/// The lists, as results tell them.
pub(super) struct Lists {
    /// Whether they are newer than before.
    pub(super) updated: bool,
    /// When they were fetched.
    pub(super) time: i64,
}

impl Lists {
    /// The result, with what is told of the lists.
    pub(super) fn tell(&self, result: Result<Outcome, Failure>) -> Result<Outcome, Failure> {
        let values = match &result {
            Ok(outcome) => &outcome.values,
            Err(failure) => &failure.values,
        };
        values.insert("cache_updated", self.updated);
        values.insert("cache_update_time", self.time);
        result
    }
}

/// When the lists were last fetched, in seconds since 1970; 0 if never.
pub(super) fn time() -> i64 {
    let time = |p: &str| fs::metadata(p).ok().map(|m| m.mtime());
    time("/var/lib/apt/periodic/update-success-stamp")
        .or_else(|| time("/var/lib/apt/lists"))
        .unwrap_or(0)
}

/// Whether the lists are not older than that.
pub(super) fn younger(seconds: i64) -> bool {
    time().saturating_add(seconds) >= clock::now().0
}

/// The complaints of apt-get in the words of its library: `E:…, W:…`.
fn complaints(stderr: &str) -> String {
    let word = |l: &str| {
        ["E", "W"].iter().find_map(|kind| {
            l.strip_prefix(kind)?
                .strip_prefix(": ")
                .map(|t| format!("{kind}:{t}"))
        })
    };
    let found: Vec<_> = stderr.lines().filter_map(word).collect();
    if found.is_empty() {
        stderr.trim().to_owned()
    } else {
        found.join(", ")
    }
}

/// Fetches the lists; tries again, with growing pauses of at most `max_delay` seconds. Other programs' locks are waited
/// for up to `lock_timeout` seconds.
pub(super) fn fetch(
    host: &mut Host<'_>,
    retries: i64,
    max_delay: i64,
    lock_timeout: i64,
) -> Result<(), Failure> {
    let program = host.need_program("apt-get", "apt")?;
    if host.check() {
        return Ok(());
    }
    let command = quiet(Command::new(program).args(["-q", "-o", "APT::Update::Error-Mode=any", "update"]));
    let deadline = Instant::now() + Duration::from_secs(u64::try_from(lock_timeout).unwrap_or(0));
    let mut words = "unknown reason".to_owned();
    let mut tries = 0;
    while tries < retries {
        let out = host.query(command.clone())?;
        if out.rc == 0 {
            return Ok(());
        }
        words = complaints(&out.stderr_text());
        if locked(&out) {
            if Instant::now() >= deadline {
                return Err(Failure::new(format!(
                    "Failed to lock apt for exclusive operation: {words}"
                )));
            }
            pause(host, 1)?;
            continue;
        }
        if words.contains("The list of sources could not be read") {
            return Err(Failure::new(words));
        }
        tries += 1;
        host.warn(format!(
            "Failed to update cache after {tries} retries due to {words}, retrying"
        ));
        if tries < retries {
            let exponent = u32::try_from(tries - 1).unwrap_or(u32::MAX);
            let delay = 2_i64.saturating_pow(exponent).min(max_delay).max(0);
            host.warn(format!(
                "Sleeping for {delay} seconds, before attempting to refresh the cache again"
            ));
            pause(host, delay)?;
        }
    }
    Err(Failure::new(format!(
        "Failed to update apt cache after {retries} retries: {words}"
    )))
}

/// Waits, unless the task is cancelled.
pub(super) fn pause(host: &mut Host<'_>, seconds: i64) -> Result<(), Failure> {
    let end = Instant::now() + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    while Instant::now() < end {
        if host.link().cancelled() {
            return Err(Failure::new("the task was cancelled"));
        }
        thread::sleep(Duration::from_millis(100).min(end - Instant::now()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::complaints;

    #[test]
    fn complaints_are_worded_as_by_the_library() {
        let text =
            "W: GPG error: x\nE: The repository 'file:/a ./ Release' is not signed.\nN: See apt-secure(8)\n";
        assert_eq!(
            complaints(text),
            "W:GPG error: x, E:The repository 'file:/a ./ Release' is not signed."
        );
        assert_eq!(complaints("killed\n"), "killed");
    }
}
