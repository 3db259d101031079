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
        let all = std::iter::once(&*failure.diagnostic).chain(&failure.more);
        let texts = all.map(|d| {
            let text = render(d, sources, false);
            text.strip_prefix("error: ")
                .unwrap_or(&text)
                .trim_end()
                .to_owned()
        });
        Stop::new(texts.collect::<Vec<_>>().join("\n[ERROR]: "))
    } else {
        for more in &failure.more {
            screen::complain(&render(more, sources, screen::color(Stream::Error)));
        }
        Stop::at(&failure.diagnostic, sources)
    };
    match failure.cause {
        Cause::Mismatch => stop.code(changed()),
        Cause::Invalid
        | Cause::NotFound
        | Cause::Server
        | Cause::Refused
        | Cause::Conflict
        | Cause::Files => stop,
    }
}

/// The exit status where content is not what it should be: ansible-galaxy knows but one for all errors.
pub(super) fn changed() -> u8 {
    if called_as::ansible() { 1 } else { 3 }
}

/// A failure that does not end the command.
pub(super) fn warn(failure: &Failure, sources: &SourceMap) {
    let mut diagnostic = (*failure.diagnostic).clone();
    diagnostic.severity = kdo_syntax::Severity::Warning;
    if called_as::ansible() {
        let text = render(&diagnostic, sources, false);
        screen::warn(text.strip_prefix("warning: ").unwrap_or(&text));
    } else {
        screen::complain(&render(&diagnostic, sources, screen::color(Stream::Error)));
    }
}
