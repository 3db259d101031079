//! The standard streams. A reader that went away is no error.

use std::{
    io::{IsTerminal, Write, stderr, stdout},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// Which stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Error,
}

/// Prints a line or text on standard output.
pub(crate) fn say(text: &str) {
    let mut out = stdout().lock();
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// Shows a text in the user's pager, or prints it where nobody would turn pages.
pub(crate) fn page(text: &str, pager: Option<&str>) {
    let pager = pager.filter(|p| !p.is_empty() && stdout().is_terminal());
    let started = pager.and_then(|pager| {
        Command::new("sh")
            .args(["-c", pager])
            .env("LESS", "FRSX")
            .stdin(Stdio::piped())
            .spawn()
            .ok()
    });
    let Some(mut pager) = started else {
        return say(text);
    };
    if let Some(mut input) = pager.stdin.take() {
        // A pager that was left early is no error.
        let _ = input.write_all(text.as_bytes());
    }
    let _ = pager.wait();
}

/// Prints a line or text on standard error.
pub(crate) fn complain(text: &str) {
    let mut out = stderr().lock();
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
}

/// Prints a warning on standard error.
pub(crate) fn warn(text: &str) {
    complain(&format!("[WARNING]: {text}"));
}

/// What the configuration says on colours; before it is read the environment speaks for itself.
static FORCED: OnceLock<Option<bool>> = OnceLock::new();

/// Tells what the configuration says on colours.
pub(crate) fn set_color(force: bool, none: bool) {
    let choice = match (force, none) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    // The configuration is read once; were it read again it would say the same.
    let _ = FORCED.set(choice);
}

/// Whether to write in colours: `force_color`, `nocolor` and `NO_COLOR` decide, else whether it is a terminal.
pub(crate) fn color(stream: Stream) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    if let Some(Some(choice)) = FORCED.get() {
        return *choice;
    }
    if set("NO_COLOR") {
        return false;
    }
    match stream {
        Stream::Out => stdout().is_terminal(),
        Stream::Error => stderr().is_terminal(),
    }
}
