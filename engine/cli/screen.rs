//! The standard streams. A reader that went away is no error.

use std::io::{IsTerminal, Write, stderr, stdout};

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

/// Whether to write in colours: never with `ANSIBLE_NOCOLOR` or `NO_COLOR`, always with `ANSIBLE_FORCE_COLOR`, else on
/// a terminal.
pub(crate) fn color(stream: Stream) -> bool {
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let yes = |text: String| {
        !matches!(
            text.to_lowercase().as_str(),
            "0" | "no" | "false" | "off" | "n" | "f"
        )
    };
    if set("ANSIBLE_FORCE_COLOR").is_some_and(yes) {
        return true;
    }
    if set("NO_COLOR").is_some() || set("ANSIBLE_NOCOLOR").is_some_and(yes) {
        return false;
    }
    match stream {
        Stream::Out => stdout().is_terminal(),
        Stream::Error => stderr().is_terminal(),
    }
}
