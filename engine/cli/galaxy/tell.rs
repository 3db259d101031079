//! Failures as the terminal shows them.

use crate::{
    called_as,
    screen::{self, Stream},
    stop::Stop,
};
use kdo_galaxy::{Cause, Failure};
use kdo_syntax::{SourceMap, render};

/// The end of the command.
pub(super) fn stop(failure: &Failure, sources: &SourceMap) -> Stop {
    let stop = if called_as::ansible() {
        // Under the mark that scripts look for.
        let text = render(&failure.diagnostic, sources, false);
        Stop::new(text.strip_prefix("error: ").unwrap_or(&text).trim_end())
    } else {
        Stop::at(&failure.diagnostic, sources)
    };
    match failure.cause {
        Cause::Mismatch => stop.code(3),
        Cause::Invalid
        | Cause::NotFound
        | Cause::Server
        | Cause::Refused
        | Cause::Conflict
        | Cause::Files => stop,
    }
}

/// A failure that does not end the command.
pub(super) fn warn(failure: &Failure, sources: &SourceMap) {
    let mut diagnostic = (*failure.diagnostic).clone();
    diagnostic.severity = kdo_syntax::Severity::Warning;
    screen::complain(&render(&diagnostic, sources, screen::color(Stream::Error)));
}
