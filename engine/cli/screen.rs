//! The standard streams. A reader that went away is no error.

use std::{
    io::{IsTerminal, Write, stderr, stdout},
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
